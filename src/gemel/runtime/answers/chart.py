"""A forecast fan as SVG, without any library: readings are dots, the forecast is a dashed line in a shaded fan.

Colours are CSS variables of the page, so that one drawing serves light and dark.  The palette is that of Okabe and Ito,
which people with any common colour vision can tell apart; shape and dash carry the same distinctions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape

import numpy as np
from jaxtyping import Float, Int

from ...core.array import Array
from ...core.clock import HOUR, zone
from ...core.fact import Instant

__all__ = ["Fan", "Marker", "Picture", "draw", "nice_step", "shared_limits"]


@dataclass(frozen=True, slots=True)
class Fan:
    """Quantiles 5, 25, 50, 75 and 95 % at `times`, shape (5, t)."""

    times: Int[Array, "t"]
    quantiles: Float[Array, "5 t"]


@dataclass(frozen=True, slots=True)
class Marker:
    """Something given: `kind` picks the mark (insulin points down, carbs up), `label` says how much."""

    at: Instant
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn: title for a screen reader, unit, zone, time span, and the layers (each may be absent)."""

    title: str
    unit: str
    zone: str
    span: tuple[Instant, Instant]
    now: Instant | None = None
    target: tuple[float, float] | None = None
    measured: Sequence[tuple[Instant, float]] = ()
    fan: Fan | None = None
    truth: Sequence[tuple[Instant, float]] = ()
    markers: Sequence[Marker] = ()
    size: tuple[int, int] = (880, 360)
    limits: tuple[float, float] | None = None
    name: str = "Glucose"
    small: bool = field(default=False)


@dataclass(frozen=True, slots=True)
class _Frame:
    left: float
    top: float
    width: float
    height: float
    span: tuple[Instant, Instant]
    limits: tuple[float, float]

    def x(self, at: Instant) -> float:
        return round(self.left + self.width * (at - self.span[0]) / (self.span[1] - self.span[0]), 1)

    def y(self, value: float) -> float:
        low, high = self.limits
        return round(self.top + self.height * (1.0 - (value - low) / (high - low)), 1)


def draw(picture: Picture) -> str:
    """The picture as an <svg> element."""
    width, height = picture.size
    lane = 0 if picture.small else 26
    left, right, top, bottom = (34.0, 8.0, 8.0, 24.0) if picture.small else (58.0, 16.0, 14.0 + lane, 46.0)
    limits = picture.limits or shared_limits([picture])
    frame = _Frame(left, top, width - left - right, height - top - bottom, picture.span, limits)
    kind = "chart" if picture.small else "chart wide"
    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(picture.title)}" class="{kind}">',
        *_target(picture, frame),
        *_grid(picture, frame, height),
        *_fan(picture, frame),
        *_line(picture.truth, frame, "truth"),
        *_dots(picture, frame),
        *_now(picture, frame),
        *_markers(picture, frame),
        "</svg>",
    ]
    return "".join(parts)


def shared_limits(pictures: Sequence[Picture]) -> tuple[float, float]:
    """Limits that hold every one of some pictures, so that they can be compared by eye."""
    values = [v for p in pictures for _, v in (*p.measured, *p.truth)]
    values += [v for p in pictures for v in p.target or ()]
    for fan in (p.fan for p in pictures if p.fan is not None):
        values += np.asarray(fan.quantiles)[[0, -1]].ravel().tolist()
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    step = nice_step(high - low or 1.0, 10)
    return float(step * np.floor(low / step)), float(step * np.ceil(high / step))


def nice_step(span: float, about: int) -> float:
    """A step of 1, 2, 2.5 or 5 times a power of ten that cuts `span` into about so many."""
    rough = span / about
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= rough))


def _target(picture: Picture, frame: _Frame) -> Iterable[str]:
    if picture.target is None:
        return
    low, high = (min(max(v, frame.limits[0]), frame.limits[1]) for v in picture.target)
    y = frame.y(high)
    yield f'<rect class="target" x="{frame.left}" y="{y}" width="{frame.width}" height="{round(frame.y(low) - y, 1)}"/>'


