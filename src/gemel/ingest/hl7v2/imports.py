"""HL7 v2 files for `gemel import`: what the messages say as writes, and the account of what the file held."""

from __future__ import annotations

from collections.abc import Iterator

from gemel.core.fact import Rejected
from gemel.core.subject import Subject
from gemel.core.writing import Write

from ..account import Account
from ..mention import Meant
from ..source import Source, name_of, stream_of
from ..terms import Terms
from .framing import messages
from .message import Message
from .said import Said, said
from .writes import mention, writes_of

__all__ = ["read"]


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The writes of each message.  A merge is a write that enrols the prior subject as merged into the other."""
    for key in ("messages", "OBX", "OBX_numeric_NM"):
        account.count(key, 0)
    account.most("top_analytes", 10)
    enrolled: set[str] = set()
    stream = stream_of(source)
    try:
        for item in messages(stream, name_of(source)):
            if isinstance(item, Rejected):
                yield Write(rejected=(item,))
                continue
            _count(item, account)
            for told in said(item, zone=terms.zone, codes=terms.codes, received=terms.recorded):
                for reason, number in told.skipped.items():
                    account.skip(reason, number)
                received = told.sent if terms.recorded is None else terms.recorded
                yield from writes_of(told, _meant(told, terms, enrolled), received=received or 0)
    finally:
        stream.close()


def _meant(told: Said, terms: Terms, enrolled: set[str]) -> Meant | None:
    """Whom the message means, by whichever way the terms know people."""
    who = told.person
    if not who.identifiers:
        return None
    if terms.meant is not None:
        return terms.meant(mention(told))
    subject = terms.who(who.identifiers)
    new = subject not in enrolled
    enrolled.add(subject)
    enrol = Subject(id=subject, zone=terms.zone, born=who.born, sex=who.sex or None) if new else None
    return Meant(subject=subject, identifiers=who.identifiers + told.merged, enrol=enrol)


def _count(message: Message, account: Account) -> None:
    """What the file holds in HL7's own words, whether or not it gives facts."""
    marks = message.separators
    account.count("messages")
    account.tally("types", "^".join(message.get("MSH-9").split(marks.component.decode())[:2]))
    account.distinct("distinct_control_ids", message.control_id)
    if not account.feed:
        account.feed = f"{message.get('MSH-3')}|{message.get('MSH-4')}"
    if patient := message.get("PID-3.1") or message.get("PID-2.1"):
        account.distinct("patients", patient)
    for segment in message.segments:
        if segment[:3] != b"OBX":
            continue
        fields = [*segment.split(marks.field), *[b""] * 9]
        account.count("OBX")
        account.count("OBX_numeric_NM", int(fields[2] == b"NM" and _numeric(fields[5])))
        account.tally("abnormal_flags", message.text(fields[8]))
        name = fields[3].split(marks.component)
        account.tally("top_analytes", message.text(name[1] if len(name) > 1 else name[0]))


def _numeric(value: bytes) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
