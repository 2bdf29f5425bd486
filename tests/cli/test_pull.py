"""`gemel pull`: what servers hold ends in the store, once however often they are asked, and the counts say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gemel.core.ports import Caller
from gemel.store import SqliteStore
from tests.ingest.outbound.archive import STUDY, Archive
from tests.ingest.outbound.loopback import Asked, Reply, Servers
from tests.ingest.outbound.registry import CLIENT, Registry, jwk

ME = Caller(id="test")


def ehr(registry: Registry) -> Callable[[Asked], Reply]:
    """A FHIR server with one patient and two readings, for those who have a token."""
    person = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-05-17"}
    readings = [
        {
            "resourceType": "Observation", "id": f"o{k}", "status": "final", "subject": {"reference": "Patient/p1"},
            "code": {"coding": [{"system": "http://loinc.org", "code": "2339-0"}]},
            "effectiveDateTime": f"2026-03-01T08:3{k}:00Z", "valueQuantity": {
                "value": 100 + k, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
        } for k in range(2)
    ]  # fmt: skip

    def bundle(*found: dict[str, Any]) -> bytes:
        return json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in found]}).encode()

    def answer(asked: Asked) -> Reply:
        path = asked.path.partition("?")[0]
        if path.endswith("smart-configuration") or path == "/token":
            return registry(asked)
        if not asked.headers.get("authorization", "").startswith("Bearer token-"):
            return 401, {}, b""
        known = {
            "/Patient": bundle(person),
            "/Patient/p1": json.dumps(person).encode(),
            "/Observation": bundle(*readings),
        }
        return 200, {}, known.get(path, bundle())

    return answer


def test_a_fhir_server_is_pulled_once_with_a_key_and_the_counts_are_told(
    valid: Callable[..., Any], run: Callable[..., Any], tmp_path: Path
) -> None:
    key = tmp_path / "own.jwk"
    key.write_text(json.dumps(jwk.RSAKey.generate_key(2048).as_dict(private=True)))
    from gemel.ingest.outbound.smart import read_key

    registry = Registry(read_key(key))
    with Servers() as servers:
        registry.url = url = servers(ehr(registry)).url
        given = ("pull", "fhir", url, "--data", tmp_path / "data", "--client-id", CLIENT, "--key", key)
        first = valid("pull fhir", *given)
        assert (first["patients"], first["new"], first["accepted"], first["errors"]) == (1, 3, 2, {})
        again = valid("pull fhir", *given)
        assert (again["new"], again["changed"], again["accepted"]) == (0, 0, 0)
        code, out, _ = run(*given)
        assert code == 0
        assert url in out
        code, _, complaint = run("pull", "fhir", url, "--data", tmp_path / "data")
        assert code == 2
        assert "401" in complaint
    with SqliteStore(tmp_path / "data" / "gemel.db") as store:
        assert [fact.value.value for _, fact in store.facts("p1", ME)] == [100, 101]


def test_a_key_without_a_client_is_refused_by_name(run: Callable[..., Any], tmp_path: Path) -> None:
    for kind in ("fhir", "dicomweb"):
        more = ("--study", "1.2") if kind == "dicomweb" else ()
        code, _, complaint = run("pull", kind, "https://a", "--data", tmp_path, "--client-id", "x", *more)
        assert code == 2
        assert "go together" in complaint


def test_images_of_a_study_become_documents_and_facts_of_whom_they_name(
    valid: Callable[..., Any], tmp_path: Path
) -> None:
    dicom = pytest.importorskip("tests.ingest.test_dicom").dicom
    files = {(STUDY, "9", f"9.{k}"): dicom(PatientID="7", InstanceNumber=str(k)) for k in range(3)}
    files[STUDY, "9", "9.9"] = b"no image at all"
    with Servers() as servers:
        url = servers(Archive(files)).url
        given = ("pull", "dicomweb", url, "--data", tmp_path / "data", "--study", STUDY)
        first = valid("pull dicomweb", *given)
        assert (first["instances"], first["accepted"], first["documents"]) == (3, 3, 3)
        assert list(first["errors"]) == ["9.9"]
        again = valid("pull dicomweb", *given)
        assert (again["accepted"], again["repeated"], again["documents"]) == (0, 3, 0)
        assert first["subjects"] == again["subjects"]
    with SqliteStore(tmp_path / "data" / "gemel.db") as store:
        subject = store.find("dicom:|7", ME)
        assert [subject] == first["subjects"]
        assert {d.body for d in store.documents(subject or "", ME)} == {f for f in files.values() if len(f) > 100}


def test_an_archive_is_asked_for_named_images_only(run: Callable[..., Any], tmp_path: Path) -> None:
    code, _, complaint = run("pull", "dicomweb", "https://a", "--data", tmp_path)
    assert code == 2
    assert "--study" in complaint
