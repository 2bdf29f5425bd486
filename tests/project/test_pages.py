"""Pages are run block by block, in order, and a block that does not hold what it says stops the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.pages import blocks, pages, run

STORY = """
# A story
```python
x = 20
```
Then a command:
```sh
echo 22 > number.txt
```
```python
print(x + int(open("number.txt").read()))
```
<!-- skip: it would take a week -->
```sh
exit 1
```
```text
not run
```
"""


def test_blocks_run_in_order_and_share_names(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(STORY)
    done = run(page, tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "42"
    assert [b.skip for b in blocks(STORY)] == [None, None, None, "it would take a week"]


@pytest.mark.parametrize("block", ["```python\nassert 1 == 2\n```", "```sh\nfalse | cat\n```"])
def test_block_that_fails_stops_the_page_at_its_line(tmp_path: Path, block: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"one\n\n{block}\n")
    done = run(page, tmp_path)
    assert done.returncode != 0
    assert "page.md:4" in done.stdout


def test_skip_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="says why"):
        blocks("<!-- skip -->\n```sh\ntrue\n```\n")


def test_readme_and_docs_are_told_but_not_the_generated_reference(tmp_path: Path) -> None:
    for name in ("README.md", "docs/guide.md", "docs/reference/core.md", "docs/decisions/0001-x.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("```sh\ntrue\n```\n")
    assert [p.name for p in pages(tmp_path)] == ["README.md", "guide.md"]
