"""Error grids: the figures' own corners, and independent ways to draw the same zones."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.errors import SupportError
from gemel.domains.health.error_grid import ABOVE, BELOW, clarke, parkes, shares

RANDOM = np.random.default_rng(5)
PAIRS = RANDOM.uniform(1.0, 549.0, (2, 20_000))


@pytest.mark.parametrize(
    ("reference", "value", "zone"),
    [
        (100, 100, "A"), (100, 119, "A"), (100, 121, "B"), (60, 40, "A"), (200, 161, "A"), (200, 159, "B"),
        (100, 215, "C"), (160, 30, "C"), (160, 50, "B"), (60, 100, "D"), (300, 120, "D"), (235, 120, "B"),
        (50, 200, "E"), (250, 60, "E"), (300, 420, "C"),
    ],
)  # fmt: skip
def test_clarke_zones_are_those_of_the_figure(reference: float, value: float, zone: str) -> None:
    assert clarke(np.array([float(reference)]), np.array([float(value)]))[0] == zone


@pytest.mark.parametrize(
    ("reference", "value", "zone"),
    [
        (100, 100, "A"), (20, 49, "A"), (20, 55, "B"), (20, 80, "C"), (20, 130, "D"), (20, 160, "E"),
        (60, 20, "B"), (140, 20, "C"), (300, 20, "D"), (500, 20, "D"), (385, 301, "A"), (385, 299, "B"),
        (50, 80, "B"), (50, 81, "C"), (40, 500, "E"), (600, 480, "B"), (600, 520, "A"),
    ],
)  # fmt: skip
def test_parkes_zones_are_those_of_the_table(reference: float, value: float, zone: str) -> None:
    assert parkes(np.array([float(reference)]), np.array([float(value)]))[0] == zone


def inside(x: np.ndarray, y: np.ndarray, corners: list[tuple[int, int]]) -> np.ndarray:
    """Even-odd rule: whether a ray to the right crosses the polygon's border an odd number of times."""
    odd = np.zeros(x.shape, dtype=bool)
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y1 != y2:
            odd ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return odd


def test_parkes_zones_are_the_polygons_that_the_lines_close() -> None:
    reference, value = PAIRS
    zones = np.full(reference.shape, "A")
    for k, zone in enumerate("BCDE"):
        closed = [[*ABOVE[k].points, (0, 550)]]
        if k < len(BELOW):
            closed.append([*BELOW[k].points, (600, BELOW[k].points[-1][1]), (600, 0)])
        for corners in closed:
            zones[inside(reference, value, corners)] = zone
    assert (parkes(reference, value) == zones).all()


def test_clarke_zones_may_be_painted_one_over_the_other_as_other_programs_do() -> None:
    r, p = PAIRS
    zones = np.full(r.shape, "B")
    middle = (p >= 70) & (p < 180)
    zones[((r < 70) | (r > 240)) & middle] = "D"
    zones[((r >= 130) & (r <= 180) & (p < 1.4 * r - 182)) | ((r > 70) & (p > 180) & (p > r + 110))] = "C"
    zones[(np.abs(p - r) <= 0.2 * r) | ((r < 70) & (p < 70))] = "A"
    zones[((r <= 70) & (p >= 180)) | ((r >= 180) & (p <= 70))] = "E"
    assert (clarke(r, p) == zones).all()


def test_a_perfect_instrument_is_all_a_and_shares_add_up() -> None:
    reference = np.linspace(20.0, 600.0, 300)
    for grid in (clarke, parkes):
        assert (grid(reference, reference) == "A").all()
        assert sum(shares(grid(*PAIRS)).values()) == pytest.approx(100.0)


@pytest.mark.parametrize("wrong", [np.nan, -1.0])
def test_what_is_no_glucose_is_refused(wrong: float) -> None:
    with pytest.raises(SupportError, match="pair 1: value"):
        parkes(np.array([100.0, 100.0]), np.array([100.0, wrong]))
