"""`gemel bench service`: how fast the living service is, measured on a real `gemel serve` under load from outside.

Each area has a module `bench_service_<area>` with `MEASURES`; a measure gives one key or more.  The service is a
process of its own, whose processor time and memory are read from /proc, children included; load comes from further
processes, whose processor time is told beside.  Rates "per core" are per processor second of the service.

    $ gemel bench service --only bulk_obs_per_s --json
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import msgspec

from .. import __version__
from ..core.errors import RegistryError

__all__ = ["AREAS", "Asked", "BenchServiceShape", "Figure", "Measure", "bench_service", "report"]

AREAS = (
    "gemel.cli.bench_service_rest",
    "gemel.cli.bench_service_live",
    "gemel.cli.bench_service_fhir",
    "gemel.cli.bench_service_hl7",
    "gemel.cli.bench_service_cds",
    "gemel.cli.bench_service_kill_http",
)
"""Modules with `MEASURES: tuple[Measure, ...]`."""


class Figure(msgspec.Struct, kw_only=True):
    """What was asked for and what was measured; `details` are the numbers it rests on."""

    key: str
    asked: str
    measured: float
    unit: str
    peer: str = ""
    met: bool | None = None
    details: dict[str, Any] = {}


class BenchServiceShape(msgspec.Struct, kw_only=True):
    """`gemel bench service`: each key's figure, and how it came about."""

    version: str
    python: str
    cpus: int
    keys: dict[str, float]
    figures: list[Figure]
    problems: dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """How much is done: all of it, or `quick`, a small part to see that it runs; sizes by name replace a measure's."""

    quick: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])

    def size(self, name: str, whole: int, quick: int) -> int:
        """The size of this name."""
        return self.sizes.get(name, quick if self.quick else whole)


@dataclass(frozen=True, slots=True)
class Measure:
    """Keys that are measured together."""

    keys: tuple[str, ...]
    run: Callable[[Asked], Sequence[Figure]]


def measures() -> list[Measure]:
    """Every measure there is."""
    return [measure for area in AREAS for measure in import_module(area).MEASURES]


def bench_service(only: Sequence[str], asked: Asked, progress: Callable[[str], None]) -> BenchServiceShape:
    """Measure these keys, or all; one that fails says why and does not keep the others from being measured."""
    known = measures()
    keys = [key for measure in known for key in measure.keys]
    for key in only:
        if key not in keys:
            raise RegistryError(f"no key '{key}': there are {', '.join(keys)}")
    figures: list[Figure] = []
    problems: dict[str, str] = {}
    for measure in known:
        if only and not set(only) & set(measure.keys):
            continue
        progress(", ".join(measure.keys))
        try:
            figures += measure.run(asked)
        except Exception as error:
            problems |= dict.fromkeys(measure.keys, f"{type(error).__name__}: {error}")
    return BenchServiceShape(
        version=__version__, python=platform.python_version(), cpus=os.cpu_count() or 1,
        keys={f.key: f.measured for f in figures}, figures=figures, problems=problems,
    )  # fmt: skip


def report(only: Sequence[str], sizes: Sequence[str], *, quick: bool, json: bool) -> None:
    """Measure and tell."""
    from ..runtime.answers.plans import assignments
    from . import console

    asked = Asked(quick, {name: round(n) for name, n in assignments(sizes, "size").items()})
    with console.bar(json) as progress:
        task = progress.add_task("", total=None)
        shape = bench_service(only, asked, lambda name: progress.update(task, description=name))
    if json:
        flat = msgspec.to_builtins(shape)
        return console.emit(flat | flat["keys"])
    verdict = {True: "met", False: "missed", None: ""}
    rows = [[f.key, f.asked, f"{console.number(f.measured)} {f.unit}", verdict[f.met], f.peer] for f in shape.figures]
    console.show("", ("key", "asked", "measured", "", "peer"), rows)
    for key, why in shape.problems.items():
        console.complain(f"{key}: {why}")
