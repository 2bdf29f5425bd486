"""A store as one file: its sealed rows as they stand, readable into a store of either kind.

Layout: magic, then a Zstandard stream (RFC 8878) of frames, each its length [4 bytes, little-endian] and msgpack:
a `Header`; `[table, rows]` many times, tables in an order in which rows may refer to those before; a `Footer`.  An
archive without its footer was cut short.  No key is needed to write or to read one, and none is in it: who restores an
archive sees no more than who was given the database.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, final

import msgspec

from gemel.core.errors import StoreError
from gemel.core.extra import require
from gemel.core.fact import Instant

from .connection import Connection, Database, Row
from .rows import COLUMNS, ORDER

__all__ = ["Footer", "Header", "Progress", "back_up", "contents", "restore"]

MAGIC = b"gemel-archive\x01\n"

LEVEL = 1
"""Payloads are small already: a higher level finds little more."""

ROWS = 500
"""Rows of a frame, at most."""

BYTES = 4 << 20
"""Bytes of a frame after which it is closed."""

LONGEST = 1 << 31
"""A frame that says it is longer than this is damaged [bytes]."""

Progress = Callable[[int], None]
"""Told how many rows are done."""

_ENCODE = msgspec.msgpack.Encoder().encode


class Header(msgspec.Struct, frozen=True):
    """Whose rows these are, and of which version of the tables."""

    kind: str
    schema: int
    made: Instant


class Footer(msgspec.Struct, frozen=True):
    """Rows of each table, facts, and the SHA-256 of the rows; `journal_head` vouches for the audit trail (hex)."""

    rows: dict[str, int]
    facts: int
    digest: str
    journal_head: str


def back_up(database: Database, file: Path, progress: Progress) -> Footer:
    """Write one state of the store to a new file, while it is written to; the file has its name once it is whole."""
    if file.exists():
        raise StoreError(f"{file} exists: give a new name, or remove it first")
    part = file.with_name(file.name + ".part")
    try:
        with database.read() as connection, part.open("wb") as raw:
            header = Header(database.kind, database.schema, time.time_ns() // 1000)
            footer = _write(connection, raw, header, progress)
            os.fsync(raw.fileno())
        part.replace(file)
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}: its folder must exist, be writable and have room") from error
    finally:
        part.unlink(missing_ok=True)
    return footer


def restore(file: Path, database: Database, progress: Progress) -> Footer:
    """Fill an empty store, all or nothing, and read it back; StoreError for one that holds anything."""
    with database.writing() as connection:
        found = [table for table in COLUMNS if connection.row(f"SELECT 1 FROM {table} LIMIT 1") is not None]  # noqa: S608
        if found:
            raise StoreError(f"store {database.location} holds rows ({', '.join(found)}): restore into a new one")
        footer = _fill(file, connection, database, progress)
        total = _Sum()
        for table, rows in _read(connection):
            total.add(table, rows)
        kept = total.footer(connection)
        if kept != footer:
            raise StoreError(f"{file} was not restored as it was ({_difference(kept, footer)}): nothing was kept")
    return footer


def contents(file: Path) -> tuple[Header, Footer]:
    """What an archive says of itself, once all of it was read; StoreError for one that is damaged."""
    frames, total = _frames(file), _Sum()
    header = _header(file, frames)
    for frame in frames:
        if isinstance(frame, Footer):
            if (frame.digest, frame.rows) != (total.digest, total.counts):
                raise StoreError(f"{file} is damaged: its rows are not those it was made of; use another copy")
            return header, frame
        total.add(*frame)
    raise _cut(file)


@final
class _Sum:
    """Rows by table, and the SHA-256 of them all."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(COLUMNS, 0)
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Of the rows so far, in hex."""
        return self._digest.hexdigest()

    def add(self, table: str, rows: Sequence[Row]) -> int:
        """Take these in; returns how many there are by now."""
        self.counts[table] += len(rows)
        for row in rows:
            self._digest.update(_ENCODE(row))
        return sum(self.counts.values())

    def footer(self, connection: Connection) -> Footer:
        """The sum, and what stands for facts and audit trail, of the rows in this database."""
        facts = connection.row("SELECT coalesce(sum(last - first + 1), 0) FROM fact_block")
        head = connection.row("SELECT record FROM journal_block ORDER BY first DESC LIMIT 1")
        return Footer(self.counts, int(facts[0]) if facts else 0, self.digest, head[0].hex() if head else "")


def _write(connection: Connection, raw: BinaryIO, header: Header, progress: Progress) -> Footer:
    total, zstandard = _Sum(), require("zstandard", "serve")
    raw.write(MAGIC)
    with zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).stream_writer(raw, closefd=False) as out:
        out.write(_framed(header))
        for table, rows in _read(connection):
            out.write(_framed((table, rows)))
            progress(total.add(table, rows))
        footer = total.footer(connection)
        out.write(_framed(footer))
    return footer


def _read(connection: Connection) -> Iterator[tuple[str, list[Row]]]:
    """Every row, table by table in order, some at a time."""
    for table, columns in COLUMNS.items():
        some: list[Row] = []
        size = 0
        query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {ORDER[table]}"  # noqa: S608 - our own names
        for row in connection.rows(query):
            some.append(tuple(row))
            size += sum(len(value) for value in row if isinstance(value, bytes))
            if len(some) >= ROWS or size >= BYTES:
                yield table, some
                some, size = [], 0
        if some:
            yield table, some


def _fill(file: Path, connection: Connection, database: Database, progress: Progress) -> Footer:
    frames, done = _frames(file), 0
    header = _header(file, frames)
    if header.schema != database.schema:
        raise StoreError(
            f"{file} holds schema {header.schema}, the store is of schema {database.schema}: restore it with the "
            "gemel that made it, then open that store with this one"
        )
    for frame in frames:
        if isinstance(frame, Footer):
            return frame
        table, rows = frame
        connection.insert(table, rows)
        done += len(rows)
        progress(done)
    raise _cut(file)


def _frames(file: Path) -> Iterator[Any]:
    """Header, (table, rows) ..., footer; StoreError for a file that is no archive or is damaged."""
    zstandard = require("zstandard", "serve")
    try:
        with file.open("rb") as raw:
            if raw.read(len(MAGIC)) != MAGIC:
                raise StoreError(f"{file} is no archive of a gemel store: make one with `gemel store backup`")
            with closing(zstandard.ZstdDecompressor().stream_reader(raw)) as stream:
                yield msgspec.msgpack.decode(_frame(file, stream), type=Header)
                while True:
                    found: Any = msgspec.msgpack.decode(_frame(file, stream))
                    if isinstance(found, dict):
                        if stream.read(1):  # which also checks the stream's own sum
                            raise StoreError(f"{file} is damaged: it runs on after its end; use another copy")
                        yield msgspec.convert(found, Footer)
                        return
                    yield _known(file, found)
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from error
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError) as error:
        raise StoreError(f"{file} is damaged ({error}): use another copy") from error


def _known(file: Path, found: Any) -> tuple[str, list[Row]]:
    """A frame of rows of a table that there is, each of the columns that it has."""
    table, rows = msgspec.convert(found, tuple[str, list[list[Any]]])
    if table not in COLUMNS or any(len(row) != len(COLUMNS[table]) for row in rows):
        raise StoreError(f"{file} holds rows of '{table}' that this gemel does not know: update gemel")
    return table, [tuple(row) for row in rows]


def _framed(frame: object) -> bytes:
    clear = _ENCODE(frame)
    return len(clear).to_bytes(4, "little") + clear


def _frame(file: Path, stream: Any) -> bytes:
    head = stream.read(4)
    size = int.from_bytes(head, "little")
    if size > LONGEST:
        raise StoreError(f"{file} is damaged: a frame of {size} bytes; use another copy")
    clear = stream.read(size) if len(head) == 4 else b""
    if len(head) < 4 or len(clear) < size:
        raise _cut(file)
    return clear


def _header(file: Path, frames: Iterator[Any]) -> Header:
    header = next(frames)
    if not isinstance(header, Header):
        raise StoreError(f"{file} is damaged: it has no header; use another copy")
    return header


def _cut(file: Path) -> StoreError:
    return StoreError(f"{file} is cut short: use another copy")


def _difference(kept: Footer, given: Footer) -> str:
    tables = [f"{table}: {n} of {given.rows.get(table, 0)}" for table, n in kept.rows.items()]
    wrong = [line for line, table in zip(tables, kept.rows, strict=True) if kept.rows[table] != given.rows.get(table)]
    return ", ".join(wrong) or "other content"
