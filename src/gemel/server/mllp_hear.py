"""What HL7 v2 messages say and how they will be answered, worked out in a process of its own while many come.

Reading a message is a third of its cost and needs nobody else: no store, no identity.  Batches of `MANY` messages go to
one helper process, started when the first such batch comes (until it is up, and for small batches, a thread reads);
what comes back is packed, and unpacks in a tenth of the time.  The helper ends with the service, also when that is
killed.  Without it, or when it fails, the same function runs here.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from hashlib import blake2b
from typing import Final, final

import msgspec

from ..core.errors import GemelError, IngestError
from ..core.fact import Instant
from ..ingest.codes import Codes, table
from ..ingest.hl7v2.message import Message, parse
from ..ingest.hl7v2.reply import ACCEPTED, Verdict, replies
from ..ingest.hl7v2.said import Said, said

__all__ = ["MANY", "Heard", "Hearer", "hear", "hear_packed", "name_of"]

_log = logging.getLogger("gemel.mllp")
MANY: Final = 64
"""Messages that wait together before another process reads them."""
_ASKING: Final = frozenset(("QRY", "QBP", "QCK", "QVR", "SPQ", "VQQ", "RQQ", "RQI", "RQC", "RQP", "QSB", "QSX", "EQQ"))


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A message read: what it says of each patient, a digest of it without its time, what is to be answered.

    `garbled`: why it is no message; `silent`: an acknowledgement, which is not answered.
    """

    told: tuple[Said, ...] = ()
    digest: bytes = b""
    verdict: Verdict = ACCEPTED
    answers: tuple[bytes, ...] = ()
    garbled: str = ""
    silent: bool = False


def hear(raw: bytes, received: Instant, zone: str, codes: Codes) -> Heard:
    """Read one message; never raises for what it holds."""
    try:
        message = parse(raw)
    except IngestError as error:
        return Heard(garbled=str(error))
    try:
        return _heard(message, received, zone, codes)
    except GemelError as error:
        verdict = Verdict("E", 102, "", str(error))
    except Exception as error:  # a fault of ours must not stop the line: the sender hears of it, and the log
        _log.error("a message could not be read", exc_info=error)
        verdict = Verdict("R", 207, "", "internal error: the message was not taken in")
    return Heard(verdict=verdict, answers=tuple(replies(message, verdict, name_of(raw))))


def name_of(raw: bytes) -> str:
    """MSH-10 of the answer to a message that could not be understood."""
    return blake2b(raw, digest_size=9).hexdigest()


def _heard(message: Message, received: Instant, zone: str, codes: Codes) -> Heard:
    digest = _digest(message)
    told = said(message, zone=zone, codes=codes, received=received)
    kind, control = told[0].kind[:3], told[0].control
    if kind in ("ACK", "MCF"):
        return Heard(silent=True)
    verdict = _verdict(kind, control, told)
    answers = tuple(replies(message, verdict, digest.hex()[:19]))
    return Heard(told=tuple(told), digest=digest, verdict=verdict, answers=answers)


def _verdict(kind: str, control: str, told: Sequence[Said]) -> Verdict:
    if not control:
        return Verdict("E", 101, "MSH^1^10", "MSH-10 is empty: a repeated message could not be told from a new one")
    if kind in _ASKING:
        return Verdict("R", 200, "MSH^1^9", "queries are not answered here: ask the FHIR interface")
    if any(not one.person.identifiers for one in told):
        return Verdict("E", 101, "PID^1^3", "no patient is named: the message is kept, but it is about nobody")
    return ACCEPTED


def _digest(message: Message) -> bytes:
    """Of everything but when it was sent."""
    head = (*message.header[:6], *message.header[7:])
    return blake2b(b"\r".join((message.separators.field.join(head), *message.segments[1:])), digest_size=16).digest()


_PACK, _UNPACK = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(list[Heard])


def hear_packed(raws: Sequence[bytes], received: Sequence[Instant], zone: str) -> bytes:
    """Read many; what they say, packed."""
    codes = table()
    return _PACK.encode([hear(raw, at, zone, codes) for raw, at in zip(raws, received, strict=True)])


@final
class Hearer:
    """Reads batches of messages, here or in its helper process."""

    def __init__(self, zone: str) -> None:
        self._zone, self._codes = zone, table()
        self._pool: ProcessPoolExecutor | None = None
        self._up = self._failed = False

    async def hear(self, raws: Sequence[bytes], received: Sequence[Instant]) -> list[Heard]:
        """What the messages say, in order."""
        if len(raws) >= MANY and not self._failed:
            if self._up and self._pool is not None:
                work = self._pool.submit(hear_packed, raws, received, self._zone)
                try:
                    return await asyncio.to_thread(_UNPACK.decode, await asyncio.wrap_future(work))
                except (BrokenProcessPool, OSError) as error:
                    self._give_up(error)
            elif self._pool is None:
                self._begin()
        return await asyncio.to_thread(self._here, raws, received)

    def stop(self) -> None:
        """End the helper."""
        self._failed = True
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _here(self, raws: Sequence[bytes], received: Sequence[Instant]) -> list[Heard]:
        return [hear(raw, at, self._zone, self._codes) for raw, at in zip(raws, received, strict=True)]

    def _begin(self) -> None:
        try:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _alone)
            self._pool.submit(hear_packed, (), (), self._zone).add_done_callback(self._begun)
        except OSError as error:
            self._give_up(error)

    def _begun(self, first: Future[bytes]) -> None:
        if not first.cancelled() and first.exception() is None:
            self._up = True
        elif not first.cancelled():
            self._failed = True

    def _give_up(self, error: Exception) -> None:
        self._failed = True
        _log.warning("HL7 messages are read in the service's own process", extra={"reason": str(error)})


def _alone() -> None:
    """The helper leaves Ctrl-C to the service, and ends when the service is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(0)), daemon=True).start()
