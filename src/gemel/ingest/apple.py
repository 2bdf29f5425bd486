"""Apple Health exports: export.xml, plain, gzip or in the zip that the phone makes; streamed, a MiB at a time.

An element is dealt with when it opens, so memory does not grow with the file.  A quantity is a fact at its end (what is
counted over an interval is known then), recorded when the phone made the entry.  A category (sleep, stand hours) is a
Level at its start and "end" at its end; what is asleep also gives its duration.  Records inside a correlation are
records like any other; an export that repeats them outside gives the same ids, so they count as repeated.
The document type that some iOS versions write is not well formed: it is passed over, unread.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import cast
from xml.parsers import expat

from gemel.core.errors import IngestError
from gemel.core.subject import Subject
from gemel.core.writing import Write

from .account import Account
from .apple_records import Records
from .feed import Item
from .portions import portions
from .source import Source, Stream, name_of, stream_of
from .terms import Terms

__all__ = ["read"]

_Opened = Stream | zipfile.ZipExtFile
_BLOCK = 1 << 20
_LONGEST_TYPE = 1 << 22  # bytes: a document type is some 10 kB
_SEXES = {"HKBiologicalSexFemale": "female", "HKBiologicalSexMale": "male", "HKBiologicalSexOther": "other"}
_CONTAINERS = frozenset(("HealthData", "ExportDate", "MetadataEntry", "WorkoutEvent", "WorkoutStatistics", "Me"))


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The facts of one export.  IngestError at the line where it stops being XML; what came before holds."""
    for key in ("records", "correlations", "workouts"):
        account.count(key, 0)
    records = Records(name_of(source), terms, account)
    export = _Export(records, account)
    with _opened(source) as stream:
        yield from portions(terms.subject, export.items(stream, name_of(source)))
    if export.person is not None and not terms.chosen:
        yield Write(subject=terms.subject, enrol=_described(terms, *export.person))
    records.finish()


def _described(terms: Terms, born: str, sex: str) -> Subject:
    try:
        day = date.fromisoformat(born)
    except ValueError:
        day = None
    return Subject(id=terms.subject, zone=terms.zone, born=day, sex=_SEXES.get(sex))


def _opened(source: Source) -> _Opened:
    """The XML's bytes; of a zip, those of the export in it."""
    stream = stream_of(source)
    if isinstance(source, bytes) or stream.read(4) != b"PK\x03\x04":
        stream.close()
        return stream_of(source)
    stream.close()
    archive = zipfile.ZipFile(source)
    found = [name for name in archive.namelist() if Path(name).name == "export.xml"]
    if not found:
        raise IngestError(f"'{name_of(source)}' holds no export.xml: export all health data from the phone again")
    return cast("zipfile.ZipExtFile", archive.open(found[0]))


class _Export:
    """Turns the elements of one file into items."""

    def __init__(self, records: Records, account: Account) -> None:
        self.person: tuple[str, str] | None = None
        self._records, self._account = records, account
        self._known: dict[str, Callable[[dict[str, str]], None]] = {
            "Record": records.record,
            "Workout": records.workout,
            "Correlation": lambda _: account.count("correlations"),
        }

    def items(self, stream: _Opened, name: str) -> Iterator[Item]:
        """Every item in the order of the file."""
        parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        pending = self._records.pending
        blocks = _without_type(stream)
        try:
            for block in blocks:
                parser.Parse(block)
                yield from pending
                pending.clear()
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            yield from pending
            raise IngestError(
                f"'{name}' is not XML at line {error.lineno}: {error}; what came before is read"
            ) from error
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
            yield from pending
            raise IngestError(f"'{name}' is cut short or damaged: {error}; what came before is read") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        handler = self._known.get(name)
        if handler is not None:
            handler(attributes)
        elif name == "Me":
            prefix = "HKCharacteristicTypeIdentifier"
            self.person = (attributes.get(f"{prefix}DateOfBirth", ""), attributes.get(f"{prefix}BiologicalSex", ""))
        elif name not in _CONTAINERS:
            self._account.skip(f"element {name}")


_TYPE = re.compile(rb"<!DOCTYPE[^\[>]*(\[.*?\]\s*)?>", re.DOTALL)


def _without_type(stream: _Opened) -> Iterator[bytes]:
    """The blocks of a document, its document type replaced by as many line breaks."""
    head = stream.read(_BLOCK)
    while b"<!DOCTYPE" in head and b"<HealthData" not in head and len(head) < _LONGEST_TYPE:
        more = stream.read(_BLOCK)
        if not more:
            break
        head += more
    yield _TYPE.sub(lambda found: b"\n" * found[0].count(b"\n"), head, count=1)
    while block := stream.read(_BLOCK):
        yield block
