"""Figures on cards were computed, from the model and the data as they stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gemel.core.card import Evidence
from gemel.core.evidence import Check, File, evidence_of, read
from gemel.core.registry import BUILT_IN, load_model
from tools import evidence
from tools.evidence import CHECKS, MODELS, WRITTEN, Made, digest, held, problems, sources


@pytest.mark.parametrize("model", sorted(CHECKS))
def test_no_figure_is_older_than_its_model_or_its_data(model: str) -> None:
    assert problems(model) == []


@pytest.mark.parametrize("model", sorted(BUILT_IN["models"]))
def test_every_figure_a_card_states_is_in_its_evidence_file(model: str) -> None:
    shipped = [figure for check in held(model).checks.values() for figure in check.figures]
    for figure in load_model(model).card.validated:
        assert figure in shipped, f"the card of '{model}' states {figure.metric} = {figure.value:g}: make evidence"


def test_every_evidence_file_belongs_to_a_model_and_reaches_its_card() -> None:
    files = sorted(WRITTEN.glob("*.json"))
    assert files
    for path in files:
        file = read(path.read_bytes())
        assert file.model == path.stem and file.model in BUILT_IN["models"]
        assert evidence_of(file.model) == tuple(f for check in file.checks.values() for f in check.figures)
        for figure in evidence_of(file.model):
            assert figure.n > 0 and figure.dataset and figure.command and figure.date and figure.value == figure.value


def test_a_model_without_a_file_has_no_figures() -> None:
    assert evidence_of("unheard-of") == ()


def test_sources_are_the_model_and_the_models_it_imports() -> None:
    assert sources("mmc") == [MODELS / "hospital" / "mmc.py"]
    assert {p.name for p in sources("replaybg")} == {"replaybg.py", "glycaemia.py"}


@dataclass(frozen=True)
class Bench:
    """A made-up evidence folder with one check of the M/M/c ward, resting on one data file."""

    data: Path

    def write(self, model: str, data: str, name: str = "toy") -> None:
        figure = Evidence("toy", 1.0, "1", "toy data", 3, "make evidence")
        check = Check(model=model, data=data, figures=(figure,))
        path = evidence.WRITTEN / "mmc.json"
        path.write_bytes(evidence.msgspec.json.encode(File(model="mmc", checks={name: check})))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    data = tmp_path / "data.csv"
    data.write_text("t,value\n0,1\n")
    monkeypatch.setattr(evidence, "WRITTEN", tmp_path)
    made = Made(lambda: [Evidence("toy", 1.23456789, "1", "toy data", 3, "make evidence", 0.012345)], (data,))
    monkeypatch.setattr(evidence, "CHECKS", {"mmc": {"toy": made}})
    return Bench(data)


def test_a_changed_model_changed_data_and_a_forgotten_check_are_noticed(bench: Bench) -> None:
    now, data = digest(sources("mmc")), digest([bench.data])
    bench.write(now, data)
    assert problems("mmc") == []
    bench.write("0" * 64, data)
    assert "the model has changed since" in problems("mmc")[0]
    bench.write(now, data, "gone")
    assert "no such check" in problems("mmc")[0]
    bench.write(now, data)
    bench.data.write_text("t,value\n0,2\n")
    assert "the data have changed since" in problems("mmc")[0]


def test_recomputing_mends_it_and_without_the_data_nothing_is_touched(bench: Bench) -> None:
    bench.write("0" * 64, "0" * 64)
    assert evidence.main() == 0
    (figure,) = held("mmc").checks["toy"].figures
    assert (figure.value, figure.standard_error) == (1.2346, 0.0123)
    assert replace(figure, date="") == Evidence("toy", 1.2346, "1", "toy data", 3, "make evidence", 0.0123)
    before = (evidence.WRITTEN / "mmc.json").read_bytes()
    bench.data.unlink()
    assert evidence.main() == 0 and (evidence.WRITTEN / "mmc.json").read_bytes() == before
    bench.write("0" * 64, "0" * 64)
    assert evidence.main() == 1  # a stale figure that cannot be recomputed here is not called true
