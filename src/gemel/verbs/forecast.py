"""`forecast`: what will happen, and how sure are we?  The belief runs on under a plan; nothing is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int, UInt64

from ..core.array import Array
from ..core.belief import Belief
from ..core.clock import HOUR, local_clock, text
from ..core.draws import normal, purpose, uniform
from ..core.drive import Drive, InputEvent, cut, input_events, stack
from ..core.errors import PlanError
from ..core.extra import require
from ..core.fact import Instant
from ..core.forecast import Forecast
from ..core.model import Model
from ..core.plan import Plan, Policy, Schedule
from ..core.quantity import Noise, Quantity, names
from ..core.twin import Twin
from .batch import epoch_grid, join, same_kind

__all__ = ["forecast", "forecast_all", "readings_of", "with_noise"]

AS_IS = Schedule("as is")
"""Nothing new: rates in force go on, changes already known happen."""


def forecast(twin: Twin, until: Instant, plan: Plan | None = None, *, every: float | None = None) -> Forecast:
    """Every member's path from now until `until` under `plan` (default: as things are).

    Output every `every` hours (default: 48 steps).  Two forecasts of one twin meet the same luck, so
    their difference is the plans'.  Raises PlanError for a plan outside the horizon or for an input the model lacks.
    """
    return forecast_all([twin], until - twin.now, [plan], every=every)[0]


def forecast_all(
    twins: Sequence[Twin], span: Instant, plans: Sequence[Plan | None], *, every: float | None = None,
    ahead: Sequence[Instant] | None = None,
) -> list[Forecast]:  # fmt: skip
    """`forecast` for many twins of one model in one call, each `span` microseconds from its own present.

    `ahead` gives the outputs as times [us] from each twin's present, which may be one of them, instead of `every`.
    Policies act one twin at a time; schedules of all twins run together.
    """
    first = same_kind(twins)
    if span <= 0:
        raise PlanError(f"the forecast ends {-span / HOUR:g} h before the twin's present: give a later 'until'")
    moments = [_outputs(t, span, every, ahead) for t in twins]
    chosen = [AS_IS if p is None else p for p in plans]
    if any(isinstance(p, Policy) for p in chosen):
        return [_under_policy(t, p, m) for t, p, m in zip(twins, chosen, moments, strict=True)]
    cuts = [_scheduled(t, p, m) for t, p, m in zip(twins, chosen, moments, strict=True)]
    belief = join(twins)
    drive = stack([d for d, _ in cuts]) if len(cuts) > 1 else cuts[0][0]
    keys = np.concatenate([t.keys for t in twins]) if len(twins) > 1 else first.keys
    _, paths = first.model.run(belief.state, belief.theta, drive.spread(belief.rows), first.fixed, keys)
    each = belief.rows // len(twins)
    return [
        _forecast(t, p.name, m, np.asarray(paths[k * each : (k + 1) * each]), amounts)
        for k, (t, p, m, (_, amounts)) in enumerate(zip(twins, chosen, moments, cuts, strict=True))
    ]


def _outputs(twin: Twin, span: Instant, every: float | None, ahead: Sequence[Instant] | None) -> list[Instant]:
    if ahead is not None:
        if not ahead or min(ahead) < 0 or max(ahead) == 0:
            raise PlanError(f"'ahead' is {list(ahead)} us: give times from the twin's present on, the last one later")
        return [twin.now + a for a in sorted(ahead)]
    step = round(every * HOUR) if every is not None else max(1, span // 48)
    if step <= 0:
        raise PlanError(f"'every' is {every} h: it must be above 0")
    return [*range(twin.now + step, twin.now + span, step), twin.now + span]


def _scheduled(twin: Twin, plan: Plan, moments: Sequence[Instant]) -> tuple[Drive, Float[Array, "1 t m"]]:
    """The drive under a schedule, and each input's cumulative amount at the outputs."""
    assert isinstance(plan, Schedule)  # policies went the other way
    events = _events(twin, plan, moments[-1])
    drive, _ = cut(
        twin.subject, (twin.now, moments[-1]), outputs=moments, events=events, rates=np.array(twin.cursor.rates),
        covariates=twin.belief.covariates, grid=epoch_grid(twin),
    )  # fmt: skip
    return drive, _amounts(drive)


def _events(twin: Twin, plan: Schedule, end: Instant) -> list[InputEvent]:
    acts = plan.interventions(twin.model.inputs)
    for act in acts:
        if not twin.now <= act.at <= end:
            raise PlanError(
                f"plan '{plan.name}' acts at {text(act.at, twin.subject.zone)}, outside "
                f"{text(twin.now, twin.subject.zone)} to {text(end, twin.subject.zone)}: facts of the past go to "
                "observe"
            )
    events, _ = input_events(twin.model.inputs, acts, np.array(twin.cursor.rates), twin.cursor.pending)
    return events


def _amounts(drive: Drive) -> Float[Array, "q t m"]:
    """Cumulative dose and rate x hours of each input at each output."""
    hours = np.asarray(drive.dt)[..., None] / HOUR
    total = np.cumsum(np.asarray(drive.dose) + np.asarray(drive.rate) * hours, axis=1)
    return np.take_along_axis(total, np.asarray(drive.output)[..., None], axis=1)


