"""`/api/board`: everything the overview shows, in one answer, from memory; and what has changed since, as it changes.

`/api/stream?view=board&after=N` (a WebSocket) goes on from `number`: frames `[number, [part, ...]]`, ten a second at
most, merged for who reads slowly.  A part begins with the subject's number and says what it is:

    [i, 0, value, at]                                              its newest reading
    [i, 1, k, issued, speaks, stale, mean, low, high, trend, rule, %, minutes, rule, minutes, %, [ahead, ...]]
                                                                   its k-th twin: see `OutlookShape`; rule -1: none
    [i, 2, state, why, about, alerts]                              its state: places in `states` and `whys`

Instants are seconds after `base`.  `{"kind": "anew"}`: rows came, went or moved; read `/api/board` again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal

import msgspec
from fastapi import APIRouter
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from ...core.clock import SECOND
from ...ingest.codes import table
from ..alerts.rules import Severity
from ..answer import encoded
from ..board import STATES, WHYS
from ..board_entries import Entry, Spoken, State, Stream, Why
from ..board_outlook import Outlook
from ..board_watch import BoardWatch
from ..context import service_of
from ..openapi import documented
from ..problem import Missing

__all__ = ["BoardShape", "follow", "router"]

router = APIRouter(prefix="/api/board", tags=["board"])


class RuleShape(msgspec.Struct, frozen=True, kw_only=True):
    """An alert rule: its limit in words, and the probability at which it calls."""

    name: str
    title: str
    words: str
    kind: str
    severity: Severity
    observable: str
    limit: float
    unit: str
    side: Literal["below", "at-most", "above", "at-least"]
    probability: float


class PlaceShape(msgspec.Struct, frozen=True, kw_only=True):
    """A place: the first part of 'ward/room/bed'."""

    id: str
    kind: str


class ReadingShape(msgspec.Struct, frozen=True, kw_only=True):
    """The newest reading; `every`: usual seconds between two; `past`: [s after base, value] of the last hours."""

    code: str
    title: str
    unit: str
    value: float
    at: float
    every: float | None
    past: list[list[float]]


class RiskShape(msgspec.Struct, frozen=True, kw_only=True):
    """The rule (its place in `rules`) nearest to calling, how probably its limit is passed [0 to 1], minutes ahead."""

    rule: int
    probability: float
    minutes: float


class OutlookShape(msgspec.Struct, frozen=True, kw_only=True):
    """The newest forecast.  `now`: mean, 5 % and 95 %; `trend` from -2 (falls fast) to 2; `ahead`: minutes, 5 %, 50 %,
    95 %; `risk`; `next`: the limit that is passed first, more likely than not."""

    observable: str
    unit: str
    issued: float
    now: list[float]
    trend: int
    ahead: list[list[float]]
    risk: RiskShape | None
    next: RiskShape | None


class BoardTwin(msgspec.Struct, frozen=True, kw_only=True):
    """A twin: `kind` of its model (patient, organ, ...), whether it may speak here, why it is stale ('')."""

    id: str
    model: str
    title: str
    kind: str
    standing: str
    stale: str
    outlook: OutlookShape | None


class BoardSubject(msgspec.Struct, frozen=True, kw_only=True):
    """A subject.  `place`: its ward, '' where that is not known; `bed`: the rest.  `about`: the title of the alert, or
    the place of the rule, that its state rests on.  `alerts`: how many are open."""

    i: int
    id: str
    kind: str
    name: str
    place: str
    bed: str
    state: State
    why: Why
    about: str
    alerts: int
    reading: ReadingShape | None
    twins: list[BoardTwin]


class BoardShape(msgspec.Struct, frozen=True, kw_only=True):
    """The overview.  Instants are seconds after `base`, which is in seconds since 1970 UTC; `now` is the service's."""

    number: int
    base: int
    now: float
    site: str
    states: tuple[State, ...]
    whys: tuple[Why, ...]
    rules: list[RuleShape]
    places: list[PlaceShape]
    subjects: list[BoardSubject]


