"""The catalogue: every score that is known of, shipped or not, by id.

Shipped and unverified ones stand in `tables/*.toml`; `tables/listed.csv` holds those that are not shipped, with the
reason (a licence, or a table that nobody here has read in two places).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from ....core.errors import RegistryError, SupportError
from ....core.quantity import Source
from .reading import Entry, read_score
from .score import Score
from .table_files import table_names, table_rows, table_text

__all__ = ["catalogue", "find"]

NEAR: Final = 6
"""How many similar names an error offers."""


@cache
def catalogue() -> Mapping[str, Score]:
    """Every entry by id: verified, unverified and not shipped."""
    entries = _entries()
    scores = {name: read_score(name, _whole(name, entries)) for name in entries}
    for row in table_rows("listed.csv"):
        scores.setdefault(row["id"], _listed(row))
    return MappingProxyType(scores)


def find(name: str) -> Score:
    """The entry of that id; RegistryError lists similar ones."""
    if name in catalogue():
        return catalogue()[name]
    near = get_close_matches(name, list(catalogue()), NEAR, 0.4)  # structure: how alike two names must be to be offered
    hint = f"did you mean {', '.join(near)}?" if near else "`gemel risk list` shows all"
    raise RegistryError(f"no score '{name}': {hint}")


def _entries() -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for name in table_names(".toml"):
        found: dict[str, Any] = tomllib.loads(table_text(name)) if name != "layouts.toml" else {}
        if twice := entries.keys() & found.keys():
            raise SupportError(f"score table '{name}' repeats {sorted(twice)}")
        entries |= found
    return entries


def _whole(name: str, entries: Mapping[str, Entry]) -> Entry:
    """An entry with what it takes from the one it is like: `more_inputs` adds lines, `replace_let` replaces steps."""
    entry = entries[name]
    if "like" not in entry:
        return entry
    whole = {**_whole(entry["like"], entries), **entry}
    whole["inputs"] += "\n" + entry.get("more_inputs", "")
    new = {line.partition(" = ")[0]: line for line in entry.get("replace_let", "").splitlines() if line}
    old = whole.get("let", "").splitlines()
    return whole | {"let": "\n".join(new.get(line.partition(" = ")[0], line) for line in old)}


def _listed(row: Mapping[str, str]) -> Score:
    sources = (Source(row["source"]),) if row["source"] else ()
    return Score(
        row["id"], row["title"] or row["id"], row["organ"], row["outcome"], "not_shipped", licence=row["licence"],
        reason=row["reason"], population=row["population"], sources=sources,
    )  # fmt: skip
