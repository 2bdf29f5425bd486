"""What HL7 v2 messages say: results and their corrections, orders and doses given, movements, appointments, people."""

from __future__ import annotations

import gzip
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gemel.core.clock import instant
from gemel.core.fact import (
    Above,
    Below,
    Between,
    Exact,
    Intervention,
    Level,
    Observation,
    Rejected,
    Status,
)
from gemel.ingest import hl7v2
from gemel.ingest.account import Account
from gemel.ingest.formats import Terms
from gemel.ingest.hl7v2 import Said, imports

HEAD = "MSH|^~\\&|LAB|HOSP|TWIN|HOSP|20260302101500||{kind}|{control}|P|2.5.1"
PID = "PID|1||4711^^^HOSP&1.2.3&ISO^MR~V1^^^HOSP^VN||TEST^PATIENT||19790105|F"
OBR = "OBR|1|P1^HIS|F1^LAB|24323-8^panel^LN|||20260302100000"


def message(*segments: str, kind: str = "ORU^R01^ORU_R01", control: str = "M1") -> bytes:
    return "\r".join([HEAD.format(kind=kind, control=control), *segments]).encode()


def only(raw: bytes, zone: str = "UTC") -> Said:
    (told,) = hl7v2.said(hl7v2.parse(raw), zone=zone)
    assert told.items == len(told.facts) + len(told.rejected) + sum(told.skipped.values())
    return told


def result(obx: str) -> Any:
    """What one OBX becomes: its fact, its rejection, or the reason it was passed over."""
    told = only(message(PID, OBR, obx))
    found: list[Any] = [*told.facts, *told.rejected, *told.skipped]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("obx", "value", "unit"),
    [
        ("OBX|1|NM|2345-7^glucose^LN||98.5|mg/dL|||||F", Exact(98.5), "mg/dL"),
        ("OBX|1|NM|2345-7^glucose^LN||<20|mg/dL|||||F", Below(20), "mg/dL"),
        ("OBX|1|SN|2345-7^glucose^LN||>=^400|mg/dL|||||F", Above(400), "mg/dL"),
        ("OBX|1|SN|2345-7^glucose^LN||^90^-^110|mg/dL|||||F", Between(90, 110), "mg/dL"),
        ("OBX|1|SN|5196-1^titre^LN||^1^:^128||||||F", Level("1:128"), "1"),
        ("OBX|1|SN|5794-3^protein^LN||^2^+||||||F", Level("2+"), "1"),
        ("OBX|1|NR|9999-9^range^LN||1^5|mmol/L|||||F", Between(1, 5), "mmol/L"),
        ("OBX|1|ST|X1^device^L||Venturi||||||F", Level("Venturi"), "1"),
        ("OBX|1|CWE|X1^culture^L||112283007^E. coli^SCT||||||F", Level("snomed:112283007"), "1"),
        ("OBX|1||X1^flow^L||5|MDC_DIM_X_L_PER_MIN|||||F", Exact(5), "L/min"),
        ("OBX|1|NM|X1^platelets^L||250|x10*9/L|||||F", Exact(250), "10*9/L"),
        ('OBX|1|NM|X1^score^L||3|""|||||F', Exact(3), "1"),
    ],
)  # fmt: skip
def test_a_value_keeps_its_meaning_its_comparator_and_its_unit(obx: str, value: object, unit: str) -> None:
    fact = result(obx)
    assert isinstance(fact, Observation)
    assert (fact.value, fact.unit, fact.at) == (value, unit, instant("2026-03-02T10:00:00Z"))
    assert fact.recorded == instant("2026-03-02T10:15:00Z")


