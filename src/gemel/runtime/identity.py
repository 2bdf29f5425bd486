"""Who is meant: record numbers lead to subjects, a number nobody has seen to a new one.

There is one `People` a process, so two messages about a new patient at once make one subject.  A subject that was
merged into another stands for that other from then on.  Where the numbers of one message lead to different subjects
the first decides, and the others are reported as doubtful: only a merge, which somebody has to say, joins two
subjects.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from threading import RLock
from typing import TypeVar, final
from uuid import uuid4

from msgspec.structs import replace

from ..core.ports import Caller, Store
from ..core.subject import Subject
from ..core.writing import Committed, Write
from ..ingest.mention import Meant, Mention

__all__ = ["REMEMBERED", "People"]

REMEMBERED = 200_000
"""Identifiers, and subjects, that are kept at hand; the store knows them all."""

K = TypeVar("K")
T = TypeVar("T")


@final
class People:
    """Threads may share it.  Tell it of what has been written elsewhere (`heard`) and of what failed (`forget`)."""

    def __init__(self, store: Store, caller: Caller, *, zone: str = "UTC") -> None:
        self._store, self._caller, self._zone = store, caller, zone
        self._leads: dict[str, str] = {}
        self._settled: dict[Mention, tuple[Meant, Subject | None]] = {}  # with the description it was settled by
        self._subjects: dict[str, Subject] = {}
        self._turn = RLock()

    def who(self, identifiers: tuple[str, ...]) -> str | None:
        """The subject that the first known of these identifiers leads to; None where none is known."""
        with self._turn:
            return next((found for name in identifiers if (found := self._find(name))), None)

    def meant(self, mention: Mention) -> Meant:
        """The subject that is meant, made up where it is new; write what is returned, else call `forget`."""
        with self._turn:
            settled = self._settled.get(mention)
            if settled is not None and self._subjects.get(settled[0].subject) is settled[1]:
                return settled[0]
            known = self._meant(mention)
            if known.prior:
                self._settled.clear()
            elif not known.identifiers and known.enrol is None:
                _remember(self._settled, mention, (known, self._subjects.get(known.subject)))
            return known

    def _meant(self, mention: Mention) -> Meant:
        leads = {name: self._find(name) for name in mention.identifiers}
        own = next(filter(None, leads.values()), None)
        others = list(dict.fromkeys(found for name in mention.merged if (found := self._find(name))))
        if own is None and others:
            own = others.pop(0)  # the person keeps a record under a new number
        subject = own or str(uuid4())
        known = self._subject(subject) if own is not None else None
        told = _described(mention, known or Subject(id=subject, zone=self._zone), fresh=known is None)
        lead = [name for name, found in leads.items() if found is None]
        lead += [name for name in mention.merged if self._leads_to(name) != subject]
        for name in lead:
            _remember(self._leads, name, subject)
        if told != known:
            _remember(self._subjects, subject, told)
        return Meant(
            subject=subject, identifiers=tuple(lead), enrol=told if told != known else None,
            prior=tuple(self._merge(other, subject) for other in others if other != subject),
            doubtful=tuple(name for name, found in leads.items() if found not in (None, subject)),
        )  # fmt: skip

    def heard(self, writes: Sequence[Write], done: Sequence[Committed]) -> None:
        """Learn from writes that have become durable, whoever made them."""
        with self._turn:
            for write, committed in zip(writes, done, strict=True):
                if committed.receipt is not None:
                    continue
                for name in write.identifiers:
                    if self._leads.get(name) != write.subject:
                        self._leads[name] = write.subject
                        self._settled.clear()
                known = self._subjects.get(write.subject)
                if write.enrol is not None and known is not None and known != write.enrol:
                    self._subjects[write.subject] = write.enrol
                    if known.merged_into != write.enrol.merged_into:
                        self._settled.clear()

    def forget(self, writes: Sequence[Write]) -> None:
        """Ask the store again about everyone in writes that did not become durable."""
        with self._turn:
            self._settled.clear()
            for write in writes:
                self._subjects.pop(write.subject, None)
                for name in write.identifiers:
                    self._leads.pop(name, None)

    def root(self, subject: str) -> str:
        """The subject that this one is now: itself, or the one that it was merged into."""
        with self._turn:
            seen = {subject}
            while (known := self._subject(subject)) is not None and known.merged_into:
                subject = known.merged_into
                if subject in seen:
                    return subject
                seen.add(subject)
            return subject

    def _find(self, identifier: str) -> str | None:
        found = self._leads_to(identifier)
        return None if found is None else self.root(found)

    def _leads_to(self, identifier: str) -> str | None:
        found = self._leads.get(identifier)
        if found is None:
            found = self._store.find(identifier, self._caller)
            if found is not None:
                _remember(self._leads, identifier, found)
        return found

    def _subject(self, id: str) -> Subject | None:
        found = self._subjects.get(id)
        if found is None:
            found = self._store.subject(id, self._caller)
            if found is not None:
                _remember(self._subjects, id, found)
        return found

    def _merge(self, other: str, survivor: str) -> Subject:
        known = self._subject(other) or Subject(id=other, zone=self._zone)
        merged = replace(known, merged_into=survivor)
        _remember(self._subjects, other, merged)
        return merged


def _described(mention: Mention, known: Subject, *, fresh: bool) -> Subject:
    """The description after a mention."""
    over = mention.changes or fresh
    sex: str | None = known.sex
    if mention.sex is not None and (over or sex is None):
        sex = mention.sex or None
    born: date | None = known.born
    if mention.born is not None and (over or born is None):
        born = mention.born
    return known if (sex, born) == (known.sex, known.born) else replace(known, sex=sex, born=born)


def _remember(kept: dict[K, T], key: K, value: T) -> None:
    """Keep it at hand, and let the oldest go."""
    kept[key] = value
    if len(kept) > REMEMBERED:
        del kept[next(iter(kept))]
