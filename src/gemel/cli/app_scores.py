"""Commands that measure: were forecasts right, and how fast is it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import IngestError, RegistryError
from . import hospital
from . import simulate_hospital as hospital_study
from .options import (
    Data,
    Format,
    Html,
    Json,
    Mapping,
    Members,
    ModelName,
    Seed,
    Weight,
    Zone,
)

__all__ = ["backtest", "bench", "validate"]


def backtest(
    what: Annotated[str, typer.Argument(help="diabetes or arrivals")],
    data: Annotated[Path | None, typer.Option("--data", help="diabetes: folder or file of records")] = None,
    subject: Annotated[list[str] | None, typer.Option("--subject", help="diabetes: one or more ids, pooled")] = None,
    train: hospital.Train = None, test: hospital.Test = None, holidays: hospital.Holidays = None,
    model: ModelName = "replaybg-everyday", members: Members = 256,
    stride: Annotated[int, typer.Option("--stride", min=1, help="forecast from every so many grid points")] = 1,
    window: Annotated[int, typer.Option("--window", min=2, help="days of records; the last 30 % are scored")] = 28,
    seed: Seed = 0, zone: Annotated[str, typer.Option("--zone", help="IANA zone of local times")] = "Europe/London",
    correction: Annotated[bool, typer.Option(help="learn each night what the mechanism leaves unexplained")] = True,
    json: Json = False,
) -> None:  # fmt: skip
    """Score rolling forecasts on records, beside simple baselines, with standard errors."""
    if what == "arrivals":
        return hospital.backtest_arrivals(train, test, holidays, json)
    if what != "diabetes":
        raise RegistryError(f"no backtest '{what}': there are 'diabetes' and 'arrivals'")
    if data is None or not subject:
        raise IngestError("'backtest diabetes' needs records and whose: give --data and --subject")
    from ..domains.health.backtest import Settings
    from . import console
    from .backtest import Task, rows
    from .backtest import backtest as work

    with console.bar() as progress:
        tasks = {own: progress.add_task(f"subject {own}", total=1) for own in subject}
        settings = Settings(model, members=members, seed=seed, stride=stride, days=window, correction=correction)
        task = Task(data, zone, settings)
        shape = work(
            task,
            list(dict.fromkeys(subject)),
            lambda own, done, total: progress.update(tasks[own], completed=done, total=total),
        )
    if json:
        return console.emit(shape)
    columns = ("mode", "min", "cases", "forecaster", "RMSE", "MAE", "CRPS", "in 50 %", "in 90 %", "n")
    console.show("Glucose forecasts [mg/dL], ± standard error", columns, rows(shape), 4)


def validate(
    data: Data, subject: Annotated[list[str] | None, typer.Option("--subject", help="one or more ids, pooled")] = None,
    format: Format = "auto", mapping: Mapping = None, zone: Zone = None, model: ModelName = "replaybg-everyday",
    members: Members = 256, seed: Seed = 0, weight: Weight = None,
    observable: Annotated[str, typer.Option("--observable", help="what is forecast and read")] = "glucose",
    ahead: Annotated[list[float] | None, typer.Option("--ahead", help="horizons [h]; default 0.5, 1 and 2")] = None,
    every: Annotated[float, typer.Option("--every", min=0.01, help="hours between forecasts")] = 0.25,
    train: Annotated[float, typer.Option("--train", min=0.05, max=0.95, help="part of the record that teaches")] = 0.5,
    event: Annotated[list[str] | None, typer.Option("--event", help="'<70' or '>180': are its odds right?")] = None,
    html: Html = None, json: Json = False,
) -> None:  # fmt: skip
    """Validate a model on records: scores, skill against baselines, calibration, events, subgroups."""
    from . import console
    from .records import Start, Wanted
    from .validate import Validated, report_page, spoken
    from .validate import validate as work

    people = list(dict.fromkeys(subject)) if subject else [None]
    with console.bar() as progress:
        tasks = {own: progress.add_task(f"subject {own or ''}", total=1) for own in people}
        shape = work(
            Wanted(data, None, format, mapping, zone), people, Start(model, members, seed, weight),
            Validated(observable, tuple(ahead or (0.5, 1.0, 2.0)), every, train, tuple(event or ())),
            lambda own, done, total: progress.update(tasks.get(own, tasks[people[0]]), completed=done, total=total),
        )  # fmt: skip
    if html is not None:
        html.write_text(report_page(shape), encoding="utf-8")
    console.emit(shape) if json else spoken(shape, html)


def bench(
    what: Annotated[str, typer.Argument(help="core, diabetes, health, hospital, inference or service")] = "core",
    peer_python: Annotated[
        Path | None,
        typer.Option("--peer-python", envvar="GEMEL_PEER_PYTHON", help="an interpreter that has simglucose, or ciw"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="a tenth of the work: to see that it runs")] = False,
    only: Annotated[list[str] | None, typer.Option("--only", help="service: a key to measure; may be repeated")] = None,
    size: Annotated[list[str] | None, typer.Option("--size", help="service: NAME=NUMBER, how much is done")] = None,
    json: Json = False,
) -> None:
    """Measure how fast the core, virtual persons with diabetes, the health map, the hospital or the service is."""
    if what == "service":
        from .bench_service import report as told_of_service

        return told_of_service(only or [], size or [], quick=quick, json=json)
    if what == "diabetes":
        from .bench_diabetes import report

        return report(peer_python, quick=quick, json=json)
    if what == "health":
        from . import console
        from .bench_health import bench_health

        return console.emit(bench_health(quick=quick))
    if what == "hospital":
        return hospital_study.bench(peer_python, quick, json)
    if what == "inference":
        from . import console
        from .bench_inference import bench_inference
        from .bench_inference import report as told

        with console.bar() as progress:
            task = progress.add_task("", total=None)
            found = bench_inference(lambda name: progress.update(task, description=name), quick=quick)
        return console.emit(found) if json else told(found)
    if what != "core":
        raise RegistryError(f"no bench '{what}': there are core, diabetes, health, hospital, inference and service")
    from . import console, speak
    from .bench import Sizes
    from .bench import bench as work

    with console.bar() as progress:
        task = progress.add_task("", total=None)
        sizes = Sizes(1000, 20, 256, 2, 0.2) if quick else Sizes()
        shape = work(sizes, peer_python, lambda name: progress.update(task, description=name))
    console.emit(shape) if json else speak.benched(shape)
