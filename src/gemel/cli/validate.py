"""`gemel validate`: were the forecasts right?  Records in; scores, skill, calibration, subgroups out; also a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from math import inf, isfinite
from pathlib import Path

from ..core.clock import HOUR
from ..core.errors import CapabilityError
from ..core.fact import Instant
from ..core.registry import load_model
from ..core.twin import Twin
from ..runtime.answers import page
from ..verbs.cases import Event, Question, SubjectCases, cases_of
from ..verbs.score import Bin, Skill
from ..verbs.validate import HorizonReport, Validation
from ..verbs.validate import validate as pooled
from .console import number, say, show
from .records import Records, Start, Wanted, begin_with, read
from .shapes import ScoreShape
from .shapes_inference import BinRow, GroupRow, SkillRow, ValidatedHorizon, ValidationShape
from .speak import CAUTION

__all__ = ["Validated", "event_of", "report_page", "spoken", "validate"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Validated:
    """What is asked: horizons [h], hours between forecasts, part of the record that teaches, events as typed."""

    observable: str
    hours: tuple[float, ...] = (0.5, 1.0, 2.0)
    every: float = 0.25
    train: float = 0.5
    events: tuple[str, ...] = ()

    def question(self) -> Question:
        """The same for the verb."""
        ahead = tuple(sorted({round(h * HOUR) for h in self.hours}))
        events = tuple(event_of(self.observable, text) for text in self.events)
        return Question(self.observable, ahead, self.train, round(self.every * HOUR), events)


def event_of(observable: str, text: str) -> Event:
    """An event typed as '<70' or '>180', in the observable's unit; CapabilityError for anything else."""
    sign, limit = text.strip()[:1], text.strip()[1:]
    try:
        value = float(limit)
    except ValueError:
        value = inf
    if sign not in ("<", ">") or not isfinite(value):
        raise CapabilityError(f"event '{text}' is not understood: write '<70' or '>180', in the unit of {observable}")
    name = f"{observable} {sign} {value:g}"
    return Event(name, low=value) if sign == "<" else Event(name, high=value)


def validate(
    wanted: Wanted, subjects: Sequence[str | None], start: Start, asked: Validated, progress: Progress
) -> ValidationShape:
    """Roll each subject's records and pool them."""
    cases: list[SubjectCases] = []
    sources: list[str] = []
    for own in subjects:
        records = read(replace(wanted, subject=own))
        begin = _beginner(records, start, asked.train)
        name = records.subject.id
        cases.append(cases_of(begin, records.facts, asked.question(), lambda d, n, name=name: progress(name, d, n)))
        sources.append(records.report.source)
    return _shape(pooled(cases), load_model(start.model).card.title, asked, sources)


def _beginner(records: Records, start: Start, train: float) -> Callable[[Instant], Twin]:
    """Makes a twin of the subject that stands at an instant and knows only how much basal insulin is usual in the part
    of the record that teaches."""
    first, last = (pick(f.at for f in records.facts) for pick in (min, max))
    taught = [f for f in records.facts if f.at <= first + train * (last - first)]
    return lambda at: begin_with(records.subject, taught, start, at)


def _shape(found: Validation, model: str, asked: Validated, sources: list[str]) -> ValidationShape:
    return ValidationShape(
        model=model, subjects=list(found.subjects), observable=asked.observable, unit=found.unit,
        restarts=found.restarts, words=found.words(), sources=sources,
        horizons=[_horizon(h) for h in found.horizons],
    )  # fmt: skip


def _horizon(h: HorizonReport) -> ValidatedHorizon:
    return ValidatedHorizon(
        hours=h.hours,
        scores={who: _scores(s) for who, s in h.scores.items()},
        skill={who: {name: _skill(s) for name, s in by.items()} for who, by in h.skill.items()},
        pit=[_row(b) for b in h.pit],
        coverage=[_row(b) for b in h.coverage],
        events={name: [_row(b) for b in bins] for name, bins in h.events.items()},
        brier=dict(h.brier),
        groups=[GroupRow(by=g.by, label=g.label, flag=g.flag, scores=_scores(g.scores)) for g in h.groups],
    )


def _scores(values: Mapping[str, float | int | None]) -> ScoreShape:
    def finite(name: str) -> float | None:
        value = values[name]
        return None if value is None or not isfinite(value) else float(value)

    names = [f"{n}{end}" for n in ("rmse", "mae", "crps", "cov50", "cov90") for end in ("", "_se")]
    return ScoreShape(n=int(values["n"] or 0), **{name: finite(name) for name in names})  # pyright: ignore[reportArgumentType]


def _skill(s: Skill) -> SkillRow:
    return SkillRow(value=_known(s.value), low=_known(s.low), high=_known(s.high))


def _row(b: Bin) -> BinRow:
    return BinRow(expected=b.expected, seen=_known(b.seen), standard_error=b.standard_error, n=b.n)


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def spoken(shape: ValidationShape, html: Path | None) -> None:
    """A sentence a horizon, then the tables."""
    say(f"{shape.model}: {len(shape.subjects)} subject(s), {', '.join(shape.subjects)}; {shape.restarts} restarts")
    for line in shape.words:
        say(line)
    for h in shape.horizons:
        columns = ("forecaster", "RMSE", "CRPS", "in 50 %", "in 90 %", "twin better by (RMSE)", "n")
        show(f"{h.hours:g} h ahead [{shape.unit}]", columns, _score_rows(h), 1)
    last = shape.horizons[-1]
    doubtful = [[g.by, g.label, number(g.scores.rmse), _percent(g.scores.cov90), str(g.scores.n),
                 "look" if g.flag else ""] for g in last.groups]  # fmt: skip
    show(f"Groups, {last.hours:g} h ahead", ("by", "group", "RMSE", "in 90 %", "n", ""), doubtful, 2)
    if html is not None:
        say(f"written: {html}")
    say(CAUTION)


