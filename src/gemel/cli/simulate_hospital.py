"""`gemel simulate hospital|treat-sim|stroke|huang FILE`: a declared hospital or a published study, by replications.

hospital   the layout of ref_hospital_v1.json, or a declared hospital in JSON or TOML (`models.hospital.files`)
treat-sim, stroke, huang   the studies of Nelson 2013, Monks 2016 and Huang 2019
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import IngestError

if TYPE_CHECKING:
    from ..domains.hospital.output import Estimate

__all__ = [
    "STUDIES",
    "Arrivals",
    "File",
    "ObservedDays",
    "Replications",
    "Shifts",
    "WarmUp",
    "bench",
    "simulate_hospital",
]

File = Annotated[
    Path | None, typer.Argument(help="file of a study: simulate hospital, treat-sim, stroke or huang FILE")
]
Replications = Annotated[int | None, typer.Option("--replications", min=1, help="independent runs of a study")]
WarmUp = Annotated[float | None, typer.Option("--warmup-days", min=0.0, help="days that do not count (hospital: 60)")]
ObservedDays = Annotated[float | None, typer.Option("--days", min=0.001, help="days that count (hospital: 365)")]
Arrivals = Annotated[str, typer.Option("--arrivals", help="treat-sim: exact, or package to imitate its arrivals")]
Shifts = Annotated[str, typer.Option("--shifts", help="hospital: finish, handover or preempt when capacity drops")]

YEAR_DAYS = 365.0
DEFAULTS = {
    "hospital": (20, 60.0, YEAR_DAYS),
    "treat-sim": (400, 0.0, 0.0),
    "stroke": (150, 3 * YEAR_DAYS, 5 * YEAR_DAYS),
    "huang": (30, 0.0, YEAR_DAYS),
}
"""Replications, warm-up and observed days of each study; those of the publications where there is one."""
STUDIES = tuple(DEFAULTS)


def simulate_hospital(
    study: str, file: Path, run: tuple[int | None, float | None, float | None], *, seed: int, arrivals: str,
    shifts: str, json: bool,
) -> None:  # fmt: skip
    """Run a study and print its figures; `run` is replications, warm-up and observed days, None for the default.

    Raises IngestError for a file that is not of the study's layout.
    """
    from . import console

    if not file.is_file():
        raise IngestError(f"'{file}' does not exist: give the file of a {study} study")
    times, warmup, days = (own if own is not None else usual for own, usual in zip(run, DEFAULTS[study], strict=True))
    if arrivals not in ("exact", "package") or shifts not in ("finish", "handover", "preempt"):
        raise IngestError(f"arrivals '{arrivals}' or shifts '{shifts}': exact or package; finish, handover or preempt")
    with console.bar(json) as progress:
        progress.add_task(f"{times} replications", total=None)
        shape = _work(study, file, int(times), (seed, warmup, days, arrivals, shifts))
    if json:
        return console.emit(shape)
    _speak(study, shape)


def _work(study: str, file: Path, times: int, how: tuple[int, float, float, Any, Any]) -> dict[str, Any]:
    seed, warmup, days, arrivals, shifts = how
    raw = file.read_bytes()
    if study == "treat-sim":
        from ..domains.hospital.treat_sim import TreatSim, treat_sim_results

        made = treat_sim_results(_read(raw, TreatSim, file), times, seed=seed, arrivals=arrivals)
        return {"results": {name: _pairs(figures) for name, figures in made.items()}}
    if study == "stroke":
        from ..domains.hospital.stroke import Stroke

        return _stroke(_read(raw, Stroke, file), times, seed, warmup, days)
    if study == "huang":
        from ..domains.hospital.huang import Huang, huang_results

        return {
            "results": _pairs(huang_results(_read(raw, Huang, file), times, seed=seed, warmup_days=warmup, days=days))
        }
    if b'"ed_hourly_rates"' in raw:
        from ..domains.hospital.ref_hospital import RefHospital, reference_results

        spec = _read(raw, RefHospital, file)
        return {"results": _pairs(reference_results(
            spec, times, seed=seed, warmup_days=warmup, days=days, when_less=shifts))}  # fmt: skip
    from ..domains.hospital.declared import declared_results
    from ..models.hospital.files import read_hospital

    return {"results": _pairs(declared_results(read_hospital(file), times, seed=seed, warmup_days=warmup, days=days))}


def _read(raw: bytes, layout: Any, file: Path) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(raw, type=layout)
    except msgspec.MsgspecError as error:
        raise IngestError(f"'{file}' is not of the layout of this study: {error}") from error


def _stroke(spec: Any, times: int, seed: int, warmup: float, days: float) -> dict[str, Any]:
    import dataclasses

    from ..domains.hospital.stroke import stroke_results

    cells, loads, exact = stroke_results(spec, times, seed=seed, warmup_days=warmup, days=days)
    results = {f"{c.case}/{c.beds}": [c.p_delay, c.se] for c in cells}
    return {
        "results": results | {f"load {name}": pair for name, pair in _pairs(loads).items()},
        "table2": [dataclasses.asdict(cell) for cell in cells],
        "offered_load": _pairs(loads),
        "offered_load_exact": exact,
    }


def _pairs(figures: dict[str, Estimate]) -> dict[str, list[float]]:
    """Mean and standard error by name."""
    return {name: [own.mean, own.error] for name, own in figures.items()}


def _speak(study: str, shape: dict[str, Any]) -> None:
    from . import console

    tables = shape["results"] if study == "treat-sim" else {study: shape["results"]}
    for name, figures in tables.items():
        rows = [
            [key, console.number(mean, 4), f"± {console.number(error, 2)}"] for key, (mean, error) in figures.items()
        ]
        console.show(name, ("figure", "mean", "standard error"), rows, 1)
    units = {"hospital": "Waits in hours, occupancy in beds.", "stroke": "Probability of delay; loads in beds."}
    console.say(units.get(study, "Times in minutes."))


def bench(peer: Path | None, quick: bool, json: bool) -> None:
    """`gemel bench hospital`."""
    from . import console
    from .bench_hospital import bench_hospital, rows

    with console.bar(json) as progress:
        task = progress.add_task("", total=None)
        found = bench_hospital(peer, lambda name: progress.update(task, description=name), quick=quick)
    console.emit(found) if json else console.show(
        "Hospital, per CPU second of one core", ("figure", "value"), rows(found), 1
    )
