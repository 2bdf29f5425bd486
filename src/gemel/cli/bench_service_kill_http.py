"""`kill -9` of the service itself: bulk posts over HTTP, each sent again under its key until it is answered.

kill9_lost, kill9_doubled   facts and documents, over SQLite, PostgreSQL and the service on SQLite together

PostgreSQL is looked for at GEMEL_BENCH_POSTGRES, else on this machine; what could not be measured is told.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import msgspec

from ..core.errors import StoreError
from ..core.fact import Exact, Observation
from .bench_service import Asked, Figure, Measure
from .bench_service_kill import ME, Kills, Way, kill_often, kill_store, messages, open_store, people

__all__ = ["MEASURES", "kill_service"]

SERVER = os.environ.get("GEMEL_BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
"""A database in which a schema may be made, and dropped again."""

STARTS_S = 60.0
"""A service that has not answered by then is broken [s]."""

STARTING = 0.1
"""Share of the kills that come while the service still starts."""

STARTUP_S = 1.5
"""Those come within this of its start [s]."""


def kill_service(where: str, kills: int, *, seed: int, progress: Callable[[int], None]) -> Kills:
    """Kill `gemel serve` on the new store at `where`, a file, so many times while it takes in posts."""
    with closing(open_store(where)) as store:
        store.commit(people(), ME)
    moments = Random(seed)  # noqa: S311 - no secret

    def one(sent: Sequence[int], seconds: float) -> list[tuple[int, int]]:
        return _round(where, sent, seconds, starting=moments.random() < STARTING)

    return kill_often(where, kills, one, seed=seed, progress=progress, way=Way(papers=False, dated=False))


def kills(asked: Asked) -> Sequence[Figure]:
    """All three, summed up."""
    found: dict[str, Any] = {}
    number, fewer = asked.size("kills", 200, 8), asked.size("service_kills", 40, 2)
    with tempfile.TemporaryDirectory(prefix="gemel-kill-") as folder:
        found["sqlite"] = kill_store(str(Path(folder) / "gemel.db"), number, seed=1, progress=_quiet)
        (Path(folder) / "served").mkdir()
        served = str(Path(folder) / "served" / "gemel.db")
        found["service"] = kill_service(served, fewer, seed=2, progress=_quiet)
    with suppress(StoreError):
        found["postgresql"] = _in_schema(lambda url: kill_store(url, number, seed=3, progress=_quiet))
    whole = len(found) == 3 and all(one.same_hash for one in found.values())
    details = {name: msgspec.to_builtins(one) for name, one in found.items()}
    figures: list[Figure] = []
    for key, count in (("kill9_lost", sum(k.lost for k in found.values())),
                       ("kill9_doubled", sum(k.doubled for k in found.values()))):  # fmt: skip
        met = False if count else True if whole else None
        peer = "Ditto users report 20–30 % of replies lost"
        figures.append(Figure(key=key, asked="0", measured=count, unit="", met=met, peer=peer, details=details))
    return figures


MEASURES = (Measure(("kill9_lost", "kill9_doubled"), kills),)


def _quiet(_: int) -> None:
    """Nobody is told how far it is."""


def _in_schema(work: Callable[[str], Kills]) -> Kills:
    """Work in a new schema, which is dropped in the end; StoreError where there is no server."""
    from ..store.postgres_database import PostgresDatabase

    name = f"gemel_kill_{uuid4().hex[:12]}"
    url = f"{SERVER}?schema={name}"
    with closing(PostgresDatabase(url)) as database:
        try:
            return work(url)
        finally:
            with database.writing() as link:
                link.run(f"DROP SCHEMA {name} CASCADE")


def _round(where: str, sent: Sequence[int], seconds: float, *, starting: bool) -> list[tuple[int, int]]:
    """One service, from start to kill, and what its senders were told."""
    command = [sys.executable, "-c", "from gemel.cli import main; main()", "serve", "--data", str(Path(where).parent)]
    command += ["--port", "0", "--log", "warning", "--json"]
    answers: list[tuple[int, int]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        after = threading.Timer(seconds * STARTUP_S if starting else STARTS_S, _kill, (process.pid,))
        after.start()
        line = process.stdout.readline()
        if line:
            after.cancel()
            _talk(msgspec.json.decode(line)["port"], sent, answers, seconds, process.pid)
        elif process.wait() != -signal.SIGKILL:
            after.cancel()
            raise RuntimeError(f"gemel serve ended with {process.returncode}: its error is above")
        after.join()
    return answers


def _talk(port: int, sent: Sequence[int], answers: list[tuple[int, int]], seconds: float, group: int) -> None:
    """Senders at work for so many seconds, until the kill."""
    senders = [threading.Thread(target=_send, args=(port, *whence, answers)) for whence in enumerate(sent)]
    for sender in senders:
        sender.start()
    threading.Event().wait(seconds)
    _kill(group)
    for sender in senders:
        sender.join()


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _send(port: int, sender: int, n: int, answers: list[tuple[int, int]]) -> None:
    """Post one message after the other until nobody answers."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=STARTS_S)) as connection:
        while True:
            n += 1
            rows = [_row(write.subject, fact) for write in messages(sender, n) for fact in write.facts]
            headers = {"content-type": "application/json", "idempotency-key": f"{sender}-{n}"}
            try:
                connection.request("POST", "/api/bulk/observations", msgspec.json.encode(rows), headers)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                return
            if answer.status != 200 or msgspec.json.decode(body)["rejected"]:
                raise RuntimeError(f"message {n} of sender {sender}: {answer.status} {body[:300]!r}")
            answers.append((sender, n))


def _row(subject: str, fact: Any) -> dict[str, Any]:
    """A reading as it is posted: when it was recorded is the service's to say, so that only its key makes it known."""
    assert isinstance(fact, Observation) and isinstance(fact.value, Exact)
    return {"subject": subject, "id": fact.id, "code": fact.code, "value": fact.value.value, "unit": fact.unit,
            "at": fact.at, "source": fact.source}  # fmt: skip
