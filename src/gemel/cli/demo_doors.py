"""The doors of the service that the demo goes through, one after the other, and what is told of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

from ..core.fact import Instant
from .demo_feed import acts, admission, result, row, transaction
from .demo_life import WEIGHT
from .demo_talk import Watcher, mllp, publish
from .demo_visit import Visit, answer

__all__ = ["MEMBERS", "MODEL", "ask", "ask_for_card", "figures", "hospital_sends", "live", "stored"]

MODEL: Final = "replaybg"
MEMBERS: Final = 128


def hospital_sends(visit: Visit) -> str:
    """What a hospital has: FHIR, then HL7 v2 about the same person."""
    bundle = transaction(visit.feed)
    kinds = Counter(entry["resource"]["resourceType"] for entry in bundle["entry"])

    def created() -> tuple[str, str]:
        entries = visit.post("/fhir", bundle)["entry"]
        words = Counter(entry["response"]["status"][:3] for entry in entries)
        where = entries[0]["response"]["location"].partition("Patient/")[2].partition("/")[0]
        return ", ".join(f"{count} x {status}" for status, count in words.items()), where

    sent = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    subject = visit.seen.through("FHIR R4", f"transaction: {sent}", created)
    given = acts(visit.feed)
    path = f"/api/subjects/{subject}/observations"
    visit.seen.through(
        "REST", f"pump's basal rate and {len(given) - 1} meals", lambda: (_taken(visit.post(path, given)), None)
    )
    return subject


def _taken(told: Any) -> str:
    return f"{told['accepted']} accepted, {told['repeated']} repeated, {len(told['rejected'])} rejected"


def live(visit: Visit, subject: str, watcher: Watcher) -> str:
    """A twin is made and kept current: a sensor's readings, a monitor's, and what a subscriber hears of them."""
    newest = visit.feed.live[-1][0]
    visit.seen.through("stream", "subscribe to the patient (SSE)", lambda: (_hello(watcher), None))
    twin = visit.seen.through("REST", f"make a twin: {MODEL}, {MEMBERS} members", lambda: _made(visit, subject))
    _sensor(visit, subject, watcher)
    visit.seen.through("stream", "belief and forecast", lambda: (_told(watcher, newest), None))
    _monitor(visit, watcher)
    return twin


def _hello(watcher: Watcher) -> str:
    return f"events from number {watcher.heard('hello')[1]['number']} on"


def _made(visit: Visit, subject: str) -> tuple[str, str]:
    asked = {"model": MODEL, "subject": subject, "covariates": {"weight": WEIGHT}, "members": MEMBERS}
    made = visit.post("/api/twins", asked)
    return f"201, {made['believed']['data']['used']} facts used; standing: {made['standing']}", made["id"]


def _sensor(visit: Visit, subject: str, watcher: Watcher) -> None:
    """The newest readings, as a device sends them: the last two by MQTT where there is a broker."""
    rows = [row(at, value) for at, value in visit.feed.live]
    by_rest, by_mqtt = (rows[:-2], rows[-2:]) if visit.mqtt else (rows, [])
    path, begun = f"/api/subjects/{subject}/observations", time.perf_counter()
    answers = [visit.post(path, one) for one in by_rest]
    words = f"{sum(one['accepted'] for one in answers)} accepted"
    visit.seen.note("REST", f"{len(by_rest)} sensor readings, one by one", words, begun)
    if by_mqtt:
        _publish(visit, subject, by_mqtt, watcher)


def _publish(visit: Visit, subject: str, rows: Sequence[dict[str, Any]], watcher: Watcher) -> None:
    def heard() -> tuple[str, None]:
        begun = time.perf_counter()
        publish(f"gemel/{subject}/observations", rows)
        at, _ = watcher.heard("facts", lambda told: any(fact["at"] == rows[-1]["at"] for fact in told["facts"]))
        return f"durable, and told on the stream after {1000 * (at - begun):.0f} ms", None

    visit.seen.through("MQTT", f"{len(rows)} sensor readings, quality of service 1", heard)


def _told(watcher: Watcher, newest: Instant) -> str:
    """The belief and the forecast that rest on the newest reading."""
    watcher.heard("belief", lambda told: told["present"] >= newest)
    _, told = watcher.heard("forecast", lambda told: told["issued"] >= newest)
    table, hour = told["quantiles"]["glucose"], told["minutes"].index(60)
    middle = table[hour][len(table[hour]) // 2]
    return f"glucose in 60 min: {middle:.0f} {told['units']['glucose']} (standing: {told['standing']})"


def _monitor(visit: Visit, watcher: Watcher) -> None:
    """Two HL7 v2 messages, one of them twice; the second raises an alert."""
    came, read = admission(visit.feed), result(visit.feed)
    sent = "ADT^A01, ORU^R01 (saturation 88 %), the same ORU^R01 again"

    def acknowledged() -> tuple[str, None]:
        return " ".join(mllp(visit.service.mllp_port, [came, read, read])), None

    def alerted() -> tuple[str, str]:
        _, alert = watcher.heard("alert")
        done = visit.post(f"/api/alerts/{alert['id']}/acknowledge", {"by": "demo", "why": "seen"})
        return f"{alert['severity']}: {alert['title']}: {alert['reason']}; now {done['state']}", alert["id"]

    visit.seen.through("HL7 v2 (MLLP)", sent, acknowledged)
    visit.seen.through("alerts", "wait on the stream, acknowledge over REST", alerted)


def ask(visit: Visit, subject: str, twin: str) -> None:
    """What can be asked."""
    seen = visit.seen
    seen.through("REST", "forecast the next 2 h", lambda: _outlook(visit, twin))
    seen.through("FHIR R4", "RiskAssessment and Provenance of the patient", lambda: _risk(visit, subject))
    ask_for_card(visit, subject, "patient-view")
    seen.through("quality", "the subject's data", lambda: _quality(visit, subject))
    seen.through("metrics", "GET /metrics", lambda: _metrics(visit))


def _outlook(visit: Visit, twin: str) -> tuple[str, None]:
    told = visit.get(f"/api/twins/{twin}/forecast", hours=2.0)
    glucose, at = told["observables"][0], told["hours"].index(1.0)
    words = f"glucose in 60 min: {glucose['q50'][at]:.0f} {glucose['unit']}"
    return f"{words}, 90 % between {glucose['q05'][at]:.0f} and {glucose['q95'][at]:.0f}", None


def _risk(visit: Visit, subject: str) -> tuple[str, None]:
    found = visit.get("/fhir/RiskAssessment", patient=subject)["entry"]
    why = visit.get("/fhir/Provenance", patient=subject)["entry"]
    newest = found[0]["resource"]
    ahead = [p for p in newest["prediction"] if "below 70" in p["outcome"]["text"]]
    words = f"; {ahead[-1]['outcome']['text']}: {ahead[-1]['probabilityDecimal']:.0%}" if ahead else ""
    return f"{len(found)} and {len(why)}, status {newest['status']}{words}", None


def ask_for_card(visit: Visit, subject: str, sent: str) -> None:
    """What a clinician who opens the patient's record is shown."""
    asked = {
        "hook": "patient-view", "hookInstance": str(uuid4()),
        "context": {"userId": "Practitioner/demo", "patientId": subject},
    }  # fmt: skip

    def answered() -> tuple[str, None]:
        cards = visit.post("/cds-services/gemel-glucose-forecast", asked)["cards"]
        return (
            f"card, {cards[0]['indicator']}: {cards[0]['summary']}" if cards else "no card: the model is silent"
        ), None

    visit.seen.through("CDS Hooks", sent, answered)


def _quality(visit: Visit, subject: str) -> tuple[str, None]:
    told = visit.get(f"/api/subjects/{subject}/quality")
    dense = [code for code in told["codes"] if code["completeness"] is not None]
    words = ", ".join(f"{code['title']} by {code['source']} {code['completeness']:.0%} complete" for code in dense)
    return f"{told['held']} facts hold, {told['rejected']} rejected; {words}", None


def _metrics(visit: Visit) -> tuple[str, None]:
    told = figures(visit.client.get("/metrics").text)
    accepted, made = told['gemel_facts_total{outcome="accepted"}'], told["gemel_live_forecasts_total"]
    return f"{len(told)} figures: {accepted:.0f} facts, {made:.0f} live forecasts ...", None


def figures(text: str) -> dict[str, float]:
    """What `/metrics` says, by name and labels; a label may hold spaces."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def stored(visit: Visit, subject: str) -> tuple[int, bytes]:
    """How many there are, and a digest of them."""
    told = visit.client.get(f"/api/subjects/{subject}/facts", params={"limit": 10_000})
    return len(answer(told)["facts"]), sha256(told.content).digest()
