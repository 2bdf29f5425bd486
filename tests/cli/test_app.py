"""The command line as a whole: quick to start, readable when it refuses, and every JSON output keeps its schema."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import gemel
from gemel.cli.app import spread
from gemel.cli.schemas import SHAPES


def test_help_loads_no_numerical_library() -> None:
    code = (
        "import sys\nfrom gemel.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as done: assert done.code == 0\n"
        "heavy = {'numpy', 'jax', 'rich', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "forecast" in done.stdout


@pytest.mark.parametrize("arguments", [["--version"], ["models", "--help"]])
def test_version_and_command_help_print(run, arguments: list[str]) -> None:
    code, out, _ = run(*arguments)
    assert code == 0
    assert gemel.__version__ in out or "Usage" in out


def test_several_ids_after_one_flag_are_each_taken() -> None:
    assert spread(["backtest", "diabetes", "--subject", "A", "B", "--json"], "--subject") == [
        "backtest", "diabetes", "--subject", "A", "--subject", "B", "--json",
    ]  # fmt: skip
    assert spread(["--subject", "A", "--subject", "B"], "--subject") == ["--subject", "A", "--subject", "B"]


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_every_schema_is_printed_and_is_a_schema(run, name: str) -> None:
    code, out, _ = run("schema", name)
    assert code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(out))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["card", "nope"], "replaybg"),
        (["schema", "nope"], "forecast"),
        (["backtest", "nope", "--data", ".", "--subject", "1"], "diabetes"),
        (["simulate", "hovorka", "--dose", "insulin=x"], "NAME=AMOUNT@WHEN"),
        (["simulate", "hovorka", "--rate", "coffee=1"], "inputs"),
        (["observe", "--data", "no-such-folder", "--subject", "1"], "does not exist"),
    ],
)
def test_refusal_is_one_paragraph_that_says_the_way_out(run, arguments: list[str], words: str) -> None:
    code, out, err = run(*arguments)
    assert code == 2
    assert "Traceback" not in err and err.startswith("error: ") and words in " ".join(err.split())
    assert out == ""


def test_debug_shows_the_trace() -> None:
    from gemel.cli.app import run as run_app
    from gemel.core.errors import RegistryError

    with pytest.raises(RegistryError):
        run_app(["card", "nope", "--debug"])


def test_unknown_subject_lists_those_there_are(run, records: Path) -> None:
    for command in (["observe"], ["forecast"], ["compare", "--plan", "a:", "--plan", "b:"], ["backtest", "diabetes"]):
        code, _, err = run(*command, "--data", records, "--subject", "nobody")
        assert code == 2
        assert "demo-1" in err


def test_models_and_cards_keep_their_schema(valid, tmp_path: Path) -> None:
    names = [m["name"] for m in valid("models", "models")["models"]]
    assert {"replaybg", "hovorka", "mmc"} <= set(names)
    page = tmp_path / "card.html"
    card = valid("card", "card", "hovorka", "--html", page)
    assert card["not_for"] in page.read_text() and card["limits"] in page.read_text()


def test_card_table_shows_what_it_is_not_for(run) -> None:
    code, out, _ = run("card", "hovorka")
    assert code == 0
    assert "Not for" in out and "Parameters" in out


def test_doctor_finds_this_environment_healthy(valid) -> None:
    found = valid("doctor", "doctor")
    assert found["healthy"] and {c["name"] for c in found["checks"]} >= {"python", "store", "time zones", "extra twin"}


def test_doctor_exits_1_when_something_needed_is_broken(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("GEMEL_CACHE", str(blocked / "below"))
    code, out, _ = run("doctor")
    assert code == 1
    assert "broken" in out and "GEMEL_CACHE" in out
