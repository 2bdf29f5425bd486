"""What a model is driven by: time cut into segments within which inputs are constant.

Cuts fall at input changes, at output times and on the epoch grid of the twin's drift.  A dose acts at the start of its
segment; an output is read at the end of one, so a reading at the instant of a dose sees the state before the dose.
Durations are whole microseconds held as float64, exact below 285 years, so that cutting a run changes no bit of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .array import Array
from .clock import DAY, HOUR, local_clock
from .errors import PlanError, ShapeError, UnitError
from .fact import Instant, Intervention
from .quantity import Quantity
from .subject import Subject
from .units import convert

__all__ = [
    "Drive",
    "InputEvent",
    "cut",
    "grid_hours",
    "grid_ticks",
    "input_events",
    "inputs_by_segment",
    "rate_steps",
    "stack",
]


@dataclass(frozen=True, slots=True)
class Drive:
    """Segments and output times; the row axis is 1 where all rows share it, and that of the covariates may already have
    a row per member where the others still have one per twin.

    dt [us]; clock as in `CLOCK` at the segment's start; tick is the index on the epoch grid where a segment starts on
    it, else -1; rate in each input's unit per its time; dose in its dose unit; output is the segment at whose end each
    output is read.
    """

    dt: Float[Array, "#r s"]
    clock: Float[Array, "#r s 4"]
    tick: Int[Array, "#r s"]
    rate: Float[Array, "#r s m"]
    dose: Float[Array, "#r s m"]
    covariates: Float[Array, "#q #s k"]
    output: Int[Array, "#r t"]

    @property
    def hours(self) -> float:
        """The longest row's duration [h]."""
        return float(np.max(np.sum(np.asarray(self.dt), axis=1))) / HOUR

    def spread(self, rows: int) -> Drive:
        """The same drive with every twin's row repeated for its members: row axis b becomes `rows` = b x members."""
        b = self.dt.shape[0]
        if b == 1 or b == rows:
            return self
        if rows % b:
            raise ShapeError(f"{rows} rows are not a whole number of members for {b} twins")
        each = rows // b
        parts = (self.dt, self.clock, self.tick, self.rate, self.dose, self.covariates, self.output)
        return Drive(*(a if a.shape[0] in (1, rows) else np.repeat(np.asarray(a), each, axis=0) for a in parts))

    def outputs(self, reads: Float[Array, "r s c"]) -> Float[Array, "r t c"]:
        """What was read at the end of every segment, at the output times only."""
        return np.take_along_axis(np.asarray(reads), np.asarray(self.output)[:, :, None], axis=1)

    def part(self, j: int, since: Float[Array, "#r"], span: Float[Array, "#r"]) -> Drive:
        """`span` microseconds of segment j from `since` microseconds into it, as a drive of one segment and one output;
        only a part from the very start has the segment's dose and tick."""
        clock, tick, rate, dose, covariates = (
            np.asarray(a)[:, j : j + 1] for a in (self.clock, self.tick, self.rate, self.dose, self.covariates)
        )
        late, first = np.asarray(since)[:, None], np.asarray(since)[:, None] == 0.0
        return Drive(
            dt=np.asarray(span)[:, None],
            clock=_later(clock, late),
            tick=np.where(first, tick, -1),
            rate=rate,
            dose=np.where(first[..., None], dose, 0.0),
            covariates=np.asarray(self.covariates) if self.covariates.shape[1] == 1 else covariates,
            output=np.zeros((late.shape[0], 1), dtype=np.int64),
        )

    def instant(self) -> Drive:
        """The same inputs with no time passing and nothing dosed: for reading observables again."""
        span, *last = (np.asarray(a)[:, -1:] for a in (self.dt, self.clock, self.rate, self.dose, self.covariates))
        clock, rate, dose, covariates = last
        zero = np.zeros((span.shape[0], 1), dtype=np.int64)
        return Drive(0.0 * span, _later(clock, span), zero - 1, rate, np.zeros_like(dose), covariates, zero)

    def steps(self) -> list[Drive]:
        """One drive per output, each ending at that output; what follows the last output is dropped."""
        output = np.asarray(self.output)
        previous = np.full((output.shape[0], 1), -1)
        pieces: list[Drive] = []
        for j in range(output.shape[1]):
            last = output[:, j : j + 1]
            width = max(1, int(np.max(last - previous)))
            index = previous + 1 + np.arange(width)
            live = index <= last
            pieces.append(self._take(np.minimum(index, last), live, width))
            previous = last
        return pieces

    def _take(self, index: Int[Array, "b w"], live: Array, width: int) -> Drive:
        def pick(a: Array) -> Array:
            grid = index.reshape(index.shape + (1,) * (len(a.shape) - 2))
            array = np.asarray(a)
            if array.shape[0] == 1 or index.shape[0] == 1:
                rows = np.broadcast_to(array, (max(array.shape[0], index.shape[0]), *array.shape[1:]))
                return np.take_along_axis(rows, np.broadcast_to(grid, (rows.shape[0], *grid.shape[1:])), axis=1)
            return np.take_along_axis(array, grid, axis=1)

        mask = np.asarray(live)
        return Drive(
            dt=np.where(mask, pick(self.dt), 0.0),
            clock=np.where(mask[..., None], pick(self.clock), _later(pick(self.clock), pick(self.dt))),
            tick=np.where(mask, pick(self.tick), -1),
            rate=pick(self.rate),
            dose=np.where(mask[..., None], pick(self.dose), 0.0),
            covariates=self.covariates if self.covariates.shape[1] == 1 else pick(self.covariates),
            output=np.full((index.shape[0], 1), width - 1),
        )


