"""Search and paging: each parameter finds what the standard says, no more and no less."""

from __future__ import annotations

from .sample import bundle, encounter, observation, patient, plain, posted, put, stay, urn

DAYS = [f"2026-03-{day:02}T08:00:00Z" for day in range(1, 11)]


def _record():
    """Ten readings of p1 on ten days, one of p2."""
    own = [
        put(
            observation("Patient/p1", 100 + n, id=f"o{n}", effectiveDateTime=at, status="final" if n else "preliminary")
        )
        for n, at in enumerate(DAYS)
    ]
    other = put(observation("Patient/p2", 50, id="x", effectiveDateTime=DAYS[0]))
    return bundle(put(patient(id="p1")), put(patient(id="p2", gender="male")), *own, other)


async def _found(served, query):
    done = await served.client.get(f"/fhir/{query}")
    assert done.status_code == 200, done.text
    return [e["resource"]["id"] for e in done.json().get("entry", []) if e["search"]["mode"] == "match"]


BY = [
    ("patient=p1", range(10)),
    ("patient=Patient/p1", range(10)),
    ("subject=Patient/p1", range(10)),
    ("patient=p1&date=2026-03-03", [2]),
    ("patient=p1&date=ge2026-03-09", [8, 9]),
    ("patient=p1&date=gt2026-03-09", [9]),
    ("patient=p1&date=le2026-03-02", [0, 1]),
    ("patient=p1&date=lt2026-03-02", [0]),
    ("patient=p1&date=ne2026-03-02&date=lt2026-03-04", [0, 2]),
    ("patient=p1&date=ge2026-03-02&date=lt2026-03-04", [1, 2]),
    ("patient=p1&date=2026-03", range(10)),
    ("patient=p1&date=2025", []),
    ("patient=p1&date=2026-03-01T08:00:00Z,2026-03-02", [0, 1]),
    ("patient=p1&date=2026-03-01T09:00:00%2B01:00", [0]),
    ("patient=p1&code=2339-0", range(10)),
    ("patient=p1&code=http://loinc.org|2339-0", range(10)),
    ("patient=p1&code=http://loinc.org|", range(10)),
    ("patient=p1&code=|2339-0", []),
    ("patient=p1&code=http://snomed.info/sct|2339-0", []),
    ("patient=p1&code=1-1,2339-0", range(10)),
    ("patient=p1&status=preliminary", [0]),
    ("patient=p1&status:not=preliminary", range(1, 10)),
    ("patient=p1&encounter:missing=true", range(10)),
    ("patient=p1&encounter:missing=false", []),
    ("_id=o3,o5,x1", [3, 5]),
    ("patient=p1&_id=o3", [3]),
    ("patient=nobody", []),
    ("patient=p1&_lastUpdated=gt2020", range(10)),
    ("patient=p1&_lastUpdated=lt2020", []),
]


def test_observations_are_found_by_what_the_standard_says(talk):
    async def scenario(served):
        assert (await served.client.post("/fhir", content=_record())).status_code == 200
        found = {query: await _found(served, f"Observation?{query}") for query, _ in BY}
        assert found == {query: [f"o{n}" for n in ids] for query, ids in BY}

    talk(scenario)


def test_pages_hold_everything_once_even_while_the_record_grows(talk):
    async def scenario(served):
        await served.client.post("/fhir", content=_record())
        url, seen, pages = "http://test/fhir/Observation?patient=p1&_count=3", [], 0
        while url:
            page = (await served.client.get(url)).json()
            seen += [e["resource"]["id"] for e in page["entry"]]
            pages += 1
            await served.client.put(
                f"/fhir/Observation/later{pages}", json=observation("Patient/p1", id=f"later{pages}")
            )
            await served.client.delete(f"/fhir/Observation/o{9 - pages}")
            url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
        assert seen == [f"o{n}" for n in range(10)] and pages == 4

    talk(scenario)


def test_results_come_in_the_order_asked_for(talk):
    async def scenario(served):
        await served.client.post("/fhir", content=_record())
        newest = await _found(served, "Observation?patient=p1&_sort=-date&_count=2")
        assert newest == ["o9", "o8"]
        counted = (await served.client.get("/fhir/Observation?patient=p1&_summary=count")).json()
        assert counted["total"] == 10 and "entry" not in counted

    talk(scenario)


PEOPLE = [
    ("identifier=urn:mrn|1", ["a"]),
    ("identifier=1", ["a"]),
    ("name=mull", ["a"]),
    ("name=MÜLL", ["a"]),
    ("family=müller", ["a"]),
    ("given=an", ["a", "b"]),
    ("given:exact=An", []),
    ("given:contains=nn", ["a", "b"]),
    ("birthdate=1960-05-17", ["a"]),
    ("birthdate=1960", ["a", "b"]),
    ("gender=male", ["b"]),
    ("gender=male,female", ["a", "b"]),
    ("_id=b", ["b"]),
    ("family=müller&gender=male", []),
    ("", ["a", "b"]),
]


