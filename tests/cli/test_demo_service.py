"""The service at the end of the demo: a real process is fed through its real doors, and what is told of it is so."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from gemel.cli import demo_service, demo_talk, speak
from gemel.cli.demo_doors import figures
from gemel.cli.demo_feed import RECORD, Feed, admission, result, transaction
from gemel.cli.demo_service import serve_feed
from gemel.cli.shapes_service import DoorSeen, ServiceSeen
from gemel.core.clock import HOUR, MINUTE
from gemel.core.errors import GemelError
from gemel.core.fact import Exact, Intervention, Observation
from gemel.core.ports import Caller
from gemel.ingest import fhir, hl7v2
from gemel.runtime.site import wall_clock
from gemel.store import SqliteStore

ME = Caller(id="test")
READINGS, LIVE = 60, 6


@pytest.fixture(scope="module")
def feed() -> Feed:
    """Five hours of a sensor that never leaves the range, a bolus and a meal."""
    now = wall_clock()
    glucose = tuple((now - k * 5 * MINUTE - MINUTE, 120.0 + k % 7) for k in reversed(range(READINGS + LIVE)))
    meal = now - 3 * HOUR
    return Feed(
        now=now, basal=0.9, glucose=glucose[:-LIVE], boluses=((meal, 4.5),), meals=((meal, 45.0),), live=glucose[-LIVE:]
    )


@pytest.fixture(scope="module")
def seen(feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> ServiceSeen:
    return serve_feed(feed, tmp_path_factory.mktemp("demo"), lambda door: None)


def came_back(seen: ServiceSeen, door: str) -> list[str]:
    return [one.came_back for one in seen.doors if one.door == door]


def test_what_is_sent_means_the_same_to_readers_that_do_not_know_the_demo(feed: Feed, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.json"
    bundle.write_text(json.dumps(transaction(feed)))
    facts = [fact for fact in fhir.read(bundle) if isinstance(fact, (Observation, Intervention))]
    sensor = [(f.at // 10**6, f.value) for f in facts if isinstance(f, Observation) and f.code == "loinc:99504-3"]
    assert sensor == [(at // 10**6, Exact(round(value, 1))) for at, value in feed.glucose]
    assert [(f.code, f.dose) for f in facts if isinstance(f, Intervention)] == [("gemel:rapid-insulin", 4.5)]
    ((came,), (read,)) = (hl7v2.said(hl7v2.parse(raw), zone="UTC") for raw in (admission(feed), result(feed, 87.0)))
    assert came.person == read.person and came.person.identifiers[0].endswith(f"|{RECORD}")
    assert [fact.code for fact in came.facts] == ["gemel:movement", "gemel:visit"] and not came.rejected
    assert [(fact.code, fact.value) for fact in read.facts] == [("loinc:59408-5", Exact(87.0))] and not read.rejected


@pytest.mark.slow
def test_every_door_answers_and_the_store_holds_what_was_sent(seen: ServiceSeen, feed: Feed) -> None:
    assert came_back(seen, "FHIR R4")[0] == f"{READINGS + 3} x 201"
    assert came_back(seen, "HL7 v2 (MLLP)") == ["AA AA AA"]
    assert {"facts", "belief", "forecast", "alert"} <= set(seen.events)
    assert seen.same_facts and came_back(seen, "SIGTERM") == ["ended with 0"]
    with SqliteStore(Path(seen.data) / "gemel.db") as store:
        (person,) = [one for one in store.subjects(ME) if one.kind == "person"]
        held = [fact for _, fact in store.facts(person.id, ME)]
        assert person.id == seen.subject and store.twins(ME, person.id) == [seen.twin]
    codes = Counter(fact.code for fact in held)
    assert len(held) == seen.facts
    assert (codes["loinc:99504-3"], codes["loinc:59408-5"], codes["gemel:movement"]) == (READINGS + LIVE, 1, 1)
    assert (codes["gemel:carbohydrate"], codes["gemel:rapid-insulin"]) == (1, 2)


@pytest.mark.slow
def test_a_model_without_a_voice_gives_no_card_and_one_with_a_voice_does(seen: ServiceSeen) -> None:
    before, after = came_back(seen, "CDS Hooks")
    assert before == "no card: the model is silent"
    assert "Glucose in 60 min" in after


@pytest.mark.slow
def test_mqtt_is_used_where_there_is_a_broker_and_named_where_there_is_none(seen: ServiceSeen) -> None:
    assert bool(came_back(seen, "MQTT")) is not ("MQTT" in seen.left_out)


def test_what_cannot_run_is_left_out_by_name(monkeypatch: pytest.MonkeyPatch, feed: Feed, tmp_path: Path) -> None:
    monkeypatch.setattr(demo_talk, "BROKER", "mqtt://127.0.0.1:1")
    assert "127.0.0.1:1" in demo_talk.broker()
    monkeypatch.setattr(demo_service, "NEEDS", ("no_such_package",))
    found = serve_feed(feed, tmp_path, lambda door: pytest.fail("something ran"))
    assert "no_such_package" in found.left_out["service"] and not list(tmp_path.iterdir())


def test_a_service_that_does_not_start_is_told_with_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(GemelError, match=r"service\.log"), demo_talk.running(
        tmp_path, tmp_path / "service.log", "--zone", "Mars/One"
    ):  # fmt: skip
        pytest.fail("it runs")
    assert "Mars/One" in (tmp_path / "service.log").read_text()


def test_an_old_folder_that_is_not_the_demos_is_left_alone(feed: Feed, tmp_path: Path) -> None:
    """A folder called 'service' that holds no store may be anybody's."""
    (tmp_path / "service").mkdir()
    kept = tmp_path / "service" / "mine.txt"
    kept.write_text("mine")
    demo_service._stage(feed, tmp_path, lambda door: None, ())
    assert kept.read_text() == "mine"
    (tmp_path / "service" / "gemel.db").touch()
    demo_service._stage(feed, tmp_path, lambda door: None, ())
    assert not kept.exists()


def test_figures_are_read_whatever_their_labels_hold() -> None:
    text = '# HELP a b c\nplain 2.0\nwith{reason="no subject # here"} 4.0\n'
    assert figures(text) == {"plain": 2.0, 'with{reason="no subject # here"}': 4.0}


def test_the_table_tells_door_by_door(capsys: pytest.CaptureFixture[str]) -> None:
    door = DoorSeen(door="FHIR R4", sent="a bundle", came_back="3 x 201", seconds=0.5)
    speak._service(ServiceSeen(doors=[door], events={"facts": 2}, facts=7, same_facts=False, left_out={"MQTT": "none"}))
    told = capsys.readouterr().out
    assert all(word in told for word in ("FHIR R4", "a bundle", "3 x 201", "2 facts", "NOT the same", "left out: MQTT"))