def _grid(picture: Picture, frame: _Frame, height: int) -> Iterable[str]:
    low, high = frame.limits
    step = nice_step(high - low, 4 if picture.small else 5)
    for value in np.arange(np.ceil(low / step) * step, high + 1e-9, step):
        y = frame.y(float(value))
        yield f'<line class="grid" x1="{frame.left}" x2="{frame.left + frame.width}" y1="{y}" y2="{y}"/>'
        yield f'<text class="tick" x="{frame.left - 6}" y="{y + 4}" text-anchor="end">{value:g}</text>'
    for at, label in _hours(picture, 3 if picture.small else 9):
        x = frame.x(at)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{frame.top}" y2="{frame.top + frame.height}"/>'
        yield f'<text class="tick" x="{x}" y="{frame.top + frame.height + 16}" text-anchor="middle">{label}</text>'
    if not picture.small:
        middle = frame.top + frame.height / 2
        yield (
            f'<text class="axis" transform="rotate(-90 14 {middle})" x="14" y="{middle}" text-anchor="middle">'
            f"{escape(picture.name)} [{escape(picture.unit)}]</text>"
        )
        x = frame.left + frame.width / 2
        yield f'<text class="axis" x="{x}" y="{height - 6}" text-anchor="middle">time in {escape(picture.zone)}</text>'


def _hours(picture: Picture, about: int) -> list[tuple[Instant, str]]:
    """Ticks at whole local hours."""
    start, end = picture.span
    hours = (end - start) / HOUR
    step = next((h for h in (1, 2, 3, 6, 12, 24) if hours / h <= about), 48)
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start)).astimezone(zone(picture.zone))
    first = start - (local.minute * 60 + local.second) * 1_000_000 - local.microsecond
    ticks: list[tuple[Instant, str]] = []
    for k in range(int(hours) + 2):
        at = first + k * HOUR
        shown = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone(picture.zone))
        if start <= at <= end and shown.hour % step == 0:
            ticks.append((at, shown.strftime("%H:%M")))
    return ticks


def _points(frame: _Frame, times: Iterable[Instant], values: Iterable[float]) -> str:
    low, high = frame.limits
    return " ".join(f"{frame.x(t)},{frame.y(min(max(v, low), high))}" for t, v in zip(times, values, strict=True))


def _fan(picture: Picture, frame: _Frame) -> Iterable[str]:
    if picture.fan is None:
        return
    times = np.asarray(picture.fan.times).tolist()
    rows = np.asarray(picture.fan.quantiles).tolist()
    for lower, upper, name in ((0, 4, "band90"), (1, 3, "band50")):
        outline = _points(frame, times + times[::-1], rows[upper] + rows[lower][::-1])
        yield f'<polygon class="{name}" points="{outline}"/>'
    yield f'<polyline class="median" points="{_points(frame, times, rows[2])}"/>'


def _line(points: Sequence[tuple[Instant, float]], frame: _Frame, name: str) -> Iterable[str]:
    if points:
        yield f'<polyline class="{name}" points="{_points(frame, [t for t, _ in points], [v for _, v in points])}"/>'


def _dots(picture: Picture, frame: _Frame) -> Iterable[str]:
    size = 1.6 if picture.small else 2.6
    for at, value in picture.measured:
        yield f'<circle class="measured" cx="{frame.x(at)}" cy="{frame.y(value)}" r="{size}"/>'


def _now(picture: Picture, frame: _Frame) -> Iterable[str]:
    if picture.now is None:
        return
    x = frame.x(picture.now)
    yield f'<line class="now" x1="{x}" x2="{x}" y1="{frame.top}" y2="{frame.top + frame.height}"/>'
    if not picture.small:
        label = f'class="nowlabel" y="{frame.top + frame.height - 8}"'
        yield f'<text {label} x="{x - 6}" text-anchor="end">measured</text><text {label} x="{x + 6}">forecast</text>'


def _markers(picture: Picture, frame: _Frame) -> Iterable[str]:
    if picture.small:
        return
    taken: dict[int, float] = {}
    for marker in sorted(picture.markers, key=lambda m: m.at):
        x = frame.x(marker.at)
        row = 0 if x - taken.get(0, -99.0) > 58 else 1
        taken[row] = x
        y = frame.top - 16 - 12 * row + 6
        shape = "0,8 -5,0 5,0" if marker.kind == "insulin" else "0,0 -5,8 5,8"
        yield f'<polygon class="mark {marker.kind}" points="{shape}" transform="translate({x} {y})"/>'
        yield f'<text class="marklabel" x="{x + 8}" y="{y + 8}">{escape(marker.label)}</text>'
        yield f'<line class="stem {marker.kind}" x1="{x}" x2="{x}" y1="{y + 9}" y2="{frame.top + frame.height}"/>'