def _score_rows(h: ValidatedHorizon) -> list[list[str]]:
    table: list[list[str]] = []
    for who, s in h.scores.items():
        gained = h.skill.get(who, {}).get("rmse")
        better = "–" if gained is None or gained.value is None else f"{gained.value:+.0%}"
        if gained is not None and gained.low is not None and gained.high is not None:
            better += f" ({gained.low:+.0%} to {gained.high:+.0%})"
        table.append([who.replace("_", " "), _with_error(s.rmse, s.rmse_se), _with_error(s.crps, s.crps_se),
                      _percent(s.cov50), _percent(s.cov90), better, str(s.n)])  # fmt: skip
    return table


def _with_error(value: float | None, error: float | None) -> str:
    return number(value) + ("" if error is None else f" ± {error:.2g}")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def report_page(shape: ValidationShape) -> str:
    """The whole report as a self-contained page."""
    body = [f'<p class="caution">{page.CAUTION}</p>']
    for h, line in zip(shape.horizons, shape.words, strict=True):
        columns = ("forecaster", "RMSE", "CRPS", "in 50 %", "in 90 %", "twin better by (RMSE)", "n")
        rows = [[escape(c) for c in row] for row in _score_rows(h)]
        pictures = page.card("Probability of what came", "each bar should reach the line", _bars(h.pit))
        pictures += page.card("Share inside the band", "points should lie on the line", _diagonal(h.coverage))
        for name, bins in h.events.items():
            pictures += page.card(f"P({name})", f"Brier score {h.brier[name]:.3f}", _diagonal(bins))
        groups = page.table(
            ("group", "by", "RMSE", "in 90 %", "n"),
            [[escape(g.label) + (" <b>look</b>" if g.flag else ""), escape(g.by), number(g.scores.rmse),
              _percent(g.scores.cov90), str(g.scores.n)] for g in h.groups],
        )  # fmt: skip
        body.append(
            page.section(f"{h.hours:g} h ahead", line, page.table(columns, rows, best=0),
                         f'<div class="minis">{pictures}</div>', groups)
        )  # fmt: skip
    people = f"{len(shape.subjects)} subject(s): {', '.join(shape.subjects)}"
    lead = f"Forecasts of {shape.observable} [{shape.unit}] for {people}."
    return page.page(f"Were the forecasts right? {shape.model}", lead, body, "gemel validate")


WIDTH, HEIGHT, EDGE = 280, 180, 26


def _bars(bins: Sequence[BinRow]) -> str:
    """Shares of the PIT as bars, with the line that each should reach and two standard errors."""
    top = max([0.2, *((b.seen or 0.0) for b in bins)])
    inner, tall = WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE
    parts: list[str] = []
    for k, b in enumerate(bins):
        x, high = EDGE + k * inner / len(bins), tall * (b.seen or 0.0) / top
        parts.append(f'<rect class="band50" x="{x + 1:.1f}" y="{HEIGHT - EDGE - high:.1f}" '
                     f'width="{inner / len(bins) - 2:.1f}" height="{high:.1f}"/>')  # fmt: skip
    level = HEIGHT - EDGE - tall * bins[0].expected / top if bins else HEIGHT - EDGE
    parts.append(f'<line class="median" x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{level:.1f}" y2="{level:.1f}"/>')
    labels = f'<text x="{EDGE}" y="{HEIGHT - 8}">lower than said</text>'
    labels += f'<text x="{WIDTH - EDGE}" y="{HEIGHT - 8}" text-anchor="end">higher than said</text>'
    return _svg("".join(parts) + labels, "Histogram of the probability integral transform")


def _diagonal(bins: Sequence[BinRow]) -> str:
    """Stated probability against what came, with two standard errors."""
    inner, tall = WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE

    def place(p: float, seen: float) -> tuple[float, float]:
        return EDGE + inner * p, HEIGHT - EDGE - tall * min(max(seen, 0.0), 1.0)

    (x0, y0), (x1, y1) = place(0.0, 0.0), place(1.0, 1.0)
    parts = [f'<line class="grid" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"/>']
    for b in bins:
        if b.seen is None:
            continue
        x, y = place(b.expected, b.seen)
        error = 2.0 * (b.standard_error or 0.0)
        low, high = place(b.expected, b.seen - error)[1], place(b.expected, b.seen + error)[1]
        parts.append(f'<line class="now" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>')
        parts.append(f'<circle class="measured" cx="{x:.1f}" cy="{y:.1f}" r="3.4"/>')
    labels = f'<text x="{EDGE}" y="{HEIGHT - 8}">said: 0 %</text>'
    labels += f'<text x="{WIDTH - EDGE}" y="{HEIGHT - 8}" text-anchor="end">said: 100 %</text>'
    labels += f'<text x="{EDGE}" y="{EDGE - 8}">seen: 100 %</text>'
    return _svg("".join(parts) + labels, "Stated against observed probability")


def _svg(inside: str, title: str) -> str:
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{inside}</svg>'
