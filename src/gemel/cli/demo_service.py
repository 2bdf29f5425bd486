"""The end of the demo: the real service on loopback, fed through its real doors, and what was seen from outside.

A hospital's records come by FHIR and HL7 v2, a sensor's readings by REST and MQTT; a subscriber watches the live stream;
the forecast is asked over REST and as FHIR; the service is stopped, started again, and has the same facts.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar, final
from uuid import uuid4

from ..core.errors import GemelError
from ..core.extra import require
from ..core.ledger import Switch
from ..core.ports import Caller
from ..runtime.site import Site, wall_clock
from .demo_feed import Feed, acts, admission, feed_of, result, row, transaction
from .demo_life import WEIGHT, Life
from .demo_talk import BROKER, PATIENCE_S, Running, Watcher, broker, mllp, publish, running
from .shapes_service import DoorSeen, ServiceSeen

__all__ = ["serve_life"]

MODEL: Final = "replaybg"
MEMBERS: Final = 128
NEEDS: Final = ("fastapi", "granian", "httpx", "prometheus_client")
T = TypeVar("T")
ME: Final = Caller(id="demo", role="admin", purpose="research")


@final
class Seen:
    """What was seen so far."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.doors: list[DoorSeen] = []
        self._tell = tell

    def note(self, door: str, sent: str, came_back: str, begun: float) -> None:
        """One exchange, which began at this second of the clock."""
        seconds = round(time.perf_counter() - begun, 3)
        self.doors.append(DoorSeen(door=door, sent=sent, came_back=came_back, seconds=seconds))

    def through(self, door: str, sent: str, work: Callable[[], tuple[str, T]]) -> T:
        """Do something at a door, and note what came back."""
        self._tell(f"{door}: {sent}")
        begun = time.perf_counter()
        came_back, value = work()
        self.note(door, sent, came_back, begun)
        return value


@dataclass(frozen=True, slots=True)
class Visit:
    """A client at the running service, and what it brings; `mqtt`: whether there is a broker."""

    client: Any
    service: Running
    feed: Feed
    seen: Seen
    mqtt: bool

    def get(self, path: str, **query: Any) -> Any:
        """A resource as JSON; GemelError when it is refused."""
        return _answer(self.client.get(path, params=query))

    def post(self, path: str, body: Any) -> Any:
        """The answer to a body as JSON; GemelError when it is refused."""
        return _answer(self.client.post(path, json=body))


@dataclass(frozen=True, slots=True)
class Stage:
    """What both runs of the service share: where its data and its log are, how it is started, what it is told."""

    data: Path
    log: Path
    options: tuple[str, ...]
    feed: Feed
    seen: Seen

    @contextmanager
    def run(self, sent: str) -> Generator[Visit]:
        """The service runs, and somebody visits it."""
        begun = time.perf_counter()
        with (
            running(self.data, self.log, *self.options) as service,
            require("httpx", "serve").Client(base_url=service.url, timeout=PATIENCE_S) as client,
        ):
            self.seen.note("gemel serve", sent, f"{service.url}, MLLP on {service.mllp_port}", begun)
            yield Visit(client, service, self.feed, self.seen, "--mqtt" in self.options)


def serve_life(life: Life, folder: Path, tell: Callable[[str], None]) -> ServiceSeen:
    """Run the service on a new store, `folder`/service (one of an earlier demo is replaced), send it the life's last
    hours, and say what came back."""
    why = _missing(NEEDS)
    if why:
        return ServiceSeen(data="", subject="", twin="", doors=[], left_out={"service": why}, events={}, facts=0,
                           same_facts=False)  # fmt: skip
    no_mqtt = _missing(("paho",)) or broker()
    data, seen = folder / "service", Seen(tell)
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    options = () if no_mqtt else ("--mqtt", BROKER)
    site = f"demo-{uuid4().hex[:8]}"
    stage = Stage(data, folder / "service.log", (*options, "--site", site), feed_of(life, wall_clock()), seen)
    with stage.run("start, on an empty folder") as visit:
        subject = _records(visit)
        watcher = Watcher(visit.service.url, subject)
        twin = _devices(visit, subject, watcher)
        _answers(visit, subject, twin)
        facts, before = _facts(visit, subject)
        events = watcher.counts()
        seen.through("SIGTERM", "stop", lambda: ("ended with 0", visit.service.stop()))
    _let_speak(data, site)
    with stage.run("start again, on the same folder") as visit:
        again, after = _facts(visit, subject)
        same = before == after
        seen.through("REST", "the subject's facts again", lambda: (f"{again}: {'the same' if same else 'OTHERS'}", None))
        _card(visit, subject, "patient-view, once the site lets the model speak")
        visit.service.stop()
    return ServiceSeen(data=str(data), subject=subject, twin=twin, doors=seen.doors, events=events, facts=facts,
                       same_facts=same, left_out={"MQTT": no_mqtt} if no_mqtt else {})  # fmt: skip


