"""Two subjects turn out to be one person: what the prior one holds goes to the survivor.

A merge is said by a write that enrols the prior subject with `merged_into`: HL7 v2 A34 and A40 make such a write, and
so does a FHIR Patient with a link 'replaced-by'.  Whoever commits it commits with it the write that gives the survivor
the prior's facts, documents and signals, under their ids and times: a correction that comes later still meets what it
corrects.  What was known when is told by the records of both; the survivor's alone show all that is known of the
person, also for a moment before the merge was known.  The prior subject keeps its records: nothing that was written
changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import final

from msgspec.structs import replace

from ..core.errors import StoreError
from ..core.fact import Instant
from ..core.ports import Caller, Store
from ..core.writing import Committed, Write

__all__ = ["Merged", "commit", "merges"]

_EVER: tuple[Instant, Instant] = (-(2**63), 2**63 - 1)


@final
class Merged:
    """Who has been merged into whom, and where writes about them go."""

    def __init__(self, into: dict[str, str] | None = None) -> None:
        self._into = dict(into or {})

    @classmethod
    def of(cls, store: Store, caller: Caller) -> Merged:
        """As the store knows it."""
        return cls({subject.id: subject.merged_into for subject in store.subjects(caller) if subject.merged_into})

    def root(self, subject: str) -> str:
        """The subject that holds the person's record now."""
        seen: set[str] = set()
        while subject in self._into and subject not in seen:
            seen.add(subject)
            subject = self._into[subject]
        return subject

    def learn(self, writes: Iterable[Write]) -> list[str]:
        """Take in the merges among these writes; returns the subjects that were none before.

        StoreError for a merge that would close a circle.
        """
        learned: list[str] = []
        for write in writes:
            if merges(write) and write.enrol is not None:
                survivor = write.enrol.merged_into
                if self.root(survivor) == write.subject:
                    self.forget(learned)
                    raise StoreError(f"'{survivor}' was merged into '{write.subject}': it cannot go the other way, too")
                if write.subject not in self._into:
                    learned.append(write.subject)
                self._into[write.subject] = survivor
        return learned

    def forget(self, learned: Iterable[str]) -> None:
        """Merges that `learn` returned did not become durable."""
        for subject in learned:
            del self._into[subject]

    def settled(self, store: Store, caller: Caller, writes: Sequence[Write]) -> list[Write]:
        """The writes as they are to be committed together, and after them those that move what a prior subject holds.

        What is about a merged subject is about its survivor.  Everything written about a subject that is merged here
        must be durable, unless it is among these writes.  Call `learn` before, and `forget` when the commit fails.
        """
        found = [self._redirected(write) for write in writes]
        for write in writes:
            if merges(write) and write.enrol is not None:
                known = store.subject(write.subject, caller)
                if known is not None and known.merged_into != write.enrol.merged_into:
                    found.append(_moved(store, caller, write.subject, self.root(write.subject)))
        return found

    def redirected(self, writes: Sequence[Write]) -> Sequence[Write]:
        """The writes, what is about a merged subject turned to its survivor; one for each, in order."""
        if not any(write.subject in self._into for write in writes):
            return writes
        return [self._redirected(write) for write in writes]

    def _redirected(self, write: Write) -> Write:
        if write.subject not in self._into or merges(write):
            return write
        return replace(write, subject=self.root(write.subject), enrol=None)


def merges(write: Write) -> bool:
    """Whether the write says that its subject is another from now on."""
    return write.enrol is not None and bool(write.enrol.merged_into)


def commit(store: Store, caller: Caller, writes: Sequence[Write], merged: Merged) -> list[Committed]:
    """`Store.commit` with merges done, for someone who is the only one to write."""
    learned = merged.learn(writes)
    try:
        return store.commit(merged.settled(store, caller, writes), caller)[: len(writes)]
    except BaseException:
        merged.forget(learned)
        raise


def _moved(store: Store, caller: Caller, prior: str, survivor: str) -> Write:
    return Write(
        subject=survivor, facts=tuple(fact for _, fact in store.facts(prior, caller)),
        documents=tuple(store.documents(prior, caller)),
        waveforms=tuple(store.waveforms(prior, "", *_EVER, caller)),
    )  # fmt: skip
