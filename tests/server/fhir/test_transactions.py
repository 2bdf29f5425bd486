"""Transactions and batches: all or none, new ids, references that lead there, and sending again doubles nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from gemel.core.ports import Caller
from tests.store.server import new_schema

from .sample import bundle, observation, organization, patient, plain, posted, put, stay, urn

CALLER = Caller(id="test")


def _names(response: Any) -> list[str]:
    return [e["response"]["location"].partition("/_history/")[0] for e in response.json()["entry"]]


def test_every_entry_is_created_under_its_patient_and_references_lead_there(talk):
    async def scenario(served):
        done = await served.client.post("/fhir", content=stay())
        assert done.status_code == 200 and done.json()["type"] == "transaction-response"
        assert [e["response"]["status"] for e in done.json()["entry"]] == ["201 Created"] * 5
        who, hospital, visit, first, second = _names(done)
        assert who == f"Patient/{plain('ann')}" and hospital == f"Organization/{plain('hospital')}"
        for name in (visit, first, second):
            assert name.partition("/")[2].startswith(f"{plain('ann')}.") and len(name.partition("/")[2]) <= 64
        kept = (await served.client.get(f"/fhir/{second}")).json()
        assert kept["subject"] == {"reference": who} and kept["derivedFrom"] == [{"reference": first}]
        seen = (await served.client.get(f"/fhir/{visit}")).json()
        assert seen["serviceProvider"] == {"reference": hospital}

    talk(scenario)


def test_a_transaction_that_is_sent_again_doubles_nothing(talk):
    async def scenario(served):
        first = await served.client.post("/fhir", content=stay())
        before = served.service.store.facts(plain("ann"), CALLER)
        again = await served.client.post("/fhir", content=stay())
        assert _names(again) == _names(first)
        assert {e["response"]["status"] for e in again.json()["entry"]} == {"200 OK"}
        assert {e["response"]["etag"] for e in again.json()["entry"]} == {'W/"1"'}
        assert served.service.store.facts(plain("ann"), CALLER) == before and len(before) == 4

    talk(scenario)


def test_one_bad_entry_leaves_nothing_of_a_transaction(talk):
    async def scenario(served):
        bad = observation(urn("ann"), valueQuantity={"value": "high"})
        other = posted("bob/o", observation("Patient/nobody-here"))
        for broken, code in ((posted("ann/bad", bad), "structure"), (other, "not-found")):
            sent = bundle(posted("ann", patient()), posted("ann/good", observation(urn("ann"))), broken)
            done = await served.client.post("/fhir", content=sent)
            assert done.status_code == 422 and done.json()["issue"][0]["code"] == code
            assert served.service.store.subject(plain("ann"), CALLER) is None
            assert (await served.client.get(f"/fhir/Patient/{plain('ann')}")).status_code == 404

    talk(scenario)


def test_transactions_over_two_patients_are_one_commit_and_keep_them_apart(talk):
    async def scenario(served):
        sent = bundle(
            posted("ann", patient()), posted("bob", patient(gender="male")),
            posted("a", observation(urn("ann"), 100)), posted("b", observation(urn("bob"), 200)),
        )  # fmt: skip
        assert (await served.client.post("/fhir", content=sent)).status_code == 200
        for name, value in (("ann", 100), ("bob", 200)):
            page = (await served.client.get(f"/fhir/Observation?patient={plain(name)}")).json()
            assert [e["resource"]["valueQuantity"]["value"] for e in page["entry"]] == [value]

    talk(scenario)


def test_a_batch_does_what_it_can_and_says_what_failed(talk):
    async def scenario(served):
        sent = bundle(
            put(patient(id="p1")), put(observation("Patient/none", id="o1")),
            {"request": {"method": "GET", "url": "metadata"}}, {"request": {"method": "GET", "url": "Patient/none"}},
            {"request": {"method": "DELETE", "url": "Patient/p2"}},
            {"request": {"method": "PATCH", "url": "Patient/p1"}},
            type="batch",
        )  # fmt: skip
        done = await served.client.post("/fhir", content=sent)
        assert done.status_code == 200 and done.json()["type"] == "batch-response"
        told = [e["response"]["status"][:3] for e in done.json()["entry"]]
        assert told == ["201", "422", "200", "404", "204", "400"]
        assert done.json()["entry"][2]["resource"]["resourceType"] == "CapabilityStatement"
        assert done.json()["entry"][1]["response"]["outcome"]["issue"][0]["code"] == "not-found"
        assert (await served.client.get("/fhir/Patient/p1")).status_code == 200

    talk(scenario)


def test_a_transaction_deletes_updates_creates_and_reads_together(talk):
    async def scenario(served):
        await served.client.post(
            "/fhir", content=bundle(put(patient(id="p1")), put(observation("Patient/p1", id="o1")))
        )
        sent = bundle(
            {"request": {"method": "GET", "url": "Observation?patient=p1"}},
            {"request": {"method": "DELETE", "url": "Observation/o1"}},
            put(patient(id="p1", gender="other"), ifMatch='W/"1"'), posted("new", observation("Patient/p1", 99)),
        )  # fmt: skip
        done = await served.client.post("/fhir", content=sent)
        entries = done.json()["entry"]
        assert [e["response"]["status"][:3] for e in entries] == ["200", "204", "200", "201"]
        left = entries[0]["resource"]["entry"]
        assert [e["resource"]["valueQuantity"]["value"] for e in left] == [99]

    talk(scenario)


def test_a_stale_version_in_a_transaction_stops_all_of_it(talk):
    async def scenario(served):
        await served.client.put("/fhir/Patient/p1", json=patient(id="p1"))
        await served.client.put("/fhir/Patient/p1", json=patient(id="p1", gender="male"))
        sent = bundle(put(patient(id="p1", gender="other"), ifMatch='W/"1"'), put(patient(id="p2")))
        done = await served.client.post("/fhir", content=sent)
        assert done.status_code == 412 and "version 2" in done.json()["issue"][0]["diagnostics"]
        assert (await served.client.get("/fhir/Patient/p2")).status_code == 404

    talk(scenario)


def test_a_conditional_create_finds_what_is_there(talk):
    async def scenario(served):
        known = [{"system": "urn:x", "value": "H 1"}]
        who = [{"system": "urn:mrn", "value": "123"}]
        sent = bundle(
            posted("h", organization(identifier=known), ifNoneExist="identifier=urn:x|H 1"),
            posted("ann", patient(identifier=who), ifNoneExist="identifier=urn:mrn|123"),
        )  # fmt: skip
        first = await served.client.post("/fhir", content=sent)
        again = bundle(
            posted("h2", organization(identifier=known, name="Renamed"), ifNoneExist="identifier=urn:x|H 1"),
            posted("ann2", patient(identifier=who), ifNoneExist="identifier=urn:mrn|123"),
            posted("o", observation(urn("ann2"))),
            posted("o2", observation("Patient?identifier=urn:mrn|123", 77)),
        )  # fmt: skip
        second = await served.client.post("/fhir", content=again)
        assert _names(second)[:2] == _names(first)
        assert (await served.client.get(f"/fhir/{_names(first)[0]}")).json()["name"] == "Test Hospital"
        found = (await served.client.get("/fhir/Organization?identifier=urn:x|H 1")).json()
        assert found["total"] == 1
        page = (await served.client.get(f"/fhir/Observation?patient={plain('ann')}")).json()
        assert page["total"] == 2

    talk(scenario)


def test_a_resource_written_twice_in_one_transaction_is_refused(talk):
    async def scenario(served):
        sent = bundle(put(patient(id="p1")), put(patient(id="p1", gender="male")))
        done = await served.client.post("/fhir", content=sent)
        assert done.status_code == 400 and done.json()["issue"][0]["code"] == "duplicate"

    talk(scenario)


def test_what_cannot_be_read_is_kept_and_told(talk):
    async def scenario(served):
        odd = observation(urn("ann"), valueQuantity={"value": 5, "unit": "furlong"})
        done = await served.client.post("/fhir", content=bundle(posted("ann", patient()), posted("o", odd)))
        entry = done.json()["entry"][1]["response"]
        assert entry["status"] == "201 Created"
        assert "furlong" in entry["outcome"]["issue"][0]["diagnostics"]
        (row,) = served.service.store.rejected(CALLER, plain("ann"))
        assert row.reason.startswith("wrong unit")
        page = (await served.client.get(f"/fhir/Observation?patient={plain('ann')}")).json()
        assert page["entry"][0]["resource"]["valueQuantity"] == {"value": 5, "unit": "furlong"}

    talk(scenario)


def test_bundles_of_other_types_and_bodies_that_are_no_json_are_refused_in_words(talk):
    async def scenario(served):
        for body, code in (
            (bundle(type="searchset"), "invalid"),
            (b'{"resourceType":"Bundle"', "structure"), (b"\xff\xfe", "structure"),
            (b"", "structure"), (b"[]", "invalid"), (b'{"entry":' + b"[" * 50_000, "structure"),
        ):  # fmt: skip
            done = await served.client.post("/fhir", content=body)
            assert done.status_code == 400, body[:20]
            assert done.json()["resourceType"] == "OperationOutcome" and done.json()["issue"][0]["code"] == code
            assert done.headers["content-type"].startswith("application/fhir+json")

    talk(scenario)


def test_two_senders_of_one_new_patient_at_once_make_one_record(talk):
    async def scenario(served):
        answers = await asyncio.gather(*(served.client.post("/fhir", content=stay()) for _ in range(8)))
        told = sorted(e["response"]["status"] for a in answers for e in a.json()["entry"])
        assert told.count("201 Created") == 5 and told.count("200 OK") == 35
        assert len(served.service.store.documents(plain("ann"), CALLER)) == 4
        assert len(served.service.store.documents("", CALLER, kinds=frozenset({"Organization"}))) == 1

    talk(scenario)


def test_the_same_holds_on_postgresql(talk):
    with new_schema() as url:

        async def scenario(served):
            first = await served.client.post("/fhir", content=stay())
            assert [e["response"]["status"] for e in first.json()["entry"]] == ["201 Created"] * 5
            again = await served.client.post("/fhir", content=stay())
            assert {e["response"]["status"] for e in again.json()["entry"]} == {"200 OK"}
            page = (await served.client.get(f"/fhir/Observation?patient={plain('ann')}&_sort=-date")).json()
            assert [e["resource"]["valueQuantity"]["value"] for e in page["entry"]] == [140, 120]
            assert (await served.client.delete(f"/fhir/{_names(first)[4]}")).status_code == 204
            past = (await served.client.get(f"/fhir/{_names(first)[4]}/_history")).json()
            assert [e["request"]["method"] for e in past["entry"]] == ["DELETE", "POST"]
            assert (await served.client.get("/fhir/Organization?identifier=urn:x|H1")).json()["total"] == 1

        talk(scenario, data=url)
