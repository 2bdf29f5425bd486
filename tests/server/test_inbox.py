from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import Exact, Observation, Rejected
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Committed, Write
from gemel.runtime import Site
from gemel.server.inbox import Busy, Inbox
from gemel.server.observe import instruments
from gemel.store import SqliteStore

WHO = Caller(id="test")


class Slow:
    """A store that makes nothing durable until it is told to."""

    def __init__(self, store: SqliteStore) -> None:
        self._own = store
        self.asked: list[tuple[Sequence[Write], Future[list[Committed]]]] = []

    def __getattr__(self, name):
        return getattr(self._own, name)

    def submit(self, writes, caller):
        future: Future[list[Committed]] = Future()
        future.set_running_or_notify_cancel()
        self.asked.append((writes, future))
        return future

    def finish(self, error: Exception | None = None) -> None:
        for writes, future in self.asked:
            done = [Committed(subject=w.subject, accepted=len(w.facts), repeated=0, last=1) for w in writes]
            future.set_exception(error) if error else future.set_result(done)
        self.asked = []


def write(n: int, k: int = 0, **more) -> Write:
    facts = (Observation(id=f"{k}.{i}", code="c", value=Exact(1.0), unit="1", at=i, recorded=i) for i in range(n))
    return Write(subject="a", facts=tuple(facts), **more)


@contextmanager
def opened(most: int) -> Iterator[tuple[Slow, Inbox, list[Write]]]:
    """An inbox before a slow store, and what its listeners hear."""
    with SqliteStore() as store:
        slow = Slow(store)
        inbox, heard = Inbox(slow, most), []
        inbox.listen(lambda writes, done: heard.extend(writes))
        yield slow, inbox, heard


def test_what_waits_is_bounded_and_what_is_refused_is_told_when_to_come_again():
    async def run():
        with opened(10) as (slow, inbox, _):
            first = asyncio.ensure_future(inbox.put([write(6)], WHO))
            await asyncio.sleep(0)
            assert inbox.waiting == 7
            with pytest.raises(Busy, match="7 items wait") as refused:
                await inbox.put([write(3)], WHO)
            assert refused.value.after_s > 0 and inbox.waiting == 7
            second = asyncio.ensure_future(inbox.put([write(2)], WHO))
            await asyncio.sleep(0)
            slow.finish()
            assert [c.accepted for done in await asyncio.gather(first, second) for c in done] == [6, 2]
            await inbox.drain()
            assert inbox.waiting == 0

    asyncio.run(run())


def test_one_that_is_larger_than_the_bound_is_taken_while_nothing_waits():
    async def run():
        with opened(10) as (slow, inbox, _):
            alone = asyncio.ensure_future(inbox.put([write(50)], WHO))
            await asyncio.sleep(0)
            slow.finish()
            assert (await alone)[0].accepted == 50

    asyncio.run(run())


def test_what_has_begun_is_finished_and_told_though_the_sender_went_away():
    async def run():
        with opened(100) as (slow, inbox, heard):
            sender = asyncio.ensure_future(inbox.put([write(1)], WHO))
            await asyncio.sleep(0)
            sender.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sender
            assert inbox.waiting == 2
            slow.finish()
            await inbox.drain()
            await asyncio.sleep(0)
            assert [len(w.facts) for w in heard] == [1] and inbox.waiting == 0

    asyncio.run(run())


def test_an_error_reaches_its_sender_alone_and_no_listener():
    async def run():
        with opened(100) as (slow, inbox, heard):
            failing = asyncio.ensure_future(inbox.put([write(1)], WHO))
            await asyncio.sleep(0)
            slow.finish(StoreError("the disk is full"))
            with pytest.raises(StoreError, match="disk is full"):
                await failing
            await inbox.drain()
            assert heard == [] and inbox.waiting == 0

    asyncio.run(run())


def test_listeners_hear_once_of_all_that_became_durable_together():
    async def run():
        with opened(100) as (slow, inbox, _):
            heard: list[int] = []
            inbox.listen(lambda writes, done: heard.append(len(writes)))
            senders = [asyncio.ensure_future(inbox.put([write(1, k)], WHO)) for k in range(5)]
            await asyncio.sleep(0)
            slow.finish()
            await asyncio.gather(*senders)
            assert heard == [5]

    asyncio.run(run())


def test_rejected_rows_are_counted_by_reason_without_what_they_held():
    async def run():
        told = instruments()
        with SqliteStore() as store:
            slow = Slow(store)
            inbox = Inbox(slow, 1000, told)
            rows = tuple(
                Rejected(reason=f"value 'patient {k}' is {k}.5 mg: too much", source="s", raw="r") for k in range(3)
            )
            sender = asyncio.ensure_future(inbox.put([write(2, rejected=rows)], WHO))
            await asyncio.sleep(0)
            slow.finish()
            await sender
        (metric,) = (m for m in told.registry.collect() if m.name == "gemel_rejected")
        counts = {s.labels["reason"]: s.value for s in metric.samples if s.name.endswith("_total")}
        assert counts == {"value # is # mg": 3.0}

    asyncio.run(run())


def test_over_http_too_much_is_answered_429_with_when_to_come_again(serving):
    async def run():
        slow: list[Slow] = []

        def site(settings):
            slow.append(Slow(SqliteStore()))
            return Site(slow[0], caller=WHO)

        async with serving(site=site, waiting=10) as served:
            slow[0]._own.enrol(Subject(id="a"), WHO)
            rows = [{"subject": "a", "code": "c", "at": k, "value": 1} for k in range(8)]
            first = asyncio.ensure_future(served.client.post("/api/bulk/observations", json=rows))
            while not slow[0].asked:
                await asyncio.sleep(0.001)
            refused = await served.client.post("/api/bulk/observations", json=rows)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            assert refused.headers["content-type"] == "application/problem+json"
            slow[0].finish()
            assert (await first).json()["accepted"] == 8
            metrics = (await served.client.get("/metrics")).text
            assert 'gemel_requests_total{method="POST",route="/api/bulk/observations",status="429"} 1.0' in metrics
            assert 'gemel_facts_total{outcome="accepted"} 8.0' in metrics

    asyncio.run(run())
