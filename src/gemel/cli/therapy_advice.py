"""`gemel advise therapy`: basal rates, ratio and factor, tried on the days that were."""

from __future__ import annotations

import numpy as np

from ..core.clock import DAY, HOUR, text
from ..core.derived import Derived, Path
from ..core.forecast import weighted_quantile
from ..domains.health.diabetes.adjust import SEGMENTS, Adjusted, Limits, Lived, adjust
from ..domains.health.diabetes.crowd import STEP
from ..domains.health.diabetes.personal import fit_person
from ..domains.health.diabetes.replay import Replay, looked_back
from ..domains.health.diabetes.therapy import Therapy
from ..domains.health.glucose import ABOVE_180, BELOW_54, BELOW_70, TIME_IN_RANGE
from ..runtime.answers import page
from . import console
from .bolus_advice import beginning
from .records import Start, Wanted, read
from .shapes_glucose import TherapyRow, TherapyShape

__all__ = ["spoken", "therapy_advice"]


def therapy_advice(wanted: Wanted, start: Start, therapy: Therapy, limits: Limits) -> TherapyShape:
    """Read, learn, live the days again."""
    records = read(wanted)
    new, known, now = beginning(records, start)
    end = new.now + (now - new.now) // STEP * STEP
    replay = looked_back(new, fit_person(new, known, end).twin, known, end)
    made = adjust(replay, therapy, limits)
    zone, change = records.subject.zone, made.best.change
    gap = np.asarray(made.best.utility) - made.present.utility
    return TherapyShape(
        subject=records.subject.id, model=new.model.card.title, zone=zone, first=text(new.now, zone),
        last=text(end, zone), days=(end - new.now) / DAY,
        steps={"basal": limits.step, "ratio": limits.step, "factor": limits.step}, tried=made.tried,
        changed=made.best is not made.present, present=_row("present", made.present, replay, therapy),
        proposed=_row("proposed", made.best, replay, change.of(therapy)),
        probability_better=made.probability(replay.weights),
        probability_below_70=made.best.chance_low(replay.weights, limits.below_70), gain=_band(gap, replay),
        limit_below_70=limits.below_70, words=_words(made, replay, therapy), caution=page.CAUTION,
        data=records.shape(now),
    )  # fmt: skip


def _row(name: str, lived: Lived, replay: Replay, therapy: Therapy) -> TherapyRow:
    path = Path(np.arange(1.0, replay.steps + 1.0) * STEP / HOUR, {"glucose": np.asarray(lived.glucose)})

    def told(derived: Derived) -> list[float]:
        return _band(np.asarray(derived.compute(path)), replay)

    return TherapyRow(
        name=name, basal=[[h, r] for h, r in therapy.basal], ratio=therapy.ratio, factor=therapy.factor,
        time_in_range=told(TIME_IN_RANGE), below_70=told(BELOW_70), below_54=told(BELOW_54),
        above_180=told(ABOVE_180),
    )  # fmt: skip


def _band(values: np.ndarray, replay: Replay) -> list[float]:
    low, high = weighted_quantile(values[:, None], replay.weights, np.array([0.05, 0.95]))[:, 0]
    return [float(replay.weights @ values), float(low), float(high)]


def _words(made: Adjusted, replay: Replay, therapy: Therapy) -> list[str]:
    """What would change, in lines."""
    if made.best is made.present:
        return ["Nothing within one step of the present settings was better on these days without more lows."]
    ends = [*SEGMENTS[1:], 24.0]
    change = made.best.change
    lines = [
        f"basal {begin:02.0f}-{end:02.0f} h: {100 * (f - 1):+.0f} %"
        for begin, end, f in zip(SEGMENTS, ends, change.basal, strict=True) if f != 1.0
    ]  # fmt: skip
    if change.ratio != 1.0:
        lines.append(f"1 [IU] for {therapy.ratio * change.ratio:.1f} g instead of {therapy.ratio:.1f} g")
    if change.factor != 1.0:
        lines.append(f"1 [IU] lowers by {therapy.factor * change.factor:.0f} instead of {therapy.factor:.0f} mg/dL")
    sure = made.probability(replay.weights)
    clear = "" if sure >= 0.9 else "; no clear winner"  # structure: the confidence of `compare`
    return [*lines, f"better than the present in {100 * sure:.0f} % of possible persons{clear}"]


def spoken(shape: TherapyShape) -> None:
    """Both therapies as lived, and what changed."""
    columns = ("therapy", "in range", "below 70", "below 54", "above 180")
    rows = [
        [r.name, *(f"{m:.1f} % ({a:.1f} to {b:.1f})" for m, a, b in (r.time_in_range, r.below_70, r.below_54,
                                                                     r.above_180))]
        for r in (shape.present, shape.proposed)
    ]  # fmt: skip
    console.show(f"{shape.subject}: the same {shape.days:.0f} days, lived again", columns, rows, 1)
    for line in shape.words:
        console.say(line)
    console.say(shape.caution)
