"""Facts of a made-up subject, and sites on a store in a folder, for the runtime's tests."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.fact import Exact, Fact, Instant, Intervention, Observation, Status
from gemel.core.subject import Subject
from gemel.core.twin import Twin
from gemel.runtime import Site
from gemel.store import pack
from tests.runtime.tank import Pull

TANK = "tests.runtime.tank:model"
START = instant("2026-03-01T00:00:00Z")
SUBJECT = Subject(id="s-1", zone="Europe/London")
FAST = Pull()


def reading(at: Instant, number: float, **more: Any) -> Observation:
    """A level [mg/dL], known when it was read."""
    given = {"id": f"g{at}", "code": "test:level", "unit": "mg/dL", "recorded": at, "value": Exact(number)}
    return Observation(**{**given, "at": at, **more})


def dose(at: Instant, amount: float, **more: Any) -> Intervention:
    """A dose [mg]."""
    given = {"id": f"d{at}", "code": "test:flow", "unit": "mg", "recorded": at, "dose": amount}
    return Intervention(**{**given, "at": at, **more})


def rate(at: Instant, amount: float, until: Instant | None = None, **more: Any) -> Intervention:
    """A flow [mg/h]."""
    given = {"id": f"r{at}", "code": "test:flow", "unit": "mg/h", "recorded": at, "rate": amount}
    return Intervention(**{**given, "at": at, "until": until, **more})


def history(hours: float = 6.0, seed: int = 0) -> list[Fact]:
    """Readings every 10 minutes, doses, temporary rates (some at the instant of a reading) and a measured size."""
    luck, facts = random.Random(seed), []
    for k in range(1, int(hours * 6) + 1):
        at = START + k * 10 * MINUTE
        facts.append(reading(at, 105.0 + 12.0 * float(np.sin(k / 7)) + luck.gauss(0, 5)))
        if k % 7 == 0:
            facts.append(dose(at, 8.0 + k % 3))
            facts.append(dose(at, 2.5, id=f"e{at}"))
        if k % 9 == 0:
            facts.append(rate(at - 90_000_000, 6.0, at + 25 * MINUTE))
        if k % 13 == 0:
            facts.append(reading(at, 1.0 + k / 100, id=f"k{k}", code="test:size", unit="dL"))
    return sorted(facts, key=lambda f: (f.at, f.id))


def open_site(folder: Path, **more: Any) -> Site:
    """A site on the store in this folder; its clock stands far after every fact."""
    return Site.open(folder / "gemel.db", **{"now": lambda: START + 2000 * HOUR, **more})


def new_site(folder: Path, twins: Sequence[str] = ("t",), **more: Any) -> Site:
    """A site with one subject and tanks."""
    site = open_site(folder, **more)
    site.enrol(SUBJECT)
    for name in twins:
        create(site, name)
    return site


def create(site: Site, name: str = "t", **more: Any) -> Twin:
    """A tank of 64 members with an engine that needs no JAX."""
    given: dict[str, Any] = {"at": START, "members": 64, "seed": 7, "engine": FAST, "id": name}
    given["rates"] = {"flow": 3.0}
    return site.create(TANK, SUBJECT.id, **{**given, **more})


def undisturbed(folder: Path, facts: Iterable[Fact]) -> Twin:
    """The twin that took in these facts at once, and ticked once."""
    folder.mkdir(parents=True, exist_ok=True)
    with new_site(folder) as site:
        site.take_in(SUBJECT.id, list(facts))
        return site.tick("t")[0]


def held(fact: Observation, **change: Any) -> Observation:
    """A later record of the same fact."""
    return msgspec.structs.replace(fact, **{"recorded": fact.recorded + HOUR, "status": Status.AMENDED, **change})


def same(a: Twin, b: Twin) -> bool:
    """Whether two twins stand at the same place with the same belief, to the bit."""
    return pack(a.belief) == pack(b.belief) and a.cursor == b.cursor
