"""The tables that ship beside the code, in the folder `tables`."""

from __future__ import annotations

import csv
from importlib.resources import files

__all__ = ["table_names", "table_rows", "table_text"]

_FOLDER = files("gemel.domains.health.scores").joinpath("tables")


def table_names(ending: str) -> list[str]:
    """The files of a kind, such as '.toml', in order of name."""
    return sorted(path.name for path in _FOLDER.iterdir() if path.name.endswith(ending))


def table_text(name: str) -> str:
    """What a file says."""
    return _FOLDER.joinpath(name).read_text(encoding="utf-8")


def table_rows(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file by its header."""
    return list(csv.DictReader(table_text(name).splitlines()))
