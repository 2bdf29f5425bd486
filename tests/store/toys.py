"""Facts, forecasts, a cipher, a journal and an access filter to test stores with."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from gemel.core.errors import GemelError, StoreError
from gemel.core.fact import (
    Exact,
    Observation,
    Value,
)
from gemel.core.ledger import SCORE, IssuedForecast, Kind, Score, Scores, Switch
from gemel.core.ports import Caller, Checkpoint, JournalEntry, Store
from gemel.core.subject import Subject
from gemel.core.writing import Document, Receipt, Waveform, Write

ANN = Caller(id="ann", role="nurse")
SUBJECT = Subject(id="s-1", zone="Europe/Madrid", born=date(1980, 2, 29), sex="female")
OTHER = Subject(id="s-2", kind="ward", holidays=frozenset({date(2026, 1, 6), date(2026, 12, 25)}))
MINUTE = 60_000_000

Reopen = Callable[..., Store]


def reading(n: int, *, value: Value | None = None, recorded: int | None = None, **more: object) -> Observation:
    """Glucose number n of a sensor, known a minute after it was measured."""
    at = n * 5 * MINUTE
    fields = {"id": f"g{n}", "code": "2339-0", "unit": "mg/dL", "at": at, **more}
    recorded = at + MINUTE if recorded is None else recorded
    return msgspec.convert(
        {
            "fact": "observation",
            "value": msgspec.to_builtins(value or Exact(100.0 + n % 50)),
            "recorded": recorded,
            **fields,
        },
        Observation,
    )


def forecast(n: int, *, subject: str = "s-1", twin: str = "t-1") -> IssuedForecast:
    return IssuedForecast(
        id=f"f{n}",
        twin=twin,
        subject=subject,
        model="insulin",
        model_version="1",
        plan="as is",
        issued=n * MINUTE,
        target=(n + 30) * MINUTE,
        observable="glucose",
        unit="mg/dL",
        quantiles={"0.05": 80.0, "0.5": 110.0, "0.95": 140.5},
        facts_hash="00",
    )


KIND = Kind("", "insulin", "1", "glucose", "mg/dL")


def scores(*rows: tuple[int, float], number: int = 0, note: str = "") -> Scores:
    """Records of forecasts by their number in the ledger, with these truths; all under one note if there is one."""
    found = np.zeros(len(rows), dtype=SCORE)
    for k, (forecast, truth) in enumerate(rows):
        found[k]["forecast"], found[k]["truth"], found[k]["crps"] = forecast, truth, abs(truth - 110.0) / 4
        found[k]["note"], found[k]["inside90"], found[k]["inside50"] = int(bool(note)), 1, -1
        for name in ("pit", "raw_pit", "log_score", "miss", "error", "persistence", "climatology"):
            found[k][name] = np.nan
    return Scores((KIND,), ("", note) if note else ("",), found, 100, 7, max((n for n, _ in rows), default=0), number)


def score(truth: float) -> Score:
    """What the ledger then says of such a forecast."""
    return Score(truth=truth, crps=abs(truth - 110.0) / 4, inside={"80": False, "90": True, "95": False})


def switch(n: int) -> Switch:
    return Switch(
        at=n, by="ann", site="ward 3", model="insulin", version="1", event="standing", before="silent",
        after="advisory", why="it has earned it", figures={"n": 200.0}, plan="1",
    )  # fmt: skip


def checkpoint(at: int, *, twin: str = "t-1", subject: str = "s-1", payload: bytes = b"belief") -> Checkpoint:
    return Checkpoint(
        twin=twin,
        subject=subject,
        at=at,
        sequence=3,
        model="insulin",
        model_version="1",
        facts_hash="00",
        payload=payload,
    )


def document(id: str, *, kind: str = "Observation", body: bytes = b"{}", recorded: int = 5, **more: Any) -> Document:
    return Document(kind=kind, id=id, body=body, recorded=recorded, **more)


def signal(
    *, code: str = "ecg", at: int = 0, rate: float = 250.0, samples: bytes = b"\x01\x00\x02\x00", **more: Any
) -> Waveform:
    return Waveform(code=code, at=at, rate=rate, unit="mV", gain=0.005, offset=0.0, samples=samples, **more)


def everything(n: int, *, subject: str = "s-1") -> Write:
    """A write of a document, a waveform, an identifier and a receipt."""
    wave = np.arange(100, dtype="<i2").tobytes()
    return Write(
        subject=subject, identifiers=(f"mrn|{n}",), receipt=Receipt(channel="test", id=f"{n}", reply=b"thanks"),
        documents=(Document(kind="Observation", id=f"{subject}.{n}", body=b"{}", recorded=n, shared=True),),
        waveforms=(Waveform(code="ecg", at=n, rate=250.0, unit="mV", gain=1.0, offset=0.0, samples=wave),),
    )  # fmt: skip


@dataclass
class LockedCipher:
    """A keyed stream and tag, enough to test with; losing a subject's key loses its payloads."""

    keys: dict[str, bytes] = field(default_factory=dict)

    def seal(self, subject: str, clear: bytes, bound_to: bytes) -> tuple[str, bytes]:
        key = self.keys.setdefault(subject, hashlib.sha256(b"key" + subject.encode()).digest())
        sealed = self._mix(key, bound_to, clear)
        return "k1", hmac.digest(key, bound_to + sealed, "sha256") + sealed

    def open(self, subject: str, key_id: str, sealed: bytes, bound_to: bytes) -> bytes:
        key = self.keys.get(subject)
        if key is None:
            raise StoreError("the key is gone")
        if not hmac.compare_digest(sealed[:32], hmac.digest(key, bound_to + sealed[32:], "sha256")):
            raise StoreError("a payload stands in a row that is not its own")
        return self._mix(key, bound_to, sealed[32:])

    def blind(self, subject: str, word: str) -> bytes:
        return hmac.digest(b"index" + subject.encode(), word.encode(), "sha256")

    @staticmethod
    def _mix(key: bytes, bound_to: bytes, data: bytes) -> bytes:
        stream = hashlib.shake_256(key + bound_to).digest(len(data))
        return bytes(a ^ b for a, b in zip(data, stream, strict=True))


class ForbiddenError(GemelError):
    """What an access filter of another package raises."""


@dataclass
class OnlySubject:
    """Lets callers see one subject, and the store as a whole."""

    subject: str

    def check(self, caller: Caller, action: str, subject: str) -> None:
        if subject not in (self.subject, ""):
            raise ForbiddenError(f"{caller.id} may not {action}")


@dataclass
class ChainSpy:
    """A journal whose records are numbers, and which remembers what it was given."""

    seen: list[tuple[JournalEntry, bytes]] = field(default_factory=list)

    def record(self, entry: JournalEntry, previous: bytes) -> bytes:
        self.seen.append((entry, previous))
        return str(int(previous or b"0") + 1).encode()


def run_together(jobs: Iterable[Callable[[], None]]) -> None:
    """Run jobs in threads of their own; raises what the first of them raised."""
    failures: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def closing_each(opener: Callable[..., Store]) -> Iterator[Reopen]:
    """A `reopen` that closes the store opened before, and the last one at the end."""
    opened: list[Store] = []

    def reopen(**options: object) -> Store:
        while opened:
            opened.pop().close()
        opened.append(opener(**options))
        return opened[-1]

    yield reopen
    while opened:
        opened.pop().close()


def now_and_later(store: Store, reopen: Reopen) -> Iterator[Store]:
    """The store as it is, then opened again."""
    yield store
    yield reopen()


def tampered(path: Path, *statements: str) -> None:
    """Change a file behind the store's back."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
