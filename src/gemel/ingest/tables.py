"""Our own tables for `gemel import`: those of T1D-UOM by their columns, `<person>_<table>.csv`.

A table of another form needs a mapping (`gemel.ingest.mapping`), which no content can tell: `mapped`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gemel.core.errors import IngestError
from gemel.core.writing import Write

from .account import Account
from .feed import Feed
from .mapping import TableMapping
from .portions import portions
from .source import Source, name_of
from .t1d_uom import TABLES, mappings
from .table import Terms as TableTerms
from .table import header, stream
from .terms import Terms

__all__ = ["mapped", "read"]


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The facts of one table, of the person whom the file's name says unless a subject was chosen."""
    name = name_of(source)
    plan = next((mappings()[table] for table in TABLES if _fits(source, table)), None)
    if plan is None:
        raise IngestError(f"'{name}' has the columns of none of the tables {', '.join(TABLES)}")
    person, _, rest = name.rpartition("_")
    if not person or rest.split(".")[0] not in TABLES or terms.chosen:
        yield from mapped(source, plan, terms, account)
        return
    identifiers = (f"t1d-uom|{person}",)
    own = replace(terms, subject=terms.who(identifiers))
    yield Write(subject=own.subject, identifiers=identifiers)
    yield from mapped(source, plan, own, account)


def mapped(source: Source, plan: TableMapping, terms: Terms, account: Account) -> Iterator[Write]:
    """The facts of a table of any form, of the subject of the terms."""
    on = TableTerms(terms.zone, terms.recorded, terms.subject, terms.codes)
    header(source, plan)
    feed = Feed(name_of(source), lambda feed: stream(feed, source, plan, on))
    yield from portions(terms.subject, feed)
    account.count("rows", feed.items)
    account.skipped.update(feed.skipped)


def _fits(source: Source, table: str) -> bool:
    try:
        header(source, mappings()[table])
    except IngestError:
        return False
    return True
