"""HL7 v2 messages of many senders to durable writes and answers: reading, telling repeats apart, committing in order.

A message is known by its sender (MSH-3, MSH-4) and its control id (MSH-10).  One that comes again, equal but for its
time (MSH-7), gets the answer it was given first and is not written again.  A control id that comes with other content
is another message: it is taken in, and the sender is warned, since its numbers no longer tell its messages apart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import msgspec

from ..core.errors import GemelError, StoreError
from ..core.fact import Instant
from ..core.ports import Caller, Store
from ..core.writing import Committed, Receipt, Write
from ..ingest.feed import reject
from ..ingest.hl7v2.frames import Broken
from ..ingest.hl7v2.message import parse
from ..ingest.hl7v2.reply import ACCEPTED, Verdict, replies, reply_to_garbage
from ..ingest.hl7v2.writes import mention, writes_of
from ..runtime.identity import People
from ..runtime.merging import merges
from .inbox import Busy, Inbox
from .mllp_hear import Heard, name_of

__all__ = ["Answered", "Intake", "Taken"]

_log = logging.getLogger("gemel.mllp")
_REUSED = Verdict("A", 205, "MSH^1^10", "this control id was used before for another message: both were taken in")
_ENCODER = msgspec.msgpack.Encoder()


class Answered(msgspec.Struct, frozen=True):
    """What a receipt holds: a digest of the message without its time, and the answers it was given."""

    digest: bytes
    replies: list[bytes]


@dataclass(slots=True)
class Taken:
    """A message on its way: its writes, the answers it will get, and by what it would be known again."""

    replies: list[bytes]
    writes: list[Write] = field(default_factory=lambda: [])
    raw: bytes = b""
    digest: bytes = b""
    verdict: Verdict = ACCEPTED

    @property
    def receipt(self) -> Receipt | None:
        """By what it is known."""
        return self.writes[0].receipt if self.writes else None


@final
class Intake:
    """Takes in what the lines of one listener bring, one batch at a time."""

    def __init__(self, store: Store, inbox: Inbox, people: People, caller: Caller) -> None:
        self._store, self._inbox, self._people, self._caller = store, inbox, people, caller
        self.reused = self.repeated = 0

    def take(self, raw: bytes | Broken, heard: Heard | None, received: Instant) -> Taken:
        """A message and what it says (None of bytes that are no frame) as writes and answers; never raises for what it
        holds.  Called in a worker thread."""
        if isinstance(raw, Broken):
            return _broken(raw.reason, raw.head, answered=raw.framed)
        assert heard is not None  # every frame is read
        if heard.garbled:
            return _broken(heard.garbled, raw[:200], answered=True)
        try:
            return self._take(raw, heard, received)
        except GemelError as error:
            verdict = Verdict("E", 102, "", str(error))
        except Exception as error:  # a fault of ours must not stop the line: the sender hears of it, and the log
            _log.error("a message could not be taken in", exc_info=error)
            verdict = Verdict("R", 207, "", "internal error: the message was not taken in")
        return Taken(replies(parse(raw), verdict, name_of(raw)))

    def _take(self, raw: bytes, heard: Heard, received: Instant) -> Taken:
        answers, told = list(heard.answers), heard.told
        if not told:
            return Taken(answers)
        receipt = None
        if control := told[0].control:
            channel = f"hl7v2|{told[0].feed}"
            receipt = Receipt(channel=channel, id=control, reply=_ENCODER.encode(Answered(heard.digest, answers)))
        writes: list[Write] = []
        for one in told:
            meant = self._people.meant(mention(one)) if one.person.identifiers else None
            writes += writes_of(one, meant, received=received, receipt=None if writes else receipt)
        return Taken(answers, writes, raw, heard.digest, heard.verdict)

    async def keep(self, taken: Sequence[Taken]) -> None:
        """Make messages durable, in order; the answers of one that cannot be say so.  Waits while the inbox is busy."""
        for group in _groups(taken):
            try:
                await self._keep(group)
            except GemelError as error:
                if len(group) > 1:  # find out whose fault it is: the others are to be kept
                    for one in group:
                        await self.keep([one])
                    continue
                self._people.forget(group[0].writes)
                _refuse(group[0], error)

    async def _keep(self, group: list[Taken]) -> None:
        done = await self._put([write for one in group for write in one.writes])
        if not any(committed.receipt for committed in done):
            return
        known = await asyncio.to_thread(self._known, group)
        if not any(known):
            raise StoreError("the store knows a message as repeated, but not what was answered")
        await self.keep([one for one, answered in zip(group, known, strict=True) if not self._settle(one, answered)])

    async def _put(self, writes: list[Write]) -> list[Committed]:
        while writes:
            try:
                return await self._inbox.put(writes, self._caller)
            except Busy as busy:
                await asyncio.sleep(busy.after_s)
        return []

    def _known(self, group: Sequence[Taken]) -> list[Answered | None]:
        """What was answered to each before, if it ever came."""
        found: list[Answered | None] = []
        for one in group:
            own = one.receipt
            earlier = None if own is None else self._store.receipt(own.channel, own.id, self._caller)
            found.append(None if earlier is None else msgspec.msgpack.decode(earlier.reply, type=Answered))
        return found

    def _settle(self, one: Taken, answered: Answered | None) -> bool:
        """Whether nothing is to be written, since it was before; a reused control id gets a receipt of its own."""
        own = one.receipt
        if answered is None or own is None:
            return False
        if answered.digest == one.digest:
            self.repeated += 1
            one.replies = answered.replies
            return True
        if one.raw and one.digest.hex() not in own.id:
            self.reused += 1
            _log.warning("a control id came with other content", extra={"feed": own.channel, "control": own.id})
            if one.verdict is ACCEPTED:
                one.replies = replies(parse(one.raw), _REUSED, one.digest.hex()[:19])
            reply = _ENCODER.encode(Answered(one.digest, one.replies))
            receipt = Receipt(channel=own.channel, id=f"{own.id}#{one.digest.hex()}", reply=reply)
            one.writes[0] = msgspec.structs.replace(one.writes[0], receipt=receipt)
        return False


def _groups(taken: Sequence[Taken]) -> list[list[Taken]]:
    """What can be committed together: no message twice, and a merge by itself."""
    groups: list[list[Taken]] = []
    names: set[tuple[str, str]] = set()
    alone = True
    for one in taken:
        if not one.writes:
            continue
        own = one.receipt
        name = (own.channel, own.id) if own is not None else ("", "")
        merge = any(merges(write) for write in one.writes)
        if alone or merge or (own is not None and name in names):
            groups.append([])
            names = set()
        groups[-1].append(one)
        names.add(name)
        alone = merge
    return groups


def _refuse(one: Taken, error: GemelError) -> None:
    _log.error("a message could not be kept", extra={"reason": str(error)})
    if one.raw:
        verdict = Verdict("R", 207, "", f"not kept, send it again: {error}")
        one.replies = replies(parse(one.raw), verdict, one.digest.hex()[:19])


def _broken(reason: str, head: bytes, *, answered: bool) -> Taken:
    _log.warning("no HL7 message", extra={"reason": reason})
    row = reject("MLLP frame", reason, source="mllp", raw=head.decode("utf-8", "replace"))
    answer = [reply_to_garbage(reason, name_of(head), 104 if "longer" in reason else 102)] if answered else []
    return Taken(answer, [Write(rejected=(row,))])