def test_patients_are_found_by_what_the_standard_says(talk):
    async def scenario(served):
        a = patient(
            id="a", identifier=[{"system": "urn:mrn", "value": "1"}], name=[{"family": "Müller", "given": ["Anna"]}]
        )
        b = patient(
            id="b", birthDate="1960-07-01", gender="male", name=[{"family": "Smith", "given": ["Jo", "Annabel"]}]
        )
        await served.client.post("/fhir", content=bundle(put(a), put(b)))
        assert {query: await _found(served, f"Patient?{query}") for query, _ in PEOPLE} == dict(PEOPLE)

    talk(scenario)


def test_patients_beyond_one_portion_are_reached_by_the_next_link(talk, monkeypatch):
    monkeypatch.setattr("gemel.server.fhir.searching.PORTION", 4)

    async def scenario(served):
        people = [put(patient(id=f"p{n:02}", gender="male" if n == 9 else "female")) for n in range(10)]
        await served.client.post("/fhir", content=bundle(*people))
        url, seen = "http://test/fhir/Patient?gender=male", []
        while url:
            page = (await served.client.get(url)).json()
            seen += [e["resource"]["id"] for e in page.get("entry", [])]
            url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
        assert seen == ["p09"]

    talk(scenario)


def test_unknown_parameters_are_left_aside_or_refused_as_the_client_prefers(talk):
    async def scenario(served):
        await served.client.post("/fhir", content=stay())
        query = f"/fhir/Observation?patient={plain('ann')}&colour=red"
        lenient = (await served.client.get(query)).json()
        assert lenient["total"] == 2 and "colour" not in lenient["link"][0]["url"]
        aside = [e["resource"] for e in lenient["entry"] if e["search"]["mode"] == "outcome"]
        assert "colour" in aside[0]["issue"][0]["diagnostics"]
        strict = await served.client.get(query, headers={"prefer": "handling=strict"})
        assert strict.status_code == 400 and "colour" in strict.json()["issue"][0]["diagnostics"]

    talk(scenario)


REFUSED = [
    ("Observation", "too-costly"),
    ("Observation?code=2339-0", "too-costly"),
    ("Observation/_history", "too-costly"),
    ("Observation?patient=p1&date=yesterday", "invalid"),
    ("Observation?patient=p1&date=ap2026", "not-supported"),
    ("Observation?patient=p1&code:in=x", "not-supported"),
    ("Observation?patient=p1&_count=many", "invalid"),
    ("Observation?patient=p1&_sort=value", "not-supported"),
    ("Observation?patient=p1&_page=2", "invalid"),
    ("Observation?patient=p1&patient=p2", "not-supported"),
]


def test_a_search_that_cannot_be_done_is_refused_in_words(talk):
    async def scenario(served):
        await served.client.post("/fhir", content=_record())
        answers = {query: await served.client.get(f"/fhir/{query}") for query, _ in REFUSED}
        assert {done.status_code for done in answers.values()} == {400}
        assert {query: done.json()["issue"][0]["code"] for query, done in answers.items()} == dict(REFUSED)

    talk(scenario)


def test_a_search_can_be_posted_as_a_form(talk):
    async def scenario(served):
        await served.client.post("/fhir", content=_record())
        done = await served.client.post("/fhir/Observation/_search", data={"patient": "p1", "date": "ge2026-03-10"})
        assert [e["resource"]["id"] for e in done.json()["entry"]] == ["o9"]

    talk(scenario)


def test_a_stay_overlaps_the_days_it_lasts(talk):
    async def scenario(served):
        visit = encounter(urn("ann"), period={"start": "2026-03-02T22:00:00Z"})
        await served.client.post("/fhir", content=bundle(posted("ann", patient()), posted("v", visit)))
        for date, n in (
            ("ge2026-03-05", 1),
            ("gt2030", 1),
            ("lt2026-03-02", 0),
            ("2026-03-03", 0),
            ("ge2026-03-01", 1),
        ):
            page = (await served.client.get(f"/fhir/Encounter?patient={plain('ann')}&date={date}")).json()
            assert page["total"] == n, date

    talk(scenario)


def test_every_declared_type_and_parameter_answers(talk):
    async def scenario(served):
        await served.client.put("/fhir/Patient/p1", json=patient(id="p1"))
        told = (await served.client.get("/fhir/metadata")).json()
        assert told["fhirVersion"] == "4.0.1" and told["kind"] == "instance"
        for resource in told["rest"][0]["resource"]:
            names = {p["name"]: p["type"] for p in resource["searchParam"]}
            value = {"date": "ge2020", "token": "x", "string": "x", "reference": "Patient/x"}
            base = "patient=p1&" if "patient" in names else ""
            for name, type in names.items():
                if name in ("patient", "subject"):
                    continue
                done = await served.client.get(f"/fhir/{resource['type']}?{base}{name}={value[type]}")
                assert done.status_code == 200, (resource["type"], name, done.text)

    talk(scenario)
