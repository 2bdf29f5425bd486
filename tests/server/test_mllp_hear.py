"""Reading in a helper process says what reading here says, and its end does not stop a line."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time

import msgspec
import pytest

from gemel.ingest.codes import table
from gemel.server import mllp_hear
from gemel.server.mllp_hear import MANY, Heard, Hearer, hear, hear_packed


def message(number: int, kind: str = "ORU^R01", patient: str = "p1^^^H^MR", value: str = "7.1") -> bytes:
    """A message with a result."""
    return (
        f"MSH|^~\\&|LAB|H|G|D|20260301080000+0000||{kind}|C{number}|P|2.5.1\r"
        f"PID|1||{patient}\rOBR|1|||718-7^Hb^LN|||20260301075500+0000\r"
        f"OBX|1|NM|718-7^Hb^LN||{value}|mmol/L|||||F|||20260301075500+0000\r"
    ).encode()


ODD = [b"no message", message(1, "ACK"), message(2, "QBP^Q11"), message(3, patient=""), message(4, value="much"),
       message(5).replace(b"|C5|", b"||"), message(6, "ADT^A01"),
       message(7).replace(b"mmol/L", b"bananas")]  # fmt: skip
AT = 1_772_352_000_000_000


def timeless(heard: list[Heard]) -> list[Heard]:
    """Without the second in which the answers were written (MSH-7)."""
    return [
        msgspec.structs.replace(one, answers=tuple(re.sub(rb"\|\d{14}[^|]*\|", b"||", a) for a in one.answers))
        for one in heard
    ]


def test_what_comes_back_packed_is_what_was_heard():
    here = [hear(raw, AT, "UTC", table()) for raw in ODD]
    packed = mllp_hear._UNPACK.decode(hear_packed(ODD, [AT] * len(ODD), "UTC"))
    assert timeless(packed) == timeless(here)
    assert [bool(one.garbled) for one in here] == [True] + [False] * 7 and here[1].silent
    assert [one.verdict.letter for one in here[2:]] == ["R", "E", "A", "E", "A", "A"]


@pytest.mark.slow
def test_many_messages_are_heard_in_the_helper_and_here_again_when_it_is_killed():
    raws = [message(n, value=f"{5 + n / 1000:.3f}") for n in range(MANY)]
    here = timeless([hear(raw, AT, "UTC", table()) for raw in raws])

    async def run() -> None:
        hearer = Hearer("UTC")
        try:
            assert timeless(await hearer.hear(raws, [AT] * MANY)) == here  # read here, while the helper begins
            end = time.monotonic() + 60.0
            while not hearer._up and time.monotonic() < end:
                await asyncio.sleep(0.02)
            assert hearer._up and hearer._pool is not None
            assert timeless(await hearer.hear(raws, [AT] * MANY)) == here
            (helper,) = hearer._pool._processes
            assert helper != os.getpid()
            os.kill(helper, signal.SIGKILL)
            assert timeless(await hearer.hear(raws, [AT] * MANY)) == here
            assert timeless(await hearer.hear(raws, [AT] * MANY)) == here and hearer._failed
        finally:
            hearer.stop()

    asyncio.run(run())


def test_few_messages_begin_no_helper():
    async def run() -> None:
        hearer = Hearer("UTC")
        found = await hearer.hear([message(1)], [AT])
        assert found[0].verdict.letter == "A" and hearer._pool is None
        hearer.stop()

    asyncio.run(run())
