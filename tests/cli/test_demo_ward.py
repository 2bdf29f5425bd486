"""The ward demo: a real service filled through its real doors, and devices that go on where the past ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from gemel.cli.demo_ward_feed import acts, admissions, bed_of, bundle, history
from gemel.cli.demo_ward_life import AHEAD, Patient
from gemel.cli.demo_ward_live import Census, Monitor, Sensor, due
from gemel.core.clock import HOUR, MINUTE, SECOND
from gemel.ingest import hl7v2

NOW = 1_800_000_000 * SECOND


def patient(number: int = 1) -> Patient:
    """Flat readings each minute, a meal before and one after the present."""
    glucose = tuple((NOW + k * MINUTE, 100.0 + k % 7) for k in range(-120, AHEAD // MINUTE + 1))
    meals = ((NOW - HOUR, 40.0), (NOW + HOUR, 50.0))
    return Patient(number, "steady", 70.0, 0.9, glucose, ((NOW - HOUR, 4.0),), meals)


def test_beds_are_all_different_and_fill_one_ward_after_the_other() -> None:
    beds = [bed_of(k, 24) for k in range(1, 25)]
    assert len(set(beds)) == 24 and {bed.split("/")[0] for bed in beds[:12]} == {"North"}
    assert {bed.split("/")[0] for bed in beds[12:]} == {"South"}


def test_an_admission_is_of_the_patient_whom_the_bundle_makes_known() -> None:
    people = [patient(1), patient(2)]
    (said,) = hl7v2.said(hl7v2.parse(admissions(people, NOW)[1]), zone="UTC")
    resource = bundle(people)["entry"][1]["resource"]
    assert said.person is not None and not said.rejected
    assert said.person.identifiers[0].endswith(f"|{resource['identifier'][0]['value']}")
    assert said.facts[0].entity == bed_of(2, 2)


def test_the_past_ends_where_the_devices_begin_and_nothing_is_told_twice() -> None:
    one = patient()
    before = history(one, "s", NOW)
    sensor = Sensor("s", one, NOW)
    after = due([sensor], NOW, NOW + 20 * MINUTE)
    assert max(row["at"] for row in before) <= NOW < min(row["at"] for row in after)
    halves = [*due([sensor], NOW, NOW + 7 * MINUTE), *due([sensor], NOW + 7 * MINUTE, NOW + 20 * MINUTE)]
    assert sorted(halves, key=lambda row: row["at"]) == sorted(after, key=lambda row: row["at"])
    assert len({(row["code"], row["at"]) for row in after}) == len(after)
    assert {row["dose"] for row in acts(one, "s", NOW - 2 * HOUR, NOW)} == {4.0, 40.0}


def test_a_life_that_has_been_told_to_its_end_begins_again() -> None:
    sensor = Sensor("s", patient(), NOW)
    told = [row["value"] for row in due([sensor], NOW, NOW + 2 * AHEAD + MINUTE) if "value" in row]
    life = AHEAD // MINUTE
    assert len(told) == 2 * life and told[:life] == told[life:]


def test_monitors_and_the_desk_of_a_ward_tell_at_their_own_pace() -> None:
    told = due([Monitor("m", 1), Census("w", 12)], NOW, NOW + MINUTE)
    assert sum(row["subject"] == "m" for row in told) == 12 * 3
    assert [row["value"] for row in told if row["subject"] == "w"] == [{"is": "count", "n": 12}]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[subprocess.Popen[str], str]]:
    folder = tmp_path_factory.mktemp("ward")
    command = [sys.executable, "-c", "from gemel.cli import main; main()", "demo", "ward", "--beds", "3"]
    with subprocess.Popen(
        [*command, "--folder", str(folder), "--json"], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "GEMEL_DEMO_HEADLESS": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def test_the_ward_is_filled_through_its_doors_and_ends_when_it_is_told_to(
    demo: tuple[subprocess.Popen[str], str],
) -> None:
    process, line = demo
    told = json.loads(line)
    with httpx.Client(base_url=told["url"], timeout=60) as web:
        board = web.get("/api/board").json()
        rows = {row["name"] or row["id"]: row for row in board["subjects"]}
        assert told["subjects"] == len(rows) == 5 and told["twins"] == sum(len(r["twins"]) for r in rows.values())
        assert set(rows) == {"Alder Virtual", "Ash Virtual", "Aspen Virtual", "ward-north", "pump-7"}
        assert {row["place"] for row in rows.values()} == {"North", "South"}
        assert rows["Alder Virtual"]["twins"][0]["outlook"]["observable"] == "glucose"
        assert rows["Aspen Virtual"]["twins"] == [] and rows["ward-north"]["kind"] == "ward"
        facts = web.get(f"/api/subjects/{rows['Alder Virtual']['id']}/facts", params={"limit": 10_000}).json()["facts"]
        sources = {one["fact"]["source"] for one in facts if one["fact"]["code"] == "loinc:99504-3"}
        assert sources == {"simulated"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(told["url"])
    assert Path(told["data"], "gemel.db").is_file()
