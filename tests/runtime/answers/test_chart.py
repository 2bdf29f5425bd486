"""Pictures: what is drawn stands where its value says, and is told apart from what was only forecast."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gemel.core.clock import HOUR
from gemel.runtime.answers.chart import Fan, Marker, Picture, draw, nice_step, shared_limits


def _picture(**layers: object) -> Picture:
    return Picture(title="t", unit="mg/dL", zone="UTC", span=(0, 4 * HOUR), limits=(0.0, 200.0), **layers)  # type: ignore[arg-type]


def test_readings_are_dots_in_proportion() -> None:
    drawn = draw(_picture(measured=[(0, 0.0), (4 * HOUR, 200.0), (2 * HOUR, 100.0)]))
    (x0, y0), (x1, y1), (x2, y2) = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawn)]
    assert x2 == pytest.approx((x0 + x1) / 2, abs=0.1) and y2 == pytest.approx((y0 + y1) / 2, abs=0.1)
    assert x0 < x1 and y0 > y1


def test_forecast_is_a_fan_and_a_dashed_line_not_dots() -> None:
    fan = Fan(np.array([HOUR, 2 * HOUR]), np.linspace(80.0, 160.0, 5)[:, None] * np.ones(2))
    drawn = draw(_picture(fan=fan, now=HOUR))
    assert drawn.count("<polygon") == 2 and 'class="median"' in drawn and 'class="measured"' not in drawn


def test_close_markers_do_not_share_a_row() -> None:
    marks = [Marker(HOUR, "carbs", "50 g"), Marker(HOUR + 60_000_000, "insulin", "5 IU")]
    drawn = draw(_picture(markers=marks))
    heights = re.findall(r'class="mark \w+"[^>]*translate\([\d.]+ ([-\d.]+)\)', drawn)
    assert len(set(heights)) == 2


def test_text_is_escaped() -> None:
    assert "<b>" not in draw(_picture(markers=[Marker(HOUR, "other", "<b>")]))


@pytest.mark.parametrize(("span", "about", "step"), [(100.0, 5, 20.0), (1.0, 5, 0.2), (330.0, 5, 100.0)])
def test_steps_are_round(span: float, about: int, step: float) -> None:
    assert nice_step(span, about) == pytest.approx(step)


def test_shared_limits_hold_every_picture() -> None:
    low, high = shared_limits([_picture(measured=[(0, 43.0)]), _picture(measured=[(0, 311.0)])])
    assert low <= 43.0 and high >= 311.0
