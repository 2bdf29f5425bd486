"""`gemel import`: files of every format into a store, recognised by what they hold, with an account of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..core.errors import GemelError
from ..core.ports import Caller
from ..ingest.account import Account
from ..ingest.formats import FORMATS, Terms, reader
from ..ingest.mapping import load
from ..ingest.sniff import sniff
from ..ingest.table import header
from ..ingest.tables import mapped
from ..runtime import Site
from ..runtime.importer import Imported, Importer
from ..server.app import open_site
from ..server.settings import Settings
from .import_folders import File, files, folders
from .shapes_import import FormatCount, ImportShape

__all__ = ["Asked", "import_files"]

UNKNOWN = "unknown"
TABLE = "table"
_DESCRIBES = ("fhir", "hl7v2")
"""Formats in which the people who keep the register speak."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to import, where to, and on what terms; `mapping` says what the columns of tables mean."""

    paths: tuple[Path, ...]
    data: str
    zone: str = "UTC"
    subject: str | None = None
    mapping: Path | None = None


@dataclass(slots=True)
class _Sum:
    """One format's files together."""

    files: int = 0
    done: Imported = field(default_factory=Imported)
    skipped: Counter[str] = field(default_factory=lambda: Counter())


Tell = Callable[[str, int, int], None]
"""Told of each file as it begins: its name, bytes before it, bytes in all."""


def import_files(asked: Asked, tell: Tell = lambda _name, _before, _total: None) -> ImportShape:
    """Import everything; one bad file stops none of the others."""
    begun = time.monotonic()
    found = list(files(asked.paths))
    subject = asked.subject or str(uuid4())
    with _opened(asked.data) as site:
        run = _Run(site, asked, subject)
        sizes = [file.path.stat().st_size for file in found]
        for place, file in enumerate(found):
            tell(file.name, sum(sizes[:place]), sum(sizes))
            run.take(file)
    named = {name: told for name, told in run.told.items() if told} | folders(run.accounts)
    return ImportShape(
        data=asked.data, subject=subject if subject in run.subjects or asked.subject else None,
        new_subject=asked.subject is None and subject in run.subjects, seconds=round(time.monotonic() - begun, 3),
        formats={name: _count(total) for name, total in sorted(run.sums.items())},
        errors={file.name: account.error for file, account in run.accounts.items() if account.error}, by_file=named,
    )  # fmt: skip


def _opened(data: str) -> Site:
    caller_site = open_site(Settings(data=data))
    return Site(caller_site.store, caller=Caller(id="gemel-import", role="local"))


def _count(total: _Sum) -> FormatCount:
    done = total.done
    return FormatCount(
        files=total.files, accepted=done.accepted, repeated=done.repeated, rejected=dict(done.rejected.most_common()),
        skipped=dict(total.skipped.most_common()), documents=done.documents, waveforms=done.waveforms,
        subjects=len(done.subjects),
    )  # fmt: skip


class _Run:
    """One import: the store, the terms, and what has been counted."""

    def __init__(self, site: Site, asked: Asked, subject: str) -> None:
        self.accounts: dict[File, Account] = {}
        self.told: dict[str, dict[str, Any]] = {}
        self.sums: dict[str, _Sum] = {}
        self.subjects: set[str] = set()
        self._importer = Importer(site.store, site.caller, now=site.now, zone=asked.zone)
        people = self._importer.people
        self._terms = Terms(
            who=self._importer.who, meant=people.meant, subject=subject, zone=asked.zone,
            chosen=asked.subject is not None,
        )  # fmt: skip
        self._plan = None if asked.mapping is None else load(asked.mapping)

    def take(self, file: File) -> None:
        """Read one file and keep what it says."""
        account = Account(file.name)
        done = Imported()
        try:
            seen = sniff(file.path)
            if seen.part:
                return
            account.format = seen.format
            if seen.format:
                read = reader(seen.format)
                describes = seen.format in _DESCRIBES
                self._importer.take(read(file.path, self._terms, account), done, describes=describes)
            elif self._plan is not None:
                account.format = TABLE
                header(file.path, self._plan)
                self._importer.take(mapped(file.path, self._plan, self._terms, account), done, describes=False)
            else:
                account.error = f"of no known format: {seen.reason}"
        except GemelError as error:
            account.error = str(error)
        self._keep(file, account, done)

    def _keep(self, file: File, account: Account, done: Imported) -> None:
        account.accepted = not done.rejected
        self.accounts[file] = account
        name = Path(file.name).with_suffix("").as_posix() if account.format == "wfdb" else file.name
        self.told[name] = account.to_dict()
        total = self.sums.setdefault(account.format or UNKNOWN, _Sum())
        total.files += 1
        total.skipped.update(account.skipped)
        total.done.accepted += done.accepted
        total.done.repeated += done.repeated
        total.done.documents += done.documents
        total.done.waveforms += done.waveforms
        total.done.rejected.update(done.rejected)
        total.done.subjects |= done.subjects
        self.subjects |= done.subjects
        if account.error:
            total.done.rejected["unreadable file" if account.format else "of no known format"] += 1


def titles() -> dict[str, str]:
    """What people call each format."""
    return {name: format.title for name, format in FORMATS.items()} | {
        TABLE: "table by mapping",
        UNKNOWN: "not recognised",
    }


def rows(shape: ImportShape) -> Sequence[Sequence[str]]:
    """The summary for people, a row a format."""
    known = titles()
    return [
        [known[name], f"{n.files:,}", f"{n.accepted:,}", f"{n.repeated:,}", f"{sum(n.rejected.values()):,}",
         f"{sum(n.skipped.values()):,}", f"{n.subjects:,}"]
        for name, n in shape.formats.items()
    ]  # fmt: skip
