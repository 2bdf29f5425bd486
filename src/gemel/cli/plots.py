"""PNG plots, by matplotlib without a display (extra `plots`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from ..core.clock import HOUR
from ..core.clock import zone as known_zone
from ..core.extra import require
from ..runtime.answers.chart import Picture

__all__ = ["save"]

_BLUE, _GREEN, _ORANGE, _INK = "#0072B2", "#009E73", "#B26B00", "#17212B"


def save(picture: Picture, path: Path, note: str) -> None:
    """Draw the picture into a PNG, SVG or PDF file; MissingExtraError without matplotlib."""
    require("matplotlib", "plots").use("Agg")
    figure_module, dates = require("matplotlib.figure", "plots"), require("matplotlib.dates", "plots")
    figure = figure_module.Figure(figsize=(9.0, 4.4), dpi=140, layout="constrained")
    axes = figure.subplots()
    if picture.target is not None:
        axes.axhspan(
            *picture.target, color=_GREEN, alpha=0.12, lw=0, label=f"target {picture.target[0]:g}–{picture.target[1]:g}"
        )
    _fan(axes, picture)
    if picture.measured:
        times, values = zip(*picture.measured, strict=True)
        axes.plot([_local(t) for t in times], values, "o", ms=3, color=_INK, label="measured")
    _markers(axes, picture)
    if picture.now is not None:
        axes.axvline(_local(picture.now), color=_INK, lw=1)
    tz = known_zone(picture.zone)
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M", tz=tz))
    axes.set(
        xlabel=f"local time, {picture.zone}",
        ylabel=f"{picture.name} [{picture.unit}]",
        xlim=tuple(map(_local, picture.span)),
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#d9e0e7", lw=0.6)
    figure.legend(loc="outside lower left", fontsize=8, frameon=False, ncols=5)
    axes.set_title(note, loc="left", fontsize=8, color="#52606d", pad=26)
    figure.savefig(path)


def _fan(axes: Any, picture: Picture) -> None:
    if picture.fan is None:
        return
    times = [_local(int(t)) for t in np.asarray(picture.fan.times)]
    low, q25, middle, q75, high = np.asarray(picture.fan.quantiles)
    axes.fill_between(times, low, high, color=_BLUE, alpha=0.16, lw=0, label="90 % of possible readings")
    axes.fill_between(times, q25, q75, color=_BLUE, alpha=0.28, lw=0, label="50 %")
    axes.plot(times, middle, "--", color=_BLUE, lw=1.8, label="forecast, median")


def _markers(axes: Any, picture: Picture) -> None:
    """Above the axes: insulin points down, carbohydrate up; close ones take a second row."""
    numbered = require("matplotlib.dates", "plots").date2num
    place, last, raised = axes.get_xaxis_transform(), -HOUR, False
    for marker in sorted(picture.markers, key=lambda m: m.at):
        raised = marker.at - last < (picture.span[1] - picture.span[0]) // 14 and not raised
        last, y = marker.at, 1.09 if raised else 1.03
        shape, color = ("v", _BLUE) if marker.kind == "insulin" else ("^", _ORANGE)
        at = numbered(_local(marker.at))
        axes.plot([at], [y], shape, color=color, ms=6, clip_on=False, transform=place)
        axes.annotate(
            marker.label, (at, y), xycoords=place, xytext=(5, -3), textcoords="offset points", fontsize=7.5,
            annotation_clip=False,
        )  # fmt: skip


def _local(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
