"""Apple Health exports: what becomes a fact, clock changes, duplicates, broken files, and memory that does not grow."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.fact import Count, Exact, Intervention, Level
from gemel.core.units import parse
from gemel.ingest.apple_table import types, units
from gemel.ingest.codes import table
from tests.ingest.reading import read, terms

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!ELEMENT HealthData ANY>\n]>\n'


def record(kind: str, value: str, unit: str, start: str, end: str | None = None, made: str | None = None) -> str:
    return (
        f'<Record type="{kind}" sourceName="Watch" unit="{unit}" creationDate="{made or end or start}" '
        f'startDate="{start}" endDate="{end or start}" value="{value}"/>\n'
    )


def export(*elements: str) -> bytes:
    return (HEAD + '<HealthData locale="en_US">\n' + "".join(elements) + "</HealthData>\n").encode()


HEART = "HKQuantityTypeIdentifierHeartRate"
SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
NOON = "2025-03-09 12:00:00 -0400"


def test_a_reading_is_a_fact_at_its_end_known_when_the_phone_made_it() -> None:
    said = read(
        export(record(HEART, "61", "count/min", NOON, "2025-03-09 12:00:10 -0400", "2025-03-09 12:05:00 -0400"))
    )
    (fact,) = said.facts
    assert (fact.code, fact.unit) == ("loinc:8867-4", "/min")
    assert fact.at == instant("2025-03-09T16:00:10Z") and fact.recorded == instant("2025-03-09T16:05:00Z")


def test_times_on_both_sides_of_a_clock_change_keep_their_order() -> None:
    before, after = "2025-03-09 01:59:59 -0500", "2025-03-09 03:00:00 -0400"
    said = read(export(record(HEART, "60", "count/min", before), record(HEART, "61", "count/min", after)))
    first, second = (fact.at for fact in said.facts)
    assert second - first == 1_000_000


def test_a_saturation_of_1_is_100_percent() -> None:
    said = read(export(record("HKQuantityTypeIdentifierOxygenSaturation", "0.96", "%", NOON)))
    assert said.values("loinc:59408-5") == [(instant("2025-03-09T16:00:00Z"), Exact(96.0))]


def test_steps_are_counted_and_carbohydrates_are_eaten() -> None:
    said = read(
        export(
            record("HKQuantityTypeIdentifierStepCount", "160", "count", NOON),
            record("HKQuantityTypeIdentifierDietaryCarbohydrates", "45", "g", NOON),
        )
    )
    steps, meal = said.facts
    assert steps.code == "loinc:55423-8" and said.values("loinc:55423-8")[0][1] == Count(160)
    assert isinstance(meal, Intervention) and (meal.code, meal.dose, meal.unit) == ("gemel:carbohydrate", 45.0, "g")


def test_sleep_begins_ends_and_lasts() -> None:
    start, end = "2025-03-09 00:30:00 -0500", "2025-03-09 03:30:00 -0400"
    said = read(export(record(SLEEP, "HKCategoryValueSleepAnalysisAsleepREM", "", start, end)))
    began, ended = instant("2025-03-09T05:30:00Z"), instant("2025-03-09T07:30:00Z")
    assert said.values("gemel:sleep-stage") == [(began, Level("AsleepREM")), (ended, Level("end"))]
    assert said.values("loinc:93832-4") == [(ended, Exact((ended - began) / HOUR))]
    awake = read(export(record(SLEEP, "HKCategoryValueSleepAnalysisAwake", "", start, end)))
    assert not awake.values("loinc:93832-4")


def test_an_unknown_type_keeps_its_own_name_and_an_unknown_unit_is_refused() -> None:
    said = read(export(record("HKQuantityTypeIdentifierMood", "3", "count", NOON), record(HEART, "1", "furlong", NOON)))
    assert [fact.code for fact in said.facts] == ["apple:HKQuantityTypeIdentifierMood"]
    assert "furlong" in said.rejected[0].reason


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (record(HEART, "fast", "count/min", NOON), "not a number"),
        (record(HEART, "900", "count/min", NOON), "impossible value"),
        (record(HEART, "60", "count/min", "yesterday"), "bad time"),
        (record(HEART, "60", "count/min", "2025-13-09 12:00:00 -0400"), "bad time"),
        (record(HEART, "60", "count/min", "2025-03-09 24:00:00 -0400"), "bad time"),
    ],
)
def test_a_bad_record_is_refused_with_its_reason_and_the_next_is_read(bad: str, kind: str) -> None:
    said = read(export(bad, record(HEART, "60", "count/min", NOON)))
    assert [row.reason.partition(":")[0] for row in said.rejected] == [kind]
    assert len(said.facts) == 1


def test_the_same_record_twice_has_one_id_and_from_another_device_another() -> None:
    one = record(HEART, "60", "count/min", NOON)
    said = read(export(one, one, one.replace("Watch", "Phone")))
    first, again, other = (fact.id for fact in said.facts)
    assert first == again != other


def test_records_inside_a_correlation_are_read() -> None:
    upper = record("HKQuantityTypeIdentifierBloodPressureSystolic", "131", "mmHg", NOON)
    lower = record("HKQuantityTypeIdentifierBloodPressureDiastolic", "94", "mmHg", NOON)
    said = read(export(f'<Correlation type="BP">{upper}{lower}</Correlation>'))
    assert [fact.code for fact in said.facts] == ["loinc:8480-6", "loinc:8462-4"]
    assert said.account.to_dict()["correlations"] == 1


def test_a_workout_gives_what_it_was_and_how_long() -> None:
    workout = (
        '<Workout workoutActivityType="HKWorkoutActivityTypeRunning" sourceName="Watch" '
        'startDate="2025-03-09 07:00:00 -0500" endDate="2025-03-09 07:31:30 -0500"/>'
    )
    said = read(export(workout))
    start = instant("2025-03-09T12:00:00Z")
    assert said.values("gemel:workout") == [(start, Level("Running"))]
    assert said.values("gemel:workout-duration") == [(start + round(31.5 * MINUTE), Exact(31.5))]


def test_the_person_is_described_unless_the_subject_was_chosen() -> None:
    me = (
        '<Me HKCharacteristicTypeIdentifierDateOfBirth="1971-05-04" '
        'HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexFemale"/>'
    )
    (made,) = [write.enrol for write in read(export(me)).writes if write.enrol is not None]
    assert (made.born, made.sex) == (date(1971, 5, 4), "female")
    assert not [write for write in read(export(me), terms(chosen=True)).writes if write.enrol is not None]


def test_a_document_type_that_is_not_well_formed_does_no_harm() -> None:
    broken = HEAD.replace("<!ELEMENT HealthData ANY>", "<!ATTLIST Record\n  startDate CDATA #REQUIRED\n  <oops")
    said = read(export(record(HEART, "60", "count/min", NOON)).replace(HEAD.encode(), broken.encode()))
    assert len(said.facts) == 1 and not said.error


def test_entities_are_never_expanded() -> None:
    bomb = HEAD.replace("<!ELEMENT HealthData ANY>", '<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">')
    said = read(export(record("&b;", "60", "count/min", NOON)).replace(HEAD.encode(), bomb.encode()))
    assert "not XML" in said.error and not said.facts


def test_what_came_before_the_file_breaks_off_is_kept_and_the_break_is_named() -> None:
    content = export(*(record(HEART, str(60 + n % 40), "count/min", NOON) for n in range(3000)))
    cut = read(content[: len(content) // 2])
    assert "not XML" in cut.error and 1480 < len(cut.facts) <= 1500
    packed = read(gzip.compress(content)[:-600])
    assert "cut short" in packed.error


def test_the_zip_of_the_phone_gives_what_the_xml_gives(tmp_path: Path) -> None:
    content = export(*(record(HEART, str(60 + n), "count/min", NOON) for n in range(40)))
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("apple_health_export/export_cda.xml", b"<ClinicalDocument/>")
        archive.writestr("apple_health_export/export.xml", content)
    assert read(path).facts == read(content).facts == read(gzip.compress(content)).facts


_READ_ALL = """
import resource, sys
from pathlib import Path
from gemel.ingest.account import Account
from gemel.ingest.apple import read
from gemel.ingest.terms import Terms

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
on = Terms(who=lambda _: "someone", subject="someone")
facts = sum(len(write.facts) for write in read(Path(sys.argv[1]), on, Account("export")))
print(facts, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_an_export_of_50_megabytes_is_read_in_a_few(tmp_path: Path) -> None:
    path, at, lines = tmp_path / "export.xml.gz", "2025-03-09 12:{:02}:00 -0400", 1000
    block = "".join(record(HEART, str(50 + n % 100), "count/min", at.format(n % 60)) for n in range(lines)).encode()
    times = 50_000_000 // len(block)
    start, end = export().split(b"</HealthData>")
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(start)
        for _ in range(times):
            stream.write(block)
        stream.write(b"</HealthData>" + end)
    done = subprocess.run([sys.executable, "-c", _READ_ALL, str(path)], capture_output=True, text=True, check=True)
    facts, kilobytes = map(int, done.stdout.split())
    assert facts == lines * times and kilobytes < 30_000


def test_every_unit_and_code_of_the_tables_is_known() -> None:
    for unit in units().values():
        parse(unit)
    listed = [m.code for m in types().values() if m.code.startswith("loinc:") and table().get(m.code) is None]
    assert len(listed) < len(types()) / 2  # most are checked against limits


def test_the_counts_of_the_synthetic_export_are_reproduced(shared: Path) -> None:
    expected = json.loads((shared / "data/platform/expected.json").read_text())["apple_health"]
    said = read(shared / "data/platform/apple_health/export.xml.gz")
    assert {key: said.account.to_dict()[key] for key in expected} == expected
    assert not said.rejected
