"""What a patient asks for: a request and its states, kept as versions of a document.

    asked    the patient has asked        -> seen, coming, done, withdrawn
    seen     somebody has read it         -> coming, done, withdrawn
    coming   somebody is on the way       -> done, withdrawn
    done, withdrawn                       the end

The document is of kind 'gemel/request'; each step is a version, so that who did what and when stays on record.  This is
no nurse call: it is never the only way to ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from ..core.clock import text
from ..core.fact import Instant
from ..core.ports import Caller, Store
from ..core.writing import Document, Write
from .problem import Conflict

__all__ = ["KIND", "Category", "Request", "RequestView", "State", "Step", "document_of", "moved", "requests_of", "view"]

KIND: Final = "gemel/request"
Category = Literal["emergency", "pain", "breathing", "toilet", "drip", "drink", "position", "comfort", "question"]
"""What may be asked for.  The first reasons for calls in a study of four hospitals were toileting, pain medication and
intravenous problems (doi:10.1186/1472-6963-10-52)."""
State = Literal["asked", "seen", "coming", "done", "withdrawn"]
Channel = Literal["touch", "keyboard", "switch", "other"]
NEXT: Final[Mapping[State, tuple[State, ...]]] = MappingProxyType(
    {
        "asked": ("seen", "coming", "done", "withdrawn"), "seen": ("coming", "done", "withdrawn"),
        "coming": ("done", "withdrawn"), "done": (), "withdrawn": (),
    }
)  # fmt: skip


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One change: when, to which state, by whom."""

    at: Instant
    state: State
    by: str


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request; `words` are the patient's own, `channel` is how it was made."""

    id: str
    subject: str
    category: Category
    words: str
    channel: Channel
    steps: tuple[Step, ...]

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.steps[-1].state

    @property
    def open(self) -> bool:
        """Whether somebody still waits."""
        return bool(NEXT[self.state])


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One change, as told."""

    at: str
    state: State
    by: str


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """A request as told; times are ISO 8601, UTC."""

    id: str
    subject: str
    category: Category
    words: str
    channel: Channel
    state: State
    open: bool
    asked: str
    since: str
    steps: list[StepView]


def moved(request: Request, state: State, by: str, now: Instant) -> Request:
    """The request one step on; Conflict where its state does not allow it."""
    if state not in NEXT[request.state]:
        may = " or ".join(NEXT[request.state]) or "nothing: it has ended"
        raise Conflict(f"request '{request.id}' is {request.state}, which cannot become {state}: it can become {may}")
    return msgspec.structs.replace(request, steps=(*request.steps, Step(at=now, state=state, by=by)))


def document_of(request: Request) -> Write:
    """What makes the request's last step durable."""
    document = Document(
        kind=KIND, id=request.id, body=msgspec.json.encode(request), recorded=request.steps[-1].at,
        version=len(request.steps),
    )  # fmt: skip
    return Write(subject=request.subject, documents=(document,))


def requests_of(store: Store, subject: str, caller: Caller) -> list[Request]:
    """Every request of a subject as it stands, the newest first."""
    last = {d.id: d for d in store.documents(subject, caller, kinds=frozenset({KIND}))}
    found = [msgspec.json.decode(d.body, type=Request) for d in last.values()]
    return sorted(found, key=lambda r: (-r.steps[0].at, r.id))


def view(request: Request) -> RequestView:
    """The request as told."""
    return RequestView(
        id=request.id, subject=request.subject, category=request.category, words=request.words,
        channel=request.channel, state=request.state, open=request.open, asked=text(request.steps[0].at),
        since=text(request.steps[-1].at),
        steps=[StepView(at=text(s.at), state=s.state, by=s.by) for s in request.steps],
    )  # fmt: skip
