"""Another FHIR server asked for news: our own facade plays the hospital's, behind a door that wants a SMART token."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gemel.core.errors import IngestError
from gemel.core.fact import Fact, Status
from gemel.core.ports import Caller
from gemel.ingest.outbound.smart import SigningKey, read_key
from gemel.server.poll_pull import CURSOR, Pulled, pull
from gemel.server.poll_source import Source, opened, read_sources
from gemel.store import SqliteStore
from tests.ingest.outbound.loopback import Asked, Reply, Servers
from tests.ingest.outbound.registry import CLIENT, Registry, jwk

ME = Caller(id="test")
HOP = ("connection", "transfer-encoding", "content-length", "content-encoding", "keep-alive")


class Door:
    """Before a FHIR server: a token endpoint, and nothing without a token of it.  `broken` pages answer with 500."""

    def __init__(self, inner: str, key: SigningKey) -> None:
        self.inner, self.registry, self.broken = inner, Registry(key), ""
        self.client = httpx.Client(timeout=60)

    def __call__(self, asked: Asked) -> Reply:
        if asked.path.endswith("smart-configuration") or asked.path == "/token":
            return self.registry(asked)
        if asked.headers.get("authorization") not in {f"Bearer token-{k + 1}" for k in range(self.registry.given)}:
            return 401, {}, b"no token"
        if self.broken and self.broken in asked.path:
            return 500, {}, b"out of order"
        passed = {"host": asked.headers["host"], "accept": asked.headers["accept"]}
        done = self.client.get(self.inner + asked.path, headers=passed)
        return done.status_code, {k: v for k, v in done.headers.items() if k not in HOP}, done.content


@dataclass
class Hospital:
    """A client that writes to the hospital's server, its door, the address to pull from, and our key."""

    writer: httpx.Client
    door: Door
    url: str
    key: str
    store: Path


@pytest.fixture(scope="module")
def hospital(spawned: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder = tmp_path_factory.mktemp("hospital")
    path = folder / "client.jwk"
    path.write_text(json.dumps(jwk.ECKey.generate_key("P-384").as_dict(private=True)))
    with spawned(str(folder)) as ehr, httpx.Client(base_url=f"{ehr.url}/fhir", timeout=60) as writer, Servers() as s:
        door = Door(ehr.url, read_key(path))
        door.registry.url = url = s(door).url
        yield Hospital(writer, door, f"{url}/fhir", str(path), folder / "gemel.db")
        door.client.close()


def put(writer: httpx.Client, *resources: dict[str, Any]) -> None:
    for resource in resources:
        done = writer.put(f"/{resource['resourceType']}/{resource['id']}", json=resource)
        assert done.status_code in (200, 201), done.text


def patient(id: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id, "birthDate": "1960-05-17", **more}


def glucose(id: str, who: str, value: float, at: str = "2026-03-01T08:30:00Z", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": id, "status": "final", "subject": {"reference": f"Patient/{who}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "2339-0"}]}, "effectiveDateTime": at,
        "issued": "2026-03-01T09:00:00Z",
        "valueQuantity": {"value": value, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
    } | more  # fmt: skip


def values(store: Any, subject: str) -> list[float]:
    """What holds now of each fact."""
    last = {fact.id: fact for _, fact in store.facts(subject, ME)}
    return sorted(f.value.value for f in last.values() if f.status is not Status.ENTERED_IN_ERROR)


Scenario = Callable[[Any], Awaitable[None]]


@pytest.fixture
def served(serving: Callable[..., Any]) -> Callable[[Scenario], None]:
    """Run `async def scenario(served)` against a service of ours, empty at first."""

    def run(scenario: Scenario) -> None:
        async def whole() -> None:
            async with serving() as own:
                await scenario(own)

        asyncio.run(whole())

    return run


async def pulled(own: Any, source: Source) -> Pulled:
    with opened(source, wait=lambda _: None) as web:
        return await pull(own.service, source, web, ME)


