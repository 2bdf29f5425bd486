"""Turns: one at a time for a subject, several at once for several, and nobody waits for ever."""

from __future__ import annotations

import asyncio

from gemel.server.turns import Turns


def test_those_who_want_one_subject_come_one_after_another_and_others_together():
    async def scenario():
        turns, inside, most = Turns(), {"a": 0, "b": 0}, {"a": 0, "b": 0, "both": 0}

        async def work(*names):
            async with turns.of(names):
                for name in names:
                    inside[name] += 1
                    most[name] = max(most[name], inside[name])
                most["both"] = max(most["both"], sum(inside.values()))
                for _ in range(3):
                    await asyncio.sleep(0)
                for name in names:
                    inside[name] -= 1

        await asyncio.gather(*(work("a") for _ in range(5)), *(work("b") for _ in range(5)))
        assert most == {"a": 1, "b": 1, "both": 2}

    asyncio.run(scenario())


def test_who_wants_two_in_either_order_does_not_wait_for_ever():
    async def scenario():
        turns, done = Turns(), 0

        async def work(*names):
            nonlocal done
            async with turns.of(names):
                await asyncio.sleep(0)
                done += 1

        crowd = asyncio.gather(*(work(*pair) for pair in [("a", "b"), ("b", "a"), ("a", "a")] * 10))
        await asyncio.wait_for(crowd, 10)
        assert done == 30

    asyncio.run(scenario())


def test_a_turn_is_given_back_when_its_work_fails():
    async def scenario():
        turns = Turns()
        for _ in range(2):
            try:
                async with turns.of(["a"]):
                    raise ValueError
            except ValueError:
                pass
        async with asyncio.timeout(5), turns.of(["a"]):
            return True

    assert asyncio.run(scenario())
