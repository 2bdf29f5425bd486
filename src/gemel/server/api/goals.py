"""`/api/subjects/{id}/goals`: what a person wants to reach, in their own words."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final, Literal
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Path
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from ...core.clock import text
from ...core.fact import Instant
from ...core.ports import Caller, Store
from ...core.writing import Document, Write
from ..answer import decoded, encoded, subject_of
from ..context import caller_of, service_of
from ..openapi import documented
from ..problem import Missing

__all__ = ["KIND", "Goal", "router"]

router = APIRouter(prefix="/api/subjects", tags=["goals"])
KIND: Final = "gemel/goal"
Id = Annotated[str, Path(min_length=1, max_length=200)]
State = Literal["set", "reached", "dropped"]


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A goal as kept; `set` and `since`: when it was set, and when it came to its state."""

    id: str
    words: str
    by: str
    state: State
    set: Instant
    since: Instant


class GoalView(msgspec.Struct, frozen=True, kw_only=True):
    """A goal as told; times are ISO 8601, UTC."""

    id: str
    words: str
    by: str
    state: State
    set: str
    since: str


class Goals(msgspec.Struct, frozen=True, kw_only=True):
    """Goals, the newest first."""

    goals: list[GoalView]


class NewGoal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be reached, and who says so."""

    words: Annotated[str, Meta(min_length=1, max_length=300, pattern=r"\S")]
    by: Annotated[str, Meta(min_length=1, max_length=200)] = "patient"


class Turned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What has become of a goal."""

    state: State


@router.get("/{id}/goals", **documented(Goals, problems=(404,)))
async def list_goals(request: Request, id: Id) -> Response:
    """What the person wants to reach."""
    await subject_of(request, id)
    found = await asyncio.to_thread(_goals, service_of(request).store, id, caller_of(request))
    return encoded(Goals(goals=[_view(goal) for goal, _ in found]))


@router.post(
    "/{id}/goals", **documented(GoalView, status=201, body={"application/json": NewGoal}, problems=(404,))
)  # fmt: skip
async def set_goal(request: Request, id: Id) -> Response:
    """Set a goal; durable when answered."""
    given, now = await decoded(request, NewGoal), service_of(request).site.now()
    await subject_of(request, id)
    goal = Goal(
        id=f"{id}.goal-{uuid4()}", words=given.words.strip(), by=given.by, state="set", set=now, since=now
    )  # fmt: skip
    return encoded(await _keep(request, id, goal, 1), 201)


@router.post(
    "/{id}/goals/{goal_id}", **documented(GoalView, body={"application/json": Turned}, problems=(404,))
)  # fmt: skip
async def turn_goal(request: Request, id: Id, goal_id: Id) -> Response:
    """Say that a goal was reached, was dropped, or holds again; what it was before stays on record."""
    given, service = await decoded(request, Turned), service_of(request)
    await subject_of(request, id)
    found = await asyncio.to_thread(_goals, service.store, id, caller_of(request))
    for goal, version in found:
        if goal.id == goal_id:
            changed = msgspec.structs.replace(goal, state=given.state, since=service.site.now())
            return encoded(await _keep(request, id, changed, version + 1))
    raise Missing(f"subject '{id}' has no goal '{goal_id}'")


async def _keep(request: Request, subject: str, goal: Goal, version: int) -> GoalView:
    document = Document(
        kind=KIND, id=goal.id, body=msgspec.json.encode(goal), recorded=goal.since, version=version
    )  # fmt: skip
    await service_of(request).inbox.put([Write(subject=subject, documents=(document,))], caller_of(request))
    return _view(goal)


def _goals(store: Store, subject: str, caller: Caller) -> list[tuple[Goal, int]]:
    last = {d.id: d for d in store.documents(subject, caller, kinds=frozenset({KIND}))}
    found = [(msgspec.json.decode(d.body, type=Goal), d.version) for d in last.values()]
    return sorted(found, key=lambda pair: (-pair[0].set, pair[0].id))


def _view(goal: Goal) -> GoalView:
    return GoalView(
        id=goal.id, words=goal.words, by=goal.by, state=goal.state, set=text(goal.set), since=text(goal.since)
    )  # fmt: skip