def test_everything_is_pulled_once_and_then_only_what_is_new_or_corrected(hospital: Hospital, served: Any) -> None:
    put(hospital.writer, patient("p1"), patient("p2"), glucose("x", "p2", 55))
    put(hospital.writer, *(glucose(f"o{k}", "p1", 100 + k, f"2026-03-01T08:3{k}:00Z") for k in range(7)))
    source = Source(url=hospital.url, client_id=CLIENT, key=hospital.key, page=3, patients=["p1", "p2"])
    given = hospital.door.registry.given

    async def scenario(own: Any) -> None:
        first = await pulled(own, source)
        assert (first.patients, first.new, first.changed, first.errors) == (2, 10, 0, {})
        assert values(own.service.store, "p1") == [100.0 + k for k in range(7)]
        assert values(own.service.store, "p2") == [55.0]
        facts = len(own.service.store.facts("p1", ME))
        assert (await pulled(own, source)).news == 0
        assert len(own.service.store.facts("p1", ME)) == facts
        put(hospital.writer, glucose("o3", "p1", 203, "2026-03-01T08:33:00Z", status="amended"))  # 'issued' as before
        put(hospital.writer, glucose("o4", "p1", 104, "2026-03-01T08:34:00Z", status="entered-in-error"))
        put(hospital.writer, glucose("o7", "p1", 107, "2026-03-01T08:37:00Z"))
        later = await pulled(own, source)
        assert (later.new, later.changed) == (1, 2)
        assert values(own.service.store, "p1") == [100, 101, 102, 105, 106, 107, 203]

    served(scenario)
    assert hospital.door.registry.given == given + 3  # one token for each pull, not for each request


def test_synthetic_records_pulled_give_the_facts_that_they_gave_where_they_were_sent(
    hospital: Hospital, served: Any, shared: Path
) -> None:
    files = sorted((shared / "data/platform/fhir_synthea_r4").glob("*.json.gz"))[:2]
    patients: list[str] = []
    for file in files:
        done = hospital.writer.post("", content=gzip.decompress(file.read_bytes()))
        assert done.status_code == 200, done.text
        names = [entry["response"]["location"].split("/") for entry in done.json()["entry"]]
        patients += [name[1] for name in names if name[0] == "Patient"]
    source = Source(url=hospital.url, client_id=CLIENT, key=hospital.key, patients=patients)

    async def scenario(own: Any) -> None:
        done = await pulled(own, source)
        assert (done.patients, done.errors, dict(done.refused)) == (2, {}, {})
        with SqliteStore(hospital.store) as theirs:
            for patient in patients:
                ours = [fact for _, fact in own.service.store.facts(patient, ME)]
                assert ours
                assert sorted(map(said, ours)) == sorted(said(fact) for _, fact in theirs.facts(patient, ME))

    served(scenario)


def said(fact: Fact) -> tuple[str, str, int, str]:
    """But for when it was recorded: pulled, it is known since their server had it."""
    return fact.id, fact.code, fact.at, repr(getattr(fact, "value", None))


def test_what_breaks_off_is_pulled_the_next_time_and_nothing_twice(hospital: Hospital, served: Any) -> None:
    put(hospital.writer, patient("q1"))
    put(hospital.writer, *(glucose(f"q-o{k}", "q1", 100 + k, f"2026-03-01T08:3{k}:00Z") for k in range(6)))
    source = Source(
        url=hospital.url, client_id=CLIENT, key=hospital.key, page=2, types=["Observation"], patients=["q1"]
    )

    async def scenario(own: Any) -> None:
        store = own.service.store
        hospital.door.broken = "_page="
        assert "500" in (await pulled(own, source)).errors["q1"]
        assert values(store, "q1") == [100, 101]  # the first page is kept ...
        assert store.documents("", ME, kinds=frozenset({CURSOR})) == []  # ... and there is no cursor yet
        hospital.door.broken = ""
        whole = await pulled(own, source)
        assert (whole.new, whole.errors) == (4, {})
        assert [fact.value.value for _, fact in store.facts("q1", ME)] == [100.0 + k for k in range(6)]
        assert len(store.documents("", ME, kinds=frozenset({CURSOR}))) == 1

    served(scenario)


