"""What goes through the doors of the service before the ward demo is ready, one door after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..core.clock import HOUR, MINUTE, SECOND
from ..core.errors import GemelError
from ..core.fact import Instant
from .demo_feed import SENSOR
from .demo_talk import PATIENCE_S, Running, mllp
from .demo_visit import answer
from .demo_ward_feed import MOVEMENT, SOURCE, WARDS, admissions, bundle, history, in_first
from .demo_ward_life import Patient

__all__ = ["SPEAKS", "WARD", "Desk", "come", "others", "past", "silent", "twins"]

SPEAKS, SILENT = "replaybg", "replaybg-everyday"
"""The twins' models: one may speak at this site, the other must earn it."""
WARD, PUMP = "ward-north", "pump-7"
"""Subjects that are no persons."""
GONE: Final = 20 * MINUTE
"""How long the silent sensor has said nothing."""
FORECAST: Final = 2 * HOUR
"""How much of the past is taken in reading by reading, so that there are forecasts to look back at."""
_ALERTS: Final = "gemel_alerts_waiting "


@dataclass(frozen=True, slots=True)
class Desk:
    """A client at the running service, and what hears of every step."""

    client: Any
    service: Running
    tell: Callable[[str], None]

    def post(self, path: str, body: Any) -> Any:
        """The answer to a body as JSON; GemelError when it is refused."""
        return answer(self.client.post(path, json=body))


def come(desk: Desk, people: Sequence[Patient], now: Instant) -> list[str]:
    """Patients are made known by FHIR, admitted by HL7 v2, and their past is told by REST; their ids."""
    desk.tell("FHIR: patients; HL7 v2: admissions")
    entries = desk.post("/fhir", bundle(people))["entry"]
    subjects = [entry["response"]["location"].partition("Patient/")[2].partition("/")[0] for entry in entries]
    said = mllp(desk.service.mllp_port, admissions(people, now))
    if said != ["AA"] * len(people):
        raise GemelError(f"not every admission was taken in: {said}")
    return subjects


def past(desk: Desk, people: Sequence[Patient], subjects: Sequence[str], now: Instant) -> None:
    """Hours of readings, meals and insulin, taken in by all twins together; returns when they are up to date."""
    told = [
        row for one, subject in zip(people, subjects, strict=True)
        for row in history(one, subject, now) if one.number != silent(people) or row["at"] <= now - GONE
    ]  # fmt: skip
    told.sort(key=lambda row: row["at"])
    middle = now - FORECAST
    for words, after, until in (
        ("hours of readings, meals and insulin", 0, middle),
        ("the last hours, with a forecast after each reading", middle, now),
    ):
        desk.tell(f"REST: {words}")
        part = [row for row in told if after < row["at"] <= until]
        desk.post("/api/bulk/observations", part)
        last = {row["subject"]: row["at"] for row in part if row["code"] == SENSOR}
        deadline = time.monotonic() + PATIENCE_S
        while not _caught_up(desk, last):
            if time.monotonic() > deadline:
                raise GemelError(f"the twins have not taken in their past in {PATIENCE_S:g} s: see service.log")
            time.sleep(0.25)


def _caught_up(desk: Desk, last: Mapping[str, Instant]) -> bool:
    """Whether every twin has forecast from its last reading, and alerts have been thought about."""
    board = answer(desk.client.get("/api/board"))
    issued = {
        row["id"]: twin["outlook"] is not None and twin["outlook"]["issued"] + board["base"] + 1
        for row in board["subjects"] for twin in row["twins"]
    }  # fmt: skip
    waiting = (line.split()[1] for line in desk.client.get("/metrics").text.splitlines() if line.startswith(_ALERTS))
    return all(issued.get(who, at) >= at / SECOND for who, at in last.items()) and not any(map(float, waiting))


def silent(people: Sequence[Patient]) -> int:
    """Whose sensor is silent: one in the middle of the first ward."""
    return min(5, len(people))


def twins(desk: Desk, people: Sequence[Patient], subjects: Sequence[str], members: int) -> int:
    """A twin for each but the last; one in six of the model that must earn its voice."""
    desk.tell("twins are made")
    wanted = list(zip(people, subjects, strict=True))[: max(1, len(people) - 1)]
    for one, subject in wanted:
        model = SILENT if one.number % 6 == 4 else SPEAKS
        known = {"weight": one.weight, "basal": one.basal}
        desk.post("/api/twins", {
            "model": model, "subject": subject, "at": one.glucose[0][0], "covariates": known,
            "rates": {"insulin": one.basal}, "members": members,
        })  # fmt: skip
    return len(wanted)


def others(desk: Desk, subjects: Sequence[str], now: Instant) -> int:
    """A ward that has a twin of its own, and a pump: subjects that are no persons; how many."""
    desk.tell("a ward and a pump as subjects")
    kinds = {WARD: "ward", PUMP: "device"}
    for name, kind in kinds.items():
        desk.post("/api/subjects", {"id": name, "kind": kind})
    came = {"code": MOVEMENT, "value": {"is": "level", "name": "admit"}, "at": now - HOUR, "source": SOURCE}
    rows: list[dict[str, Any]] = [
        {**came, "subject": WARD, "entity": WARDS[0]}, {**came, "subject": PUMP, "entity": f"{WARDS[1]}/1/1"},
    ]  # fmt: skip
    count = in_first(len(subjects))
    rows += [
        {"subject": WARD, "code": "census", "value": {"is": "count", "n": count}, "unit": "{patients}",
         "at": now - k * 15 * MINUTE, "source": SOURCE}
        for k in range(8, -1, -1)
    ]  # fmt: skip
    rows.append({
        "subject": PUMP, "code": "gemel:battery", "value": 83, "unit": "%", "at": now - MINUTE, "source": SOURCE,
    })  # fmt: skip
    desk.post("/api/bulk/observations", rows)
    desk.post("/api/twins", {
        "model": "mmc", "subject": WARD, "rates": {"beds": float(count + 2)}, "engine": "particle",
        "members": 256,
    })  # fmt: skip
    return len(kinds)