def _missing(packages: tuple[str, ...]) -> str:
    absent = [name for name in packages if find_spec(name) is None]
    return f"{', '.join(absent)} not installed: pip install 'gemel[serve]'" if absent else ""


def _answer(told: Any) -> Any:
    if told.status_code >= 300:
        raise GemelError(f"the service answered {told.status_code} to {told.request.url.path}: {told.text[:300]}")
    return told.json()


def _records(visit: Visit) -> str:
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
    visit.seen.through("REST", f"pump's basal rate and {len(given) - 1} meals", lambda: (_taken(visit.post(path, given)), None))
    return subject


def _taken(told: Any) -> str:
    return f"{told['accepted']} accepted, {told['repeated']} repeated, {len(told['rejected'])} rejected"


def _devices(visit: Visit, subject: str, watcher: Watcher) -> str:
    """A twin, the sensor's readings one by one, a monitor's, and what a subscriber hears of them."""
    seen, live = visit.seen, visit.feed.live

    asked = {"model": MODEL, "subject": subject, "covariates": {"weight": WEIGHT}, "members": MEMBERS}

    def made() -> tuple[str, str]:
        twin = visit.post("/api/twins", asked)
        data = twin["believed"]["data"]
        return f"{twin['id']}: {data['used']} facts used, {twin['standing']}", twin["id"]

    def hello() -> tuple[str, None]:
        _, told = watcher.heard("hello")
        return f"events from number {told['number']} on", None

    seen.through("stream", "subscribe to the patient (SSE)", hello)
    twin = seen.through("REST", f"make a twin: {MODEL}, {MEMBERS} members", made)
    path = f"/api/subjects/{subject}/observations"
    begun = time.perf_counter()
    rest, other = (live[:-2], live[-2:]) if visit.mqtt else (live, ())
    answers = [visit.post(path, row(at, value)) for at, value in rest]
    seen.note("REST", f"{len(rest)} sensor readings, one by one", f"{sum(a['accepted'] for a in answers)} accepted", begun)
    if other:
        _publish(visit, subject, [row(at, value) for at, value in other], watcher)
    _hear(visit, watcher, live[-1][0])
    _monitor(visit, watcher)
    return twin


def _publish(visit: Visit, subject: str, rows: list[dict[str, Any]], watcher: Watcher) -> None:
    def heard() -> tuple[str, None]:
        begun = time.perf_counter()
        publish(f"gemel/{subject}/observations", rows)
        at, _ = watcher.heard("facts", lambda told: any(fact["at"] == rows[-1]["at"] for fact in told["facts"]))
        return f"durable and told to the stream {1000 * (at - begun):.0f} ms later", None

    visit.seen.through("MQTT", f"{len(rows)} sensor readings, quality of service 1", heard)


