"""`kill -9` at random moments under load: what was acknowledged must be there, once, in the order it was sent.

A process of its own opens the store and commits messages from several threads until it is killed; the next one goes
on after the last message that was acknowledged, so whatever was kept without an acknowledgement is sent a second time,
as a sender would that never got its answer.  A message is made from its number alone: nobody needs a log.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from random import Random
from typing import Any

import msgspec

from ..core.fact import Exact, Fact, Observation
from ..core.ports import Caller, Store
from ..core.registry import load
from ..core.subject import Subject
from ..core.timeline import facts_hash
from ..core.writing import Document, Receipt, Write

__all__ = ["ME", "SENDERS", "WARD", "Kills", "Way", "kill_often", "kill_store", "messages", "open_store", "people"]

SENDERS = 3
"""Threads that send at once, each about a subject of its own and all about one ward."""

LONGEST_S = 0.25
"""A process is killed within this of its start [s], also while it still opens the store."""

ME = Caller(id="bench")
WARD = "ward"

Round = Callable[[Sequence[int], float], list[tuple[int, int]]]
"""Starts a process that sends from the message after these on, kills it after so many seconds, and tells what was
acknowledged, as (sender, number of the message)."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way into a store: whether messages bring their documents, and when a reading was recorded as the sender says
    (else the receiver says)."""

    papers: bool = True
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Kills:
    """What was found: counts of facts and documents, and whether facts are those sent, by their hash."""

    kills: int
    acknowledged: int
    kept: int
    lost: int
    doubled: int
    same_hash: bool


def messages(sender: int, n: int) -> list[Write]:
    """Message n of a sender, from 1: one to nine readings, a document, and a reading for the ward, in one commit."""
    facts = tuple(_reading(f"{n}.{k}", sender, n) for k in range(1 + n % 9))
    paper = Document(kind="Observation", id=f"s-{sender}.{n}", body=b"{}" * (n % 50), recorded=n)
    receipt = Receipt(channel=f"sender {sender}", id=str(n), reply=str(n).encode())
    return [
        Write(subject=f"s-{sender}", facts=facts, documents=(paper,), receipt=receipt),
        Write(subject=WARD, facts=(_reading(f"{sender}.{n}", sender, n),)),
    ]


def people() -> list[Write]:
    """The subjects that the messages are about."""
    return [Write(subject=id, enrol=Subject(id=id)) for id in (WARD, *(f"s-{sender}" for sender in range(SENDERS)))]


def open_store(where: str) -> Store:
    """The store at a path or a URL."""
    scheme, found, _ = where.partition("://")
    return load("stores", scheme if found else "sqlite")(where)


def kill_store(where: str, kills: int, *, seed: int, progress: Callable[[int], None]) -> Kills:
    """Kill the store at `where`, which must be new, so many times."""
    with closing(open_store(where)) as store:
        store.commit(people(), ME)
    context: Any = get_context("forkserver")
    context.set_forkserver_preload([__name__, "asyncpg", "gemel.store.sqlite", "gemel.store.postgres"])
    return kill_often(where, kills, lambda sent, seconds: _round(context, where, sent, seconds), seed=seed,
                      progress=progress)  # fmt: skip


def kill_often(
    where: str, kills: int, one: Round, *, seed: int, progress: Callable[[int], None], way: Way | None = None
) -> Kills:
    """Run the rounds and look after each whether all is there; the whole again at the end."""
    moments = Random(seed)  # noqa: S311 - no secret
    sent, seen, short = [0] * SENDERS, [0] * SENDERS, 0
    for round_ in range(kills):
        for sender, n in one(sent, moments.uniform(0.0, LONGEST_S)):
            sent[sender] = max(sent[sender], n)
        with closing(open_store(where)) as store:
            seen = [_last(store, sender, last) for sender, last in enumerate(seen)]
        short = max(short, sum(max(0, _count(n) - last) for n, last in zip(sent, seen, strict=True)))
        progress(round_ + 1)
    with closing(open_store(where)) as store:
        return _judged(store, way or Way(), kills, sent, short)


def _reading(id: str, sender: int, n: int) -> Observation:
    return Observation(id=id, code="2339-0", value=Exact(n / 7 + sender), unit="mg/dL", at=n, recorded=n + 1)


def _round(context: Any, where: str, sent: Sequence[int], seconds: float) -> list[tuple[int, int]]:
    """One process, from start to kill."""
    hears, tells = context.Pipe(duplex=False)
    process = context.Process(target=_feed, args=(where, list(sent), tells), daemon=True)
    process.start()
    tells.close()
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    answers = list(_heard(hears))
    timer.join()
    process.join()
    process.close()
    return answers


def _heard(hears: Connection) -> Iterator[tuple[int, int]]:
    """Acknowledgements until the process is gone; one that was cut short was never given."""
    with hears:
        while True:
            try:
                sender, n = hears.recv_bytes().split()
            except (EOFError, OSError):
                return
            yield int(sender), int(n)


def _feed(where: str, sent: Sequence[int], tells: Connection) -> None:
    """In a process of its own: send for ever, telling what was acknowledged."""
    store, turn = open_store(where), threading.Lock()

    def send(sender: int, n: int) -> None:
        while True:
            n += 1
            store.commit(messages(sender, n), ME)
            with turn:
                tells.send_bytes(f"{sender} {n}".encode())

    for sender, last in enumerate(sent):
        threading.Thread(target=send, args=(sender, last), daemon=True).start()
    while True:
        time.sleep(1.0)


def _last(store: Store, sender: int, after: int) -> int:
    """Number of the last fact about a sender's subject, where there were `after` before."""
    return max((number for number, _ in store.facts(f"s-{sender}", ME, after=after)), default=after)


def _count(last: int) -> int:
    """Facts of a sender's messages 1 to `last`."""
    return sum(1 + n % 9 for n in range(1, last + 1))


def _judged(store: Store, way: Way, kills: int, sent: Sequence[int], short: int) -> Kills:
    """Every fact and document that is there against every one that was sent."""
    acknowledged = kept = lost = doubled = 0
    same, ward = True, Counter(fact.id for _, fact in store.facts(WARD, ME))
    for sender, last in enumerate(sent):
        facts = [_dated(fact, way) for _, fact in store.facts(f"s-{sender}", ME)]
        whole, reached = range(1, last + 1), max((_number(fact) for fact in facts), default=0)
        there = Counter(fact.id for fact in facts) + Counter(p.id for p in store.documents(f"s-{sender}", ME))
        there += Counter({f"ward {id}": n for id, n in ward.items() if id.startswith(f"{sender}.")})
        given = [id for n in whole for id in _ids(sender, n, way)]
        acknowledged += len(given)
        kept += there.total()
        lost += sum(id not in there for id in given)
        doubled += there.total() - len(there)
        expected = [_dated(fact, way) for n in range(1, reached + 1) for fact in messages(sender, n)[0].facts]
        same = same and facts_hash(facts) == facts_hash(expected)
    return Kills(kills, acknowledged, kept, max(lost, short), doubled, same)


def _ids(sender: int, n: int, way: Way) -> list[str]:
    """What a message leaves behind: facts, a document, a reading for the ward."""
    own, ward = messages(sender, n)
    papers = [paper.id for paper in own.documents] if way.papers else []
    return [fact.id for fact in own.facts] + papers + [f"ward {fact.id}" for fact in ward.facts]


def _dated(fact: Fact, way: Way) -> Fact:
    return fact if way.dated else msgspec.structs.replace(fact, recorded=0)


def _number(fact: Fact) -> int:
    """Number of the message that a fact is of."""
    return int(fact.id.partition(".")[0])
