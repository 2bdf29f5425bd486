"""One short demo serves all: its records are what the other commands read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gemel.cli import main
from gemel.cli.schemas import schema

Run = Callable[..., tuple[int, str, str]]


def plainly(code: str) -> str:
    """Run code in a process of its own, without the checks of every call, which slow a virtual life 20-fold."""
    environment = {**os.environ, "GEMEL_DEMO_HEADLESS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def alone() -> Callable[[str], str]:
    """`plainly`."""
    return plainly


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of two days, played once as a user would; its JSON lies beside its report."""
    folder = tmp_path_factory.mktemp("demo")
    command = [
        "demo",
        "--days",
        "2",
        "--members",
        "64",
        "--stride",
        "12",
        "--no-service",
        "--json",
        "--out",
        str(folder),
    ]
    (folder / "demo.json").write_text(plainly(f"from gemel.cli import main; main({command})"))
    return folder


@pytest.fixture(scope="session")
def records(played: Path) -> Path:
    """The folder of records the demo wrote."""
    return played / "records"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `gemel` in this process: exit code, stdout, stderr."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = 0
        try:
            main([str(a) for a in arguments])
        except SystemExit as done:
            code = done.code if isinstance(done.code, int) else 1
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def valid(run: Run) -> Callable[..., Any]:
    """Run a command with --json, check its output against the published schema, and return it."""

    def call(name: str, *arguments: str | Path) -> Any:
        code, out, err = run(*arguments, "--json")
        assert code == 0, err
        value = json.loads(out)
        jsonschema.validate(value, schema(name))
        return value

    return call
