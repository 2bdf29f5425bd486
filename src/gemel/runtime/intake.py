"""Take a stream of facts and rejected rows into the store, a thousand at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from ..core.errors import IngestError, StoreError
from ..core.fact import Fact, Rejected
from ..core.ports import Caller, Store
from .taken import Taken

__all__ = ["take_in"]

TOGETHER = 1000
"""Items that become durable together."""


def take_in(store: Store, caller: Caller, subject: str, stream: Iterable[Fact | Rejected]) -> Taken:
    """Keep everything and count it; a source that breaks off, and a fact that cannot be stored, are rejected rows."""
    taken, reasons = Taken(), Counter[str]()
    source = _to_the_end(stream)
    while items := list(islice(source, TOGETHER)):
        facts = [item for item in items if not isinstance(item, Rejected)]
        rows = [item for item in items if isinstance(item, Rejected)]
        rows += _append(store, caller, subject, facts, taken)
        reasons.update(row.reason.partition(": ")[0] for row in rows)
        _keep_rejected(store, caller, subject, rows)
        taken.items += len(items)
        taken.rejected += len(rows)
    taken.reasons = dict(reasons)
    return taken


def _keep_rejected(store: Store, caller: Caller, subject: str, rows: Sequence[Rejected]) -> None:
    """Keep the rows that the subject does not have yet, so that reading a source again doubles nothing."""
    if not rows:
        return
    known = set(store.rejected(caller, subject))
    new = [row for row in dict.fromkeys(rows) if row not in known]
    if new:
        store.reject(subject, new, caller)


def _to_the_end(stream: Iterable[Fact | Rejected]) -> Iterator[Fact | Rejected]:
    try:
        yield from stream
    except IngestError as error:
        yield Rejected(reason=f"unreadable source: {error}", source=type(stream).__name__, raw="")


def _append(store: Store, caller: Caller, subject: str, facts: Sequence[Fact], taken: Taken) -> list[Rejected]:
    """Append facts, one by one where the store refuses them together; returns the rows of those it refuses."""
    if not facts:
        return []
    try:
        done = store.append(subject, facts, caller)
    except StoreError as error:
        if len(facts) > 1:
            return [row for fact in facts for row in _append(store, caller, subject, [fact], taken)]
        return [Rejected(reason=f"cannot be stored: {error}", source="store", raw=_raw(facts[0]), code=facts[0].code)]
    taken.accepted += done.accepted
    taken.repeated += done.repeated
    taken.last = done.last
    return []


def _raw(fact: Fact) -> str:
    try:
        return msgspec.json.encode(fact).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError):
        return repr(fact)
