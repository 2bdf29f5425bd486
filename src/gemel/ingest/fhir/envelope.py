"""The resources of a message, as they came: a transaction, a collection, one resource, or a line of NDJSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from gemel.core.errors import IngestError

from ..feed import RAW_LENGTH
from .about import About, about
from .document import UNREADABLE, Buffer

__all__ = ["Action", "Addressed", "Entry", "Envelope", "Refused", "line_of", "opened", "start_of"]

_DEEPEST = 3  # bundles within bundles
_BELOW = 100  # calls
_NOTHING = msgspec.Raw()
_KIND = re.compile(r"[A-Z][A-Za-z]{1,63}")


class Action(msgspec.Struct):
    """Bundle.entry.request."""

    method: str = ""
    url: str = ""
    ifMatch: str | None = None
    ifNoneExist: str | None = None


class Entry(msgspec.Struct):
    """Bundle.entry."""

    fullUrl: str | None = None
    resource: msgspec.Raw = _NOTHING
    request: Action | None = None


class _Bundle(msgspec.Struct):
    resourceType: str | None = None
    type: str | None = None
    entry: list[Entry] | None = None


_BUNDLE = msgspec.json.Decoder(_Bundle)


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that cannot be taken, and why; `raw` is how it begins."""

    number: int
    kind: str
    reason: str
    raw: bytes = b""


@dataclass(slots=True)
class Addressed:
    """A resource, the id it will have and whom it is about; `number` counts the entries from 1."""

    number: int
    about: About
    content: msgspec.Raw
    url: str = ""
    action: Action | None = None
    id: str = ""
    subject: str = ""

    @property
    def kind(self) -> str:
        """The resource type."""
        return self.about.resourceType

    @property
    def name(self) -> str:
        """'Type/id', as it will be referred to."""
        return f"{self.about.resourceType}/{self.id}"


@dataclass(slots=True)
class Envelope:
    """What a message holds.  `type` is the bundle's, '' for a bare resource; `names`: old reference -> new one."""

    type: str
    resources: list[Addressed] = field(default_factory=lambda: [])
    refused: list[Refused] = field(default_factory=lambda: [])
    bare_actions: list[tuple[int, Action]] = field(default_factory=lambda: [])
    names: dict[str, str] = field(default_factory=lambda: {})


def opened(content: Buffer) -> Envelope:
    """The resources of a bundle, or one resource, not yet addressed.  IngestError for what is no JSON."""
    try:
        compact = _compact(bytes(content))
    except UNREADABLE as error:
        raise IngestError(f"it is no JSON ({error}): it may be cut short") from error
    try:
        bundle = _BUNDLE.decode(compact)
    except UNREADABLE as error:
        if b'"resourceType":"Bundle"' not in compact[:200]:  # a type that has 'entry' or 'type' of its own: a List
            return _enveloped("", [Entry(resource=msgspec.Raw(compact))])
        raise IngestError(f"the bundle is not built as one: {error}") from error
    if bundle.resourceType != "Bundle":
        return _enveloped("", [Entry(resource=msgspec.Raw(compact))])
    return _enveloped(bundle.type or "", bundle.entry or [])


def line_of(envelope: Envelope, number: int, content: bytes) -> None:
    """Put in the resource of one line of NDJSON."""
    try:
        compact = _compact(content)
    except UNREADABLE as error:
        envelope.refused.append(Refused(number, "", f"no FHIR resource: {error}", content[: RAW_LENGTH + 1]))
        return
    _put(envelope, number, Entry(resource=msgspec.Raw(compact)), 0)


def _enveloped(type: str, entries: Sequence[Entry]) -> Envelope:
    envelope = Envelope(type)
    for number, entry in enumerate(entries, 1):
        _put(envelope, number, entry, 0)
    return envelope


def _put(envelope: Envelope, number: int, entry: Entry, depth: int) -> None:
    if not memoryview(entry.resource).nbytes:
        envelope.bare_actions.append((number, entry.request or Action()))
        return
    try:
        head = about(entry.resource)
    except UNREADABLE as error:
        envelope.refused.append(Refused(number, "", f"no FHIR resource: {error}", start_of(entry.resource)))
        return
    if not _KIND.fullmatch(head.resourceType):
        fault = f"no FHIR resource: '{head.resourceType[:40]}' is no type"
        envelope.refused.append(Refused(number, "", fault, start_of(entry.resource)))
        return
    if head.resourceType == "Bundle" and entry.request is None and depth < _DEEPEST:
        for inner in _inside(entry):
            _put(envelope, number, inner, depth + 1)
        return
    envelope.resources.append(Addressed(number, head, entry.resource, entry.fullUrl or "", entry.request))


def _compact(content: bytes, below: int = _BELOW) -> bytes:
    """JSON without white space, or what decoding raises of what is none.

    It is read from some calls further down than anything later reads it, so that what is nested too deeply for the
    interpreter is refused here and not met again.
    """
    return _compact(content, below - 1) if below else msgspec.json.format(content, indent=-1)


def start_of(content: msgspec.Raw) -> bytes:
    """How a resource begins, for a row that is kept."""
    return bytes(memoryview(content)[: RAW_LENGTH + 1])


def _inside(entry: Entry) -> list[Entry]:
    try:
        return _BUNDLE.decode(entry.resource).entry or []
    except UNREADABLE:
        return []
