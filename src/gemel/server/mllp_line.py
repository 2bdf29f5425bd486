"""One MLLP connection: frames in, answers out in the order in which the messages came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import cast, final

from ..ingest.hl7v2.frames import Broken, Frames

__all__ = ["Line"]


@final
class Line(asyncio.Protocol):
    """Tells when it has `come` and `gone`, hands over every message that has `arrived`, and stops reading while it is
    told to or while its peer does not listen.

    `waiting` messages have not been answered; an end of the stream is kept open for writing until they are.
    """

    def __init__(
        self,
        limit: int,
        *,
        come: Callable[[Line], None],
        arrived: Callable[[Line, list[bytes | Broken]], None],
        gone: Callable[[Line], None],
    ) -> None:
        self._frames = Frames(limit)
        self._come, self._arrived, self._gone = come, arrived, gone
        self._transport: asyncio.Transport | None = None
        self._held = self._deaf = self._ended = False
        self.waiting = 0
        self.last = monotonic()

    @property
    def open(self) -> bool:
        """Whether a frame has begun that has not ended."""
        return self._frames.open

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._come(self)

    def data_received(self, data: bytes) -> None:
        """A piece of the stream."""
        self.last = monotonic()
        self._take(self._frames.feed(data))

    def eof_received(self) -> bool:
        """The peer sends no more; True while it waits for answers."""
        self._ended = True
        self._take([*self._frames.close()])
        return self.waiting > 0

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; what was received is kept all the same."""
        self._take([*self._frames.close()])
        self._transport = None
        self._gone(self)

    def answer(self, answers: list[bytes]) -> None:
        """Send the answers, in frames, of the oldest messages that have none yet."""
        self.waiting -= len(answers)
        if self._transport is not None:
            self._transport.write(b"".join(answers))
            if self._ended and not self.waiting:
                self._transport.close()

    def hold(self) -> None:
        """Stop reading."""
        self._held = True
        self._read_or_not()

    def resume(self) -> None:
        """Read again."""
        self._held = False
        self._read_or_not()

    def pause_writing(self) -> None:
        """The peer does not take its answers: take no more of its messages."""
        self._deaf = True
        self._read_or_not()

    def resume_writing(self) -> None:
        """It does again."""
        self._deaf = False
        self._read_or_not()

    def close(self) -> None:
        """End the connection when everything written has been sent."""
        if self._transport is not None:
            self._transport.close()

    def _take(self, found: list[bytes | Broken]) -> None:
        if found:
            self.waiting += len(found)
            self._arrived(self, found)

    def _read_or_not(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._held or self._deaf:
            transport.pause_reading()
        else:
            transport.resume_reading()
