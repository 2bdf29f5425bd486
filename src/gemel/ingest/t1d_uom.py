"""T1D-UOM: sensor glucose, insulin and meals of adults with type 1 diabetes, four tables a person.

A shipped example of a mapping (`t1d_uom.toml`).  Basal rows of kind R are pump rates [IU]/h that hold until the next
row; of kind L, injections of long-acting insulin [IU].  Rows of a bolus or meal without an amount are rejected:
something was given, and how much is unknown.  Doses of zero are skipped and counted.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from gemel.core.errors import IngestError
from gemel.core.fact import Instant

from .feed import Feed, Item, reject
from .mapping import TableMapping, from_toml
from .table import Terms, header, stream

__all__ = ["TABLES", "mappings", "read"]

TABLES = ("glucose", "basal", "bolus", "nutrition")


@cache
def mappings() -> Mapping[str, TableMapping]:
    """The shipped mapping of each table."""
    content = tomllib.loads(files("gemel.ingest").joinpath("t1d_uom.toml").read_text(encoding="utf-8"))
    return {name: from_toml(content[name], f"t1d_uom.toml, {name}") for name in TABLES}


def read(folder: Path | str, subject: str, *, zone: str = "Europe/London", recorded: Instant | None = None) -> Feed:
    """The facts of one person: the four files `<subject>_{glucose,basal,bolus,nutrition}.csv` of a folder.

    A file that is missing or unreadable is one rejected item and the others are read.  Raises IngestError when none of
    the four can be read.
    """
    terms = Terms(zone, recorded, subject)
    base = Path(folder)
    problems: dict[str, str] = {}
    for name in TABLES:
        try:
            header(base / f"{subject}_{name}.csv", mappings()[name])
        except IngestError as error:
            problems[name] = str(error)
    if len(problems) == len(TABLES):
        raise IngestError(f"nothing of '{subject}' can be read in '{base.name}': {problems[TABLES[0]]}")

    def produce(feed: Feed) -> Iterator[Item]:
        for name in TABLES:
            path = base / f"{subject}_{name}.csv"
            if name in problems:
                feed.items += 1
                feed.notes[f"{path.name} was not read: {problems[name]}"] += 1
                yield reject("unreadable file", problems[name], source=path.name, raw="")
                continue
            before = feed.items
            yield from stream(feed, path, mappings()[name], terms)
            feed.kinds[name] += feed.items - before

    return Feed(f"T1D-UOM {subject}", produce)
