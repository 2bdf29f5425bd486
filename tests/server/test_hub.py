"""Events reach everybody who wants them, once, in order; who reads slowly is told what was left out."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import msgspec
import pytest

from gemel.server.hub import Event, Filter, Hub, News, Subscription

ALL = Filter()


def news(k: int, kind: str = "belief", twin: str = "t") -> News:
    return News(kind=kind, subject=f"s-{twin}", twin=twin, at=k, data={"k": k})


def taken(own: Subscription) -> tuple[list[Event], int]:
    batches, skipped = own.take()
    return [event for batch in batches for event in batch.events], skipped


def publish(hub: Hub, count: int, first: int = 0, twin: str = "t") -> list[Event]:
    return [hub.publish_all([news(k, twin=twin)])[0] for k in range(first, first + count)]


def test_numbers_follow_one_another_and_grow_over_restarts() -> None:
    hub = Hub()
    numbers = [event.number for event in publish(hub, 5)]
    assert all(b == a + 1 for a, b in pairwise(numbers))
    assert Hub().last > hub.last - 6  # a hub made later starts later, unless a million events a second were told


def test_a_watcher_gets_what_it_wants_and_nothing_else() -> None:
    hub = Hub(first=0)
    every = hub.subscribe(ALL)
    one = hub.subscribe(Filter(twins=frozenset({"b"}), kinds=frozenset({"forecast", "alert"})))
    subject = hub.subscribe(Filter(subjects=frozenset({"s-a"})))
    for k, (kind, twin) in enumerate((kind, twin) for kind in ("belief", "forecast", "alert") for twin in "abc"):
        hub.publish_all([news(k, kind, twin)])
    assert len(taken(every)[0]) == 9
    assert [(e.kind, e.twin) for e in taken(one)[0]] == [("forecast", "b"), ("alert", "b")]
    assert {e.subject for e in taken(subject)[0]} == {"s-a"}


@pytest.mark.parametrize("cut", range(0, 10, 3))
def test_who_comes_back_gets_exactly_what_it_missed(cut: int) -> None:
    hub = Hub(first=100)
    events = publish(hub, 10)
    after = 100 if cut == 0 else events[cut - 1].number
    own = hub.resume(after, ALL)
    assert own is not None
    events += publish(hub, 2, 10)
    assert taken(own) == (events[cut:], 0)


def test_beyond_what_is_kept_and_after_a_restart_one_must_begin_anew() -> None:
    hub = Hub(first=100, kept=4)
    events = publish(hub, 10)
    assert hub.resume(events[4].number, ALL) is None
    assert hub.resume(events[5].number, ALL) is not None
    assert hub.resume(events[-1].number + 1, ALL) is None  # a number that was never given
    assert Hub(first=10_000).resume(events[-1].number, ALL) is None
    assert Hub(first=10_000).resume(10_000, ALL) is not None


def test_a_slow_watcher_keeps_the_newest_of_each_twin_and_is_told_how_many_it_missed() -> None:
    hub = Hub(first=0)
    slow, quick, seen = hub.subscribe(ALL, most=50), hub.subscribe(ALL, most=50), 0
    for k in range(400):
        hub.publish_all([news(k, twin=f"t{k % 7}")])
        seen += len(taken(quick)[0])
        assert slow.waiting <= 50
    events, skipped = taken(slow)
    assert seen == 400 and len(events) + skipped == 400 and skipped > 300
    assert [e.at for e in events] == sorted(e.at for e in events)
    assert {e.twin: e.at for e in events} == {f"t{k % 7}": k for k in range(393, 400)}
    assert taken(slow) == ([], 0)


def test_alerts_are_not_merged_away() -> None:
    hub = Hub(first=0)
    slow = hub.subscribe(ALL, most=20)
    for k in range(100):
        hub.publish_all([news(k, "alert" if k % 10 == 0 else "belief")])
    assert [e.at for e in taken(slow)[0] if e.kind == "alert"] == list(range(0, 100, 10))


def test_a_watcher_of_more_twins_than_may_wait_still_has_a_bound() -> None:
    hub = Hub(first=0)
    slow = hub.subscribe(ALL, most=10)
    hub.publish_all([news(k, twin=f"t{k}") for k in range(35)])
    events, skipped = taken(slow)
    assert [e.at for e in events] == list(range(25, 35)) and skipped == 25


def test_an_event_is_encoded_once_for_all_who_want_the_same() -> None:
    class Counted(msgspec.Struct):
        k: int

    hub = Hub(first=0)
    watchers = [hub.subscribe(Filter(kinds=frozenset({"a"}))) for _ in range(20)]
    hub.publish_all([News(kind="a", subject="s", at=1, data=Counted(1)), News(kind="b", subject="s", at=1)])
    parts = {id(batch) for own in watchers for batch in own.take()[0]}
    assert len(parts) == 1


def test_what_is_sent_is_what_was_published() -> None:
    hub = Hub(first=41)
    own = hub.subscribe(ALL)
    (event,) = hub.publish_all([News(kind="alert", subject="s", twin="t", at=7, data="line\nbreak")])
    (batch,), _ = own.take()
    head, kind, data, end = batch.sse.split(b"\n", 3)
    assert (head, kind, end) == (b"id: 42", b"event: alert", b"\n") and data.startswith(b"data: ")
    assert msgspec.json.decode(data[6:], type=Event) == event


async def _told() -> list[int]:
    hub, heard = Hub(first=0), list[int]()
    hub.listen(lambda events: heard.extend(event.number for event in events))
    with hub.subscribe(ALL) as own:
        waiting = asyncio.ensure_future(own.there())
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.publish("alert", subject="s", at=1)
        await waiting
    hub.publish("alert", subject="s", at=2)
    assert hub.watching == 0 and len(taken(own)[0]) == 1
    return heard


def test_listeners_hear_everything_and_who_has_left_nothing() -> None:
    assert asyncio.run(_told()) == [1, 2]
