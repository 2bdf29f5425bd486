"""`/api/stream`: what happens, as it happens, as server-sent events or over a WebSocket.

SSE      GET; `Last-Event-ID` (or `?after=`) goes on after an event.  Source: HTML Living Standard, section 9.2.
Socket   the same path; frames are JSON.  From the client: {"after": n} goes on after an event (first frame, or never),
         {"credit": n} allows n more events (a client that never says so gets all), {"ping": x} is answered {"pong": x}.

`?view=board` tells a WebSocket only what the overview shows, in arrays of rounded numbers (see `board`).
`?subjects=a,b&twins=c&kinds=forecast,alert` narrows it.  First comes 'hello' (the last event's number, the quantile
levels of forecasts); 'reset' instead of what was missed, when that is no longer there: read everything anew, then go on
from its number; 'skipped' when a watcher read too slowly: of each twin and kind only the newest was kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any, Final, final

import msgspec
from fastapi import APIRouter
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from ...core.errors import GemelError
from ...core.ledger import LEVELS
from ..context import Service, service_of
from ..hub import Batch, Filter, Subscription
from .board import follow

__all__ = ["router"]

BEAT_S: Final = 15.0
"""A silent stream says that it is alive this often."""
GATHER_S: Final = 0.01
"""What happens within this time goes out together: a send costs more than what is sent."""

router = APIRouter()


class Said(msgspec.Struct, frozen=True):
    """A frame from a client."""

    after: int | None = None
    credit: int | None = None
    ping: Any = None


@final
class Opened:
    """A subscription and what is to be said before its first event."""

    def __init__(self, service: Service, wanted: Filter, after: int | None) -> None:
        hub = service.hub
        resumed = None if after is None else hub.resume(after, wanted)
        self.subscription = resumed or hub.subscribe(wanted)
        self.first = ("hello", {"number": hub.last if after is None else after, "levels": LEVELS})
        if after is not None and resumed is None:
            self.first = ("reset", {"number": hub.last, "after": after, "levels": LEVELS})


@router.get("/api/stream", response_class=StreamingResponse, tags=["stream"], responses={200: {"content": {
    "text/event-stream": {}}}})  # fmt: skip
async def stream(request: Request) -> Response:
    """What happens from now on, or from after `Last-Event-ID`, as server-sent events."""
    after = request.headers.get("last-event-id") or request.query_params.get("after")
    opened = Opened(service_of(request), _filter(request), _number(after))
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_sse(service_of(request), opened), media_type="text/event-stream", headers=headers)


async def _sse(service: Service, opened: Opened) -> AsyncGenerator[bytes]:
    stopping = asyncio.ensure_future(service.stopping.wait())
    try:
        with opened.subscription as own:
            yield b"retry: 1000\n" + _frame(*opened.first)
            while not stopping.done():
                batches, skipped = await _next(own, stopping)
                if skipped:
                    yield _frame("skipped", {"skipped": skipped})
                yield b"".join(batch.sse for batch in batches) or b": alive\n\n"
    finally:
        stopping.cancel()


def _frame(kind: str, data: Mapping[str, Any]) -> bytes:
    number = b"id: %d\n" % data["number"] if "number" in data else b""
    return number + b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode(data))


async def _next(own: Subscription, stopping: asyncio.Future[Any]) -> tuple[list[Batch], int]:
    """What waits; nothing when the service stops or nothing has happened for a while."""
    there = asyncio.ensure_future(own.there())
    await asyncio.wait({there, stopping}, timeout=BEAT_S, return_when="FIRST_COMPLETED")
    if there.done():
        await asyncio.sleep(GATHER_S)
        return own.take()
    there.cancel()
    return [], 0


@router.websocket("/api/stream")
async def socket(websocket: WebSocket) -> None:
    """What happens, as JSON frames."""
    await websocket.accept()
    try:
        await (follow(websocket) if websocket.query_params.get("view") == "board" else _Talk(websocket).hold())
    except WebSocketDisconnect:
        return
    except (GemelError, msgspec.MsgspecError) as error:
        with suppress(WebSocketDisconnect, RuntimeError):
            await websocket.send_text(msgspec.json.encode({"kind": "error", "data": str(error)}).decode())
            await websocket.close(1008)


@final
class _Talk:
    """One WebSocket: what its client says, and what it is told.  Every frame to it is a JSON array of events."""

    def __init__(self, websocket: WebSocket) -> None:
        self._socket, self._service = websocket, service_of(websocket)
        self._wanted = _filter(websocket)
        self._opened = Opened(self._service, self._wanted, _number(websocket.query_params.get("after")))
        self._greeted = False
        self._credit: int | None = None
        self._more = asyncio.Event()
        self._turn = asyncio.Lock()

    async def hold(self) -> None:
        """Until the client goes, or the service stops."""
        tasks = {asyncio.ensure_future(self._read()), asyncio.ensure_future(self._write())}
        try:
            done, _ = await asyncio.wait(tasks, return_when="FIRST_COMPLETED")
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            self._opened.subscription.close()

    async def _read(self) -> None:
        while True:
            said = msgspec.json.decode(await self._socket.receive_text(), type=Said)
            if said.ping is not None:
                await self._send([msgspec.json.encode({"kind": "pong", "data": said.ping})])
            if said.credit is not None:
                self._credit = (self._credit or 0) + said.credit
                self._more.set()
            if said.after is not None:
                self._opened.subscription.close()
                self._opened, self._greeted = Opened(self._service, self._wanted, said.after), False

    async def _write(self) -> None:
        stopping = asyncio.ensure_future(self._service.stopping.wait())
        try:
            while not stopping.done():
                opened, first = self._opened, [] if self._greeted else [_spoken(*self._opened.first)]
                self._greeted = True
                await self._send(first)
                batches, skipped = await _next(opened.subscription, stopping)
                if opened is not self._opened:
                    continue
                if skipped:
                    await self._send([_spoken("skipped", {"skipped": skipped})])
                await self._allowed(deque(frame for batch in batches for frame in batch.json), opened)
            await self._socket.close(1012)
        finally:
            stopping.cancel()

    async def _allowed(self, frames: deque[bytes], opened: Opened) -> None:
        """Send these as far as the client's credit goes, and the rest once it gives more."""
        while frames and opened is self._opened:
            n = len(frames) if self._credit is None else min(self._credit, len(frames))
            if self._credit is not None:
                self._credit -= n
            await self._send([frames.popleft() for _ in range(n)])
            if frames:
                self._more.clear()
                await self._more.wait()

    async def _send(self, frames: list[bytes]) -> None:
        if frames:
            async with self._turn:
                await self._socket.send_text((b"[" + b",".join(frames) + b"]").decode())


def _spoken(kind: str, data: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode({"kind": kind, "data": data})


def _filter(connection: HTTPConnection) -> Filter:
    """What the query asks for."""
    sets = (connection.query_params.get(name, "") for name in ("subjects", "twins", "kinds"))
    return Filter(*(frozenset(word for word in text.split(",") if word) for text in sets))


def _number(text: str | None) -> int | None:
    """An event's number; GemelError for anything else."""
    if text is None or not text.strip():
        return None
    try:
        return int(text)
    except ValueError as error:
        raise GemelError(f"'{text[:40]}' is no event number: send the id of the last event you have seen") from error