def _later(clock: Array, span: Array) -> Float[Array, "#r s 4"]:
    """The clock rows `span` microseconds on: the hour moves, the day stays the segment's own."""
    hand, passed = np.asarray(clock, dtype=np.float64), np.asarray(span)
    hour = (np.round(hand[..., 0] * HOUR) + passed) % DAY / HOUR
    return np.concatenate([hour[..., None], np.broadcast_to(hand[..., 1:], (*hour.shape, 3))], axis=-1)


class InputEvent(NamedTuple):
    """At this instant input number `input` gets `dose`, or, where `rate` is a number, that rate from now on."""

    at: Instant
    input: int
    dose: float
    rate: float | None


def input_events(
    inputs: Sequence[Quantity],
    interventions: Sequence[Intervention],
    rates: Float[Array, "m"],
    pending: Sequence[InputEvent] = (),
) -> tuple[list[InputEvent], list[str]]:
    """Interventions as input events in canonical units, in order, and the codes no input takes.

    `rates` are in force before the first event and `pending` are events already known.  A rate with `until` falls back
    at its end to the rate that would have held then, unless another rate comes meanwhile.
    """
    by_code = {code: i for i, q in enumerate(inputs) for code in (*q.codes, q.name)}
    events = list(pending)
    unknown: list[str] = []
    for act in sorted(interventions, key=lambda a: (a.at, a.id)):
        index = by_code.get(act.code)
        if index is None:
            unknown.append(act.code)
            continue
        quantity = inputs[index]
        if act.dose is not None:
            if quantity.dose_unit is None:
                raise PlanError(f"input '{quantity.name}' takes rates [{quantity.unit}] only, got a dose ({act.id})")
            dose = _convert(act.dose, act.unit, quantity.dose_unit, quantity, act.id)
            events.append(InputEvent(act.at, index, dose, None))
        elif act.rate is not None:
            rate = _convert(act.rate, act.unit, quantity.unit, quantity, act.id)
            events = _set_rate(events, act, index, rate, float(rates[index]))
    return sorted(events, key=lambda e: e.at), unknown


def _set_rate(events: list[InputEvent], act: Intervention, index: int, rate: float, initial: float) -> list[InputEvent]:
    """Events with this rate in force from `act.at`, replacing later rates of the input up to `act.until`."""
    own = [(e.at, e.rate) for e in events if e.input == index and e.rate is not None]
    others = [e for e in events if e.input != index or e.rate is None]
    until = act.until
    after = [value for at, value in sorted(own) if until is not None and at <= until]
    kept = [(at, value) for at, value in own if at < act.at or (until is not None and at > until)]
    added = [(act.at, rate)]
    if until is not None:
        added.append((until, after[-1] if after else initial))
    return others + [InputEvent(at, index, 0.0, value) for at, value in kept + added]


def rate_steps(rates: Sequence[Intervention]) -> list[tuple[Instant, float]]:
    """When each of one input's rates begins, in order; after a temporary one (`until`) the last lasting one holds
    again, unless another comes first."""
    ordered = sorted((act for act in rates if act.rate is not None), key=lambda act: (act.at, act.id))
    steps: list[tuple[Instant, float]] = []
    lasting: float | None = None
    for i, act in enumerate(ordered):
        assert act.rate is not None  # filtered above
        steps.append((act.at, act.rate))
        if act.until is None:
            lasting = act.rate
        elif lasting is not None and (i + 1 == len(ordered) or act.until < ordered[i + 1].at):
            steps.append((act.until, lasting))
    return steps


def _convert(value: float, source: str, target: str, quantity: Quantity, where: str) -> float:
    try:
        result = float(convert(value, source, target, analyte=quantity.analyte))
    except UnitError as error:
        raise UnitError(f"input '{quantity.name}' expects {target}, got '{source}' ({where}): {error}") from error
    return quantity.check(result, where)


