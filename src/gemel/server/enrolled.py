"""Who is enrolled: subjects that were looked up lately, so that a reading need not ask the store whose it is."""

from __future__ import annotations

from typing import Final, final

from ..core.ports import Caller, Store

__all__ = ["Enrolled"]

MOST: Final = 200_000
"""Subjects remembered; past that, all are forgotten and looked up anew."""


@final
class Enrolled:
    """Whether there is a subject of an id; threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: set[str] = set()

    def surely(self, subject: str) -> bool:
        """It was looked up lately, and is there; False says nothing."""
        return subject in self._known

    def has(self, subject: str, caller: Caller) -> bool:
        """It is there; asks the store where that is not known."""
        if subject in self._known:
            return True
        if not subject or self._store.subject(subject, caller) is None:
            return False
        if len(self._known) >= MOST:
            self._known.clear()
        self._known.add(subject)
        return True
