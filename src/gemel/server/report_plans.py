"""The report of a comparison of plans, for the record: the verdict with its doubt, courses, differences, trade-offs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from ..core.clock import instant
from ..core.model import Model
from ..core.registry import load_model
from ..runtime import Site
from ..runtime.answers.chart import draw, shared_limits
from ..runtime.answers.page import card, page, section, table
from .asked import Doing, Planned
from .course import Course, course
from .provenance import provenance
from .report_parts import band, drawable, grounds, lead, legend, picture, warnings
from .whatif import PlanCourse, WhatIf, WhatIfAsked, whatif

__all__ = ["plans_report"]


def plans_report(site: Site, twin: str, asked: WhatIfAsked) -> str:
    """A comparison of plans: the verdict with its doubt, courses on one scale, differences, trade-offs."""
    found, source = whatif(site, twin, asked), provenance(site, twin)
    past = course(site, twin, 1.0)
    told, model = found.comparison, load_model(past.model)
    body = [
        warnings(found.standing, found.stale),
        section(
            "Which plan", f"Weighed by {told.utility}: {told.utility_about}; higher is better. Issued {found.issued}.",
            f'<p class="verdict">{escape(told.verdict)}.</p>', _standings(found),
        ),
        section(
            "Courses", "The same possible courses under every plan, on one scale. Bands: half and 90 % of readings.",
            *(_courses(found, past, i) for i in range(len(past.read))), legend(),
        ),
        section("Differences", "Over the same courses: the difference is that of the plans.", _differences(found)),
        section("Trade-offs", "Mean and 90 % interval of each score.", _trade_offs(found.courses)),
        section("The plans", "", *(_plan(plan, model) for plan in asked.plans)),
        *grounds(model, source),
    ]  # fmt: skip
    return page(f"Plans for {source.name or source.subject}", lead(source), body, f"{source.software} · {source.made}")


def _standings(found: WhatIf) -> str:
    told = found.comparison
    rows = [[escape(p.plan), f"{p.probability_best:.0%}", _worth(p.expected, told.utility_unit)] for p in told.plans]
    names = [p.plan for p in told.plans]
    best = names.index(told.winner) if told.winner is not None else None
    return table(["plan", "best in, of possible courses", "expected value"], rows, best=best)


def _worth(value: float, unit: str) -> str:
    return f"{value:.4g}" if unit == "1" else f"{value:.4g} {escape(unit)}"


def _courses(found: WhatIf, past: Course, place: int) -> str:
    """One observable under each plan, as small pictures on one scale."""
    read, times = past.read[place], [instant(at) for at in found.times]
    pictures = [picture(past, read, times, c.observables[place], small=f" under {c.plan}") for c in found.courses]
    if not all(map(drawable, pictures)):
        return ""
    limits = shared_limits(pictures)
    cards = [
        card(c.plan, f"{read.name} [{read.unit}]", draw(replace(one, limits=limits)))
        for c, one in zip(found.courses, pictures, strict=True)
    ]
    return f'<div class="minis">{"".join(cards)}</div>'


def _differences(found: WhatIf) -> str:
    """Utility of each plan against each other, then each observable at the end against the first plan."""
    told = found.comparison
    rows = [
        [
            f"{escape(d.plan)} − {escape(d.against)}",
            escape(told.utility),
            band(d.mean, d.low, d.high),
            f"{d.probability:.0%}",
        ]
        for d in told.differences
    ]
    rows += [
        [f"{escape(g.plan)} − {escape(g.against)}", f"{escape(g.observable)} at the end [{escape(g.unit)}]",
         band(g.mean[-1], g.low[-1], g.high[-1]), ""]
        for g in found.gaps
    ]  # fmt: skip
    return table(["difference", "of", "mean (90 % interval)", "probability of more"], rows)


def _trade_offs(courses: Sequence[PlanCourse]) -> str:
    names = list(courses[0].scores)
    if not names:
        return '<p class="soft">No scores are defined for what this model forecasts.</p>'
    rows = [
        [f"{escape(name)} [{escape(courses[0].scores[name].unit)}]",
         *(band(c.scores[name].mean, c.scores[name].low, c.scores[name].high) for c in courses)]
        for name in names
    ]  # fmt: skip
    return table(["score", *(c.plan for c in courses)], rows)


def _plan(plan: Planned | str, model: Model) -> str:
    """What is done under it, as it was asked, with units."""
    if isinstance(plan, str):
        return f"<p>{escape(plan)}</p>"
    units = {q.name: (q.dose_unit or q.unit, q.unit) for q in model.inputs}
    acts = "; ".join(_doing(act, *units[act.input]) for act in plan.actions) or "nothing new"
    return f"<p><b>{escape(plan.name)}</b>: {escape(acts)}</p>"


def _doing(act: Doing, dose_unit: str, rate_unit: str) -> str:
    if act.dose is not None:
        return f"{act.input}: {act.dose:g} {act.unit or dose_unit} at {act.at}"
    return f"{act.input}: {act.rate or 0:g} {act.unit or rate_unit} from {act.at} to {act.until or 'the end'}"
