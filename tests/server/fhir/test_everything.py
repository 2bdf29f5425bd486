"""What is told about a patient is about that patient: all of it, and nothing of anybody else."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import Any

from gemel.core.ports import Caller

from .sample import bundle, observation, patient, plain, posted, put, stay, urn

CALLER = Caller(id="test")


async def _all(served: Any, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while url:
        page = (await served.client.get(url)).json()
        found += [entry["resource"] for entry in page["entry"]]
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
    return found


def test_everything_of_a_patient_holds_no_word_about_another(talk):
    async def scenario(served):
        await served.client.post("/fhir", content=stay("ann"))
        await served.client.post("/fhir", content=stay("bob"))
        await served.client.post(
            "/fhir", content=bundle(put(patient(id="ann")), put(observation("Patient/ann", id="o")))
        )
        for name in ("ann", "bob"):
            own = await _all(served, f"http://test/fhir/Patient/{plain(name)}/$everything?_count=2")
            assert Counter(r["resourceType"] for r in own) == {"Patient": 1, "Encounter": 1, "Observation": 2}
            assert own[0]["resourceType"] == "Patient"
            other = plain("bob" if name == "ann" else "ann")
            assert other not in json.dumps(own)
            assert len({r["id"] for r in own}) == 4

    talk(scenario)


def test_everything_can_be_narrowed_by_type_and_time(talk):
    async def scenario(served):
        await served.client.post("/fhir", content=stay())
        url = f"http://test/fhir/Patient/{plain('ann')}/$everything"
        assert {r["resourceType"] for r in await _all(served, f"{url}?_type=Encounter,Patient")} == {
            "Encounter",
            "Patient",
        }
        assert await _all(served, f"{url}?_since=2200-01-01T00:00:00Z") == []
        assert (await served.client.get("/fhir/Patient/none/$everything")).status_code == 404

    talk(scenario)


def test_what_other_doors_keep_is_not_told_as_fhir(talk):
    from gemel.core.writing import Document, Write

    async def scenario(served):
        await served.client.post("/fhir", content=stay())
        raw = Document(kind="hl7v2/ADT^A01", id=f"{plain('ann')}.m1", body=b"MSH|", recorded=1)
        served.service.store.commit([Write(subject=plain("ann"), documents=(raw,))], CALLER)
        own = await _all(served, f"http://test/fhir/Patient/{plain('ann')}/$everything")
        assert {r["resourceType"] for r in own} == {"Patient", "Encounter", "Observation"}

    talk(scenario)


def test_the_sample_bundles_come_back_as_they_were_sent(talk, shared):
    """Every resource, but for its id, its meta's version and time, and the references to others of its bundle."""
    folder = shared / "data" / "platform" / "fhir_synthea_r4"
    expected = json.loads((folder.parent / "expected.json").read_text())["fhir_synthea_r4"]

    async def scenario(served):
        total: Counter[str] = Counter()
        for path in sorted(folder.glob("*.json.gz"))[::6]:
            content = gzip.decompress(path.read_bytes())
            sent = json.loads(content)
            done = (await served.client.post("/fhir", content=content)).json()
            assert {e["response"]["status"] for e in done["entry"]} == {"201 Created"}
            names = [e["response"]["location"].partition("/_history/")[0] for e in done["entry"]]
            new = dict(zip((e["fullUrl"] for e in sent["entry"]), names, strict=True))
            who = next(name for name in names if name.startswith("Patient/"))
            kept = {
                f"{r['resourceType']}/{r['id']}": r for r in await _all(served, f"http://test/fhir/{who}/$everything")
            }
            for entry, name in zip(sent["entry"], names, strict=True):
                if name.partition("/")[0] not in ("Organization", "Practitioner"):
                    _check(kept.pop(name), entry["resource"], name, new)
                    total[entry["resource"]["resourceType"]] += 1
            assert kept == {}
            types = expected[path.name]["types"]
            page = (await served.client.get(f"/fhir/Observation?patient={who}&_summary=count")).json()
            assert page["total"] == types["Observation"]
        assert total["Observation"] > 500

    talk(scenario)


def _check(told: dict[str, Any], sent: dict[str, Any], name: str, new: dict[str, str]) -> None:
    resource = json.loads(json.dumps(sent), object_hook=lambda found: _led(found, new))
    assert told.pop("id") == name.partition("/")[2]
    assert {k: v for k, v in told.pop("meta").items() if k == "tag"} == resource.pop("meta", {})
    assert told == {k: v for k, v in resource.items() if k != "id"}


def _led(found: dict[str, Any], new: dict[str, str]) -> dict[str, Any]:
    return found | {"reference": new[found["reference"]]} if found.get("reference") in new else found


def test_a_resource_can_stand_in_another_ones_name_space_only_for_the_same_patient(talk):
    async def scenario(served):
        await served.client.post("/fhir", content=bundle(posted("ann", patient()), posted("bob", patient())))
        ann, bob = plain("ann"), plain("bob")
        mine = observation(f"Patient/{ann}", 1, id=f"{bob}.x")
        assert (await served.client.put(f"/fhir/Observation/{bob}.x", json=mine)).status_code in (201, 422)
        page = await served.client.get(f"/fhir/Observation?patient={bob}")
        assert page.json()["total"] == 0
        assert urn("ann") not in page.text

    talk(scenario)
