"""The health map as a self-contained page: status by organ, few risks on top, the rest folded, sources at the end."""

from __future__ import annotations

from html import escape

from ..domains.health.healthmap import HealthMap, for_clinician, for_person
from ..domains.health.healthmap.organs import Organ
from ..domains.health.healthmap.risks import Risk
from ..domains.health.healthmap.words import CAUTION, day, of_100, range_of_100
from ..runtime.answers import page
from .console import number
from .health_map import unsure

__all__ = ["health_page"]

_COLOURS = {
    "in range": "var(--green)", "borderline": "var(--orange)", "out of range": "var(--truth)",
    "old": "var(--soft)", "not measured": "var(--soft)", "no reference": "var(--soft)",
}  # fmt: skip
_MARKS = {"in range": "●", "borderline": "▲", "out of range": "■", "old": "○", "not measured": "○", "no reference": "○"}
"""Shape and colour say the same, for those who do not see the colour."""
_LEVERS = 5  # structure: what-ifs before the rest is folded
_SCALE = 50.0  # structure: a bar's full width in per cent of people, at least


def health_page(found: HealthMap) -> str:
    """The whole page."""
    chart = found.chart
    lead = (
        f"{chart.sex or 'Sex unknown'}, {chart.age:.0f} years · record {chart.subject.id} up to {day(chart.at)} · "
        f"region {found.region or 'not known'}"
    )
    body = [
        f'<p class="caution"><b>{escape(CAUTION)}</b> {escape(page.CAUTION)}</p>',
        _notes(found), _organs(found), _top(found), _person(found), _next(found), _clinician(found), _refused(found),
    ]  # fmt: skip
    return page.page("Health map", lead, body, f"Made by gemel health-map. {page.CAUTION}")


def _notes(found: HealthMap) -> str:
    return page.section("Read this first", "", "".join(f"<p>{escape(n)}</p>" for n in found.notes))


def _mark(status: str) -> str:
    return f'<em style="color:{_COLOURS[status]};font-style:normal">{_MARKS[status]}</em>'


def _loose(text: str) -> str:
    """A text that may break anywhere, such as a DOI."""
    return f'<i style="overflow-wrap:anywhere;font-style:normal">{escape(text)}</i>'


def _organs(found: HealthMap) -> str:
    boxes = "".join(page.card(o.name.capitalize(), f"{_MARKS[o.status]} {o.status}", _box(o)) for o in found.organs)
    words = (
        "Status is what the markers show today, not risk. Grey means not measured, or too long ago: that is not the "
        "same as well."
    )
    return page.section("Organs", words, f'<div class="minis">{boxes}</div>', _details(found))


def _box(organ: Organ) -> str:
    lines: list[str] = []
    for marker in organ.markers:
        if marker.value is None or marker.at is None:
            continue
        trend = f", {marker.slope.words}" if marker.slope is not None and marker.slope.words != "no clear trend" else ""
        old = " · old" if marker.aged else ""
        lines.append(
            f'<p class="soft">{_mark(marker.status)} {escape(marker.about)} <b>{number(marker.value)}</b> '
            f"{escape(marker.unit)}<br>{day(marker.at)}{old}{escape(trend)}</p>"
        )
    return "".join(lines) or '<p class="soft">no reading</p>'


def _details(found: HealthMap) -> str:
    rows = [
        [escape(m.about), f"{number(m.value)} {escape(m.unit)}", _limits(m.low, m.high),
         "–" if m.centile is None else f"{m.centile:.0f} %",
         "–" if m.slope is None else f"{m.slope.per_year:+.2g} ± {m.slope.error:.1g} a year", _loose(m.source)]
        for o in found.organs for m in o.markers if m.value is not None
    ]  # fmt: skip
    columns = (
        "marker",
        "value",
        "reference",
        "US adults of this age and sex below",
        "trend",
        "source of the reference",
    )
    return f"<details><summary>Limits, trends and sources</summary>{page.table(columns, rows, words=True)}</details>"


