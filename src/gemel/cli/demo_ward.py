"""`gemel demo ward`: the real service on loopback, filled through its real doors with wards of virtual patients.

Patients come by FHIR, are admitted by HL7 v2, and have hours of sensor readings, meals and insulin behind them when
their twins are made; then their devices go on in real time.  One sensor is silent, one patient has no twin, some have
a twin whose model may not speak yet, one ward and one pump are subjects too.  The truth is another model than any
twin.  It runs until it is told to stop.
"""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ..core.extra import require
from ..core.fact import Instant
from ..core.ledger import Switch
from ..core.ports import Caller
from ..runtime.site import Site, wall_clock
from .demo import open_in_browser
from .demo_talk import PATIENCE_S, running
from .demo_ward_doors import SPEAKS, WARD, Desk, come, others, past, silent, twins
from .demo_ward_feed import in_first
from .demo_ward_life import Patient, patients
from .demo_ward_live import Census, Device, Monitor, Sensor, due

__all__ = ["Ward", "WardShape", "ward", "ward_command"]

SITE: Final = "ward-demo"
ME: Final = Caller(id="demo", role="admin", purpose="research")
PACE_S: Final = 1.0
"""How often what is due is sent."""


class WardShape(msgspec.Struct, kw_only=True):
    """`gemel demo ward --json`: one line once the ward is filled."""

    url: str
    page: str
    mllp_port: int
    data: str
    subjects: int
    twins: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Ward:
    """How many beds, on which port (0: one that is free), how large each twin, whether to end once it is filled."""

    beds: int = 24
    port: int = 0
    members: int = 128
    seed: int = 1
    once: bool = False


def ward_command(script: Ward, folder: Path, *, show: bool, json: bool) -> None:
    """Run it, and tell of it: one line of JSON once it is filled, or words and the page to open."""
    from . import console

    def ready(shape: WardShape) -> None:
        if json:
            sys.stdout.write(msgspec.json.encode(shape).decode() + "\n")
            sys.stdout.flush()
            return
        rows = [["page to open", shape.page], ["subjects, twins", f"{shape.subjects}, {shape.twins}"],
                ["HL7 v2 (MLLP)", f"127.0.0.1:{shape.mllp_port}"], ["data", shape.data]]  # fmt: skip
        console.show("A ward of virtual patients", ("", ""), rows if script.once else [*rows, ["stop", "Ctrl-C"]])
        if not script.once:
            open_in_browser(shape.page, show)

    ward(script, folder, lambda word: None if json else console.error_console().print(word), ready)


def ward(
    script: Ward, folder: Path, tell: Callable[[str], None], ready: Callable[[WardShape], None]
) -> None:  # fmt: skip
    """Fill a ward in `folder` (a store of an earlier demo is replaced), say when it is `ready`, and go on until the
    process is told to stop."""
    begun, now = time.perf_counter(), wall_clock()
    data = folder / "ward"
    if (data / "gemel.db").is_file():
        shutil.rmtree(data)
    data.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    _let_speak(data)
    tell("the service starts")
    with _open(data, script.port, tell) as desk:
        tell(f"{script.beds} virtual patients live some hours")
        people = patients(script.beds, now, script.seed)
        subjects = come(desk, people, now)
        made = twins(desk, people, subjects, script.members)
        besides = others(desk, subjects, now)
        past(desk, people, subjects, now)
        devices = _devices(people, subjects, now)
        _send(desk, devices, (now, wall_clock()))
        ready(WardShape(
            url=desk.service.url, page=f"{desk.service.url}/", mllp_port=desk.service.mllp_port, data=str(data),
            subjects=len(subjects) + besides, twins=made + 1, seconds=round(time.perf_counter() - begun, 1),
        ))  # fmt: skip
        if not script.once:
            _go_on(desk, devices)


@contextmanager
def _open(data: Path, port: int, tell: Callable[[str], None]) -> Generator[Desk]:
    """The service and a client; both end whatever happens, also when this process is told to."""
    options = ("--site", SITE, "--port", str(port), "--log", "warning")
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            running(data, data / "service.log", *options) as service,
            require("httpx", "serve").Client(base_url=service.url, timeout=PATIENCE_S) as client,
        ):
            try:
                yield Desk(client, service, tell)
            except KeyboardInterrupt:
                pass
            service.stop()
    finally:
        signal.signal(signal.SIGTERM, before)


def _let_speak(data: Path) -> None:
    """Put on record that one model may speak at this site: no demo is long enough to earn that."""
    with Site.open(data / "gemel.db", caller=ME, name=SITE) as own:
        now = own.status(SPEAKS)
        own.store.switch(
            Switch(at=own.now(), by="demo", site=SITE, model=SPEAKS, version=now.version, event="standing",
                   before=now.standing, after="advisory", why="the demo shows what a model that may speak says",
                   figures={}, plan="demo"),
            ME,
        )  # fmt: skip


def _devices(people: Sequence[Patient], subjects: Sequence[str], now: Instant) -> list[Device]:
    """A sensor on each but the silent one, a monitor beside every fourth bed, and a ward's desk."""
    pairs = list(zip(people, subjects, strict=True))
    sensors = [Sensor(subject, one, now) for one, subject in pairs if one.number != silent(people)]
    desk = Census(WARD, in_first(len(people)))
    return [*sensors, desk, *(Monitor(subject, one.number) for one, subject in pairs if one.number % 4 == 1)]


def _send(desk: Desk, devices: Sequence[Device], span: tuple[Instant, Instant]) -> None:
    if rows := due(devices, *span):
        desk.post("/api/bulk/observations", rows)


def _go_on(desk: Desk, devices: Sequence[Device]) -> None:
    """In real time, until somebody ends it."""
    after = wall_clock()
    while True:
        time.sleep(PACE_S)
        until = wall_clock()
        _send(desk, devices, (after, until))
        after = until