def _under_policy(twin: Twin, plan: Plan, moments: Sequence[Instant]) -> Forecast:
    """Cut the horizon at the policy's decisions; members may act differently, so inputs are per row."""
    if isinstance(plan, Schedule):
        drive, amounts = _scheduled(twin, plan, moments)
        _, paths = twin.model.run(twin.belief.state, twin.belief.theta, drive, twin.fixed, twin.keys)
        return _forecast(twin, plan.name, moments, np.asarray(paths), amounts)
    rows, m = twin.members, len(twin.model.inputs)
    step, end = round(plan.every * HOUR), moments[-1]
    events = _events(twin, plan.schedule, end)
    state, memory = twin.belief.state, plan.start(rows)
    rates, own = np.array(twin.cursor.rates), np.full((rows, m), np.nan)
    seen: list[Array] = []
    given: list[Array] = []
    total = np.zeros((rows, m))
    for begin in range(twin.now, end, step):
        finish = min(begin + step, end)
        inside = [x for x in moments if begin < x <= finish or x == begin == twin.now]
        now, _ = cut(
            twin.subject, (begin, finish), outputs=[begin, *inside], events=events, rates=rates,
            covariates=twin.belief.covariates, grid=epoch_grid(twin),
        )  # fmt: skip
        _, here = twin.model.run(state, twin.belief.theta, now.instant(), twin.fixed, twin.keys)
        noisy = readings_of(twin, np.asarray(here), [begin])[:, 0]
        clock = local_clock([begin], twin.subject.zone, twin.subject.holidays)[0]
        rate, dose, memory = plan.act(noisy, memory, clock)
        own = np.where(np.isnan(rate), own, rate)
        drive = _per_row(now, own, dose)
        state, read = twin.model.run(state, twin.belief.theta, drive, twin.fixed, twin.keys)
        amounts = _amounts(drive)
        seen.append(np.asarray(read)[:, 1:])
        given.append(total[:, None] + amounts[:, 1:])
        total = total + amounts[:, -1]
        for event in (e for e in events if begin <= e.at < finish and e.rate is not None):
            rates[event.input] = event.rate
    return _forecast(twin, plan.name, moments, np.concatenate(seen, axis=1), np.concatenate(given, axis=1))


def _per_row(drive: Drive, rate: Float[Array, "r m"], dose: Float[Array, "r m"]) -> Drive:
    """The drive with each member's own rates (NaN: as scheduled) and a dose at its first moving segment."""
    own = np.where(np.isnan(rate)[:, None], np.asarray(drive.rate), rate[:, None])
    doses = np.repeat(np.asarray(drive.dose), rate.shape[0], axis=0)
    first = int(np.argmax(np.asarray(drive.dt)[0] > 0))
    doses[:, first] += dose
    one = (np.repeat(np.asarray(a), rate.shape[0], axis=0) for a in (drive.dt, drive.clock, drive.tick, drive.output))
    dt, clock, tick, output = one
    return Drive(dt, clock, tick, own, doses, drive.covariates, output)


def _forecast(
    twin: Twin, plan: str, moments: Sequence[Instant], paths: Float[Array, "r t c"], amounts: Float[Array, "q t m"]
) -> Forecast:
    failed = ~np.isfinite(paths).all(axis=(1, 2))
    logw = np.where(failed, -np.inf, np.asarray(twin.belief.logw))
    weights = replace(twin.belief, logw=logw).weights()[0]
    return Forecast(
        twin=twin.id, model=f"{twin.model.card.title} {twin.model.card.version}", plan=plan, issued=twin.now,
        times=np.array(moments, dtype=np.int64), observables=twin.model.observables, paths=paths,
        readings=readings_of(twin, paths, moments), weights=weights, inputs=twin.model.inputs,
        amounts=np.broadcast_to(amounts, (paths.shape[0], *amounts.shape[1:])),
        covariates=twin.model.covariates, covariate_values=np.asarray(twin.belief.covariates),
        stale=twin.stale,
    )  # fmt: skip


def readings_of(twin: Twin, paths: Float[Array, "r t c"], moments: Sequence[Instant]) -> Float[Array, "r t c"]:
    """What instruments would read along the paths: each observable with its declared noise, keyed by the instant."""
    return with_noise(twin.model, twin.belief, paths, (twin.keys, np.array(moments, dtype=np.int64)[None, :]))


def with_noise(
    model: Model, belief: Belief, paths: Float[Array, "r t c"], luck: tuple[UInt64[Array, "r"], Int[Array, "#r t"]]
) -> Float[Array, "r t c"]:
    """Readings along the paths of all rows of a belief; `luck` is the members' keys and the outputs' instants, for each
    row or the same for all."""
    readings = np.array(paths, dtype=np.float64)
    key, index = luck[0][:, None], luck[1]
    for i, q in enumerate(model.observables):
        if q.noise is not None:
            readings[:, :, i] = _noisy(q, q.noise, (model, belief), readings[:, :, i], key, index)
    return readings


def _noisy(
    quantity: Quantity, noise: Noise, of: tuple[Model, Belief], mean: Float[Array, "r t"], key: UInt64[Array, "r 1"],
    index: Int[Array, "#r t"],
) -> Float[Array, "r t"]:  # fmt: skip
    why, (model, belief) = purpose(f"noise:{quantity.name}"), of
    if noise.family == "poisson":
        special = require("scipy.special", "twin")
        read = np.asarray(belief.read)[:, names(model.observables).index(quantity.name)][:, None]
        grown = np.diff(mean, axis=1, prepend=read) if quantity.span == "interval" else mean
        counts = np.ceil(special.pdtrik(uniform(key, why, index), np.maximum(grown, 1e-12)))
        return read + np.cumsum(counts, axis=1) if quantity.span == "interval" else np.maximum(counts, 0.0)
    luck = normal(key, why, index)
    size: Array = np.array(noise.sd)
    if noise.parameter is not None:
        size = np.asarray(belief.theta)[:, names(model.parameters).index(noise.parameter)][:, None]
    if noise.family == "lognormal":
        return mean * np.exp(size * luck)
    return mean + np.sqrt(np.square(size) + np.square(noise.relative * mean)) * luck
