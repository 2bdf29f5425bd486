"""What `gemel import --json` prints."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["FormatCount", "ImportShape"]


class FormatCount(msgspec.Struct, frozen=True, kw_only=True):
    """One format: files, facts accepted and repeated, rows rejected and items passed over by reason."""

    files: int
    accepted: int
    repeated: int
    rejected: dict[str, int]
    skipped: dict[str, int]
    documents: int
    waveforms: int
    subjects: int


class ImportShape(msgspec.Struct, frozen=True, kw_only=True):
    """The account of an import.  `subject` got what names nobody (None where nothing did); `by_file` says what each
    file, and each folder of one format, held in its own words; `errors` names the files that could not be read, or not
    to their end, and why."""

    data: str
    subject: str | None
    new_subject: bool
    seconds: float
    formats: dict[str, FormatCount]
    errors: dict[str, str]
    by_file: dict[str, dict[str, Any]]
