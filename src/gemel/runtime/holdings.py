"""What the store holds of the resources that a message brings, looked up once for each subject.

A resource equal to the version held says nothing new and is not written again; any other is the next version.
"""

from __future__ import annotations

from typing import final

from msgspec.structs import replace

from ..core.fact import Instant
from ..core.ports import Caller, Store
from ..core.writing import Document, Write

__all__ = ["Holdings", "known", "numbered"]

_MERGES = 16  # of one patient into the next: a ring cannot hold us up

_Versions = dict[tuple[str, str], list[Document]]


@final
class Holdings:
    """Valid for as long as nobody else writes about these subjects."""

    def __init__(self, store: Store, caller: Caller) -> None:
        self._store, self._caller = store, caller
        self._subjects: dict[str, tuple[str, _Versions]] = {}

    def owner(self, subject: str) -> str:
        """The subject, or whom it turned out to be; '' for one that nobody knows."""
        return self._of(subject)[0]

    def versions(self, subject: str, document: Document) -> tuple[str, list[Document]]:
        """Whose it is and its versions, oldest first; none where there never was one of this type and id."""
        key = document.kind, document.id
        owner, own = self._of(subject) if subject else ("", {})
        if key in own:
            return owner, own[key]
        if subject and not document.shared:
            return owner, []
        return self._store.document(*key, self._caller) or (owner, [])

    def _of(self, subject: str) -> tuple[str, _Versions]:
        found = self._subjects.get(subject)
        if found is None:
            owner = known(self._store, self._caller, subject)
            found = self._subjects[subject] = (owner, self._all(owner) if owner else {})
        return found

    def _all(self, subject: str) -> _Versions:
        found: _Versions = {}
        for document in self._store.documents(subject, self._caller):
            found.setdefault((document.kind, document.id), []).append(document)
        return found


def known(store: Store, caller: Caller, subject: str) -> str:
    """The subject, or the one that it turned out to be; '' for one that nobody knows."""
    found = store.subject(subject, caller) if subject else None
    for _ in range(_MERGES):
        if found is None or not found.merged_into:
            break
        found = store.subject(found.merged_into, caller)
    return "" if found is None else found.id


def numbered(write: Write, holdings: Holdings, now: Instant) -> Write:
    """The write with its documents numbered after those held and recorded now, without those that say nothing new."""
    kept: list[Document] = []
    for document in write.documents:
        _, versions = holdings.versions(write.subject, document)
        last = versions[-1] if versions else None
        if last is None or last.deleted or last.body != document.body:
            version = 1 if last is None else last.version + 1
            kept.append(replace(document, version=version, recorded=now))
    return replace(write, documents=tuple(kept))
