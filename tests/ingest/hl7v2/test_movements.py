"""A census counted from stored facts is the census counted from the feed itself."""

from __future__ import annotations

from random import Random

from gemel.core.clock import HOUR, MINUTE, instant, text
from gemel.domains.hospital.census import Census
from gemel.domains.hospital.told import movements
from gemel.ingest import hl7v2
from gemel.ingest.hl7v2 import AdtEvent
from gemel.runtime.census import movement

START = instant("2026-03-02T00:00:00Z")


def feed(patients: int, seed: int) -> list[bytes]:
    """Admissions, transfers, discharges, and some of them taken back."""
    draw, raws = Random(seed), list[bytes]()
    for patient in range(patients):
        at, ward = START + draw.randrange(24) * HOUR, "A"
        for trigger in ("A01", *draw.choices(("A02", "A12", "A02"), k=3), draw.choice(("A03", "A11", "A03"))):
            at, before = at + draw.randrange(1, 300) * MINUTE, ward
            ward = draw.choice("ABC") if trigger == "A02" else ward
            stamp = text(at).replace("-", "", 2).replace("T", "").replace(":", "")[:14]
            raws.append(
                f"MSH|^~\\&|PAS|HOSP|||{stamp}||ADT^{trigger}|M{len(raws)}|P|2.5.1\rEVN|{trigger}|{stamp}\r"
                f"PID|1||P{patient}^^^HOSP^MR\rPV1|1|I|{ward}^1^2|||{before}^1|||||||||||||V{patient}".encode()
            )
    draw.shuffle(raws)
    return raws


def test_a_census_from_facts_is_the_census_from_the_feed() -> None:
    direct, stored = Census(), Census()
    for raw in feed(40, 1):
        message = hl7v2.parse(raw)
        (event,) = hl7v2.adt_events(message)
        assert isinstance(event, AdtEvent)
        moved = movement(event)
        assert moved is not None
        direct.add(moved)
        (said,) = hl7v2.said(message)
        stored.extend(movements(said.person.identifiers[0], said.facts))
    moments = [START + k * HOUR for k in range(60)]
    counts, again = direct.counts(moments), stored.counts(moments)
    assert {ward: n.tolist() for ward, n in counts.items()} == {ward: n.tolist() for ward, n in again.items()}
    assert sum(int(n.sum()) for n in counts.values()) > 100
