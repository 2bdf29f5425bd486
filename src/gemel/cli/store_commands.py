"""`gemel store`: what a store holds, whether it is sound, and its copy in one file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from .options import Json

if TYPE_CHECKING:
    from ..store.connection import Database
    from ..store.sql import SqlStore

__all__ = ["BackupShape", "InfoShape", "RestoreShape", "VerifyShape", "open_store", "store_app"]

store_app = typer.Typer(no_args_is_help=True, help="What a store holds, whether it is sound, and copies of it.")

Where = Annotated[str, typer.Option("--data", help="folder, SQLite file or postgresql://...")]


class BackupShape(msgspec.Struct, kw_only=True):
    """`gemel store backup --json`; `digest` is the SHA-256 of the rows, `journal_head` vouches for the audit trail."""

    data: str
    file: str
    bytes: int
    seconds: float
    rows: dict[str, int]
    facts: int
    digest: str
    journal_head: str


class RestoreShape(msgspec.Struct, kw_only=True):
    """`gemel store restore --json`: what was read back from the new store, and faults that `verify` found in it."""

    file: str
    data: str
    made: str
    seconds: float
    rows: dict[str, int]
    facts: int
    digest: str
    journal_head: str
    faults: list[str]


class VerifyShape(msgspec.Struct, kw_only=True):
    """`gemel store verify --json`."""

    data: str
    sound: bool
    faults: list[str]
    facts: int
    journal_head: str
    seconds: float


class InfoShape(msgspec.Struct, kw_only=True):
    """`gemel store info --json`: kind, place and schema, and counts by table under `counts`."""

    kind: str
    location: str
    schema: int
    bytes: int
    journal_head: str
    counts: dict[str, int]


@store_app.command()
def backup(file: Annotated[Path, typer.Argument(help="new file")], data: Where, json: Json = False) -> None:
    """Copy a store into one file, also while it is written to; sealed rows stay sealed."""
    from ..store.archive import back_up
    from . import console

    start = time.perf_counter()
    database = _database(data)
    try:
        with console.bar(json) as progress:
            task = progress.add_task(f"reading {database.location}", total=None)
            footer = back_up(database, file, lambda n: progress.update(task, description=f"{n:,} rows"))
    finally:
        database.close()
    shape = BackupShape(
        data=database.location, file=str(file), bytes=file.stat().st_size, seconds=time.perf_counter() - start,
        **msgspec.structs.asdict(footer),
    )  # fmt: skip
    if json:
        return console.emit(shape)
    console.say(f"{shape.file}: {shape.facts:,} facts, {sum(shape.rows.values()):,} rows, {shape.bytes:,} bytes")


@store_app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="what `gemel store backup` wrote")], data: Where, json: Json = False
) -> None:
    """Fill a new store from a copy, of either kind, and read it back; exit code 1 if it is not sound."""
    from ..core.clock import text
    from ..store.archive import contents
    from ..store.archive import restore as fill
    from . import console

    start = time.perf_counter()
    header, _ = contents(file)
    database = _database(data, new=True)
    try:
        with console.bar(json) as progress:
            task = progress.add_task(f"writing {database.location}", total=None)
            footer = fill(file, database, lambda n: progress.update(task, description=f"{n:,} rows"))
    finally:
        database.close()
    shape = RestoreShape(
        file=str(file), data=database.location, made=text(header.made), faults=_faults(data),
        seconds=time.perf_counter() - start, **msgspec.structs.asdict(footer),
    )  # fmt: skip
    if json:
        console.emit(shape)
    else:
        console.say(f"{shape.data}: {shape.facts:,} facts, {sum(shape.rows.values()):,} rows, read back and compared")
    _end(shape.faults, told=json)


@store_app.command()
def verify(data: Where, json: Json = False) -> None:
    """Read all of a store: pages, audit chain, each fact against its digest; exit code 1 if something is wrong."""
    from . import console

    start = time.perf_counter()
    with open_store(data) as store, console.bar(json) as progress:
        progress.add_task("reading all", total=None)
        faults, info = store.verify(), store.info()
    shape = VerifyShape(
        data=info["location"], sound=not faults, faults=faults, facts=info["fact"], journal_head=info["journal_head"],
        seconds=time.perf_counter() - start,
    )  # fmt: skip
    if json:
        console.emit(shape)
    elif shape.sound:
        console.say(f"{shape.data}: sound; {shape.facts:,} facts, audit trail ends at {shape.journal_head[:16]}")
    _end(faults, told=json)


@store_app.command()
def info(data: Where, json: Json = False) -> None:
    """Say what kind of store it is and how much it holds."""
    from . import console

    with open_store(data) as store:
        found = store.info()
    about: dict[str, Any] = {name: found.pop(name) for name in ("kind", "location", "schema", "bytes", "journal_head")}
    shape = InfoShape(**about, counts={name: n for name, n in found.items() if isinstance(n, int)})
    if json:
        return console.emit(shape)
    rows = [[name, f"{n:,}"] for name, n in (("bytes", shape.bytes), *shape.counts.items())]
    console.show(f"{shape.kind} {shape.location}, schema {shape.schema}", ("what", "number"), rows, numeric=1)


def _place(data: str, new: bool = False) -> str:
    """The store that an option names: in a folder it is the file 'gemel.db'."""
    from ..core.errors import StoreError

    if "://" in data:
        return data
    path = Path(data)
    file = path / "gemel.db" if path.is_dir() or (new and not path.suffix) else path
    if new:
        file.parent.mkdir(parents=True, exist_ok=True)
    elif not file.is_file():
        raise StoreError(f"no store at {file}: name its folder, its file or postgresql://user@host/database")
    return str(file)


def _database(data: str, new: bool = False) -> Database:
    place = _place(data, new)
    if "://" in place:
        from ..store.postgres_database import PostgresDatabase

        return PostgresDatabase(place)
    from ..store.database import SqliteDatabase
    from ..store.plain import HashChainJournal, PlainCipher
    from ..store.vault import Vault

    return SqliteDatabase(place, Vault(PlainCipher(), HashChainJournal()))


def open_store(data: str) -> SqlStore:
    """The store that an option names; StoreError where there is none."""
    from ..core.registry import load

    place = _place(data)
    return load("stores", place.partition("://")[0] if "://" in place else "sqlite")(place)


def _faults(data: str) -> list[str]:
    with open_store(data) as store:
        return store.verify()


def _end(faults: list[str], *, told: bool) -> None:
    """Exit code 1, and the faults in words unless they were told as JSON."""
    from . import console

    for fault in [] if told else faults:
        console.complain(fault)
    if faults:
        raise typer.Exit(1)
