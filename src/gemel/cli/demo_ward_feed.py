"""What the ward demo sends, as hospitals and devices say it: patients by FHIR, admissions by HL7 v2, rows by REST.

Nobody is meant: the patients are called after trees, their family is 'Virtual', their record numbers are from the
example arc of HL7's OIDs, and every row says that its source is simulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ..core.clock import HOUR, MINUTE
from ..core.fact import Instant
from .demo_feed import AUTHORITY, SENSOR
from .demo_ward_life import Patient

__all__ = ["MOVEMENT", "SOURCE", "WARDS", "acts", "admissions", "bed_of", "bundle", "history", "in_first", "row"]

Json = dict[str, Any]
SOURCE: Final = "simulated"
MOVEMENT: Final = "gemel:movement"
WARDS: Final = ("North", "South")
PER_ROOM: Final = 4
TREES: Final = (
    "Alder", "Ash", "Aspen", "Bay", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Holly", "Hornbeam", "Juniper", "Larch",
    "Laurel", "Lime", "Maple", "Myrtle", "Oak", "Olive", "Pine", "Rowan", "Spruce", "Willow", "Yew",
)  # fmt: skip
PAST: Final = 5 * MINUTE
"""Time between two readings of the hours before the demo; from then on they come each minute."""


def in_first(count: int) -> int:
    """How many of so many patients lie in the first ward."""
    return (count + 1) // 2


def bed_of(number: int, count: int) -> str:
    """'ward/room/bed'."""
    place, ward = (number - 1) % in_first(count), WARDS[0 if number <= in_first(count) else 1]
    return f"{ward}/{place // PER_ROOM + 1}/{place % PER_ROOM + 1}"


def bundle(people: Sequence[Patient]) -> Json:
    """A FHIR transaction with every patient, in order."""
    entries = [{"resource": _patient(one), "request": {"method": "POST", "url": "Patient"}} for one in people]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _patient(one: Patient) -> Json:
    tree = TREES[(one.number - 1) % len(TREES)]
    again = (one.number - 1) // len(TREES)
    return {
        "resourceType": "Patient", "identifier": [{"system": f"urn:oid:{AUTHORITY}", "value": _record(one)}],
        "name": [{"family": "Virtual", "given": [f"{tree} {again + 1}" if again else tree]}],
        "gender": "female" if one.number % 2 else "male", "birthDate": f"{1948 + (one.number * 7) % 50}-05-17",
        "meta": {"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]},
    }  # fmt: skip


def _record(one: Patient) -> str:
    return f"W-{1000 + one.number}"


def admissions(people: Sequence[Patient], now: Instant) -> list[bytes]:
    """An ADT^A01 for each patient, some hours ago."""
    return [_admission(one, bed_of(one.number, len(people)), now - (9 + one.number % 40) * HOUR) for one in people]


def _admission(one: Patient, place: str, at: Instant) -> bytes:
    stamp, (ward, room, bed) = _stamp(at), place.split("/")
    visit = ["PV1", "1", "I", f"{ward}^{room}^{bed}", *[""] * 15, f"V-{one.number}", *[""] * 24, stamp]
    return "\r".join((
        f"MSH|^~\\&|ADT|DEMO|GEMEL|DEMO|{stamp}||ADT^A01^ADT_A01|WARD-{one.number}-{at}|P|2.5.1", f"EVN|A01|{stamp}",
        f"PID|1||{_record(one)}^^^DEMO&{AUTHORITY}&ISO^MR||VIRTUAL", "|".join(visit), "",
    )).encode()  # fmt: skip


def _stamp(at: Instant) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y%m%d%H%M%S+0000")


def history(one: Patient, subject: str, now: Instant) -> list[Json]:
    """The hours before `now`: sensor readings, the pump's basal rate, boluses and meals."""
    start = one.glucose[0][0]
    told = [row(subject, at, value) for at, value in one.glucose if at <= now and (now - at) // MINUTE % 5 == 0]
    pump = {"code": "gemel:rapid-insulin", "rate": one.basal, "unit": "[IU]/h", "at": start}
    return [*told, {"subject": subject, "source": SOURCE, **pump}, *acts(one, subject, start, now)]


def acts(one: Patient, subject: str, after: Instant, until: Instant) -> list[Json]:
    """Boluses and meals with after < at <= until."""
    given = [("gemel:rapid-insulin", "[IU]", one.boluses), ("gemel:carbohydrate", "g", one.meals)]
    return [
        {"subject": subject, "code": code, "dose": dose, "unit": unit, "at": at, "source": SOURCE}
        for code, unit, timed in given for at, dose in timed if after < at <= until and dose > 0
    ]  # fmt: skip


def row(subject: str, at: Instant, value: float) -> Json:
    """A sensor's reading."""
    return {"subject": subject, "code": SENSOR, "value": value, "unit": "mg/dL", "at": at, "source": SOURCE}