def _limits(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "–"
    return f"{'' if low is None else number(low)} to {'' if high is None else number(high)}".strip()


def _top(found: HealthMap) -> str:
    rows = [
        [escape(r.score.title), f"{r.years:g} years", _bar(r), of_100(r.median), f"{range_of_100(r)} of 100",
         escape(unsure(r) or "nothing")]
        for r in found.top
    ]  # fmt: skip
    columns = ("risk", "within", "80 % interval and middle", "people like this", "likely", "filled in or old")
    words = "At most five, those that something can be done about first. The band is 80 %, the mark is the middle."
    table = page.table(columns, rows, words=True) if rows else "<p>No risk can be given from this record yet.</p>"
    return page.section("Risks", words, table, _beside(found), _what_ifs(found))


def _bar(risk: Risk) -> str:
    """An interval on a scale that starts at nobody."""
    full = max(_SCALE, 100.0 * risk.quantiles[4])  # structure: per cent
    low, middle, high = (round(200.0 * 100.0 * risk.quantiles[k] / full, 1) for k in (1, 2, 3))
    return (
        '<svg viewBox="0 0 200 14" width="200" height="14" role="img" '
        f'aria-label="{risk.quantiles[1]:.0%} to {risk.quantiles[3]:.0%}, middle {risk.median:.0%}">'
        '<rect width="200" height="14" rx="3" fill="var(--blue3)"/>'
        f'<rect x="{low}" width="{max(high - low, 2.0):.1f}" height="14" fill="var(--blue2)"/>'
        f'<rect x="{middle - 1:.1f}" width="2.5" height="14" fill="var(--blue)"/></svg>'
    )


def _beside(found: HealthMap) -> str:
    beside = found.comparison
    if beside is None:
        return ""
    at_least = "at least " if beside.capped else ""
    words = (
        f"Heart age: {at_least}{beside.heart_age[2]:.0f} years (95 % {beside.heart_age[0]:.0f} to "
        f"{beside.heart_age[4]:.0f}), the age at which someone with optimal factors has this risk. At this age and sex "
        f"with optimal factors the risk would be {beside.optimal:.1%} instead of {beside.risk.median:.1%}."
    )
    return f"<h3>Beside the same age and sex</h3><p>{escape(words)}</p>"


def _what_ifs(found: HealthMap) -> str:
    if not found.what_ifs:
        return ""
    rows = [
        [escape(w.words), escape(w.risk.score.title), f"{w.before[2]:.1%}", f"{w.after[2]:.1%}",
         f"{w.after[0]:.1%} to {w.after[4]:.1%}", escape(w.kind), _loose(w.source)]
        for w in found.what_ifs
    ]  # fmt: skip
    columns = ("what if", "risk", "now", "then", "95 %", "rests on", "source")
    first = page.table(columns, rows[:_LEVERS], words=True)
    more = page.table(columns, rows[_LEVERS:], words=True)
    rest = f"<details><summary>{len(rows) - _LEVERS} more</summary>{more}</details>" if len(rows) > _LEVERS else ""
    return f"<h3>What could change it</h3>{first}{rest}"


def _person(found: HealthMap) -> str:
    return page.section("In plain words", "", "".join(f"<p>{escape(p)}</p>" for p in for_person(found)))


def _next(found: HealthMap) -> str:
    if not found.next:
        return ""
    rows = [[escape(w.about), f"{w.share:.0%}", escape(w.reason)] for w in found.next]
    words = "Measurements that are missing or old, by how much of a risk's spread each is expected to take away."
    return page.section("What to measure next", words, page.table(("test", "share", "why"), rows, words=True))


def _clinician(found: HealthMap) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in for_clinician(found))
    indices = [
        [escape(i.score.title), escape(i.label) or number(i.quantiles[2]), escape(i.answer.unit),
         escape(i.answer.outcome), escape(i.score.doi)]
        for i in found.scored.indices
    ]  # fmt: skip
    table = page.table(("score", "value", "unit", "of", "doi"), indices, words=True) if indices else ""
    words = "Every score that was made for this person, with intervals, sources and what was missing."
    return page.section("For the clinician", words, f"<details><summary>All</summary><ul>{lines}</ul>{table}</details>")


def _refused(found: HealthMap) -> str:
    rows = [[escape(r.score.title), escape(r.kind), escape(r.reason)] for r in found.scored.refusals]
    words = "No number is shown where a score was not made for this person or an input nobody measured is missing."
    table = page.table(("score", "why", "reason"), rows, words=True)
    return page.section("Not given", words, f"<details><summary>{len(rows)} scores</summary>{table}</details>")
