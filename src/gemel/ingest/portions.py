"""Items one by one as writes of a thousand: what becomes durable together, and what memory holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gemel.core.errors import IngestError
from gemel.core.fact import Rejected
from gemel.core.writing import Write

from .feed import Item

__all__ = ["PORTION", "portions"]

PORTION = 1000
"""Items in a write."""


def portions(subject: str, items: Iterable[Item]) -> Iterator[Write]:
    """The items of one subject, in order.  Where the source breaks off, what came before it comes before its error."""
    taken: list[Item] = []
    broken: IngestError | None = None
    try:
        for item in items:
            taken.append(item)
            if len(taken) == PORTION:
                yield _write(subject, taken)
                taken = []
    except IngestError as error:
        broken = error
    if taken:
        yield _write(subject, taken)
    if broken is not None:
        raise broken


def _write(subject: str, items: Sequence[Item]) -> Write:
    return Write(
        subject=subject,
        facts=tuple(item for item in items if not isinstance(item, Rejected)),
        rejected=tuple(item for item in items if isinstance(item, Rejected)),
    )
