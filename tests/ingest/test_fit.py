"""Garmin FIT: a file of our own making, byte by byte, and the samples with the counts of Garmin's own kit."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from gemel.core.clock import SECOND, instant
from gemel.core.fact import Count, Exact
from tests.ingest.reading import read, terms

pytest.importorskip("fitdecode", reason="the extra 'signals' is not installed")

EPOCH = instant("1989-12-31T00:00:00Z")
NOON = (instant("2024-06-01T12:00:00Z") - EPOCH) // SECOND
Field = tuple[int, int, int]
"""Number, size in bytes, base type."""
U8, U16, U32 = (1, 0x02), (2, 0x84), (4, 0x86)
TIMESTAMP = (253, *U32)


def crc(content: bytes) -> int:
    """CRC-16 with polynomial 0xA001, as the FIT protocol has it, bit by bit."""
    value = 0
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return value


def definition(local: int, message: int, fields: Sequence[Field]) -> bytes:
    body = struct.pack("<BBBHB", 0x40 | local, 0, 0, message, len(fields))
    return body + b"".join(struct.pack("BBB", *field) for field in fields)


def data(local: int, form: str, *values: int) -> bytes:
    return struct.pack("<B" + form, local, *values)


def file(*messages: bytes) -> bytes:
    body = b"".join(messages)
    head = struct.pack("<BBHI4s", 14, 0x10, 2078, len(body), b".FIT")
    whole = head + struct.pack("<H", crc(head)) + body
    return whole + struct.pack("<H", crc(whole))


RECORD = definition(0, 20, [TIMESTAMP, (3, *U8)])  # heart_rate


def test_a_heart_rate_is_a_fact_at_its_time_and_the_mean_is_told() -> None:
    said = read(file(RECORD, data(0, "IB", NOON, 60), data(0, "IB", NOON + 1, 70), data(0, "IB", NOON + 2, 255)))
    at = instant("2024-06-01T12:00:00Z")
    assert said.values("loinc:8867-4") == [(at, Exact(60.0)), (at + SECOND, Exact(70.0))]  # 255 means none
    told = said.account.to_dict()
    assert (told["hr_n"], told["hr_mean"], told["garmin_messages"]) == (2, 65.0, {"record_mesgs": 3})


def test_steps_are_what_the_counter_gained_and_short_time_stamps_count_on() -> None:
    whole = definition(0, 55, [TIMESTAMP, (5, 1, 0x00), (3, *U32)])  # activity_type, cycles
    short = definition(1, 55, [(26, *U16), (5, 1, 0x00), (3, *U32)])
    later = NOON + 70_000  # the 16 bits turn over once
    rows = data(0, "IBI", NOON, 6, 100), data(1, "HBI", later & 0xFFFF, 6, 160), data(0, "IBI", later + 60, 6, 30)
    said = read(file(whole, short, *rows))
    first = instant("2024-06-01T12:00:00Z")
    turned = first + ((later & 0xFFFF) - NOON) % 65536 * SECOND
    assert said.values("loinc:55423-8") == [
        (first, Count(100)),
        (turned, Count(60)),
        (first + 70_060 * SECOND, Count(30)),  # the counter began anew
    ]


def test_a_clock_that_counts_from_the_start_is_set_by_the_closing_message() -> None:
    activity = definition(1, 34, [TIMESTAMP, (5, *U32)])  # local_timestamp
    local = (instant("2024-06-01T14:00:00Z") - EPOCH) // SECOND
    said = read(file(RECORD, activity, data(1, "II", 1000, local), data(0, "IB", 1010, 60)), terms("Europe/Paris"))
    assert said.values("loinc:8867-4") == [(instant("2024-06-01T12:00:10Z"), Exact(60.0))]
    lost = read(file(RECORD, data(0, "IB", 1010, 60)))
    assert not lost.facts and lost.rejected[0].reason.startswith("no time")


def test_two_users_of_one_scale_are_two_people() -> None:
    profile = definition(0, 3, [(254, *U16)])
    weight = definition(1, 30, [TIMESTAMP, (0, *U16), (12, *U16)])  # weight, user_profile_index
    people = [data(0, "H", 0), data(0, "H", 1)]
    said = read(file(profile, weight, *people, data(1, "IHH", NOON, 7000, 0), data(1, "IHH", NOON + 9, 9000, 1)))
    assert len({write.subject for write in said.writes}) == 2
    alone = read(file(profile, weight, people[0], data(1, "IHH", NOON, 7000, 0)))
    assert [write.subject for write in alone.writes] == ["someone"]
    assert alone.values("loinc:29463-7")[0][1] == Exact(70.0)


def test_a_wrong_checksum_is_named_and_what_was_read_is_kept() -> None:
    content = bytearray(file(RECORD, data(0, "IB", NOON, 60)))
    content[-1] ^= 1
    said = read(bytes(content))
    assert "FitCRCError" in said.error and len(said.facts) == 1


def test_an_early_end_is_named_and_what_was_read_is_kept() -> None:
    said = read(file(RECORD, *(data(0, "IB", NOON + n, 60) for n in range(50)))[:-40])
    assert "FitEOFError" in said.error and 30 < len(said.facts) < 50


SAMPLES = [
    "Activity.fit", "MonitoringFile.fit", "WeightScaleMultiUser.fit", "activity-filecrc.fit",
    "activity-unexpected-eof.fit", "garmin-fenix-5-run.fit", "sample-activity-indoor-trainer.fit",
]  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_the_messages_are_those_that_the_kit_of_garmin_counts(shared: Path, name: str) -> None:
    expected = json.loads((shared / "data/platform/expected.json").read_text())["fit"][name]
    said = read(shared / "data/platform/fit" / name)
    wanted = {key: value for key, value in expected.items() if key in ("garmin_messages", "hr_n", "hr_mean")}
    assert {key: said.account.to_dict().get(key) for key in wanted} == wanted
    assert bool(said.error) == bool(expected["garmin_errors"])


def test_where_the_kit_gives_up_on_compressed_times_every_record_is_read(shared: Path) -> None:
    said = read(shared / "data/platform/fit/compressed-speed-distance.fit")
    expected = json.loads((shared / "data/platform/expected.json").read_text())["fit"]["compressed-speed-distance.fit"]
    told = said.account.to_dict()
    assert sum(told["garmin_messages"].values()) == expected["fitdecode_data_messages"]
    assert told["hr_n"] == len(said.values("loinc:8867-4"))