def _hear(visit: Visit, watcher: Watcher, newest: int) -> None:
    """The belief and the forecast that rest on the newest reading."""

    def forecast() -> tuple[str, None]:
        watcher.heard("belief", lambda told: told["present"] >= newest)
        _, told = watcher.heard("forecast", lambda told: told["issued"] >= newest)
        table, hour = told["quantiles"]["glucose"], told["minutes"].index(60)
        middle = table[hour][len(table[hour]) // 2]
        words = f"glucose in 60 min: {middle:.0f} mg/dL, as the model's standing is '{told['standing']}': to watch, not to act"
        return words, None

    visit.seen.through("stream", "wait for belief and forecast", forecast)


def _monitor(visit: Visit, watcher: Watcher) -> None:
    """Two HL7 v2 messages, one of them twice; the second raises an alert."""
    came, read = admission(visit.feed), result(visit.feed)
    sent = "ADT^A01, ORU^R01 (saturation 88 %), the ORU^R01 again"

    def acknowledged() -> tuple[str, None]:
        return " ".join(mllp(visit.service.mllp_port, [came, read, read])), None

    def alerted() -> tuple[str, str]:
        _, alert = watcher.heard("alert")
        done = visit.post(f"/api/alerts/{alert['id']}/acknowledge", {"by": "demo", "why": "seen"})
        return f"{alert['severity']}: {alert['title']}: {alert['reason']}; now {done['state']}", alert["id"]

    visit.seen.through("HL7 v2 (MLLP)", sent, acknowledged)
    visit.seen.through("alerts", "wait on the stream, acknowledge over REST", alerted)


def _answers(visit: Visit, subject: str, twin: str) -> None:
    """What can be asked."""
    seen = visit.seen
    seen.through("REST", "forecast the next 2 h", lambda: _outlook(visit, twin))
    seen.through("FHIR R4", "RiskAssessment and Provenance of the patient", lambda: _risk(visit, subject))
    _card(visit, subject, "patient-view")
    seen.through("quality", "the subject's data", lambda: _quality(visit, subject))
    seen.through("metrics", "facts taken in, live forecasts", lambda: _metrics(visit))


def _outlook(visit: Visit, twin: str) -> tuple[str, None]:
    told = visit.get(f"/api/twins/{twin}/forecast", hours=2.0)
    return f"{told['observables'][0]['name']}", None


def _risk(visit: Visit, subject: str) -> tuple[str, None]:
    found = visit.get("/fhir/RiskAssessment", patient=subject)["entry"]
    why = visit.get("/fhir/Provenance", patient=subject)["entry"]
    newest = found[0]["resource"]
    ahead = [p for p in newest["prediction"] if "below 70" in p["outcome"]["text"]]
    words = f"; {ahead[-1]['outcome']['text']}: {ahead[-1]['probabilityDecimal']:.0%}" if ahead else ""
    return f"{len(found)} and {len(why)}, status {newest['status']}{words}", None


def _card(visit: Visit, subject: str, sent: str) -> None:
    asked = {
        "hook": "patient-view", "hookInstance": str(uuid4()),
        "context": {"userId": "Practitioner/demo", "patientId": subject},
    }  # fmt: skip

    def answered() -> tuple[str, None]:
        cards = visit.post("/cds-services/gemel-glucose-forecast", asked)["cards"]
        return (f"card, {cards[0]['indicator']}: {cards[0]['summary']}" if cards else "no card: the model is silent"), None

    visit.seen.through("CDS Hooks", sent, answered)


def _quality(visit: Visit, subject: str) -> tuple[str, None]:
    told = visit.get(f"/api/subjects/{subject}/quality")
    dense = [code for code in told["codes"] if code["completeness"] is not None]
    words = ", ".join(f"{code['title']} {code['completeness']:.0%} complete" for code in dense)
    return f"{told['held']} facts hold, {told['rejected']} rejected; {words}", None


def _metrics(visit: Visit) -> tuple[str, None]:
    return str(len(visit.client.get("/metrics").text)), None


def _facts(visit: Visit, subject: str) -> tuple[int, bytes]:
    """How many there are, and a digest of them."""
    told = visit.client.get(f"/api/subjects/{subject}/facts", params={"limit": 10_000})
    return len(_answer(told)["facts"]), sha256(told.content).digest()


def _let_speak(data: Path, site: str) -> None:
    """Put on record that the model may speak at this site: no demo is long enough to earn that."""
    with Site.open(data / "gemel.db", caller=ME, name=site) as own:
        now = own.status(MODEL)
        own.store.switch(
            Switch(at=own.now(), by="demo", site=site, model=MODEL, version=now.version, event="standing",
                   before=now.standing, after="advisory", why="the demo shows a card", figures={}, plan="demo"),
            ME,
        )  # fmt: skip