def test_a_person_known_by_number_is_one_and_a_taken_id_is_not_confused(hospital: Hospital, served: Any) -> None:
    number = [{"system": "urn:mrn", "value": "77"}]
    put(hospital.writer, patient("1", identifier=number), glucose("n1", "1", 111))
    put(hospital.writer, patient("2"), glucose("n2", "2", 222))
    source = Source(url=hospital.url, client_id=CLIENT, key=hospital.key, patients=["1", "2"])

    async def scenario(own: Any) -> None:
        for body in ({"id": "here", "identifiers": ["urn:mrn|77"]}, {"id": "1"}, {"id": "2"}):
            assert (await own.client.post("/api/subjects", json=body)).status_code < 300
        for _ in range(2):
            done = await pulled(own, source)
            assert (done.errors, dict(done.refused)) == ({}, {})
        store = own.service.store
        assert values(store, "here") == [111]
        assert values(store, "1") == values(store, "2") == []  # these are other people, who came here first
        other = store.find(f"{hospital.url}/Patient|2", ME)
        assert other not in (None, "2")
        assert values(store, other) == [222]
        bodies = [json.loads(d.body) for d in store.documents("here", ME, kinds=frozenset({"Observation"}))]
        assert [body["subject"]["reference"] for body in bodies] == ["Patient/here"]

    served(scenario)


@pytest.mark.slow
def test_a_running_service_asks_by_itself_and_goes_on_after_it_was_killed(
    hospital: Hospital, spawned: Callable[..., Any], tmp_path: Path
) -> None:
    put(hospital.writer, patient("r1"), glucose("r-o0", "r1", 100))
    sources = tmp_path / "sources.toml"
    sources.write_text(
        f'[[source]]\nurl = "{hospital.url}"\nclient_id = "{CLIENT}"\nkey = "{hospital.key}"\nevery_s = 1\n'
    )
    folder = tmp_path / "own"
    with spawned(str(folder), "--sources", str(sources)) as own:
        until(lambda: count(own.url) == 1)
        put(hospital.writer, glucose("r-o1", "r1", 101, "2026-03-01T08:31:00Z"))
        until(lambda: count(own.url) == 2)
        own.process.kill()
        own.process.wait(30)
    put(hospital.writer, glucose("r-o2", "r1", 102, "2026-03-01T08:32:00Z"))
    with spawned(str(folder), "--sources", str(sources)) as own:
        until(lambda: count(own.url) == 3)
        until(lambda: "0 not asked" in httpx.get(f"{own.url}/readyz").text)
        assert own.stop() == 0
    with SqliteStore(folder / "gemel.db") as store:
        assert [fact.value.value for _, fact in store.facts("r1", ME)] == [100, 101, 102]


