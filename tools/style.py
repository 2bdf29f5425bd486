"""ruff (rules and layout) and pyright (strict on src/gemel), as configured in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.prefix) / "bin"
FOLDERS = ("src", "tests", "tools", "examples", "benchmarks")


def _run(*command: str | Path) -> list[str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return [] if done.returncode == 0 else [*done.stdout.splitlines(), *done.stderr.splitlines()]


def rules() -> list[str]:
    """What ruff's rules find."""
    return _run(BIN / "ruff", "check", "--quiet", "--output-format=concise", *_folders())


def layout() -> list[str]:
    """Files that `ruff format` would lay out differently."""
    return _run(BIN / "ruff", "format", "--check", "--quiet", "--output-format=concise", *_folders())


def types() -> list[str]:
    """What pyright finds."""
    return _run(BIN / "pyright", "--pythonpath", sys.executable, "--level", "error")


def _folders() -> list[str]:
    return [name for name in FOLDERS if (ROOT / name).is_dir()]


def problems() -> list[str]:
    """All of it."""
    return [*rules(), *layout(), *types()]


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or 0)
