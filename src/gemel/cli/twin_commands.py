"""`gemel observe`, `forecast` and `compare`: a twin from records, and what is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from ..core.clock import HOUR, MINUTE, text
from ..core.forecast import Forecast
from ..core.plan import Schedule
from ..core.quantity import names
from ..core.registry import load_model
from ..core.twin import Twin
from ..runtime.answers import page
from ..runtime.answers.chart import draw, shared_limits
from ..runtime.answers.plans import plan as typed_plan
from ..runtime.answers.plans import schedule
from ..runtime.answers.shapes import ComparisonShape, ForecastShape, Observed
from ..runtime.answers.twins import compared, forecasted, observed, utility_of
from ..runtime.beginning import told_of
from ..runtime.ledger.rows import HORIZONS
from ..verbs.forecast import AS_IS
from .doubting import HORIZONS as HORIZONS_OF_LESSONS
from .doubting import corrected, doubting
from .ledger_commands import CALLER, note
from .pictures import picture
from .records import Records, Start, Wanted, read, twin_of

__all__ = ["Asked", "compare", "forecast", "observe"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a forecast is asked for: hours ahead, typed doses and rates, files to write, whether the last hours of the
    diary are doubted, and whether what past forecasts left unexplained is learned."""

    hours: float = 4.0
    doses: tuple[str, ...] = ()
    rates: tuple[str, ...] = ()
    every: float | None = None
    plot: Path | None = None
    html: Path | None = None
    doubts: bool = False
    correct: bool = False


def observe(wanted: Wanted, start: Start, store: Path | None) -> Observed:
    """Read, observe, and keep facts and belief in a store when one is named."""
    records = read(wanted)
    twin = twin_of(records, start)
    return observed(twin, records.shape(twin.now), _kept(store, records, twin, start))


