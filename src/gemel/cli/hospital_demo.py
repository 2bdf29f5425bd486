"""`gemel demo hospital`: an ADT feed, the beds as they are this minute, the next two days, and which plan is best.

The feed is written from one life of the invented general hospital that ships (ten days of it), as HL7 v2 messages with
a few sent twice and out of order.  The forecast knows the declaration and the feed, and nothing else of that life: what
really happened afterwards is shown beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ..core.clock import HOUR, instant, text
from ..core.draws import member_keys
from ..core.fact import Instant
from ..models.hospital.compiled import Compiled, compiled
from ..models.hospital.files import read_hospital
from ..models.hospital.log import Line, event_log
from ..numerics.des.layout import fresh
from ..numerics.des.run import run
from .console import emit, say
from .demo import open_in_browser
from .question import answered
from .shapes_hospital import HospitalDemoShape, WhatIfShape
from .what_if_page import speak, what_if_page

__all__ = ["hospital_demo"]

BEGIN: Final = "2026-11-02T00:00:00Z"
"""A Monday."""
DAYS: Final = 10.0
AHEAD_H: Final = 48.0
MEMBERS: Final = 1000
WARDS: Final = {"triage: service": "ED-TRIAGE", "doctor: service": "ED", "ward: service": "WARD", "icu: service": "ICU"}
"""Where a patient at a step lies, as the feed calls it; the class goes with it, ED-URGENT."""
SEED: Final = 20261122


def hospital_demo(folder: Path, *, seed: int, show: bool, json: bool) -> None:
    """Write the feed and the question into `folder`, answer it, and write the page."""
    source = files("gemel.models.hospital").joinpath("data/general.json")
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    with source.open("rb") as declared, (folder / "general.json").open("wb") as copy:
        shutil.copyfileobj(declared, copy)
    own = compiled(read_hospital(folder / "general.json"))
    lines, after = _life(own)
    begin = instant(BEGIN)
    now = begin + round(24.0 * DAYS * HOUR)
    messages = list(_feed(lines, begin, 24.0 * DAYS))
    (folder / "adt.hl7").write_text("\r\r".join(messages) + "\r", encoding="utf-8")
    (folder / "question.json").write_bytes(msgspec.json.format(msgspec.json.encode(_question(own, now))))
    shape, _ = answered(folder / "question.json", members=MEMBERS, seed=seed)
    (folder / "hospital.html").write_text(what_if_page(shape), encoding="utf-8")
    told = HospitalDemoShape(
        messages=len(messages), feed=str(folder / "adt.hl7"), question=str(folder / "question.json"),
        page=str(folder / "hospital.html"), answer=shape, happened=after,
    )  # fmt: skip
    emit(told) if json else _speak(told, shape)
    open_in_browser(folder / "hospital.html", show)


def _life(own: Compiled) -> tuple[list[Line], dict[str, int]]:
    """The log of one life, and units wanted of each resource two days after the feed ends."""
    cuts = [round(24.0 * DAYS * HOUR), round((24.0 * DAYS + AHEAD_H) * HOUR)]
    made = run(own.tables, member_keys(SEED, 1), cuts, start=fresh(own.tables, log=1024), end=True)
    assert made.end is not None
    last = np.asarray(made.usage)[0, 1]
    return event_log(own, made.end), {name: int(last[q, 2] + last[q, 3]) for name, q in own.resources.items()}


def _feed(lines: list[Line], begin: Instant, until: float) -> Iterator[str]:
    """ADT messages of a log up to an hour: admitted when first seen, moved when a service begins, discharged at the
    end; every 40th is sent again at the end, and every 25th comes after the next."""
    messages: list[str] = []
    known: set[int] = set()
    for line in lines:
        if line.hours > until or line.what not in ("begins", "leaves"):
            continue
        trigger = "A03" if line.what == "leaves" else "A02" if line.patient in known else "A01"
        if trigger == "A03" and line.patient not in known:
            continue
        known.add(line.patient)
        ward = f"{WARDS[line.step]}-{line.kind.upper()}" if line.what == "begins" else ""
        at = begin + round(line.hours * HOUR)
        messages.append(_message(len(messages) + 1, trigger, (line.patient, ward), at))
    for k in range(24, len(messages) - 1, 25):
        messages[k], messages[k + 1] = messages[k + 1], messages[k]
    yield from messages
    yield from messages[39::40]


def _message(number: int, trigger: str, who: tuple[int, str], at: Instant) -> str:
    stamp = text(at)[:19].replace("-", "").replace(":", "").replace("T", "")
    patient, ward = who
    return "\r".join([
        f"MSH|^~\\&|SIM|GENERAL|GEMEL|DEMO|{stamp}+0000||ADT^{trigger}|D{number}|P|2.5.1",
        f"EVN|{trigger}|{stamp}+0000||||{stamp}+0000",
        f"PID|1||P{patient}^^^GENERAL^MR", f"PV1|1|I|{ward}^^^GENERAL" if ward else "PV1|1|I",
    ])  # fmt: skip


def _question(own: Compiled, now: Instant) -> dict[str, object]:
    wards = {
        f"{ward}-{name.upper()}": {"step": step, "kind": name} for step, ward in WARDS.items() for name in own.classes
    }
    evening = {"do": "units", "resource": "doctor", "by": 2, "since": 16, "until": 24}
    return {
        "hospital": "general.json", "at": text(now), "hours": AHEAD_H, "feed": "adt.hl7", "wards": wards,
        "weights": {"resus": 20, "urgent": 3, "minor": 1, "elective": 1}, "indifference": 25,
        "plans": [
            {"name": "as it is"},
            {"name": "two more doctors 16-24 h", "changes": [evening]},
            {"name": "ten more ward beds", "changes": [{"do": "units", "resource": "ward", "by": 10}]},
            {"name": "two more ICU beds", "changes": [{"do": "units", "resource": "icu", "by": 2}]},
            {"name": "minor patients first", "changes": [{"do": "rank", "priorities": {"minor": 0, "resus": 1}}]},
        ],
    }  # fmt: skip


def _speak(told: HospitalDemoShape, shape: WhatIfShape) -> None:
    say(f"Synthetic data: {told.messages:,} ADT messages of an invented hospital, in {told.feed}")
    speak(shape)
    first = shape.plans[0]
    rows = [f"{r.name} {told.happened[r.name]} (forecast {r.q05[-1]:.0f} to {r.q95[-1]:.0f})" for r in first.resources]
    say(f"What that life really wanted {shape.hours:g} h later: {', '.join(rows)}")
    say(f"Page: {told.page}. Ask your own: gemel what-if {told.question}")
