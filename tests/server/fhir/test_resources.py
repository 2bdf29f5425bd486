"""One resource at a time: create, read, update, delete, versions, conditions, and what clients are told."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from email.utils import parsedate_to_datetime

from gemel.core.clock import instant
from gemel.core.ports import Caller

from .sample import observation, patient

CALLER = Caller(id="test")


def test_a_created_resource_is_told_with_its_address_version_and_time(talk):
    async def scenario(served):
        done = await served.client.post("/fhir/Patient", json=patient(meta={"tag": [{"code": "x"}], "versionId": "9"}))
        assert done.status_code == 201
        told = done.json()
        assert done.headers["location"] == f"http://test/fhir/Patient/{told['id']}/_history/1"
        assert done.headers["etag"] == 'W/"1"' and told["meta"]["versionId"] == "1"
        assert told["meta"]["tag"] == [{"code": "x"}] and told["birthDate"] == "1960-05-17"
        updated = instant(told["meta"]["lastUpdated"]) / 1e6
        assert abs(parsedate_to_datetime(done.headers["last-modified"]).timestamp() - updated) < 1
        read = await served.client.get(f"/fhir/Patient/{told['id']}")
        assert read.json() == told
        same = await served.client.get(f"/fhir/Patient/{told['id']}", headers={"if-none-match": read.headers["etag"]})
        assert same.status_code == 304
        least = await served.client.post("/fhir/Patient", json=patient(), headers={"prefer": "return=minimal"})
        assert least.status_code == 201 and least.content == b"" and "location" in least.headers

    talk(scenario)


def test_numbers_and_texts_come_back_as_they_were_sent(talk):
    async def scenario(served):
        await served.client.put("/fhir/Patient/p1", json=patient(id="p1"))
        body = (
            b'{ "resourceType" : "Observation", "id":"o1",'
            b'"status":"final","code":{"text":"a \\"b\\" \xc3\xa9 \\u00e9"},'
            b'"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-03-01T08:30:00Z",'
            b'"valueQuantity":{"value":1.50,"unit":"mg"},"note":[{"text":"spaces   kept\\n"}],"extension":[{"url":"x",'
            b'"valueDecimal":0.10000000000000000001}]}'
        )
        assert (await served.client.put("/fhir/Observation/o1", content=body)).status_code == 201
        read = (await served.client.get("/fhir/Observation/o1")).content
        assert b'"value":1.50,' in read and b"0.10000000000000000001" in read
        assert b"spaces   kept\\n" in read and '"a \\"b\\" é \\u00e9"'.encode() in read

    talk(scenario)


def test_versions_count_up_and_each_can_be_read_again(talk):
    async def scenario(served):
        for gender in ("female", "male", "male", "other"):
            done = await served.client.put("/fhir/Patient/p1", json=patient(id="p1", gender=gender))
        assert done.status_code == 200 and done.headers["etag"] == 'W/"3"'  # the repeated one is no version
        old = await served.client.get("/fhir/Patient/p1/_history/2")
        assert old.json()["gender"] == "male" and old.json()["meta"]["versionId"] == "2"
        assert (await served.client.get("/fhir/Patient/p1/_history/4")).status_code == 404
        past = (await served.client.get("/fhir/Patient/p1/_history")).json()
        assert past["type"] == "history" and past["total"] == 3
        assert [e["resource"]["gender"] for e in past["entry"]] == ["other", "male", "female"]
        assert [e["request"]["method"] for e in past["entry"]] == ["PUT", "PUT", "POST"]

    talk(scenario)


def test_an_update_of_a_version_that_is_no_longer_the_last_is_refused(talk):
    async def scenario(served):
        await served.client.put("/fhir/Patient/p1", json=patient(id="p1"))
        changed = patient(id="p1", gender="male")
        for version, status in (('W/"7"', 412), ("seven", 400), ('W/"1"', 200), ('W/"1"', 412)):
            done = await served.client.put("/fhir/Patient/p1", json=changed, headers={"if-match": version})
            assert done.status_code == status, version
            changed = patient(id="p1", gender="male", birthDate="1961")
        new = await served.client.put("/fhir/Patient/p9", json=patient(id="p9"), headers={"if-match": 'W/"1"'})
        assert new.status_code == 412

    talk(scenario)


def test_a_deleted_resource_is_gone_but_its_history_stays(talk):
    async def scenario(served):
        await served.client.put("/fhir/Patient/p1", json=patient(id="p1"))
        await served.client.put("/fhir/Observation/o1", json=observation("Patient/p1", id="o1"))
        done = await served.client.delete("/fhir/Observation/o1")
        assert done.status_code == 204 and done.headers["etag"] == 'W/"2"'
        gone = await served.client.get("/fhir/Observation/o1")
        assert gone.status_code == 410 and gone.json()["issue"][0]["code"] == "deleted"
        assert (await served.client.get("/fhir/Observation/o1/_history/2")).status_code == 410
        assert (await served.client.get("/fhir/Observation/o1/_history/1")).status_code == 200
        past = (await served.client.get("/fhir/Observation/o1/_history")).json()["entry"]
        assert [e["request"]["method"] for e in past] == ["DELETE", "POST"] and "resource" not in past[0]
        assert (await served.client.get("/fhir/Observation?patient=p1")).json()["total"] == 0
        for again in ("/fhir/Observation/o1", "/fhir/Observation/never"):
            assert (await served.client.delete(again)).status_code == 204
        back = await served.client.put("/fhir/Observation/o1", json=observation("Patient/p1", id="o1"))
        assert back.status_code == 201 and back.headers["etag"] == 'W/"3"'

    talk(scenario)


def test_what_is_wrong_with_a_request_is_told_with_the_status_that_fits(talk):
    async def scenario(served):
        await served.client.put("/fhir/Patient/p1", json=patient(id="p1"))
        sent = served.client.put
        cases = [
            (await sent("/fhir/Patient/p2", json=patient(id="p1")), 400, "invalid"),
            (await sent("/fhir/Patient/p1", json=observation("Patient/p1", id="p1")), 400, "invalid"),
            (await sent("/fhir/Patient/no_id", json=patient(id="no_id")), 404, "value"),
            (await sent("/fhir/Nonsense/p1", json={"resourceType": "Nonsense", "id": "p1"}), 404, "not-supported"),
            (await sent("/fhir/Observation/o", json=observation("Patient/p1", id="o", status=7)), 422, "structure"),
            (await sent("/fhir/Observation/o", json=observation("Patient/p0", id="o")), 422, "not-found"),
            (await sent("/fhir/Patient/p1", content=b"{}"), 400, "invalid"),
            (await served.client.get("/fhir/Patient/none"), 404, "not-found"),
            (await served.client.get("/fhir/Observation/p1.none"), 404, "not-found"),
            (await served.client.post("/fhir/Patient", json=patient(), headers={"if-none-exist": "name=x"}), 412,
             "not-supported"),
        ]  # fmt: skip
        for number, (done, status, code) in enumerate(cases):
            assert (done.status_code, done.json()["issue"][0]["code"]) == (status, code), (number, done.text)

    talk(scenario)


def test_other_forms_than_json_are_refused_in_json(talk):
    async def scenario(served):
        xml = {"content-type": "application/fhir+xml"}
        assert (await served.client.post("/fhir/Patient", content=b"<Patient/>", headers=xml)).status_code == 415
        for ask in ({"accept": "application/fhir+xml"}, {"accept": "text/turtle"}):
            told = await served.client.get("/fhir/metadata", headers=ask)
            assert told.status_code == 406 and told.json()["resourceType"] == "OperationOutcome"
        assert (await served.client.get("/fhir/metadata?_format=xml")).status_code == 406
        for ask in ("application/fhir+json", "*/*", "text/html,application/xml;q=0.9,*/*;q=0.8", ""):
            assert (await served.client.get("/fhir/metadata", headers={"accept": ask})).status_code == 200

    talk(scenario)


def test_a_resource_cannot_be_moved_to_another_patient(talk):
    async def scenario(served):
        for name in ("p1", "p2"):
            await served.client.put(f"/fhir/Patient/{name}", json=patient(id=name))
        await served.client.put("/fhir/Observation/o1", json=observation("Patient/p1", id="o1"))
        done = await served.client.put("/fhir/Observation/o1", json=observation("Patient/p2", id="o1"))
        assert done.status_code == 422 and "another patient" in done.json()["issue"][0]["diagnostics"]

    talk(scenario)


def test_a_full_service_says_when_to_come_back(talk):
    async def scenario(served):
        submit, held = served.service.store.submit, []

        def slow(writes, caller):
            held.append((Future(), writes))
            return held[-1][0]

        served.service.store.submit = slow
        waiting = asyncio.create_task(served.client.put("/fhir/Patient/p1", json=patient(id="p1")))
        while not held:
            await asyncio.sleep(0)
        done = await served.client.put("/fhir/Patient/p2", json=patient(id="p2"))
        assert done.status_code == 429 and int(done.headers["retry-after"]) >= 1
        assert done.json()["issue"][0]["code"] == "throttled"
        ((future, writes),) = held
        future.set_result(submit(writes, CALLER).result())
        assert (await waiting).status_code == 201

    talk(scenario, waiting=1)
