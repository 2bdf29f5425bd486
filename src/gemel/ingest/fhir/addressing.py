"""The ids that the resources of a message will have here, and whom each is about.

A Patient's id is its subject's id.  The id of any other resource about a patient is `<subject>.<suffix>`, so that it is
found through its subject; the suffix is made of the address the sender gave (`fullUrl`), so that a message sent again
leads to the same ids.  What a client names itself (PUT, or a resource that is not POSTed and brings its id) keeps that
id.  A resource about nobody that is POSTed as urn:uuid:X has the id X.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

from ..feed import content_id
from .about import Pointer, token
from .envelope import Addressed, Envelope, Refused, start_of
from .kinds import FACTUAL, bare

__all__ = ["ID", "Find", "address"]

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
"""What FHIR calls an id."""

Find = Callable[[str, str], "str | None"]
"""(type, 'system|value') -> the id of the resource here that has this identifier, or None."""


def address(envelope: Envelope, find: Find, *, stray: str = "") -> None:
    """Give every resource its id and subject; those whose patient cannot be told move to `refused`.

    `stray` is the subject of clinical resources that name nobody at all.
    """
    names, owners = envelope.names, dict[str, str]()
    kept: list[Addressed] = []
    for resource in envelope.resources:
        if resource.kind == "Patient":
            resource.id = resource.subject = _own_id(resource, find) or _from_url(resource.url) or str(uuid4())
            _name(resource, names, owners)
    late = [r for r in envelope.resources if r.kind in ("Provenance", "AuditEvent")]  # they point to others of these
    early = [r for r in envelope.resources if r.kind not in ("Patient", "Provenance", "AuditEvent")]
    for resource in early + late:
        try:
            pointer = resource.about.pointer
            lost = stray if pointer is None and resource.kind in FACTUAL else ""
            resource.subject = lost or subject_of(pointer, names, owners, find)
        except LookupError as error:
            envelope.refused.append(
                Refused(resource.number, resource.kind, str(error.args[0]), start_of(resource.content))
            )
            continue
        resource.id = _own_id(resource, find) or _made(resource)
        _name(resource, names, owners)
        kept.append(resource)
    patients = [r for r in envelope.resources if r.kind == "Patient"]
    envelope.resources = sorted(patients + kept, key=lambda r: r.number)


def _name(resource: Addressed, names: dict[str, str], owners: dict[str, str]) -> None:
    name = resource.name
    for old in _olds(resource):
        names[old] = name
    owners[name] = resource.subject


def _olds(resource: Addressed) -> Iterator[str]:
    """What others of the message call it."""
    if resource.url:
        yield resource.url
        if resource.url.startswith("http"):
            yield "/".join(resource.url.rsplit("/", 2)[-2:])
    if resource.about.id:
        yield f"{resource.kind}/{resource.about.id}"


def _own_id(resource: Addressed, find: Find) -> str:
    """The id that the client named, or that an existing resource of the same identifier has; '' where we name it."""
    action = resource.action
    if action is None or not action.method:
        named = resource.about.id or ""
        return named if not named or ID.fullmatch(named) else content_id(resource.kind, named)
    if action.method == "PUT":
        return action.url.partition("?")[0].partition("/")[2] or resource.about.id or ""
    if action.ifNoneExist and action.ifNoneExist.startswith("identifier="):
        return find(resource.kind, action.ifNoneExist.removeprefix("identifier=")) or ""
    return ""


def _from_url(url: str) -> str:
    """The uuid of a 'urn:uuid:...' address; of any other address a hash."""
    if not url:
        return ""
    try:
        return str(UUID(url.removeprefix("urn:uuid:")))
    except ValueError:
        return content_id(url)


def _made(resource: Addressed) -> str:
    if not resource.subject:
        return _from_url(resource.url) or str(uuid4())
    return f"{resource.subject}.{content_id(resource.url or uuid4())}"


def subject_of(pointer: Pointer | None, names: dict[str, str], owners: dict[str, str], find: Find) -> str:
    """The subject that a reference leads to; '' for nobody.  LookupError when it names a patient who is not known."""
    if pointer is None:
        return ""
    reference = pointer.reference or ""
    if not reference:
        return _identified(pointer, find)
    name = names.get(reference, reference).partition("/_history/")[0]
    if name in owners:
        return owners[name]
    if name.startswith("Patient?identifier="):
        return _patient(name.removeprefix("Patient?identifier="), find)
    if name.startswith("Patient/") or "/Patient/" in name or name.startswith("urn:"):
        return bare(name)
    return bare(name).rpartition(".")[0] if "." in bare(name) and not name.startswith("#") else ""


def _identified(pointer: Pointer, find: Find) -> str:
    """By a logical reference: the patient who has this identifier."""
    if pointer.identifier is None or not pointer.identifier.value:
        return ""
    return _patient(token(pointer.identifier.system, pointer.identifier.value), find)


def _patient(identifier: str, find: Find) -> str:
    found = find("Patient", identifier)
    if found is None:
        raise LookupError(f"no patient here has the identifier '{identifier}': send the Patient first")
    return found
