"""Corrections end to end: whatever a hospital takes back, changes or joins, a twin ends as if it had been right at
once.

Every law holds for both doors, HL7 v2 messages and FHIR resources, from the bytes to what the twin has used.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import pytest
from msgspec.structs import replace

from gemel.core.clock import HOUR, MINUTE, text
from gemel.core.fact import Instant, Status
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.core.writing import Write
from gemel.ingest import hl7v2
from gemel.ingest.account import Account
from gemel.ingest.codes import Code, Codes
from gemel.ingest.fhir import imports
from gemel.ingest.hl7v2.writes import mention, writes_of
from gemel.ingest.terms import Terms
from gemel.runtime import Site
from gemel.runtime.identity import People
from gemel.runtime.merging import Merged, commit
from tests.runtime.world import START, SUBJECT, new_site, same

ME = Caller(id="laws")
AT = START + 30 * MINUTE
CODES = Codes(MappingProxyType({
    "local:HOSP/L:LEVEL": Code("local:HOSP/L:LEVEL", "test:level", False, "level"),
    "local:HOSP/L:FLOW": Code("local:HOSP/L:FLOW", "test:flow", True, "flow"),
    "urn:l:LEVEL": Code("urn:l:LEVEL", "test:level", False, "level"),
    "urn:l:FLOW": Code("urn:l:FLOW", "test:flow", True, "flow"),
}))  # fmt: skip


class Door(Protocol):
    """A way in: what is said, as the bytes of a message, `told` minutes after `AT`."""

    def result(self, value: float, status: Status, told: int, who: str = "s-1", name: str = "R1") -> bytes: ...
    def order(self, dose: float, told: int) -> bytes: ...
    def given(self, dose: float, told: int) -> bytes: ...
    def merge(self, survivor: str, prior: str, told: int) -> bytes: ...
    def writes(self, site: Site, raw: bytes) -> list[Write]: ...


@dataclass(frozen=True)
class Hl7:
    """HL7 v2."""

    def result(self, value: float, status: Status, told: int, who: str = "s-1", name: str = "R1") -> bytes:
        letter = {"preliminary": "P", "final": "F", "amended": "C", "entered-in-error": "W"}[status]
        return self._message("ORU^R01", told, who, f"OBR|1||{name}^LAB|X^x^L|||{_stamp(AT)}",
                             f"OBX|1|NM|LEVEL^level^L||{value}|mg/dL|||||{letter}")  # fmt: skip

    def order(self, dose: float, told: int) -> bytes:
        return self._message(
            "ORM^O01", told, "s-1", f"ORC|NW|O1^HIS|||||^^^{_stamp(AT)}", f"RXO|FLOW^flow^L|{dose}||mg"
        )

    def given(self, dose: float, told: int) -> bytes:
        rxa = f"RXA|0|1|{_stamp(AT)}||FLOW^flow^L|{dose}|mg|||||||||||||CP"
        return self._message("RAS^O17", told, "s-1", "ORC|RE|O1^HIS", rxa)

    def merge(self, survivor: str, prior: str, told: int) -> bytes:
        return self._message("ADT^A40", told, survivor, f"MRG|{prior}^^^HOSP^MR")

    def writes(self, site: Site, raw: bytes) -> list[Write]:
        people, found = People(site.store, ME), list[Write]()
        for message in hl7v2.messages(io.BytesIO(raw), "law"):
            assert isinstance(message, hl7v2.Message)
            for told in hl7v2.said(message, codes=CODES):
                assert not told.rejected, told.rejected
                found += writes_of(told, people.meant(mention(told)), received=AT)
        return found

    def _message(self, kind: str, told: int, who: str, *segments: str) -> bytes:
        head = f"MSH|^~\\&|LAB|HOSP|TWIN|HOSP|{_stamp(AT + told * MINUTE)}||{kind}|{kind}{told}{who}|P|2.5.1"
        return "\r".join([head, f"PID|1||{who}^^^HOSP^MR", *segments]).encode()


@dataclass(frozen=True)
class Fhir:
    """FHIR R4."""

    def result(self, value: float, status: Status, told: int, who: str = "s-1", name: str = "R1") -> bytes:
        return self._resource("Observation", told, who, id=name, status=str(status), code=_coding("LEVEL"),
                              effectiveDateTime=text(AT), valueQuantity=_quantity(value, "mg/dL"))  # fmt: skip

    def order(self, dose: float, told: int) -> bytes:
        how = [{"timing": {"event": [text(AT)]}, "doseAndRate": [{"doseQuantity": _quantity(dose, "mg")}]}]
        return self._resource("MedicationRequest", told, "s-1", id="O1", status="active", intent="order",
                              medicationCodeableConcept=_coding("FLOW"), authoredOn=text(AT),
                              dosageInstruction=how)  # fmt: skip

    def given(self, dose: float, told: int) -> bytes:
        return self._resource("MedicationAdministration", told, "s-1", id="G1", status="completed",
                              medicationCodeableConcept=_coding("FLOW"), effectiveDateTime=text(AT),
                              dosage={"dose": _quantity(dose, "mg")})  # fmt: skip

    def merge(self, survivor: str, prior: str, told: int) -> bytes:
        link = [{"other": {"reference": f"Patient/{survivor}"}, "type": "replaced-by"}]
        return json.dumps({"resourceType": "Patient", "id": prior, "active": False, "link": link}).encode()

    def writes(self, site: Site, raw: bytes) -> list[Write]:
        terms = Terms(who=lambda names: names[0], subject="nobody", codes=CODES)
        found = list(imports.read(raw, terms, Account("law")))
        assert not any(write.rejected for write in found), found
        return [replace(write, documents=()) for write in found]

    def _resource(self, kind: str, told: int, who: str, **fields: Any) -> bytes:
        meta = {"lastUpdated": text(AT + told * MINUTE)}
        return json.dumps(
            {"resourceType": kind, "meta": meta, "subject": {"reference": f"Patient/{who}"}, **fields}
        ).encode()


def _stamp(at: Instant) -> str:
    return text(at).replace("-", "", 2).replace("T", "").replace(":", "")[:14]


def _coding(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "urn:l", "code": code}]}


def _quantity(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


@pytest.fixture(params=[Hl7(), Fhir()], ids=["hl7v2", "fhir"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """Each way in."""
    yield request.param


def after(folder: Path, door: Door, messages: Sequence[bytes], *, each: bool) -> Twin:
    """The twin two hours on; `each`: it was brought up to date after every message, else only at the end."""
    folder.mkdir(parents=True)
    with new_site(folder) as site:
        merged = Merged()
        for name in (SUBJECT.id, "p-2"):
            enrol = Write(subject=name, enrol=Subject(id=name, zone=SUBJECT.zone), identifiers=(f"hl7v2:HOSP|{name}",))
            commit(site.store, ME, [enrol], merged)
        for raw in messages:
            commit(site.store, ME, door.writes(site, raw), merged)
            if each:
                site.tick("t", START + 2 * HOUR)
        return site.tick("t", START + 2 * HOUR)[0]


def equal(tmp_path: Path, door: Door, told: Sequence[bytes], right: Sequence[bytes]) -> bool:
    """Whether a twin that was told this, step by step, ends like one that was told the right thing at once."""
    return same(after(tmp_path / "told", door, told, each=True), after(tmp_path / "right", door, right, each=False))


def test_an_ordered_dose_is_no_given_dose(tmp_path: Path, door: Door) -> None:
    assert equal(tmp_path / "a", door, [door.order(20.0, 0)], [])
    assert not equal(tmp_path / "b", door, [door.given(20.0, 0)], [])
    assert equal(tmp_path / "c", door, [door.order(20.0, 0), door.given(20.0, 5)], [door.given(20.0, 5)])


def test_a_preliminary_value_counts_until_the_final_one_replaces_it(tmp_path: Path, door: Door) -> None:
    early, final = door.result(160.0, Status.PRELIMINARY, 5), door.result(90.0, Status.FINAL, 50)
    assert not equal(tmp_path / "a", door, [early], [])
    assert equal(tmp_path / "b", door, [early, final], [final])
    assert equal(tmp_path / "c", door, [early, door.result(160.0, Status.FINAL, 50)], [early])


def test_an_amended_value_replaces_the_final_one(tmp_path: Path, door: Door) -> None:
    final, amended = door.result(160.0, Status.FINAL, 5), door.result(90.0, Status.AMENDED, 50)
    assert equal(tmp_path / "a", door, [final, amended], [amended])
    assert not equal(tmp_path / "b", door, [final, amended], [final])


def test_a_correction_that_overtakes_what_it_corrects_still_holds(tmp_path: Path, door: Door) -> None:
    final, amended = door.result(160.0, Status.FINAL, 5), door.result(90.0, Status.AMENDED, 50)
    assert equal(tmp_path, door, [amended, final], [amended])


def test_what_was_entered_in_error_was_never_there(tmp_path: Path, door: Door) -> None:
    final, error = door.result(160.0, Status.FINAL, 5), door.result(160.0, Status.ENTERED_IN_ERROR, 50)
    assert equal(tmp_path / "a", door, [final, error], [])
    assert equal(tmp_path / "b", door, [final, error, door.result(90.0, Status.AMENDED, 55)],
                 [door.result(90.0, Status.AMENDED, 55)])  # fmt: skip


def test_a_message_told_twice_counts_once(tmp_path: Path, door: Door) -> None:
    told = [door.given(20.0, 0), door.result(90.0, Status.FINAL, 5)]
    assert equal(tmp_path, door, [*told, *told], told)


def test_after_a_merge_the_survivors_twin_knows_what_was_told_about_both(tmp_path: Path, door: Door) -> None:
    mine, other = door.result(90.0, Status.FINAL, 5), door.result(160.0, Status.FINAL, 6, who="p-2", name="R2")
    merge, own = door.merge("s-1", "p-2", 50), door.result(160.0, Status.FINAL, 6, name="R2")
    late, late_own = (door.result(120.0, Status.AMENDED, 60, who=who, name="R2") for who in ("p-2", "s-1"))
    assert equal(tmp_path / "a", door, [mine, other], [mine])
    assert equal(tmp_path / "b", door, [mine, other, merge], [mine, own])
    assert equal(tmp_path / "c", door, [mine, other, merge, late], [mine, late_own])


def test_as_of_a_moment_a_twin_knows_what_had_been_recorded_by_then(tmp_path: Path, door: Door) -> None:
    final, amended = door.result(160.0, Status.FINAL, 5), door.result(90.0, Status.AMENDED, 50)
    with new_site(tmp_path, ()) as site:
        site.store.commit([Write(subject=SUBJECT.id, identifiers=("hl7v2:HOSP|s-1",))], ME)
        for raw in (final, amended):
            commit(site.store, ME, door.writes(site, raw), Merged())
        known = [site.store.facts(SUBJECT.id, ME, as_of=AT + minutes * MINUTE) for minutes in (4, 5, 49, 50)]
        assert [len(facts) for facts in known] == [0, 1, 1, 2]


def test_after_a_merge_the_survivor_has_the_twin_that_only_the_prior_subject_had(tmp_path: Path, door: Door) -> None:
    mine, other = door.result(90.0, Status.FINAL, 5, who="p-2"), door.result(160.0, Status.FINAL, 6, name="R2")
    after_both = after(tmp_path / "right", door, [door.result(90.0, Status.FINAL, 5), other], each=False)
    with new_site(tmp_path) as site:
        merged = Merged()
        for name in (SUBJECT.id, "p-2"):
            enrol = Write(subject=name, enrol=Subject(id=name, zone=SUBJECT.zone), identifiers=(f"hl7v2:HOSP|{name}",))
            commit(site.store, ME, [enrol], merged)
        for raw in (mine, other, door.merge("p-2", "s-1", 50)):
            commit(site.store, ME, door.writes(site, raw), merged)
        (twin,) = site.inherit("s-1", "p-2")
        assert twin.subject.id == "p-2" and site.inherit("s-1", "p-2") == []
        assert same(site.tick(twin.id, START + 2 * HOUR)[0], after_both)
