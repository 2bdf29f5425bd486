"""Where on the body things belong: which region of a figure shows which markers, scores and live readings.

Regions stand in `tables/body.csv`: markers by covariate (each in one region), scores by the organ that the catalogue
names for them, codes of readings that twins follow.  What has no region of its own belongs to the whole body.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from .population import rows_of
from .record import measured

__all__ = ["WHOLE", "Region", "region_of_code", "regions"]

WHOLE = "whole"
"""The region of what belongs nowhere in particular."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the figure; `sex` is '' where everybody has it.  `organs`: as the catalogue of scores names them."""

    id: str
    title: str
    sex: str
    markers: tuple[str, ...]
    organs: tuple[str, ...]
    codes: tuple[str, ...]


@cache
def regions() -> tuple[Region, ...]:
    """Every region, from head to toe."""
    return tuple(
        Region(
            r["region"], r["title"], r["sex"], tuple(r["markers"].split()), tuple(filter(None, r["scores"].split("|"))),
            tuple(r["codes"].split()),
        )
        for r in rows_of("body.csv")
    )  # fmt: skip


def region_of_code(code: str) -> str:
    """The region whose readings have this code, or whose markers do; otherwise the whole body."""
    for region in regions():
        if code in region.codes or any(code in measured()[name].codes for name in region.markers):
            return region.id
    return WHOLE
