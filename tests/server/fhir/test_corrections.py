"""A record is corrected through FHIR: what holds for a twin follows; what was known before stays known as of then."""

from __future__ import annotations

from typing import Any

from gemel.core.fact import Exact, Fact, Observation, Status
from gemel.core.ports import Caller
from gemel.core.timeline import Timeline

from .sample import bundle, encounter, observation, patient, plain, posted, put, urn

CALLER = Caller(id="test")
PANEL = {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]}


def _timeline(served: Any, subject: str) -> Timeline:
    store = served.service.store
    return Timeline(store.subject(subject, CALLER), tuple(fact for _, fact in store.facts(subject, CALLER)))


def _held(served: Any, subject: str = "p1") -> list[float]:
    facts = _timeline(served, subject).observations()
    return [fact.value.value for fact in facts if isinstance(fact.value, Exact)]


def _part(code: str, value: float) -> dict[str, Any]:
    quantity = {"value": value, "unit": "mm[Hg]", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
    return {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}, "valueQuantity": quantity}


def test_a_value_is_preliminary_then_final_then_amended_then_withdrawn(talk):
    async def scenario(served):
        await served.client.put("/fhir/Patient/p1", json=patient(id="p1"))
        seen: list[tuple[list[float], int]] = []
        for status, value in (("preliminary", 110), ("final", 120), ("amended", 125), ("entered-in-error", 125)):
            sent = observation("Patient/p1", value, id="o1", status=status, issued="2026-03-01T08:31:00Z")
            done = await served.client.put("/fhir/Observation/o1", json=sent)
            assert done.status_code in (200, 201)
            seen.append((_held(served), served.service.site.now()))
        assert [values for values, _ in seen] == [[110], [120], [125], []]
        whole = _timeline(served, "p1")
        for values, at in seen[1:]:
            known = [f.value.value for f in whole.as_of(at).observations() if isinstance(f.value, Exact)]
            assert known == values
        statuses = [fact.status for fact in whole.facts]
        assert statuses == [Status.PRELIMINARY, Status.FINAL, Status.AMENDED, Status.ENTERED_IN_ERROR]

    talk(scenario)


def test_a_deleted_observation_is_withdrawn_and_a_restored_one_holds_again(talk):
    async def scenario(served):
        sent = bundle(put(patient(id="p1")), put(observation("Patient/p1", 99, id="o1")))
        await served.client.post("/fhir", content=sent)
        assert _held(served) == [99]
        await served.client.delete("/fhir/Observation/o1")
        assert _held(served) == []
        await served.client.put("/fhir/Observation/o1", json=observation("Patient/p1", 99, id="o1"))
        assert _held(served) == [99]

    talk(scenario)


def test_a_component_that_is_dropped_or_a_code_that_changes_withdraws_what_was_said(talk):
    async def scenario(served):
        await served.client.put("/fhir/Patient/p1", json=patient(id="p1"))
        both = observation("Patient/p1", id="o1", code=PANEL, component=[_part("8480-6", 120), _part("8462-4", 80)])
        del both["valueQuantity"]
        await served.client.put("/fhir/Observation/o1", json=both)
        assert _held(served) == [80, 120]
        await served.client.put("/fhir/Observation/o1", json=both | {"component": [_part("8480-6", 125)]})
        assert _held(served) == [125]

    talk(scenario)


def test_an_order_is_never_a_given_dose(talk):
    async def scenario(served):
        drug = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "242120"}]}
        dose = {"value": 4, "unit": "[IU]", "system": "http://unitsofmeasure.org", "code": "[IU]"}
        shared = {"subject": {"reference": urn("ann")}, "medicationCodeableConcept": drug}
        order = {
            "resourceType": "MedicationRequest", "status": "active", "intent": "order", **shared,
            "authoredOn": "2026-03-01T08:00:00Z", "dosageInstruction": [{"doseAndRate": [{"doseQuantity": dose}]}],
        }  # fmt: skip
        given = {
            "resourceType": "MedicationAdministration", "status": "completed", **shared,
            "effectiveDateTime": "2026-03-01T08:05:00Z", "dosage": {"dose": dose},
        }  # fmt: skip
        await served.client.post("/fhir", content=bundle(posted("ann", patient()), posted("order", order)))
        assert _timeline(served, plain("ann")).interventions() == ()
        assert len(served.service.store.facts(plain("ann"), CALLER)) == 1
        await served.client.post(
            "/fhir", content=bundle(posted("dose", given | {"subject": {"reference": f"Patient/{plain('ann')}"}}))
        )
        (act,) = _timeline(served, plain("ann")).interventions()
        assert (act.dose, act.code) == (4.0, "gemel:rapid-insulin")
        stopped = given | {"status": "entered-in-error", "id": act.id.partition("/")[2]}
        stopped["subject"] = {"reference": f"Patient/{plain('ann')}"}
        done = await served.client.put(f"/fhir/{act.id}", json=stopped)
        assert done.status_code == 200
        assert _timeline(served, plain("ann")).interventions() == ()

    talk(scenario)


def test_a_cancelled_stay_is_withdrawn(talk):
    async def scenario(served):
        await served.client.put("/fhir/Patient/p1", json=patient(id="p1"))
        for status, n in (("planned", 0), ("in-progress", 1), ("finished", 2), ("cancelled", 0)):
            visit = encounter("Patient/p1", id="e1", status=status)
            if status in ("planned", "in-progress"):
                visit["period"] = {"start": visit["period"]["start"]}
            assert (await served.client.put("/fhir/Encounter/e1", json=visit)).status_code in (200, 201)
            assert len(_timeline(served, "p1")) == n, status

    talk(scenario)


def test_a_replaced_patient_becomes_the_one_who_replaces(talk):
    async def scenario(served):
        sent = bundle(
            put(patient(id="p1")), put(patient(id="p2")),
            put(observation("Patient/p1", 100, id="p1.a")), put(observation("Patient/p2", 200, id="p2.b")),
        )  # fmt: skip
        await served.client.post("/fhir", content=sent)
        gone = patient(id="p1", active=False, link=[{"other": {"reference": "Patient/p2"}, "type": "replaced-by"}])
        assert (await served.client.put("/fhir/Patient/p1", json=gone)).status_code == 200
        assert served.service.store.subject("p1", CALLER).merged_into == "p2"
        assert sorted(_held(served, "p2")) == [100, 200]
        for patient_id in ("p1", "p2"):
            page = (await served.client.get(f"/fhir/Observation?patient={patient_id}")).json()
            assert sorted(e["resource"]["id"] for e in page["entry"]) == ["p1.a", "p2.b"]
        read = await served.client.get("/fhir/Observation/p1.a")
        assert read.status_code == 200
        late = observation("Patient/p1", 111, id="p1.a", status="corrected")
        done = await served.client.put("/fhir/Observation/p1.a", json=late)
        assert done.status_code == 200 and done.headers["etag"] == 'W/"2"'
        assert sorted(_held(served, "p2")) == [111, 200]

    talk(scenario)


def test_the_facts_carry_the_ids_of_their_resources(talk):
    async def scenario(served):
        await served.client.post(
            "/fhir", content=bundle(posted("ann", patient()), posted("o", observation(urn("ann"))))
        )
        ((_, fact),) = served.service.store.facts(plain("ann"), CALLER)
        assert isinstance(fact, Observation)
        found: Fact = fact
        assert (await served.client.get(f"/fhir/{found.id}")).json()["valueQuantity"]["value"] == 120

    talk(scenario)
