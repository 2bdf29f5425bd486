"""The demo's report: what was measured, what is expected, which bolus, how good the forecasts were, the limits."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import numpy as np

from ..core.clock import HOUR, text
from ..core.forecast import Forecast
from ..runtime.answers import page
from ..runtime.answers.chart import Picture, draw, shared_limits
from ..runtime.answers.twins import scores
from .backtest import forecasters
from .demo import Scene
from .demo_life import DINNER
from .pictures import picture
from .shapes import BacktestShape, Horizons, ScoreShape

__all__ = ["report"]

TRUSTED = 0.8
"""Share inside the 90 % band below which the report warns: 90 % less what some hundred dependent cases may miss."""


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
    twin, plain = hour.twin.rmse or 0.0, min(s.rmse for _, s in forecasters(hour)[1:] if s.rmse is not None)
    zone = scene.records.subject.zone
    return [
        page.tile(f"{value:.0f} mg/dL", f"last measured, {_clock(text(at, zone))[11:]}"),
        page.tile(f"{low:.0f}–{high:.0f} mg/dL", f"90 % range in 2 h if nothing is done, middle {middle:.0f}"),
        page.tile(best.plan, f"least expected risk; best in {best.probability_best:.0%} of possible courses"),
        page.tile(f"± {twin:.0f} mg/dL", f"error of 60 min forecasts; the best simple rule: {plain:.0f}"),
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
        "Dots were measured. Right of the line nothing has happened yet: the shaded fan holds 90 % of what the sensor "
        "may read if there is neither dinner nor bolus. Expected time below 70 mg/dL in these 4 h: "
        f"{low.mean or 0.0:.0f} %."
    )
    return page.section(
        "The last 8 hours and the next 4", words, f'<div class="scroll">{draw(shown)}</div>',
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
        f"Utility “{utility.name}”, {utility.source.locator}: {utility.about}. Risk is shown without its minus sign: "
        "lower is better. Percentages are expected shares of the 4 h."
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
    filled = f'<span class="meter" aria-hidden="true"><i style="width:{100 * share:.0f}%"></i></span>'
    return f'{filled}<span class="share">{share:.0%}</span>'


def _mini(scene: Scene, k: int, *, best: bool) -> str:
    pictures = [_plan_picture(scene, j) for j in range(len(scene.plans))]
    outcome = scene.outcomes[k]
    return page.card(
        outcome.plan,
        f"best in {outcome.probability_best:.0%}",
        draw(replace(pictures[k], limits=shared_limits(pictures))),
        best=best,
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
        "Rolling forecasts over the last 30 % of the record, by a twin that learned only from what came before, beside "
        "simple rules on the same points. Half of the readings should lie inside the 50 % band, 90 % inside the 90 %."
    )
    return page.section("Were earlier forecasts right?", words, *parts, _too_narrow(scene.scores))


_NAMES = {
    "twin": "this twin",
    "persistence": "no change",
    "linear": "straight line",
    "ridge_ar": "ridge regression",
}


def _score_table(title: str, horizons: Horizons) -> str:
    columns = [forecasters(t.overall) for t in (horizons.m30, horizons.m60, horizons.m120)]
    lines: list[list[str]] = []
    for k, (who, _) in enumerate(columns[0]):
        cells = [_error(group[k][1], min(s.rmse or np.inf for _, s in group)) for group in columns]
        lines.append([_NAMES[who], *cells])
    twins = [group[0][1] for group in columns]
    lines.append(["twin: CRPS", *("–" if t.crps is None else f"{t.crps:.1f}" for t in twins)])
    lines.append(["twin: inside its 50 % and 90 %", *(_covered(t) for t in twins)])
    caption = (
        f"{title}: RMSE [mg/dL] of {', '.join(str(t.n) for t in twins)} forecasts, ± standard error; best in bold."
    )
    return page.table(("", "30 min ahead", "60 min ahead", "120 min ahead"), lines, caption=caption)


def _error(score: ScoreShape, best: float) -> str:
    if score.rmse is None:
        return "–"
    text_ = f"{score.rmse:.1f}" + ("" if score.rmse_se is None else f" ± {score.rmse_se:.1f}")
    return f"<b>{text_}</b>" if score.rmse == best else text_


def _covered(score: ScoreShape) -> str:
    return "–" if score.cov50 is None or score.cov90 is None else f"{score.cov50:.0%} and {score.cov90:.0%}"


def _too_narrow(scores_: BacktestShape) -> str:
    """A warning in words where the fan promised more than it held."""
    times = [t for h in (scores_.past, scores_.announced) for t in (h.m30, h.m60, h.m120)]
    worst = min((t.overall.twin.cov90 for t in times if t.overall.twin.cov90 is not None), default=1.0)
    if worst >= TRUSTED:
        return ""
    return (
        '<p class="caution"><b>The fan was too narrow for this person:</b> '
        f"at worst, only {worst:.0%} of readings lay inside its 90 %. Read the fans above as wider than drawn.</p>"
    )


def _data(scene: Scene) -> str:
    account = scene.records.report
    words = f"{account.used:,} of {account.items:,} items were used; {account.rejected} were rejected, with the reason."
    reasons = [[escape(kind), str(r.count), escape(r.examples[0])] for kind, r in account.reasons.items() if r.examples]
    table = page.table(("why rejected", "items", "for example"), reasons, words=True)
    whole = escape(account.render(scene.records.subject.zone))
    full = f"<details><summary>The whole account</summary><pre>{whole}</pre></details>"
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
