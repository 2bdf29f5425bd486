"""What the service says of itself is what it does: schemathesis fuzzes every route from its own description, over a
real connection, and holds each answer against it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ST = Path(sys.executable).with_name("st")
HERE = Path(__file__).parent
OURS = ("--include-path-regex", r"^/(api/(subjects|bulk|models|twins)|healthz|readyz|metrics)")


@pytest.fixture
def url(spawned, tmp_path):
    with spawned(str(tmp_path), "--log", "warning") as server:
        yield server.url


def fuzz(url: str, folder: Path, *options: str) -> None:
    command = [ST, "--config-file", HERE / "schemathesis.toml", "run", f"{url}/openapi.json", "--seed", "1"]
    command += ["--no-color", "--suppress-health-check", "all", *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " generated, " in done.stdout  # it has asked


def test_every_route_is_described_and_does_what_it_says(url, tmp_path):
    paths = httpx.get(f"{url}/openapi.json").json()["paths"]
    assert {"/api/subjects", "/api/twins", "/api/twins/{twin}/forecast", "/api/twins/{twin}/compare"} <= set(paths)
    for path, operations in paths.items():
        assert all(operation.get("summary") for operation in operations.values()), path
    fuzz(url, tmp_path, "--phases", "fuzzing", "--max-examples", "1", *OURS)


@pytest.mark.slow
def test_the_routes_do_what_they_say_however_often_they_are_asked(url, tmp_path):
    fuzz(url, tmp_path, "--phases", "coverage,fuzzing", "--max-examples", "3")
