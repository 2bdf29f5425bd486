"""What the writer remembers of the store, so that it need not ask: where each subject's facts end, and which there are.

A fact can only repeat one that was recorded when it was.  So of a subject that feeds live nothing but its latest
recording is needed; digests are fetched when a fact comes that was recorded no later than that, and only of facts
recorded since.  What is remembered is bounded: subjects that were not written to for long are forgotten, and asked for
again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import final

import numpy as np

from gemel.core.fact import Instant
from gemel.core.writing import Receipt

from .audit import Head
from .prepare import DIGEST

__all__ = ["NEVER", "Ends", "Known", "Memory", "Seen"]

NEVER: Instant = -(2**63) - 1
"""Before every instant that can be stored."""

MOST = 64 << 20
"""About how much is remembered [bytes]."""

_SUBJECT, _FRESH, _IDENTIFIER = 640, 112, 160
"""About what one subject, one fresh digest and one identifier take [bytes]."""

_FEW = 32
"""Digests up to this number are looked for one by one: numpy costs more than it saves."""

_UNSORTED = 256
"""Fresh digests kept apart from the sorted ones, at least."""


@final
class Seen:
    """Digests of facts: most as a sorted array, the last ones as a set."""

    __slots__ = ("_fresh", "_sorted")

    def __init__(self, digests: bytes = b"") -> None:
        self._sorted = np.unique(np.frombuffer(digests, dtype=f"V{DIGEST}").view("<u8").astype(np.uint64))
        self._fresh: set[bytes] = set()

    @property
    def size(self) -> int:
        """About how much memory it takes [bytes]."""
        return self._sorted.nbytes + _FRESH * len(self._fresh)

    def among(self, digests: list[bytes]) -> set[bytes]:
        """Those of the digests that are here."""
        known = self._fresh.intersection(digests)
        if self._sorted.size and len(digests) <= _FEW:
            places, size = self._sorted.data, self._sorted.size
            for digest in digests:
                number = int.from_bytes(digest, "little")
                k = bisect_left(places, number)
                if k < size and places[k] == number:
                    known.add(digest)
        elif self._sorted.size:
            asked = np.frombuffer(b"".join(digests), dtype="<u8")
            places = np.searchsorted(self._sorted, asked)
            places[places == self._sorted.size] = 0
            known.update(digests[k] for k in np.flatnonzero(self._sorted[places] == asked).tolist())
        return known

    def add(self, digests: Iterable[bytes]) -> None:
        """Remember these too."""
        self._fresh.update(digests)
        if len(self._fresh) > _UNSORTED + self._sorted.size // 4:
            fresh = np.frombuffer(b"".join(self._fresh), dtype="<u8")
            self._sorted = np.concatenate([self._sorted, fresh.astype(np.uint64)])
            self._sorted.sort(kind="stable")
            self._fresh = set()


@dataclass(slots=True)
class Known:
    """A subject: its surrogate number, the last fact's number and the latest recording of any.

    `seen` holds the digests of its facts recorded at `since` or later; None: not asked for yet.  `description` is the
    one that was written last by this process.
    """

    id: str
    blind: bytes
    key: int
    last: int = 0
    top: Instant = NEVER
    since: Instant = NEVER
    seen: Seen | None = None
    description: bytes = b""


@dataclass(slots=True)
class Ends:
    """The last numbers of tables whose numbers we give."""

    subject: int = 0
    rejected: int = 0
    document: int = 0


@dataclass(slots=True)
class Memory:
    """Everything remembered; `journal` is where the audit trail ended when it was true.

    `grown`: about by how much, since it was trimmed last [bytes].
    """

    journal: Head | None = None
    ends: Ends = field(default_factory=Ends)
    subjects: dict[str, Known] = field(default_factory=dict[str, Known])
    identifiers: dict[bytes, int] = field(default_factory=dict[bytes, int])
    receipts: dict[bytes, Receipt] = field(default_factory=dict[bytes, Receipt])
    grown: int = 0

    def forget(self) -> None:
        """Remember nothing."""
        self.journal = None
        self.ends = Ends()
        self.subjects.clear()
        self.identifiers.clear()
        self.receipts.clear()
        self.grown = 0

    def add(self, known: Known) -> Known:
        """Remember a subject."""
        self.subjects[known.id] = known
        self.grown += _SUBJECT
        return known

    def learn(self, known: Known, seen: Seen, since: Instant) -> None:
        """Remember digests of a subject's facts recorded at `since` or later."""
        known.seen, known.since = seen, since
        self.grown += seen.size

    def count(self, known: Known, digests: list[bytes], recorded: Instant) -> None:
        """These facts are the subject's now; `recorded` is their latest recording."""
        known.last += len(digests)
        known.top = max(known.top, recorded)
        if known.seen is not None:
            known.seen.add(digests)
            self.grown += _FRESH * len(digests)

    def lead(self, identifier: bytes, key: int) -> bool:
        """Remember where an identifier leads; False if that was known."""
        if self.identifiers.get(identifier) == key:
            return False
        self.identifiers[identifier] = key
        self.grown += _IDENTIFIER
        return True

    def use(self, subject: str) -> Known | None:
        """A subject if it is known, which is now the last to be forgotten."""
        known = self.subjects.pop(subject, None)
        if known is not None:
            self.subjects[subject] = known
        return known

    def trim(self, most: int = MOST) -> None:
        """Now and then, forget what was not used for longest, down to about `most` bytes."""
        self.receipts.clear()
        if self.grown <= most // 4:
            return
        self.grown = 0
        if _IDENTIFIER * len(self.identifiers) > most // 4:
            self.identifiers.clear()
        size = sum(_size(known) for known in self.subjects.values())
        for subject in list(self.subjects):
            if size <= most:
                return
            size -= _size(self.subjects.pop(subject))


def _size(known: Known) -> int:
    return _SUBJECT if known.seen is None else _SUBJECT + known.seen.size
