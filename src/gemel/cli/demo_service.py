"""The end of the demo: the real service on loopback, fed through its real doors, and what was seen from outside.

A hospital's records come by FHIR and HL7 v2, a sensor's readings by REST and MQTT; a subscriber watches the live
stream; the forecast is asked over REST and as FHIR; the service is stopped, started again, and has the same facts.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from uuid import uuid4

from ..core.ledger import Switch
from ..core.ports import Caller
from ..runtime.site import Site
from .demo_doors import MODEL, ask, ask_for_card, hospital_sends, live, stored
from .demo_feed import Feed
from .demo_talk import BROKER, Watcher, broker, forget
from .demo_visit import Seen, Stage
from .shapes_service import ServiceSeen

__all__ = ["serve_feed"]

NEEDS: Final = ("fastapi", "granian", "httpx", "prometheus_client")
ME: Final = Caller(id="demo", role="admin", purpose="research")


def serve_feed(feed: Feed, folder: Path, tell: Callable[[str], None]) -> ServiceSeen:
    """Run the service on a new store in `folder` (that of an earlier demo is replaced), send it what a life
    left, and say what came back.  `tell` hears of every exchange before it begins."""
    if why := _missing(NEEDS):
        return ServiceSeen(left_out={"service": why})
    no_mqtt = _missing(("paho",)) or broker()
    stage = _stage(feed, folder, tell, () if no_mqtt else ("--mqtt", BROKER))
    try:
        seen = _visits(stage)
    finally:
        if not no_mqtt:
            forget(f"gemel-{stage.site}")
    seen.left_out = {"MQTT": no_mqtt} if no_mqtt else {}
    return seen


def _missing(packages: Sequence[str]) -> str:
    absent = [name for name in packages if find_spec(name) is None]
    return f"{', '.join(absent)} not installed: pip install 'gemel[serve]'" if absent else ""


def _stage(feed: Feed, folder: Path, tell: Callable[[str], None], options: tuple[str, ...]) -> Stage:
    data = folder / "service"
    if (data / "gemel.db").is_file():
        shutil.rmtree(data)
    data.mkdir(parents=True, exist_ok=True)
    return Stage(data, f"demo-{uuid4().hex[:8]}", options, feed, Seen(tell))


def _visits(stage: Stage) -> ServiceSeen:
    """Both runs of the service."""
    seen = stage.seen
    with stage.run("start, on an empty folder") as visit:
        subject = hospital_sends(visit)
        watcher = Watcher(visit.service.url, subject)
        twin = live(visit, subject, watcher)
        ask(visit, subject, twin)
        facts, before = stored(visit, subject)
        events = watcher.counts()
        seen.through("SIGTERM", "stop", lambda: ("ended with 0", visit.service.stop()))
    _let_speak(stage)
    with stage.run("start again, on the same folder") as visit:
        again, after = stored(visit, subject)
        words = f"{again} facts: {'the same' if before == after else 'not those of before'}"
        seen.through("REST", "what the subject has", lambda: (words, None))
        ask_for_card(visit, subject, "patient-view, now that the site lets the model speak")
        visit.service.stop()
    return ServiceSeen(data=str(stage.data), subject=subject, twin=twin, doors=seen.doors, events=events, facts=facts,
                       same_facts=before == after)  # fmt: skip


def _let_speak(stage: Stage) -> None:
    """Put on record that the model may speak at this site: no demo is long enough to earn that."""
    with Site.open(stage.data / "gemel.db", caller=ME, name=stage.site) as own:
        now = own.status(MODEL)
        own.store.switch(
            Switch(at=own.now(), by="demo", site=stage.site, model=MODEL, version=now.version, event="standing",
                   before=now.standing, after="advisory", why="the demo shows a card", figures={}, plan="demo"),
            ME,
        )  # fmt: skip
