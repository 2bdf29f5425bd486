"""Every twin's scored forecasts at hand: the last record of each, merged from the store and kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool
from numpy.typing import NDArray

from ...core.array import Array
from ...core.fact import Instant
from ...core.ledger import SCORE, Kind, Scores
from ...core.ports import Caller, Store

__all__ = ["EMPTY", "Book", "Books"]


@dataclass(frozen=True, slots=True)
class Book:
    """A twin's records (`SCORE`), the last of each forecast, in order of target and issue; `kinds` and `notes` as in
    `Scores`.  `number`, `at`, `sequence` and `upto` are those of the last write."""

    kinds: tuple[Kind, ...]
    notes: tuple[str, ...]
    rows: NDArray[Any]
    number: int = 0
    at: Instant = 0
    sequence: int = 0
    upto: int = 0

    @property
    def scored(self) -> Bool[Array, "n"]:
        """Which records have a truth."""
        return self.rows["note"] == 0

    def of(
        self, observable: str, horizon: Instant | None = None, *, version: str | None = None, site: str | None = None
    ) -> NDArray[Any]:
        """Records with a truth of an observable: at a horizon, by a model version, of a site; or of all of them."""
        places = [
            k for k, kind in enumerate(self.kinds)
            if kind.observable == observable and version in (None, kind.version) and site in (None, kind.site)
        ]  # fmt: skip
        keep = np.asarray(self.scored) & np.isin(self.rows["kind"], places)
        if horizon is not None:
            keep &= self.rows["target"] - self.rows["issued"] == horizon
        return self.rows[keep]

    def after(self, blocks: Sequence[Scores]) -> Book:
        """The book with further writes."""
        if not blocks:
            return self
        kinds, notes = {k: i for i, k in enumerate(self.kinds)}, {n: i for i, n in enumerate(self.notes)}
        parts = [self.rows]
        for block in blocks:
            rows = block.rows.copy()
            rows["kind"] = _places(kinds, block.kinds)[block.rows["kind"]]
            rows["note"] = _places(notes, block.notes)[block.rows["note"]]
            parts.append(rows)
        every = np.concatenate(parts)[::-1]
        last = every[np.unique(every["forecast"], return_index=True)[1]]
        last = last[np.lexsort((last["forecast"], last["issued"], last["target"]))]
        end = blocks[-1]
        return Book(tuple(kinds), tuple(notes), last, end.number, end.at, end.sequence, end.upto)


EMPTY = Book((), ("",), np.zeros(0, dtype=SCORE))
"""The book of a twin nothing is known of."""


class Books:
    """The books of all twins of a store, for one caller."""

    def __init__(self, store: Store, caller: Caller) -> None:
        self._store, self._caller = store, caller
        self._books: dict[str, Book] = {}

    def of(self, twin: str) -> Book:
        """A twin's book, with what was written since it was last opened."""
        known = self._books.get(twin, EMPTY)
        self._books[twin] = known.after(self._store.scores(twin, self._caller, after=known.number))
        return self._books[twin]


def _places(known: dict[Any, int], names: Sequence[Any]) -> NDArray[Any]:
    """Place of each name in a table that grows."""
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int32)