@pytest.mark.parametrize(
    ("obx", "kind"),
    [
        ("OBX|1|NM|2345-7^glucose^LN||None|mg/dL|||||F", "no number"),
        ("OBX|1|NM|2345-7^glucose^LN||98|bananas|||||F", "wrong unit"),
        ("OBX|1|NM|2345-7^glucose^LN||98||||||F", "wrong unit"),
        ("OBX|1|NM|2345-7^glucose^LN||98000|mg/dL|||||F", "impossible value"),
        ("OBX|1|NM|||98|mg/dL|||||F", "no code"),
        ("OBX|1|NM|2345-7^glucose^LN||98|mg/dL|||||Q", "bad status"),
        ("OBX|1|ZZ|2345-7^glucose^LN||98|mg/dL|||||F", "unsupported value"),
        ("OBX|1|SN|2345-7^glucose^LN||<>^5|mg/dL|||||F", "unsupported value"),
        ("OBX|1|NM|2345-7^glucose^LN||98|mg/dL|||||F|||yesterday", "bad time"),
        ("OBX|1|ST|X1^device^L||||||||F", "no value"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_fact_is_rejected_with_its_reason(obx: str, kind: str) -> None:
    row = result(obx)
    assert isinstance(row, Rejected)
    assert row.reason.partition(":")[0] == kind
    assert row.source == "LAB|HOSP MSH-10 M1 OBX"


@pytest.mark.parametrize(
    ("obx", "reason"),
    [
        ("OBX|1|FT|X1^report^L||all is well||||||F", "OBX: formatted text"),
        ("OBX|1|TX|X1^report^L||" + "long " * 20 + "||||||F", "OBX: text"),
        ("OBX|1|ED|X1^picture^L||a^b^c||||||F", "OBX: a file"),
        ("OBX|1|NM|X1^x^L||||||||N", "OBX: not asked"),
        ("OBX|1|NM|X1^x^L||||||||I", "OBX: result pending"),
    ],
)  # fmt: skip
def test_what_is_known_to_carry_no_fact_is_counted(obx: str, reason: str) -> None:
    assert result(obx) == reason


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("P", Status.PRELIMINARY), ("R", Status.PRELIMINARY), ("S", Status.PRELIMINARY), ("I", Status.PRELIMINARY),
        ("F", Status.FINAL), ("V", Status.FINAL), ("C", Status.AMENDED), ("A", Status.AMENDED),
        ("D", Status.ENTERED_IN_ERROR), ("W", Status.ENTERED_IN_ERROR), ("X", Status.ENTERED_IN_ERROR),
        ("", Status.PRELIMINARY),
    ],
)  # fmt: skip
def test_every_result_status_of_table_0085_has_its_place(told: str, status: Status) -> None:
    assert result(f"OBX|1|NM|2345-7^glucose^LN||98|mg/dL|||||{told}").status is status


def test_a_correction_has_the_id_of_what_it_corrects_whatever_the_message() -> None:
    first = only(message(PID, OBR, "OBX|1|NM|2345-7^glucose^LN||98|mg/dL|||||P")).facts[0]
    later = only(message(PID, OBR, "OBX|7|NM|2345-7^glucose^LN||89|mg/dL|||||C", control="M9")).facts[0]
    other = only(message(PID, OBR.replace("F1^LAB", "F2^LAB"), "OBX|1|NM|2345-7^glucose^LN||98|mg/dL|||||P")).facts[0]
    assert first.id == later.id != other.id
    wrong = only(message(PID, OBR, "OBX|1|NM|2345-7^glucose^LN||||||||W")).facts[0]
    assert (wrong.id, wrong.status) == (first.id, Status.ENTERED_IN_ERROR)


def test_repeated_values_and_repeated_segments_of_one_code_are_different_facts() -> None:
    obx = "OBX|1|NM|X1^x^L||1~2|mmol/L|||||F"
    facts = only(message(PID, OBR, obx, obx)).facts
    assert [f.value for f in facts if isinstance(f, Observation)] == [Exact(1), Exact(2), Exact(1), Exact(2)]
    assert len({f.id for f in facts}) == 4
    assert [f.id for f in only(message(PID, OBR, obx, obx, control="M2")).facts] == [f.id for f in facts]


@pytest.mark.parametrize(
    ("element", "code"),
    [
        ("2345-7^glucose^LN", "loinc:2345-7"), ("K1^kalium^LOCAL^2823-3^Potassium^LN", "loinc:2823-3"),
        ("tt-5^AVPU^LOINC", "local:HOSP/LOINC:tt-5"), ("K1^kalium^LOCAL", "local:HOSP/LOCAL:K1"),
        ("^free text", "local:HOSP:free text"), ("tt^MDC_TEMP^MDC", "mdc:MDC_TEMP"), ("K1", "local:HOSP:K1"),
    ],
)  # fmt: skip
def test_a_code_is_the_standard_one_where_there_is_one_and_else_the_senders_own(element: str, code: str) -> None:
    assert result(f"OBX|1|NM|{element}||5|1|||||F").code == code


def test_two_senders_local_codes_and_order_numbers_never_meet() -> None:
    raw = message(PID, OBR, "OBX|1|NM|K1^kalium^LOCAL||5|mmol/L|||||F")
    here, there = (only(one).facts[0] for one in (raw, raw.replace(b"LAB|HOSP|", b"LAB|CLINIC|")))
    assert here.code != there.code and here.id != there.id


def test_times_are_the_senders_local_times_and_a_date_alone_is_its_noon() -> None:
    raw = message(PID, OBR, "OBX|1|NM|2345-7^glucose^LN||98|mg/dL|||||F|||20260702")
    assert only(raw, "Europe/London").facts[0].at == instant("2026-07-02T11:00:00Z")


def test_an_order_is_never_a_given_dose_and_a_given_dose_is_no_order() -> None:
    order = only(message(
        PID, "ORC|NW|O1^HIS|||||^^^20260302110000", "RXO|311040^insulin aspart^RXNORM|8||U", kind="ORM^O01",
    )).facts  # fmt: skip
    dose = only(message(
        PID, "ORC|RE|O1^HIS|", "RXA|0|1|20260302110500||311040^insulin aspart^RXNORM|8|U|||||||||||||CP",
        kind="RAS^O17",
    )).facts  # fmt: skip
    for fact, status in ((order[0], Status.ORDERED), (dose[0], Status.FINAL)):
        assert isinstance(fact, Intervention)
        assert (fact.code, fact.dose, fact.unit, fact.status) == ("gemel:rapid-insulin", 8.0, "[IU]", status)
    assert order[0].id != dose[0].id and order[0].at == instant("2026-03-02T11:00:00Z")


@pytest.mark.parametrize(
    ("control", "status"),
    [
        ("NW", Status.ORDERED), ("XO", Status.ORDERED), ("RO", Status.ORDERED), ("CA", Status.ENTERED_IN_ERROR),
        ("OC", Status.ENTERED_IN_ERROR), ("DC", Status.ENTERED_IN_ERROR), ("RP", Status.ENTERED_IN_ERROR),
        ("SC", None), ("UA", None), ("UC", None),
    ],
)  # fmt: skip
def test_order_control_orders_withdraws_or_changes_nothing(control: str, status: Status | None) -> None:
    told = only(message(PID, f"ORC|{control}|O1^HIS|||||||20260302", "OBR|1|O1^HIS||2345-7^glucose^LN", kind="OML^O21"))
    assert [f.status for f in told.facts] == ([] if status is None else [status])
    assert status is not None or told.skipped == {f"order control {control}": 1}


@pytest.mark.parametrize(
    ("done", "action", "expected"),
    [
        ("CP", "A", [Status.FINAL]), ("PA", "", [Status.FINAL]), ("CP", "U", [Status.AMENDED]), ("RE", "A", []),
        ("NA", "", []), ("CP", "D", [Status.ENTERED_IN_ERROR]),
    ],
)  # fmt: skip
def test_only_a_dose_that_was_given_is_a_dose(done: str, action: str, expected: list[Status]) -> None:
    rxa = f"RXA|0|1|20260302110500||311040^insulin aspart^RXNORM|8|U|||||||||||||{done}|{action}"
    told = only(message(PID, "ORC|RE|O1^HIS", rxa, kind="RAS^O17"))
    assert [fact.status for fact in told.facts] == expected


def test_an_admission_is_a_level_with_its_place_and_the_visit_beside_it() -> None:
    raw = message(
        "EVN|A02|20260302101500||||20260302093000", PID, "PV1|1|I|MED1^4^B|||ICU^1|||||||||||||V7", kind="ADT^A02"
    )
    said = {f.code: f for f in only(raw).facts if isinstance(f, Observation)}
    movement = said["gemel:movement"]
    assert (movement.value, movement.entity, movement.at) == (
        Level("transfer"), "MED1/4/B", instant("2026-03-02T09:30:00Z"),
    )  # fmt: skip
    assert said["gemel:visit"].value == Level("V7") and said["gemel:prior-ward"].value == Level("ICU")


@pytest.mark.parametrize(
    ("trigger", "level", "status"),
    [("S12", "booked", Status.FINAL), ("S13", "booked", Status.AMENDED), ("S15", "cancelled", Status.ENTERED_IN_ERROR),
     ("S26", "no show", Status.AMENDED)],
)  # fmt: skip
def test_an_appointment_stands_at_its_start_and_is_withdrawn_when_cancelled(
    trigger: str, level: str, status: Status
) -> None:
    sch = "SCH|A1^HIS|B1^RIS|||||||||^^^20260309143000"
    (fact,) = (
        only(message(sch, PID, kind=f"SIU^{trigger}")).facts or only(message(PID, sch, kind=f"SIU^{trigger}")).facts
    )
    assert isinstance(fact, Observation)
    assert (fact.value, fact.status, fact.at) == (Level(level), status, instant("2026-03-09T14:30:00Z"))


def test_the_person_is_told_by_record_numbers_and_not_by_visits() -> None:
    who = only(message(PID)).person
    assert who.identifiers == ("urn:oid:1.2.3|4711",)
    assert (who.sex, who.born) == ("female", date(1979, 1, 5))
    assert only(message("PID|1||7~8^^^NHS^NH~9^^^^MR")).person.identifiers == (
        "hl7v2:HOSP|9", "hl7v2:HOSP|7", "hl7v2:NHS|8",
    )  # fmt: skip
    assert only(message('PID|1|||||""|""|""')).person.identifiers == ()


@pytest.mark.parametrize("trigger", ["A34", "A40", "A18", "A47"])
def test_a_merge_names_who_turned_out_to_be_this_patient(trigger: str) -> None:
    raw = message("EVN||20260302", PID, "MRG|0815^^^HOSP&1.2.3&ISO", kind=f"ADT^{trigger}")
    assert only(raw).merged == ("urn:oid:1.2.3|0815",)
    assert only(raw.replace(trigger.encode(), b"A08")).merged == ()


def test_what_is_said_of_two_patients_goes_to_each_and_neither_sees_the_other() -> None:
    other = PID.replace("4711", "4712").replace("PATIENT", "OTHER")
    raw = message(PID, OBR, "OBX|1|NM|X1^x^L||1|1|||||F", other, OBR, "OBX|1|NM|X1^x^L||2|1|||||F")
    first, second = hl7v2.said(hl7v2.parse(raw))
    assert [f.value for t in (first, second) for f in t.facts if isinstance(f, Observation)] == [Exact(1), Exact(2)]
    assert b"OTHER" not in first.body and b"PATIENT" not in second.body and first.body != second.body


def test_what_is_said_about_nobody_is_rejected_and_not_lost() -> None:
    told = only(message(OBR, "OBX|1|NM|X1^x^L||1|1|||||F", "OBX|2|NM|X2^x^L||2|1|||||F"))
    assert told.facts == () and len(told.rejected) == 2
    assert all(row.reason.startswith("no patient") for row in told.rejected)
    assert len(only(message(kind="QRY^Q01")).rejected) == 1


def test_the_message_is_kept_whole_with_a_name_made_of_its_content() -> None:
    raw = message(PID, OBR, "OBX|1|NM|X1^x^L||1|1|||||F")
    assert only(raw).body == raw + b"\r"
    assert only(raw).id == only(raw).id != only(raw + b"\rNTE|1||x").id


def test_the_counts_of_the_simulated_hospital_come_out(shared: Path) -> None:
    folder = shared / "data/platform"
    expected = json.loads((folder / "expected.json").read_text())["hl7v2"]
    account, patients = Account("hl7v2"), dict[tuple[str, ...], str]()
    terms = Terms(who=lambda names: patients.setdefault(names, f"s{len(patients)}"), subject="s")
    writes = list(imports.read(folder / "hl7v2/simhospital_messages.hl7.gz", terms, account))
    assert account.to_dict() == expected
    assert len(patients) == expected["patients"] and account.feed == "SIMHOSP|SFAC"
    facts = [fact for write in writes for fact in write.facts]
    skipped = sum(account.skipped.values())
    rejected = sum(len(write.rejected) for write in writes)
    results = [fact for fact in facts if not fact.code.startswith("gemel:")]
    assert len(results) + rejected + skipped == expected["OBX"]
    exact = [f for f in results if isinstance(f, Observation) and isinstance(f.value, Exact)]
    assert len(exact) >= expected["OBX_numeric_NM"] and rejected == 24  # empty OBX-5, which the source sends


def test_every_field_of_every_message_is_what_python_hl7_reads(shared: Path) -> None:
    """The oracle reads the same file with its own parser: every segment, repetition and component must agree."""
    hl7 = pytest.importorskip("hl7")
    raw = gzip.decompress((shared / "data/platform/hl7v2/simhospital_messages.hl7.gz").read_bytes())
    found = [m for m in hl7v2.messages(io.BytesIO(raw), "x") if isinstance(m, hl7v2.Message)]
    assert len(found) == 474
    compared = 0
    for message in found[::6]:
        theirs = hl7.parse(b"\r".join(message.segments).decode() + "\r")
        names: dict[str, int] = {}
        for segment, other in zip(message.segments, theirs, strict=True):
            name = segment[:3].decode()
            names[name] = names.get(name, 0) + 1
            for number in range(3 if name == "MSH" else 1, len(other)):
                assert message.get(f"{name}[{names[name]}]-{number}") == str(other[number]).partition("~")[0], name
                compared += 1
    assert compared > 10_000


def test_odd_messages_are_read_or_named_and_nothing_breaks(shared: Path) -> None:
    folder = shared / "data/platform/hl7v2"
    kinds: dict[str, int] = {}
    for name in ("hapi_example_oml_o21.hl7", "hapi_messages_mixed_v21_to_v24.txt", "simhospital_invalid_messages.yml"):
        for item in hl7v2.read(folder / name):
            if isinstance(item, Rejected):
                assert "must start with MSH" in item.reason
                continue
            for told in hl7v2.said(item):
                kinds[told.kind] = kinds.get(told.kind, 0) + 1
                assert told.items == len(told.facts) + len(told.rejected) + sum(told.skipped.values())
    assert (kinds["OML^O21"], kinds["BAR^P01"], kinds["ORM^O01"], kinds["QRY^Q01"]) == (
        7,
        11,
        3,
        2,
    )  # as grep counts them
