"""The reference is written from the source alone: exported names with signature and docstring, nothing private."""

from __future__ import annotations

from pathlib import Path

from tools.docs import modules, write

TOY = '''"""How toys add.

More about it."""

__all__ = ["LIMIT", "Toy", "add"]

LIMIT: int = 3


class Toy:
    """A toy."""

    name: str

    def play(self, hours: float) -> None:
        """Play a while."""

    def _break(self) -> None: ...


def add(a: int, *, b: int = 2) -> int:
    """The sum."""
    return a + b


def hidden() -> None: ...
'''


def test_exported_names_are_written_and_private_ones_are_not(tmp_path: Path) -> None:
    package = tmp_path / "src" / "gemel" / "core"
    package.mkdir(parents=True)
    (package / "toy.py").write_text(TOY)
    (package / "_inner.py").write_text(TOY)
    index, page = write(tmp_path / "out", tmp_path)
    assert index.read_text().splitlines()[-1] == "- `gemel.core.toy`: How toys add."
    text = page.read_text()
    for part in (
        "add(a: int, *, b: int=2) -> int",
        "The sum.",
        "A toy.",
        "name: str",
        "Play a while.",
        "LIMIT: int = 3",
    ):
        assert part in text
    assert "hidden" not in text
    assert "_break" not in text


def test_every_module_of_the_core_is_in_the_reference(root: Path) -> None:
    written = {module.name for module in modules(root)}
    core = {f"gemel.core.{p.stem}" for p in (root / "src/gemel/core").glob("[a-z]*.py")}
    assert core <= written
