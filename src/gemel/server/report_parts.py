"""What reports share: warnings that stand first, pictures of a course, limits and provenance that stand last."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from ..core.fact import Instant
from ..core.model import Model
from ..runtime.answers.chart import Fan, Marker, Picture
from ..runtime.answers.page import CAUTION, LEGEND, definitions, section
from ..runtime.answers.shapes import Fan as Ahead
from ..runtime.ledger.switchboard import Status
from .course import MILLI, Course, Given, Read
from .provenance import Provenance

__all__ = ["band", "drawable", "grounds", "lead", "legend", "number", "picture", "warnings"]

SMALL = (430, 210)
"""Width and height of a picture that stands beside others."""


def lead(source: Provenance) -> str:
    """Which twin, when, and whether it may speak."""
    return f"Twin {source.twin} at {source.present}, {source.standing.standing} at {source.site}; made {source.made}."


def warnings(standing: Status, stale: str) -> str:
    """What must not be missed."""
    lines = [CAUTION]
    if standing.standing == "silent":
        lines.append(f"Silent: for watching the model, not for care ({standing.why}).")
    if stale:
        lines.append(f"Old: {stale}")
    return "".join(f'<p class="caution">{escape(line)}</p>' for line in lines)


def picture(past: Course, read: Read, times: Sequence[Instant], fan: Ahead, *, small: str = "") -> Picture:
    """One observable before and after the twin's present."""
    measured = [(at * MILLI, value) for at, value in zip(read.at, read.value, strict=True)]
    bands = np.array([fan.q05, fan.q25, fan.q50, fan.q75, fan.q95], dtype=np.float64)
    name = read.name.replace("_", " ")
    return Picture(
        title=f"{name}: measured, then forecast{small}", unit=read.unit, zone=past.zone, now=past.now * MILLI,
        span=(past.start * MILLI, times[-1]), measured=measured, fan=Fan(np.array(times, dtype=np.int64), bands),
        markers=[] if small else [mark for given in past.given for mark in _marks(given)], name=name,
        small=bool(small), size=SMALL if small else (880, 360),
    )  # fmt: skip


def _marks(given: Given) -> list[Marker]:
    unit = (given.dose_unit or given.unit).replace("[", "").replace("]", "")
    return [
        Marker(at * MILLI, "other", f"{given.name} {dose:g} {unit}")
        for at, dose in zip(given.dose_at, given.dose, strict=True)
    ]


def drawable(picture: Picture) -> bool:
    """Whether there is anything finite to draw."""
    return picture.fan is not None and bool(np.isfinite(np.asarray(picture.fan.quantiles)).all())


def legend() -> str:
    """What the marks mean."""
    return f'<div class="key">{"".join(LEGEND[name] for name in ("read", "median", "band"))}</div>'


def band(middle: float | None, low: float | None, high: float | None) -> str:
    """A middle and an interval, four digits."""
    return "–" if middle is None or low is None or high is None else f"{middle:.4g} ({low:.4g} to {high:.4g})"


def number(value: float | None) -> str:
    """Three digits, or a dash."""
    return "–" if value is None else f"{value:.3g}"


def grounds(model: Model, source: Provenance) -> list[str]:
    """Limits of the model, and where everything came from."""
    own = model.card
    limits = [("for", own.intended_use), ("not for", own.not_for), ("made for", own.population), ("limits", own.limits)]
    origin = [
        ("software", source.software), ("model", f"{source.model_title} ({source.model}) {source.model_version}"),
        ("twin", f"{source.twin}, begun {source.begun}"),
        ("engine", f"{source.engine}, {source.members} members, seed {source.seed}"),
        ("facts", f"{source.facts_used} used, up to {source.present}; SHA-256 chain {source.facts_hash}"),
        ("standing", f"{source.standing.standing} at {source.site}: {source.standing.why}"),
        ("ledger", ", ".join(source.ledger) or "no entry"), ("sources", "; ".join(s.locator for s in own.sources)),
    ]  # fmt: skip
    return [
        section("What this model is, and is not", "", definitions(limits)),
        section("Provenance", "", definitions(origin)),
    ]
