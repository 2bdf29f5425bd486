"""README.md and the guides do what they say: every block runs, page by page, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.pages import pages, run

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("page", pages(ROOT), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_page_runs_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    done = run(page, tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]
