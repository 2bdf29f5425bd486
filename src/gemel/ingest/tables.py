"""Our own tables for `gemel import`: those of T1D-UOM by their columns, `<person>_<table>.csv`.

A table of another form needs a mapping (`gemel.ingest.mapping`), which no content can tell.
"""

from __future__ import annotations

from collections.abc import Iterator

from gemel.core.errors import IngestError
from gemel.core.writing import Write

from .account import Account
from .feed import Feed
from .portions import portions
from .source import Source, name_of
from .t1d_uom import TABLES, mappings
from .table import Terms as TableTerms
from .table import header, stream
from .terms import Terms

__all__ = ["read"]


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The facts of one table, of the person whom the file's name says unless a subject was chosen."""
    name = name_of(source)
    plan = next((mappings()[table] for table in TABLES if _fits(source, table)), None)
    if plan is None:
        raise IngestError(f"'{name}' has the columns of none of the tables {', '.join(TABLES)}")
    person, _, rest = name.rpartition("_")
    identifiers = (f"t1d-uom|{person}",) if person and rest.split(".")[0] in TABLES and not terms.chosen else ()
    subject = terms.who(identifiers) if identifiers else terms.subject
    on = TableTerms(terms.zone, terms.recorded, subject, terms.codes)
    feed = Feed(name, lambda feed: stream(feed, source, plan, on))
    if identifiers:
        yield Write(subject=subject, identifiers=identifiers)
    yield from portions(subject, feed)
    account.count("rows", feed.items)
    account.skipped.update(feed.skipped)


def _fits(source: Source, table: str) -> bool:
    try:
        header(source, mappings()[table])
    except IngestError:
        return False
    return True
