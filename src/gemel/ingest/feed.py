"""A feed: the facts and rejected rows of a source one by one, with a count of everything else it held.

Nothing is lost without a trace.  Every item read (a row, or one value of a row or resource) is yielded as a fact,
yielded as a `Rejected`, or counted in `skipped`; so once a feed is exhausted

    items = facts + rejected + skipped.

A feed is an ordinary iterator and holds no item back: memory does not grow with the source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import blake2b

from gemel.core.fact import Fact, Rejected

__all__ = ["RAW_LENGTH", "Feed", "Item", "content_id", "reject"]

Item = Fact | Rejected
"""What an adapter yields."""

RAW_LENGTH = 200
"""Characters of a rejected row that are kept."""


class Feed(Iterator[Item]):
    """The items of a source; the counters grow while it is read.

    `items` read; `skipped` by reason: known, harmless and without a fact; `kinds` by kind, such as a FHIR resource
    type; `notes`: what the reader should know, with how often; `titles` of codes as the source calls them.
    """

    def __init__(self, name: str, produce: Callable[[Feed], Iterator[Item]]) -> None:
        self.name = name
        self.items = 0
        self.skipped: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.titles: dict[str, str] = {}
        self._stream = produce(self)

    def __iter__(self) -> Feed:
        return self

    def __next__(self) -> Item:
        return next(self._stream)

    def skip(self, reason: str) -> None:
        """Count one item that carries no fact."""
        self.items += 1
        self.skipped[reason] += 1


def reject(kind: str, detail: str, *, source: str, raw: str, code: str = "") -> Rejected:
    """A rejected item.  Its reason reads "kind: detail"; reports group by kind."""
    text = raw if len(raw) <= RAW_LENGTH else raw[:RAW_LENGTH] + "..."
    return Rejected(reason=f"{kind}: {detail}", source=source, raw=text, code=code)


def content_id(*parts: object) -> str:
    """An id made of what a fact says: equal rows get equal ids, on every machine and in every run (96 bits)."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12).hexdigest()
