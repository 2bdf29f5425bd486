"""What a message says as writes: one for the patient, and one for each record that turned out to be theirs."""

from __future__ import annotations

from gemel.core.fact import Instant
from gemel.core.writing import Document, Receipt, Write

from ..feed import reject
from ..mention import Meant, Mention
from .said import Said

__all__ = ["mention", "writes_of"]


def mention(told: Said) -> Mention:
    """How the message names its patient."""
    who = told.person
    return Mention(identifiers=who.identifiers, merged=told.merged, sex=who.sex, born=who.born, changes=told.changes)


def writes_of(told: Said, meant: Meant | None, *, received: Instant, receipt: Receipt | None = None) -> list[Write]:
    """The writes; about nobody where nobody is meant.  The message itself is kept as a document of its kind.

    `receipt` goes with the first, so the whole message is known by it: write them together.
    """
    subject = meant.subject if meant is not None else ""
    document = Document(
        kind=f"hl7v2/{told.kind or '?'}", id=f"{subject}.{told.id}" if subject else told.id, body=told.body,
        recorded=received if told.sent is None else told.sent,
    )  # fmt: skip
    if meant is None:
        return [Write(rejected=told.rejected, documents=(document,), receipt=receipt)]
    doubts = tuple(
        reject(
            "identity conflict", "an identifier leads to another subject: say a merge (A40) if they are one person",
            source=f"{told.feed} MSH-10 {told.control or '?'} PID", raw=name,
        )
        for name in meant.doubtful
    )  # fmt: skip
    own = Write(
        subject=subject, enrol=meant.enrol, identifiers=meant.identifiers, facts=told.facts,
        rejected=told.rejected + doubts, documents=(document,), receipt=receipt,
    )  # fmt: skip
    return [own, *(Write(subject=prior.id, enrol=prior) for prior in meant.prior)]
