"""The report of a twin, for the record: one file that needs nothing else, with figures, numbers, provenance, limits.

What a reader must not miss stands first: that a forecast is one, that a silent model's is not for care, that a twin is
stale.  Browsers print the file as PDF.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..core.clock import instant
from ..core.registry import load_model
from ..runtime import Site
from ..runtime.answers.chart import draw
from ..runtime.answers.page import page, section, table
from ..runtime.answers.shapes import ExplanationShape, Fan
from ..runtime.ledger.record import TrackRecord
from . import asking
from .asked import ForecastAsked
from .believed import Believed, believed
from .course import course
from .provenance import provenance
from .report_parts import band, drawable, grounds, lead, legend, number, picture, warnings

__all__ = ["twin_report"]

LEAST = 0.01
"""A measurement that would remove less than this part of the variance is not named."""


def twin_report(site: Site, twin: str, *, back: float, hours: float) -> str:
    """A twin as it stands: course and forecast of every observable, why, what it believes, how right it was."""
    past = course(site, twin, back)
    ahead = asking.forecast(site, twin, ForecastAsked(hours=hours))
    source = provenance(site, twin)
    why = asking.explain(site, twin, None, hours=min(hours, 2.0), since=4.0)
    times = [instant(at) for at in ahead.times]
    shown = [picture(past, read, times, fan) for read, fan in zip(past.read, ahead.observables, strict=True)]
    body = [
        warnings(source.standing, source.stale),
        section(
            "Course and forecast", f"Issued {ahead.issued} ({source.zone}). Dots were measured; the dashed line and "
            "the bands are a forecast of what would be read: half and 90 % of possible readings.",
            *(draw(one) for one in shown if drawable(one)), legend(),
            _table_of(ahead.hours, ahead.observables),
        ),
        section("Why", "", *(f"<p>{escape(line)}</p>" for line in why.words), _next(why)),
        _record(site.record(twin)),
        _beliefs(believed(site, twin)),
        *grounds(load_model(past.model), source),
    ]  # fmt: skip
    return page(
        f"{source.model_title}: {source.name or source.subject}",
        lead(source),
        body,
        f"{source.software} · {source.made}",
    )


def _table_of(hours: Sequence[float], fans: Sequence[Fan]) -> str:
    """Every half hour or so: middle and 90 % of readings."""
    every = max(1, len(hours) // 8)
    places = range(every - 1, len(hours), every)
    rows = [[f"+{hours[i]:.3g} h", *(band(fan.q50[i], fan.q05[i], fan.q95[i]) for fan in fans)] for i in places]
    return table(["ahead", *(f"{fan.name.replace('_', ' ')} [{fan.unit}]" for fan in fans)], rows, caption="Forecast")


def _next(why: ExplanationShape) -> str:
    useful = [gain for gain in why.next if gain.gain >= LEAST][:4]
    rows = [[escape(g.quantity), f"+{g.hours:g} h", f"{g.gain:.0%}"] for g in useful]
    return table(["measure", "when", "would remove of the uncertainty"], rows) if rows else ""


def _record(rows: Sequence[TrackRecord]) -> str:
    if not rows:
        return section("Track record", "No forecast of this twin could be scored yet.")
    cells = [
        [escape(r.observable), f"{r.horizon_minutes:g} min", f"{r.inside90} of {r.recent}", number(r.crps),
         number(r.skill), escape(r.drift or "quiet")]
        for r in rows
    ]  # fmt: skip
    columns = ["observable", "ahead", "inside the 90 % band", "CRPS", "skill over persistence", "drift"]
    return section("Track record", rows[0].words, table(columns, cells))


def _beliefs(rows: Sequence[Believed]) -> str:
    cells = [
        [f"{escape(r.about or r.name)} ({escape(r.name)})", escape(r.unit), band(r.now.mean, r.now.low, r.now.high),
         "–" if r.prior is None else band(r.prior.mean, r.prior.low, r.prior.high)]
        for r in rows
    ]  # fmt: skip
    return section(
        "What the twin believes", "Mean and 90 % interval.", table(["what", "unit", "now", "before any fact"], cells)
    )
