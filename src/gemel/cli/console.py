"""How the command line speaks: JSON on stdout, tables on stdout, progress and errors on stderr."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["bar", "complain", "emit", "error_console", "number", "say", "show"]


def emit(value: object) -> None:
    """Print a value as JSON."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def say(text: str) -> None:
    """Print plain text."""
    _console().print(text, markup=False, highlight=False, soft_wrap=True)


def complain(text: str) -> None:
    """Print an error as one paragraph."""
    from rich.text import Text

    error_console().print(Text.assemble(("error: ", "bold red"), text))


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: int = 99) -> None:
    """Print a table; columns from index `numeric` on are numbers and stand right."""
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for i, name in enumerate(columns):
        table.add_column(name, justify="right" if i >= numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    _console().print(table)


def number(value: float | None, digits: int = 3) -> str:
    """A number for people, to so many significant digits; a dash for none."""
    if value is None or value != value:
        return "–"
    text = f"{value:.{digits}g}"
    return f"{value:,.0f}" if "e" in text and abs(value) >= 1 else text


@contextmanager
def bar(quiet: bool = False) -> Generator[Progress]:
    """A progress display on stderr; nothing is drawn where stderr is no terminal."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = error_console()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        yield progress


def _plain(cell: str) -> str:
    from rich.markup import escape

    return escape(cell)


def _console() -> Console:
    from rich.console import Console

    return Console()


def error_console() -> Console:
    """The console of messages that are not the result."""
    from rich.console import Console

    return Console(stderr=True)