class Ward:
    """A FHIR server of hand-written answers, by path."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def __call__(self, asked: Asked) -> Reply:
        told = self.answers.get(asked.path.partition("?")[0])
        return (404, {}, b"{}") if told is None else (200, {}, json.dumps(told).encode())


def searchset(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in resources], **more}


def test_a_resource_that_cannot_be_taken_is_kept_as_rejected_once_and_the_others_come_in(served: Any) -> None:
    broken = {**glucose("bad", "p1", 1), "valueQuantity": "high"}
    stray = glucose("stray", "somebody-else", 5)
    ward = Ward({"/Patient/p1": patient("p1"), "/Observation": searchset(glucose("good", "p1", 120), broken, stray)})

    async def scenario(own: Any) -> None:
        with Servers() as servers:
            source = Source(url=servers(ward).url, types=["Observation"], patients=["p1"])
            done = await pulled(own, source)
            assert (done.new, done.errors, done.refused.total()) == (2, {}, 2)
            assert (await pulled(own, source)).news == 0
        assert values(own.service.store, "p1") == [120]
        kept = own.service.store.rejected(ME)
        assert len(kept) == 2
        assert any("somebody-else" in row.reason for row in kept)

    served(scenario)


def test_fewer_results_than_the_server_told_of_leave_the_cursor_where_it_is(served: Any) -> None:
    ward = Ward({"/Patient/p1": patient("p1"), "/Observation": searchset(glucose("a", "p1", 120), total=2)})

    async def scenario(own: Any) -> None:
        with Servers() as servers:
            done = await pulled(own, Source(url=servers(ward).url, types=["Observation"], patients=["p1"]))
        assert "2 match" in done.errors["p1"]
        assert own.service.store.documents("", ME, kinds=frozenset({CURSOR})) == []

    served(scenario)


def test_the_medication_that_a_dose_names_is_asked_for(served: Any) -> None:
    given = {
        "resourceType": "MedicationAdministration", "id": "d1", "status": "completed",
        "subject": {"reference": "Patient/p1"}, "medicationReference": {"reference": "Medication/m1"},
        "effectiveDateTime": "2026-03-01T08:30:00Z", "dosage": {"dose": {
            "value": 4, "unit": "IU", "system": "http://unitsofmeasure.org", "code": "[IU]"}},
    }  # fmt: skip
    code = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "865098"}]}
    ward = Ward({
        "/Patient/p1": patient("p1"), "/MedicationAdministration": searchset(given),
        "/Medication/m1": {"resourceType": "Medication", "id": "m1", "code": code},
    })  # fmt: skip

    async def scenario(own: Any) -> None:
        with Servers() as servers:
            done = await pulled(own, Source(url=servers(ward).url, types=["MedicationAdministration"], patients=["p1"]))
        assert (done.new, done.errors) == (3, {})
        ((_, fact),) = own.service.store.facts("p1", ME)
        assert (fact.code, fact.dose) == ("gemel:rapid-insulin", 4.0)

    served(scenario)


def test_nothing_older_than_asked_for_is_asked_for(served: Any) -> None:
    ward = Ward({"/Patient/p1": patient("p1"), "/Observation": searchset()})

    async def scenario(own: Any) -> None:
        with Servers() as servers:
            server = servers(ward)
            since = "2026-03-01T00:00:00Z"
            await pulled(own, Source(url=server.url, types=["Observation"], patients=["p1"], since=since))
            (search,) = [asked.path for asked in server.asked if asked.path.startswith("/Observation")]
        assert "_lastUpdated=ge2026-03-01T00%3A00%3A00.000Z" in search

    served(scenario)


def until(done: Callable[[], bool], within: float = 60.0) -> None:
    end = time.monotonic() + within
    while not done():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def count(url: str) -> int:
    answer = httpx.get(f"{url}/api/subjects/r1/holdings", timeout=30)
    return int(answer.json()["records"]) if answer.status_code == 200 else 0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("source = 3", "no list of sources"),
        ('[[source]]\nurl = "https://a"\nclient_id = "x"', "go together"),
        ('[[source]]\nurl = "https://a"\ntypes = ["Patience"]', "Patience"),
        ('[[source]]\nurl = "https://a"\nsince = "yesterday"', "yesterday"),
        ('[[source]]\nurl = "https://a"\ncolour = 1', "colour"),
        ('[[source]]\nurl = "https://a"\n[[source]]\nurl = "https://a/"', "twice"),
    ],
)
def test_a_file_of_sources_that_is_wrong_is_refused_by_name(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "sources.toml").write_text(text)
    with pytest.raises(IngestError, match=fault):
        read_sources(tmp_path / "sources.toml")
