"""Which cards went out, and what became of them: documents, found by the card's uuid.

A card about a subject known here is kept with that subject.  One about somebody who is not is kept as having gone out,
without a word of what it said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ...core.clock import text
from ...core.fact import Instant
from ...core.ports import Caller, Store
from ...core.writing import Document, Write
from ..problem import Missing
from .asked import HookError, HookRequest
from .cards import Card, Coding

__all__ = ["CARD", "FEEDBACK", "Feedback", "kept", "read_feedback", "remembered"]

CARD, FEEDBACK = "gemel/cds-card", "gemel/cds-feedback"


class AcceptedSuggestion(msgspec.Struct, frozen=True):
    """The uuid of a suggestion."""

    id: str


class OverrideReason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a card was dismissed: one of its reasons, words, or both."""

    reason: Coding | None = None
    userComment: str = ""


class Feedback(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody did with a card."""

    card: str
    outcome: Literal["accepted", "overridden"]
    outcomeTimestamp: str
    acceptedSuggestions: tuple[AcceptedSuggestion, ...] = ()
    overrideReason: OverrideReason | None = None


class _Body(msgspec.Struct, frozen=True):
    feedback: tuple[Feedback, ...]


def read_feedback(body: bytes) -> tuple[Feedback, ...]:
    """The entries of a feedback call.  Raises HookError."""
    try:
        told = msgspec.json.decode(body, type=_Body).feedback
    except (msgspec.MsgspecError, RecursionError) as error:
        raise HookError(f"this is no CDS Hooks feedback: {error}") from error
    for one in told:
        if one.outcome == "accepted" and not one.acceptedSuggestions:
            raise HookError(f"card '{one.card[:60]}' was accepted: 'acceptedSuggestions' must say which of them")
    return told


def remembered(cards: Sequence[Card], asked: HookRequest, subject: str, client: str, now: Instant) -> list[Write]:
    """What keeps cards that go out; `subject` is "" for somebody not known here."""
    head: dict[str, Any] = {"hook": asked.hook, "hookInstance": asked.hookInstance, "at": text(now), "client": client}
    said = [{**head, "card": card} if subject else {**head, "uuid": card.uuid} for card in cards]
    documents = tuple(
        Document(kind=CARD, id=card.uuid, body=msgspec.json.encode(body), recorded=now, shared=True)
        for card, body in zip(cards, said, strict=True)
    )
    return [Write(subject=subject, documents=documents)] if documents else []


def kept(store: Store, told: Sequence[Feedback], client: str, now: Instant, caller: Caller) -> list[Write]:
    """What keeps feedback.  Raises Missing for a card that never went out from here."""
    made: list[Write] = []
    versions: dict[str, int] = {}
    for one in told:
        card = store.document(CARD, one.card, caller)
        if card is None:
            raise Missing(f"no card '{one.card[:60]}' went out from here")
        if one.card not in versions:
            before = store.document(FEEDBACK, one.card, caller)
            versions[one.card] = 0 if before is None else len(before[1])
        versions[one.card] += 1
        body = msgspec.json.encode({"client": client, "received": text(now), "feedback": one})
        document = Document(
            kind=FEEDBACK, id=one.card, body=body, recorded=now, version=versions[one.card], shared=True
        )  # fmt: skip
        made.append(Write(subject=card[0], documents=(document,)))
    return made