def forecast(wanted: Wanted, start: Start, asked: Asked, store: Path | None) -> ForecastShape:
    """Read, observe and forecast under one plan."""
    from ..verbs.forecast import forecast_all

    records = read(wanted)
    twin, reasons = doubting(records, start) if asked.doubts else (twin_of(records, start), [])
    doses = schedule("as planned", asked.doses, asked.rates, twin.now, records.subject.zone)
    plan = doses if doses.actions else AS_IS
    span = round(asked.hours * HOUR)
    step = max(1, span // 48 if asked.every is None else round(asked.every * HOUR))
    ledger = [] if store is None else [h for h in HORIZONS if h <= span]
    taught = [h * MINUTE for h in HORIZONS_OF_LESSONS if h * MINUTE < span] if asked.correct else []
    (made,) = forecast_all([twin], span, [plan], ahead=sorted({*range(step, span, step), *ledger, *taught, span}))
    if asked.correct and store is None:
        made, why = corrected(made, records, start, plan.name)
        reasons = [*reasons, why]
    elif asked.correct:
        reasons = [*reasons, "not corrected: the ledger keeps the track record of the mechanism alone"]
    _draw(made, plan, records, asked)
    stored = _kept(store, records, twin, start)
    noted = None if store is None else note(store, records.subject, twin, start.model, made, plan)
    shape = forecasted(made, twin, records.shape(twin.now), stored, noted)
    shape.reasons = reasons
    return shape


def compare(
    wanted: Wanted, start: Start, plans: Sequence[str], hours: float, utility: str, html: Path | None
) -> ComparisonShape:
    """Read, observe and weigh plans against each other."""
    from ..verbs.compare import compare as run

    weighed = utility_of(utility, names(load_model(start.model).observables))
    records = read(wanted)
    twin = twin_of(records, start)
    typed = [typed_plan(p, twin.now, records.subject.zone) for p in plans]
    result = run(twin, typed, twin.now + round(hours * HOUR), weighed)
    shape = compared(result, twin, records.shape(twin.now))
    if html is not None:
        html.write_text(_comparison_page(shape, result.forecasts, typed, records, twin), encoding="utf-8")
    return shape


def _draw(made: Forecast, plan: Schedule, records: Records, asked: Asked) -> None:
    if asked.plot is None and asked.html is None:
        return
    zone = records.subject.zone
    shown = picture(made, made.observables[0], zone, records.until(made.issued), plan)
    note = f"{made.model} · issued {text(made.issued, zone)} · {page.CAUTION}"
    if asked.plot is not None:
        from .plots import save

        save(shown, asked.plot, note)
    if asked.html is not None:
        age = records.shape(made.issued).age_minutes
        issued = _clock(text(made.issued, zone))
        lead = f"Issued {issued} ({zone}) by {made.model}; newest reading {age or 0:.0f} min old."
        keys = "".join(page.LEGEND[k] for k in ("measured", "median", "band", "target", "insulin", "carbs"))
        body = page.section(
            "Forecast",
            f"Plan: {made.plan}",
            f'<div class="scroll">{draw(shown)}</div>',
            f'<div class="key">{keys}</div>',
        )
        caution = f'<p class="caution">{page.CAUTION}</p>'
        title = f"Forecast for {records.subject.id}"
        asked.html.write_text(page.page(title, lead, [caution, body], "gemel"), encoding="utf-8")


def _comparison_page(
    shape: ComparisonShape, made: Sequence[Forecast], plans: Sequence[Schedule], records: Records, twin: Twin
) -> str:
    zone = shape.zone
    facts = records.until(twin.now)
    pictures = [
        replace(picture(f, f.observables[0], zone, facts, plan, back=2.0), size=(320, 190), small=True)
        for f, plan in zip(made, plans, strict=True)
    ]
    limits = shared_limits(pictures)
    cards = [
        page.card(row.plan, f"best in {row.probability_best:.0%}", draw(replace(shown, limits=limits)),
                  best=row.plan == shape.winner)
        for row, shown in zip(shape.plans, pictures, strict=True)
    ]  # fmt: skip
    table = page.table(
        ("plan", f"expected {shape.utility} [{shape.utility_unit}]", "probability of being best"),
        [[escape(r.plan), f"{r.expected:.2f}", f"{r.probability_best:.0%}"] for r in shape.plans],
    )
    age = shape.data.age_minutes or 0.0
    lead = f"Issued {_clock(shape.issued)} ({zone}) by {shape.model}, newest reading {age:.0f} min old."
    body = page.section(
        "Which plan?", f"Higher is better: {shape.utility_about}.",
        f'<p class="verdict">{escape(shape.verdict)}</p>', table, f'<div class="minis">{"".join(cards)}</div>',
        f'<div class="key">{"".join(page.LEGEND[k] for k in ("measured", "median", "band", "target"))}</div>',
    )  # fmt: skip
    caution = f'<p class="caution">{page.CAUTION}</p>'
    return page.page(f"Plans for {shape.subject}", lead, [caution, body], "gemel")


def _clock(stamp: str) -> str:
    return stamp[:16].replace("T", " ")


def _kept(store: Path | None, records: Records, twin: Twin, start: Start) -> str | None:
    """Facts and twin into a store file, as a site keeps them, so that `gemel.Site` can go on with the twin; what was
    kept, in words."""
    if store is None:
        return None
    from ..runtime import Site

    used, subject = records.until(twin.now), records.subject
    with Site.open(store, caller=CALLER, now=lambda: twin.now) as site:
        site.enrol(subject)
        taken = site.take_in(subject.id, used)
        if twin.id not in site.twins(subject.id):
            covariates, rates = told_of(twin.model, used, start.weight)
            site.create(
                start.model, subject.id, at=twin.cursor.epoch, covariates=covariates, rates=rates,
                members=start.members, seed=start.seed, id=twin.id,
            )  # fmt: skip
        site.save(twin)
    return f"{taken.accepted} new facts, {taken.repeated} known and the twin in {store}"
