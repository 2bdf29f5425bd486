"""What Apple's names mean: HealthKit types as codes, HealthKit units as UCUM (`apple_types.csv`, `apple_units.csv`).

A type that the table does not list keeps Apple's name ('apple:HKQuantityTypeIdentifier...'), so nothing is lost.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["Meaning", "meaning", "types", "units"]


class Meaning(NamedTuple):
    """The code of a type; whether it is given as a fraction of 1 that means percent; whether it is a dose."""

    code: str
    percent: bool = False
    dose: bool = False


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files("gemel.ingest").joinpath(name).read_text(encoding="utf-8").splitlines()))


@cache
def types() -> Mapping[str, Meaning]:
    """By HealthKit type."""
    return MappingProxyType(
        {
            row["type"]: Meaning(row["code"], row["percent"] == "yes", row["kind"] == "dose")
            for row in _rows("apple_types.csv")
        }
    )


@cache
def units() -> Mapping[str, str]:
    """UCUM by HealthKit unit."""
    return MappingProxyType({row["unit"]: row["ucum"] for row in _rows("apple_units.csv")})


def meaning(name: str) -> Meaning:
    """What a type means; its own name where nobody mapped it."""
    return types().get(name) or Meaning(f"apple:{name}")
