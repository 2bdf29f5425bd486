"""Data quality over the API: live counts of what came in, and the whole record of one subject from the store."""

from __future__ import annotations

import asyncio
from typing import Any

from gemel.core.clock import MINUTE, instant
from gemel.core.fact import Exact, Fact, Observation, Rejected
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Write
from gemel.ingest.quality import quality

PART = "gemel.server.quality:QualityWatch"
CALLER = Caller(id="test")
START = instant("2026-03-01T00:00:00Z")


def reading(k: int, **more: Any) -> Observation:
    """A sensor reading every 5 min, recorded a minute later."""
    at = START + 5 * k * MINUTE
    said = {"id": f"g{k}", "code": "loinc:99504-3", "value": Exact(100.0), "unit": "mg/dL", "source": "sensor"}
    return Observation(**{**said, "at": at, "recorded": at + MINUTE, **more})


def test_live_counts_are_those_of_the_record_and_repeats_are_told(serving: Any) -> None:
    facts: list[Fact] = [reading(k) for k in range(40)]
    facts += [reading(50, id="x", source="phone"), reading(51, id="y", code="text:mood", source="phone")]
    bad = Rejected(reason="impossible value: 9000 mg/dL", source="sensor", raw="", code="loinc:99504-3")

    async def story() -> None:
        async with serving(parts=(PART,)) as served:
            inbox = served.service.inbox
            await inbox.put([Write(subject="p", enrol=Subject(id="p"))], CALLER)
            for k in range(0, len(facts), 7):
                await inbox.put([Write(subject="p", facts=tuple(facts[k : k + 7]))], CALLER)
            await inbox.put([Write(subject="p", facts=tuple(facts[:5]), rejected=(bad,))], CALLER)
            told = (await served.client.get("/api/quality")).json()
            assert (told["facts"], told["repeated"], told["rejected"], told["subjects"]) == (47, 5, 1, 1)
            assert told["unmapped"] == {"text:mood": 1}
            assert told["worst"]["p"]["last"] == START + 255 * MINUTE
            live = {s["source"]: s for s in told["sources"]}
            whole = {s.source: s for s in quality(Subject(id="p"), facts, [bad]).sources}
            assert live["phone"]["delay_median"] == whole["phone"].delay_median
            assert live["sensor"]["facts"] - live["sensor"]["repeated"] == whole["sensor"].facts
            assert live["sensor"]["reasons"] == whole["sensor"].reasons

    asyncio.run(story())


def test_a_subject_has_the_quality_of_what_the_store_holds_of_it(serving: Any) -> None:
    facts = [reading(k) for k in range(40) if not 10 <= k < 30]

    async def story() -> None:
        async with serving(parts=(PART,)) as served:
            put = served.service.inbox.put
            await put([Write(subject="p", enrol=Subject(id="p"), facts=tuple(facts))], CALLER)
            own = (await served.client.get("/api/subjects/p/quality")).json()
            (code,) = own["codes"]
            assert (code["expected"], code["filled"], code["completeness"]) == (40, 20, 0.5)
            assert (code["gaps"], code["longest_gap"], code["step"]) == (1, 105.0, 5.0)
            wide = (await served.client.get("/api/subjects/p/quality", params={"gap_hours": 2})).json()
            assert wide["codes"][0]["gaps"] == 0
            late = (await served.client.get("/api/subjects/p/quality", params={"late_minutes": 0.5})).json()
            assert late["sources"][0]["late_share"] == 1.0
            recent = (await served.client.get("/api/subjects/p/quality", params={"days": 0.001})).json()
            assert recent["records"] == 0
            assert (await served.client.get("/api/subjects/nobody/quality")).status_code == 404
            assert (await served.client.get("/api/subjects/p/quality", params={"days": -1})).status_code == 422

    asyncio.run(story())