@router.get("", **documented(BoardShape, problems=(404,)))
async def board(request: Request) -> Response:
    """Every subject with its twins: state and why, risk, trend, what is expected next, newest reading, open alerts."""
    watch, service = watch_of(request), service_of(request)
    own, now = watch.board, service.site.now()
    own.settle(now)
    entries = list(own.entries.values())
    wards = sorted({entry.place.split("/")[0] for entry in entries if entry.place})
    shape = BoardShape(
        number=own.number, base=own.base, now=round(now / SECOND - own.base, 1), site=service.settings.site,
        states=STATES, whys=WHYS,
        rules=[
            RuleShape(name=r.name, title=r.title, words=r.words, kind=r.kind, severity=r.severity, limit=r.limit,
                      observable=r.observable, unit=r.unit, side=r.side, probability=r.probability)
            for r in own.rules
        ],
        places=[PlaceShape(id=ward, kind="ward") for ward in wards],
        subjects=[_subject(entry, own.states[entry.id], own.base) for entry in entries if entry.id in own.states],
    )  # fmt: skip
    return encoded(shape)


def _subject(entry: Entry, judged: tuple[State, Why, str], base: int) -> BoardSubject:
    state, why, about = judged
    ward, _, bed = entry.place.partition("/")
    main = entry.main
    return BoardSubject(
        i=entry.number, id=entry.id, kind=entry.kind, name=entry.name, place=ward, bed=bed, state=state, why=why,
        about=about, alerts=sum(not a.silent for a in entry.alerts.values()),
        reading=None if main is None else _reading(main, base),
        twins=[_twin(twin, base) for twin in entry.twins.values()],
    )  # fmt: skip


def _reading(own: Stream, base: int) -> ReadingShape:
    every = own.every
    return ReadingShape(
        code=own.code, title=table().title(own.code), unit=own.unit, value=own.value,
        at=round(own.at / SECOND - base, 1), every=None if every is None else every / SECOND,
        past=[[round(at / SECOND - base, 1), value] for at, value in own.past],
    )  # fmt: skip


def _twin(twin: Spoken, base: int) -> BoardTwin:
    return BoardTwin(
        id=twin.id, model=twin.model, title=twin.title, kind=twin.kind, standing=twin.standing, stale=twin.stale,
        outlook=None if twin.outlook is None else _outlook(twin.outlook, round(twin.issued / SECOND - base, 1)),
    )  # fmt: skip


def _outlook(own: Outlook, issued: float) -> OutlookShape:
    both = [
        None if one is None else RiskShape(rule=one.rule, probability=one.probability, minutes=one.minutes)
        for one in (own.risk, own.coming)
    ]
    return OutlookShape(
        observable=own.observable, unit=own.unit, issued=issued, now=list(own.now), trend=own.trend,
        ahead=[list(point) for point in own.ahead],
        risk=both[0], next=both[1],
    )  # fmt: skip


def watch_of(connection: HTTPConnection) -> BoardWatch:
    """The part that keeps the overview; Missing where the service was started without it."""
    for part in connection.app.state.parts:
        if isinstance(part, BoardWatch):
            return part
    raise Missing("this service was started without its part 'board'")


async def follow(websocket: WebSocket) -> None:
    """Tell an open WebSocket what changes on the board after `?after=`, until it goes or the service stops."""
    watch, service = watch_of(websocket), service_of(websocket)
    text = websocket.query_params.get("after", "")
    number = int(text) if text.isdecimal() else watch.board.number
    stopping = asyncio.ensure_future(service.stopping.wait())
    leaving = asyncio.ensure_future(_gone(websocket))
    watch.watching += 1
    watch.board.settle(service.site.now())
    try:
        while not (stopping.done() or leaving.done()):
            told = watch.board.since(number)
            if told is None:
                await websocket.send_text('{"kind":"anew"}')
                number = watch.board.number
            elif number < watch.board.number or told.endswith(b"[]]"):
                await websocket.send_text(told.decode())
                number = watch.board.number
            await _change(watch, {stopping, leaving})
        if stopping.done():
            await websocket.close(1012)
    finally:
        watch.watching -= 1
        stopping.cancel()
        leaving.cancel()


async def _change(watch: BoardWatch, ends: set[asyncio.Future[None] | asyncio.Future[Literal[True]]]) -> None:
    """Until the board has changed, an end comes, or the stream has been silent for a while."""

    async def changed() -> None:
        async with watch.changed:
            await watch.changed.wait()

    waiting = asyncio.ensure_future(changed())
    await asyncio.wait({waiting, *ends}, timeout=BEAT_S, return_when="FIRST_COMPLETED")
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting


async def _gone(websocket: WebSocket) -> None:
    """Until the viewer goes: nothing it says is of interest."""
    with suppress(WebSocketDisconnect):
        while True:
            await websocket.receive_text()


BEAT_S = 5.0
"""A silent stream says that it is alive this often."""
