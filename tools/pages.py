"""Run what the documentation says: the python and sh blocks of README.md and docs/**/*.md.

Each page is one story: its blocks run in order, in a folder of their own, python blocks sharing their names.  The
environment's commands are on the path and as `.venv/bin/...`.  A block that cannot run there says why, just above it:

    <!-- skip: needs a fresh clone; .ci/run does it -->

`python tools/pages.py README.md` runs one page.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT

ROOT = Path(__file__).resolve().parents[1]
UNTOLD = ("docs/reference", "docs/decisions")
SECONDS = 300

_FENCE = re.compile(r"^(?P<fence>```+)(?P<language>[\w-]*)[^\n]*\n(?P<code>.*?)^(?P=fence)\s*$", re.M | re.S)
_SKIP = re.compile(r"<!--\s*skip:\s*(?P<reason>\S[^>]*?)\s*-->\s*\Z")
_BARE_SKIP = re.compile(r"<!--\s*skip:?\s*-->\s*\Z")
_DRIVER = """
import json, subprocess, sys
names = {"__name__": "__main__"}
for language, line, code in json.load(open(sys.argv[1])):
    print(f"--- {sys.argv[2]}:{line} ({language})", flush=True)
    if language == "python":
        exec(compile("\\n" * (line - 1) + code, sys.argv[2], "exec"), names)
    else:
        subprocess.run(["bash", "-euo", "pipefail", "-c", code], check=True)
"""


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the line it starts on, its text, and why it is skipped (None: it runs)."""

    language: str
    line: int
    code: str
    skip: str | None


def blocks(text: str) -> list[Block]:
    """The python and sh blocks of a page."""
    found: list[Block] = []
    for match in _FENCE.finditer(text):
        language = {"py": "python", "bash": "sh", "shell": "sh"}.get(match["language"], match["language"])
        if language not in ("python", "sh"):
            continue
        line = text.count("\n", 0, match.start("code")) + 1
        above = text[: match.start()]
        if _BARE_SKIP.search(above):
            raise ValueError(f"line {line}: a skipped block says why: <!-- skip: reason -->")
        reason = _SKIP.search(above)
        found.append(Block(language, line, match["code"], reason["reason"] if reason else None))
    return found


def pages(root: Path = ROOT) -> list[Path]:
    """README.md and every page of docs/ that holds a block to run."""
    every = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    told = [p for p in every if p.is_file() and not p.relative_to(root).as_posix().startswith(UNTOLD)]
    return [p for p in told if any(b.skip is None for b in blocks(p.read_text()))]


def run(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a page's blocks in `folder`; the output names each block, the last one being where it stopped."""
    story = folder / ".story.json"
    story.write_text(json.dumps([(b.language, b.line, b.code) for b in blocks(page.read_text()) if b.skip is None]))
    venv = folder / ".venv"
    if not venv.exists():
        venv.symlink_to(sys.prefix, target_is_directory=True)
    env = os.environ | {
        "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "GEMEL_DEMO_HEADLESS": "1",
    }
    command = [sys.executable, "-c", _DRIVER, str(story), page.name]
    try:
        return subprocess.run(command, cwd=folder, env=env, text=True, stdout=PIPE, stderr=STDOUT, timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        output = late.stdout.decode() if isinstance(late.stdout, bytes) else late.stdout or ""
        return subprocess.CompletedProcess(command, 124, f"{output}\nstopped after {SECONDS} s")


def main(*names: str) -> int:
    """Run the named pages, or all."""
    worst = 0
    for page in [Path(n).resolve() for n in names] or pages():
        with tempfile.TemporaryDirectory() as scratch:
            done = run(page, Path(scratch))
            print(done.stdout)
            worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
