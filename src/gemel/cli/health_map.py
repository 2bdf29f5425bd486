"""`gemel health-map`: one bundle in, the map as JSON, in the terminal, as a page and as FHIR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from .. import __version__
from ..core.fact import Instant
from ..domains.health.healthmap import HealthMap, health_map, risk_assessments
from ..domains.health.healthmap.organs import Organ
from ..domains.health.healthmap.risks import Risk
from ..domains.health.healthmap.words import CAUTION, day
from ..runtime.answers.health_map import mapped
from ..runtime.answers.map_shapes import HealthMapShape
from .console import number, say, show
from .health_record import Source, read_record

__all__ = ["Made", "Outputs", "make", "shape", "speak", "unsure"]

_SHOWN = 6  # structure: lines of a list in the terminal


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files to write besides."""

    html: Path | None = None
    fhir: Path | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A map and what reading its bundle left aside."""

    found: HealthMap
    source: Source


def make(
    bundle: Path | bytes, outputs: Outputs, *, region: str = "", at: Instant | None = None, members: int = 512,
    seed: int = 0, zone: str = "UTC", answers: Mapping[str, float] | None = None,
) -> Made:  # fmt: skip
    """Read the bundle, make the map, and write the files that are wanted."""
    source = read_record(bundle, zone=zone, answers=answers)
    made = Made(health_map(source.record, at=at, region=region, members=members, seed=seed), source)
    if outputs.html is not None:
        from .health_page import health_page

        outputs.html.write_text(health_page(made.found), encoding="utf-8")
    if outputs.fhir is not None:
        content = msgspec.json.encode(risk_assessments(made.found, f"gemel {__version__}"))
        outputs.fhir.write_bytes(msgspec.json.format(content, indent=2))
    return made


def shape(made: Made) -> HealthMapShape:
    """The map as what --json prints."""
    return mapped(made.found, made.source.rejected)


def speak(made: Made, outputs: Outputs) -> None:
    """The map in the terminal: organs, top risks, what to measure next."""
    found = made.found
    chart = found.chart
    say(f"{chart.sex or 'sex unknown'}, {chart.age:.0f} years, record up to {day(chart.at)}; "
        f"region {found.region or 'not known'}")  # fmt: skip
    for note in found.notes:
        say(f"  {note}")
    show("Organs (what the markers show today; grey is not the same as well)", ("organ", "status", "what was seen"),
         [[o.name, o.status, _seen(o)] for o in found.organs])  # fmt: skip
    cells = [
        [r.score.title, f"{r.years:g} years", f"{r.median:.1%}", f"{r.quantiles[1]:.1%} to {r.quantiles[3]:.1%}",
         f"{r.quantiles[0]:.1%} to {r.quantiles[4]:.1%}", unsure(r) or "–"]
        for r in found.top
    ]  # fmt: skip
    show("Risks on top", ("risk", "within", "middle", "80 %", "95 %", "filled in or old"), cells)
    _beside(found)
    for what in found.what_ifs[:_SHOWN]:
        say(
            f"  what if {what.words}: {what.risk.score.title} {what.before[2]:.1%} to {what.after[2]:.1%} ({what.kind})"
        )
    for conflict in found.conflicts:
        say(f"  not consistent: {conflict.words} ({conflict.share:.0%} of members)")
    if found.next:
        show("Measure next", ("test", "why"), [[w.about, w.reason] for w in found.next[:_SHOWN]])
    outside = sum(r.kind == "outside" for r in found.scored.refusals)
    missing = len(found.scored.refusals) - outside
    say(f"{len(found.scored.risks)} risks and {len(found.scored.indices)} other scores given; not given: {outside} not "
        f"made for this person, {missing} for want of a measurement (--json lists all)")  # fmt: skip
    for path in (outputs.html, outputs.fhir):
        if path is not None:
            say(f"written: {path}")
    say(CAUTION)


def unsure(risk: Risk) -> str:
    """The inputs that were filled in, and those measured over a year ago."""
    return ", ".join([*risk.imputed, *(f"{name} (old)" for name in risk.old if name not in risk.imputed)]).replace(
        "_", " "
    )


def _beside(found: HealthMap) -> None:
    beside = found.comparison
    if beside is not None:
        at_least = "at least " if beside.capped else ""
        say(f"  heart age {at_least}{beside.heart_age[2]:.0f} (95 % {beside.heart_age[0]:.0f} to "
            f"{beside.heart_age[4]:.0f}); same age and sex with optimal factors: {beside.optimal:.1%}")  # fmt: skip


def _seen(organ: Organ) -> str:
    """The markers that made the status, with value, date and trend."""
    told = [m for m in organ.markers if m.status == organ.status and m.value is not None]
    parts = [
        f"{m.about} {number(m.value)} {m.unit} ({day(m.at or 0)}{', old' if m.aged else ''}"
        f"{', ' + m.slope.words if m.slope is not None and m.slope.words != 'no clear trend' else ''})"
        for m in told
    ]  # fmt: skip
    return "; ".join(parts) or "no reading"
