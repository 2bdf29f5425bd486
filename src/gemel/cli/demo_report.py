"""The demo's report: what was measured, what is expected, which bolus, how good the forecasts were, what the limits are."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import numpy as np

from ..core.clock import HOUR, text
from ..core.forecast import Forecast
from . import page
from .backtest import forecasters
from .chart import Picture, draw, value_limits
from .demo import Scene
from .demo_life import DINNER
from .pictures import picture
from .results import scores
from .shapes import Horizons

__all__ = ["report"]


def report(scene: Scene) -> str:
    """The whole page."""
    zone = scene.records.subject.zone
    issued = text(scene.twin.now, zone)
    lead = (
        f"Person {scene.records.subject.id} · forecast issued {_clock(issued)} ({zone}) · "
        f"newest reading {_age(scene):.0f} min old · virtual person, no real patient"
    )
    body = [
        f'<p class="caution"><b>{page.CAUTION}</b> Nobody may be dosed from this page.</p>',
        f'<div class="tiles">{"".join(_tiles(scene))}</div>',
        _outlook(scene),
        _question(scene),
        _scored(scene),
        _data(scene),
        _belief(scene),
        _limits(scene),
    ]
    return page.page("Tonight's bolus, asked of a digital twin", lead, body, f"Made by gemel demo. {page.CAUTION}")


def _clock(stamp: str) -> str:
    return stamp[:16].replace("T", " ")


def _age(scene: Scene) -> float:
    return scene.records.shape(scene.twin.now).age_minutes or 0.0


def _at(made: Forecast, hours: float) -> tuple[float, float, float]:
    """Median and 90 % interval of what a sensor would read after so many hours."""
    j = int(np.argmin(np.abs(np.asarray(made.hours) - hours)))
    low, middle, high = np.asarray(made.quantile("glucose", (0.05, 0.5, 0.95)))[:, j]
    return float(middle), float(low), float(high)


def _tiles(scene: Scene) -> list[str]:
    at, value = max(p for p in scene.life.glucose)
    middle, low, high = _at(scene.outlook, 2.0)
    best = max(scene.outcomes, key=lambda o: o.expected)
    hour = scene.scores.announced.m60.overall
    twin, plain = hour.twin.rmse or 0.0, hour.persistence.rmse or 0.0
    zone = scene.records.subject.zone
    return [
        page.tile(f"{value:.0f} mg/dL", f"last measured, {_clock(text(at, zone))[11:]}"),
        page.tile(f"{low:.0f}–{high:.0f} mg/dL", f"in 2 h, 90 % sure, if nothing is done (middle {middle:.0f})"),
        page.tile(best.plan, f"best for dinner in {best.probability_best:.0%} of possible courses"),
        page.tile(f"± {twin:.0f} mg/dL", f"forecast error at 60 min; assuming no change errs by {plain:.0f}"),
    ]


def _keys(*names: str) -> str:
    return f'<div class="key">{"".join(page.LEGEND[n] for n in names)}</div>'


def _outlook(scene: Scene) -> str:
    zone = scene.records.subject.zone
    shown = picture(
        scene.outlook, scene.outlook.observables[0], zone, scene.records.until(scene.twin.now), scene.plans[0], back=8.0
    )
    shown = replace(shown, markers=[m for m in shown.markers if m.at <= scene.twin.now])
    found = scores(scene.outlook)
    low = found["time below 70 mg/dL"]
    words = (
        f"Dots were measured. Right of the line nothing has happened yet: the shaded fan holds 90 % of what the sensor may "
        f"read if there is neither dinner nor bolus. Expected time below 70 mg/dL in these 4 h: {low.mean or 0.0:.0f} %."
    )
    return page.section(
        "The last 8 hours and the next 4", words, draw(shown),
        _keys("measured", "median", "band", "target", "insulin", "carbs"),
    )  # fmt: skip


def _question(scene: Scene) -> str:
    comparison, leader = scene.comparison, int(np.argmax(scene.comparison.expected))
    utility = comparison.utility
    columns = ("bolus now", "chance of being best", "expected risk", "below 70", "above 180", "what really came")
    lines: list[list[str]] = []
    for outcome, made in zip(scene.outcomes, comparison.forecasts, strict=True):
        found = scores(made)
        low, high = (found[f"time {side} mg/dL"].mean or 0.0 for side in ("below 70", "above 180"))
        lines.append([
            escape(outcome.plan), _meter(outcome.probability_best), f"{-outcome.expected:.1f}", f"{low:.0f} %",
            f"{high:.0f} %", f"{-outcome.truth:.1f}",
        ])  # fmt: skip
    really = scene.outcomes[int(np.argmax([o.truth for o in scene.outcomes]))].plan
    caption = (
        f"Utility “{utility.name}”, {utility.source.locator}: {utility.about}. Risk is shown without its minus sign: lower "
        "is better. Percentages are expected shares of the 4 h."
    )
    words = f"Dinner of {DINNER:g} g in ten minutes. Every plan meets the same possible persons with the same luck."
    truth = (
        f"Because this person is a model too, we can look: best in truth was <b>{escape(really)}</b>. "
        "The twin never saw this line, and the person is run by other equations than the twin's."
    )
    minis = "".join(_mini(scene, k, best=k == leader) for k in range(len(scene.plans)))
    return page.section(
        "How much insulin for dinner?", words, f'<p class="verdict">{escape(comparison.verdict)}.</p>',
        page.table(columns, lines, best=leader, caption=caption), f'<div class="minis">{minis}</div>',
        _keys("measured", "median", "band", "target", "truth"), f"<p>{truth}</p>",
    )  # fmt: skip


def _meter(share: float) -> str:
    return f'<span class="meter" aria-hidden="true"><i style="width:{100 * share:.0f}%"></i></span>{share:.0%}'


def _mini(scene: Scene, k: int, *, best: bool) -> str:
    pictures = [_plan_picture(scene, j) for j in range(len(scene.plans))]
    limits = [value_limits(p) for p in pictures]
    same = (min(low for low, _ in limits), min(400.0, max(high for _, high in limits)))
    outcome = scene.outcomes[k]
    return page.card(
        outcome.plan, f"best in {outcome.probability_best:.0%}", draw(replace(pictures[k], limits=same)), best=best
    )


def _plan_picture(scene: Scene, k: int) -> Picture:
    made = scene.comparison.forecasts[k]
    facts = scene.records.until(scene.twin.now)
    shown = picture(made, made.observables[0], scene.records.subject.zone, facts, scene.plans[k], back=1.5)
    title = f"Forecast under {scene.plans[k].name}, with what really came"
    return replace(shown, title=title, truth=scene.truths[k], size=(330, 200), small=True)


def _scored(scene: Scene) -> str:
    parts = [
        _score_table("Knowing nothing of the coming hours", scene.scores.past),
        _score_table("Meals and boluses of the coming hours announced", scene.scores.announced),
    ]
    words = (
        "Forecasts made every 30 min over the last 30 % of the record, by a twin that learned from what came before, beside "
        "simple rules on the same points. Errors in mg/dL with standard errors; coverage should be 50 % and 90 %."
    )
    return page.section("Were earlier forecasts right?", words, *parts)


def _score_table(title: str, horizons: Horizons) -> str:
    names = {"twin": "this twin", "persistence": "no change", "linear": "straight line", "ridge_ar": "ridge regression"}
    lines: list[list[str]] = []
    for minutes, times in ((30, horizons.m30), (60, horizons.m60), (120, horizons.m120)):
        group = forecasters(times.overall)
        best = min((s.rmse for _, s in group if s.rmse is not None), default=None)
        for who, score in group:
            if score.rmse is None:
                continue
            error = f"{score.rmse:.1f}" + ("" if score.rmse_se is None else f" ± {score.rmse_se:.1f}")
            error = f"<b>{error}</b>" if score.rmse == best else error
            cover = "–" if score.cov50 is None else f"{score.cov50:.0%} / {score.cov90 or 0.0:.0%}"
            crps = "–" if score.crps is None else f"{score.crps:.1f}"
            lead = f"{minutes} min" if who == "twin" else ""
            lines.append([lead, names[who], error, crps, cover, str(score.n)])
    columns = ("ahead", "forecaster", "RMSE", "CRPS", "coverage 50 / 90 %", "forecasts")
    return f"<h3>{escape(title)}</h3>{page.table(columns, lines)}"


def _data(scene: Scene) -> str:
    account = scene.records.report
    words = f"{account.used:,} of {account.items:,} items were used; {account.rejected} were rejected, each with its reason."
    reasons = [[escape(kind), str(r.count), escape(r.examples[0])] for kind, r in account.reasons.items() if r.examples]
    table = page.table(("why rejected", "items", "for example"), reasons)
    full = f"<details><summary>The whole account</summary><pre>{escape(account.render(scene.records.subject.zone))}</pre></details>"
    return page.section("What was read", words, table, full)


def _belief(scene: Scene) -> str:
    lines = [
        [escape(str(r["name"])), f"{r['mean']:.4g}", f"{r['low']:.4g} to {r['high']:.4g}", escape(str(r["unit"]))]
        for r in scene.twin.summary()
    ]
    table = page.table(("quantity", "mean", "90 % interval", "unit"), lines)
    words = f"{scene.twin.members} possible persons, narrowed by {scene.twin.cursor.used:,} facts."
    return page.section("What the twin believes", words, f"<details><summary>All quantities</summary>{table}</details>")


def _limits(scene: Scene) -> str:
    card = scene.twin.model.card
    span = np.asarray(scene.outlook.hours)[-1]
    pairs = [
        ("Model", f"{card.title} {card.version}"),
        ("For", card.intended_use),
        ("Not for", card.not_for),
        ("Limits", card.limits),
        ("Truth", f"{scene.life.person.model.card.title}: a virtual person of other equations; {span:g} h ahead"),
        ("Sources", "; ".join(s.locator for s in card.sources)),
        ("Window", f"{_clock(text(scene.outlook.issued, scene.records.subject.zone))} to "
                   f"{_clock(text(scene.outlook.issued + round(span * HOUR), scene.records.subject.zone))}, "
                   f"{scene.records.subject.zone}"),
    ]  # fmt: skip
    return page.section("What this rests on, and its limits", "", page.definitions(pairs))