def grid_hours(quantities: Sequence[Quantity]) -> float | None:
    """The epoch grid [h]: the longest step every declared drift's own step is a multiple of; None: nothing drifts."""
    steps = [round(q.drift.every * HOUR) for q in quantities if q.drift is not None]
    return gcd(*steps) / HOUR if steps else None


def cut(
    subject: Subject,
    span: tuple[Instant, Instant],
    *,
    outputs: Sequence[Instant],
    events: Sequence[InputEvent],
    rates: Float[Array, "m"],
    covariates: Float[Array, "#r k"],
    grid: tuple[Instant, float | None],
) -> tuple[Drive, Float[Array, "m"]]:
    """Cut (start, end] into segments; also return the rates in force at its end.

    Takes events with start <= at < end; `grid` is the twin's epoch and its grid step [h].  Raises PlanError for an
    output outside the span.
    """
    start, end = span
    if any(not start <= at <= end for at in outputs):
        raise PlanError(f"output times must lie within the span of {(end - start) / HOUR:g} h")
    acting = [e for e in events if start <= e.at < end]
    ticks = grid_ticks(start, end, grid)
    cuts = sorted({start, end, *outputs, *ticks, *(e.at for e in acting)})
    starts, ends = cuts[:-1], cuts[1:]
    if start in outputs or not starts:
        starts, ends = [start, *starts], [start, *ends]
    rate, dose, last = inputs_by_segment(starts, ends, acting, np.asarray(rates, dtype=np.float64))
    position = {at: i for i, at in enumerate(ends)}
    first_real = 1 if starts[0] == ends[0] else 0
    tick = [ticks.get(at, -1) if i >= first_real else -1 for i, at in enumerate(starts)]
    drive = Drive(
        dt=np.array([[float(b - a) for a, b in zip(starts, ends, strict=True)]]),
        clock=local_clock(starts, subject.zone, subject.holidays)[None],
        tick=np.array([tick], dtype=np.int64),
        rate=rate[None],
        dose=dose[None],
        covariates=np.asarray(covariates)[:, None, :],
        output=np.array([[position[at] for at in outputs]], dtype=np.int64).reshape(1, -1),
    )
    return drive, last


def grid_ticks(start: Instant, end: Instant, grid: tuple[Instant, float | None]) -> dict[Instant, int]:
    """The points of a grid (epoch, step [h]) with start <= at < end, and their numbers on it."""
    epoch, hours = grid
    if hours is None:
        return {}
    step = round(hours * HOUR)
    first, last = -((epoch - start) // step), -((epoch - end) // step)
    return {epoch + k * step: k for k in range(first, last + 1) if start <= epoch + k * step < end}


def inputs_by_segment(
    starts: Sequence[Instant], ends: Sequence[Instant], events: Sequence[InputEvent], rates: Float[Array, "m"]
) -> tuple[Float[Array, "s m"], Float[Array, "s m"], Float[Array, "m"]]:
    """Rate and dose of every segment, and the rates in force after the last event."""
    now = np.array(rates)
    rate, dose = np.zeros((len(starts), now.size)), np.zeros((len(starts), now.size))
    waiting = iter(sorted(events, key=lambda e: e.at))
    event = next(waiting, None)
    for i, (begin, finish) in enumerate(zip(starts, ends, strict=True)):
        while event is not None and event.at <= begin < finish:
            dose[i, event.input] += event.dose
            now[event.input] = now[event.input] if event.rate is None else event.rate
            event = next(waiting, None)
        rate[i] = now
    return rate, dose, now


def stack(drives: Sequence[Drive]) -> Drive:
    """Drives of several twins as one, a row each; a short one ends with instants at which nothing happens."""
    width = max(d.dt.shape[1] for d in drives)
    if len({d.output.shape[1] for d in drives}) > 1:
        raise ShapeError("twins in one call must have the same number of outputs: pad the shorter with repeats")
    padded = [_padded(d, width) for d in drives]
    parts = ("dt", "clock", "tick", "rate", "dose", "covariates", "output")
    return Drive(*(np.concatenate([np.asarray(getattr(d, name)) for d in padded]) for name in parts))


def _padded(drive: Drive, width: int) -> Drive:
    """The drive with repeats of its last instant up to `width` segments: inputs stay in force, no time passes."""
    missing = width - drive.dt.shape[1]
    if missing == 0:
        return drive
    end = drive.instant()

    def longer(a: Array, last: Array) -> Array:
        return np.concatenate([np.asarray(a), np.repeat(np.asarray(last), missing, axis=1)], axis=1)

    return Drive(
        dt=longer(drive.dt, end.dt),
        clock=longer(drive.clock, end.clock),
        tick=longer(drive.tick, end.tick),
        rate=longer(drive.rate, end.rate),
        dose=longer(drive.dose, end.dose),
        covariates=drive.covariates if drive.covariates.shape[1] == 1 else longer(drive.covariates, end.covariates),
        output=drive.output,
    )
