"""From a group of writes to the rows that say it, given what memory holds of the store.  No database is asked.

A job's writes are checked first and then admitted together.  Facts of one subject that become durable together
are one block, whatever number of writes they came in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, final

import msgspec

from gemel.core.errors import StoreError
from gemel.core.fact import Fact, Instant
from gemel.core.writing import Committed

from .blocks import LONGEST, documents_row, facts_row
from .connection import Row
from .memory import Known, Memory, Seen
from .prepare import Facts, Prepared
from .rows import COLUMNS, DocumentIndex, IdentifierRow, ReceiptRow, RejectedRow, SubjectRow, WaveformRow
from .signals import bound
from .vault import STORE, Vault

__all__ = ["Plan"]

_ENCODE = msgspec.msgpack.Encoder().encode


class _Gathered(NamedTuple):
    """A subject's new facts, from number `first` on; `top` is the latest recording before them."""

    first: int
    top: Instant
    facts: list[Fact]
    clear: list[bytes]
    digests: list[bytes]


@final
class Plan:
    """Rows to add (`rows`, by table) and subjects' descriptions to replace (`described`: key id, payload, key)."""

    def __init__(self, vault: Vault, memory: Memory, now: Callable[[], Instant]) -> None:
        self._vault, self._memory, self._now = vault, memory, now
        self._rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self._gathered: dict[str, _Gathered] = {}
        self._new: list[Known] = []
        self.described: list[Row] = []

    def check(self, writes: Sequence[Prepared]) -> None:
        """StoreError for writes of which one is about a subject that nobody enrolled."""
        if self._repeated(writes):
            return
        enrolled: set[str] = {STORE}
        for write in writes:
            if write.enrol is not None:
                enrolled.add(write.subject)
            if write.subject not in enrolled and write.subject not in self._memory.subjects:
                raise StoreError(f"no subject {write.subject!r} in this store: enrol it first")

    def admit(self, writes: Sequence[Prepared]) -> list[Committed]:
        """Plan all of the writes, or none where one was received before.  After an error the plan is of no use."""
        return self._repeated(writes) or [self._admit(write) for write in writes]

    def rows(self) -> dict[str, list[Row]]:
        """All rows to add, by table, in an order in which they may refer to those before."""
        for subject, (first, top, facts, clear, digests) in self._gathered.items():
            key = self._memory.subjects[subject].key
            for start in range(0, len(facts), LONGEST):
                end = start + LONGEST
                some = Facts(facts[start:end], clear[start:end], digests[start:end])
                row = facts_row(self._vault, subject, key, first + start, some, top)
                self._rows["fact_block"].append(row)
                top = row.recorded_top
        for known in self._new:
            known.seen = None  # from now on the database knows
        self._gathered, self._new = {}, []
        return {table: rows for table, rows in self._rows.items() if rows}

    def _repeated(self, writes: Sequence[Prepared]) -> list[Committed]:
        """The answers where a receipt is known already; empty where none is."""
        receipts = self._memory.receipts
        known = [receipts.get(write.receipt[0]) if write.receipt else None for write in writes]
        first = next((receipt for receipt in known if receipt is not None), None)
        if first is None:
            return []
        lasts = [self._memory.subjects.get(write.subject) for write in writes]
        return [
            Committed(
                subject=write.subject, accepted=0, repeated=0, last=0 if subject is None else subject.last,
                receipt=receipt or first,
            )
            for write, receipt, subject in zip(writes, known, lasts, strict=True)
        ]  # fmt: skip

    def _admit(self, write: Prepared) -> Committed:
        if write.enrol is not None:
            self._enrol(write)
        known = self._memory.subjects.get(write.subject)
        accepted = self._gather(known, write) if known is not None and write.facts.facts else 0
        if known is not None:
            self._lead(known, write.identifiers)
            self._rows["waveform"] += [self._waveform(known, place, write) for place in range(len(write.stretches))]
        key = None if known is None else known.key
        self._keep_documents(write, key)
        self._keep_rejected(write, key)
        if write.receipt is not None:
            self._keep_receipt(write)
        last = 0 if known is None else known.last
        return Committed(
            subject=write.subject, accepted=accepted, repeated=len(write.facts.facts) - accepted, last=last
        )

    def _enrol(self, write: Prepared) -> None:
        assert write.enrol is not None
        known = self._memory.subjects.get(write.subject)
        description = _ENCODE(write.enrol)
        if known is not None and known.description == description:
            return
        blind = known.blind if known is not None else self._vault.blind(STORE, "subject", write.subject)
        place = f"subject/{blind.hex()}"
        sealed = self._vault.cipher.seal(write.subject, description, place.encode())
        if known is not None:
            self.described.append((*sealed, known.key))
        else:
            ends = self._memory.ends
            ends.subject += 1
            named = self._vault.seal(STORE, write.subject, place + "/id")
            self._rows["subject"].append(SubjectRow(ends.subject, blind, *named, *sealed))
            known = self._memory.add(Known(write.subject, blind, ends.subject, seen=Seen()))
            self._new.append(known)
        known.description = description

    def _gather(self, known: Known, write: Prepared) -> int:
        """Number the facts that are new, and say how many those are."""
        facts = _new(known, write)
        count = len(facts.facts)
        if not count:
            return 0
        gathered = self._gathered.get(known.id)
        if gathered is None:
            gathered = self._gathered[known.id] = _Gathered(known.last + 1, known.top, [], [], [])
        gathered.facts.extend(facts.facts)
        gathered.clear.extend(facts.clear)
        gathered.digests.extend(facts.digests)
        self._memory.count(known, facts.digests, write.recorded_high)
        return count

    def _lead(self, known: Known, identifiers: Sequence[bytes]) -> None:
        new = [blind for blind in identifiers if self._memory.lead(blind, known.key)]
        self._rows["identifier"] += [IdentifierRow(blind, known.key) for blind in new]

    def _waveform(self, known: Known, place: int, write: Prepared) -> WaveformRow:
        code, at, ends, packed = write.stretches[place]
        sealed = self._vault.cipher.seal(known.id, packed, bound(known.key, code, at, ends))
        return WaveformRow(known.key, code, at, ends, *sealed)

    def _keep_documents(self, write: Prepared, key: int | None) -> None:
        ends = self._memory.ends
        for chunk in write.chunks:
            row = documents_row(self._vault, write.subject, key, ends.document + 1, chunk)
            ends.document = row.last
            self._rows["document_block"].append(row)
            self._rows["document_index"] += [DocumentIndex(blind, row.first) for blind in chunk.shared]

    def _keep_rejected(self, write: Prepared, key: int | None) -> None:
        if not write.rejected:
            return
        ends, now, seal = self._memory.ends, self._now(), self._vault.cipher.seal
        for clear in write.rejected:
            ends.rejected += 1
            sealed = seal(write.subject, clear, f"rejected/{ends.rejected}".encode())
            self._rows["rejected"].append(RejectedRow(ends.rejected, key, now, *sealed))

    def _keep_receipt(self, write: Prepared) -> None:
        assert write.receipt is not None
        blind, receipt = write.receipt
        if blind in self._memory.receipts:
            return
        self._memory.receipts[blind] = receipt
        self._rows["receipt"].append(ReceiptRow(blind, *self._vault.seal(STORE, receipt, f"receipt/{blind.hex()}")))


def _new(known: Known, write: Prepared) -> Facts:
    """The facts that are neither the subject's already nor twice in the write."""
    facts = write.facts
    seen: set[bytes] = set()
    if write.recorded_low <= known.top and known.seen is not None:
        seen = known.seen.among(facts.digests)
    if not seen and len(set(facts.digests)) == len(facts.digests):
        return facts
    places: list[int] = []
    for place, digest in enumerate(facts.digests):
        if digest not in seen:
            seen.add(digest)
            places.append(place)
    return Facts([facts.facts[k] for k in places], [facts.clear[k] for k in places], [facts.digests[k] for k in places])
