"""Commands about one twin: what it believes, what will happen, which plan, why, and how right it has been."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    At,
    Data,
    Days,
    Doses,
    Format,
    Hours,
    Html,
    Json,
    Mapping,
    Members,
    ModelName,
    Rates,
    Seed,
    Store,
    Utility,
    Weight,
    Who,
    Zone,
)

__all__ = ["compare", "explain", "forecast", "observe", "record", "status"]


def observe(
    data: Data, subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    model: ModelName = "replaybg", at: At = None, members: Members = 256, seed: Seed = 0, weight: Weight = None,
    days: Days = 7.0, store: Store = None, json: Json = False,
) -> None:  # fmt: skip
    """Read records and say what the twin believes now."""
    from . import console, speak
    from .records import Start, Wanted
    from .twin_commands import observe as work

    with console.bar(json) as progress:
        progress.add_task("reading and observing", total=None)
        shape = work(Wanted(data, subject, format, mapping, zone), Start(model, members, seed, weight, days, at), store)
    console.emit(shape) if json else speak.observed(shape)


def forecast(
    data: Data, subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    model: ModelName = "replaybg", at: At = None, members: Members = 256, seed: Seed = 0, weight: Weight = None,
    days: Days = 7.0, store: Store = None, hours: Hours = 4.0, dose: Doses = None, rate: Rates = None,
    every: Annotated[float | None, typer.Option("--every", help="hours between outputs")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="write a PNG, SVG or PDF (extra plots)")] = None,
    html: Html = None,
    doubts: Annotated[bool, typer.Option("--doubts", help="allow for unlogged meals and wrong entries")] = False,
    correct: Annotated[bool, typer.Option("--correct", help="learn from the forecasts of weeks past")] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Forecast under a plan: what will happen, and how sure are we?"""
    from . import console, speak
    from .records import Start, Wanted
    from .twin_commands import Asked
    from .twin_commands import forecast as work

    start = Start(model, members, seed, weight, days, at)
    with console.bar(json) as progress:
        progress.add_task("reading, observing, forecasting", total=None)
        asked = Asked(hours, tuple(dose or ()), tuple(rate or ()), every, plot, html, doubts, correct)
        shape = work(Wanted(data, subject, format, mapping, zone), start, asked, store)
    console.emit(shape) if json else speak.forecasted(shape, [p for p in (plot, html) if p])


def compare(
    data: Data,
    plan: Annotated[list[str], typer.Option("--plan", help='"6 U: insulin=6@+0, carbs=50@+15min" or "nothing:"')],
    subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    model: ModelName = "replaybg", at: At = None, members: Members = 256, seed: Seed = 0, weight: Weight = None,
    days: Days = 7.0, hours: Hours = 4.0,
    utility: Utility = "glucose-risk",
    html: Html = None, json: Json = False,
) -> None:  # fmt: skip
    """Compare plans: which is better, by how much, with what probability; or no clear winner."""
    from . import console, speak
    from .records import Start, Wanted
    from .twin_commands import compare as work

    start = Start(model, members, seed, weight, days, at)
    with console.bar(json) as progress:
        progress.add_task("reading, observing, comparing", total=None)
        shape = work(Wanted(data, subject, format, mapping, zone), start, plan, hours, utility, html)
    console.emit(shape) if json else speak.compared(shape, html)


def explain(
    data: Data, subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    model: ModelName = "replaybg", at: At = None, members: Members = 256, seed: Seed = 0, weight: Weight = None,
    days: Days = 7.0, hours: Hours = 2.0,
    target: Annotated[str | None, typer.Option("--target", help="observable to explain (default: the first)")] = None,
    since: Annotated[float, typer.Option("--since", min=0.1, help="hours of facts whose effect is told")] = 4.0,
    json: Json = False,
) -> None:  # fmt: skip
    """Explain a forecast: what makes it uncertain, which facts moved it, what to measure next."""
    from . import console
    from .explain import explain as work
    from .explain import spoken
    from .records import Start, Wanted

    start = Start(model, members, seed, weight, days, at)
    with console.bar(json) as progress:
        progress.add_task("reading, observing, explaining", total=None)
        shape = work(Wanted(data, subject, format, mapping, zone), start, target, hours=hours, since=since)
    console.emit(shape) if json else spoken(shape)


def record(
    store: Annotated[Path, typer.Option("--store", help="SQLite file that keeps facts, belief and forecasts")],
    twin: Annotated[str | None, typer.Option("--twin", help="one twin (default: all)")] = None,
    json: Json = False,
) -> None:
    """Show how right each twin's forecasts have been."""
    from . import console
    from .ledger_commands import record as work
    from .ledger_commands import speak_record

    shape = work(store, twin)
    console.emit(shape) if json else speak_record(shape)


def status(
    store: Annotated[Path, typer.Option("--store", help="SQLite file that keeps facts, belief and forecasts")],
    model: Annotated[str | None, typer.Option("--model", help="one model (default: all with forecasts)")] = None,
    plan: Annotated[Path | None, typer.Option("--plan", help="change-control plan, TOML (default: ours)")] = None,
    review: Annotated[bool, typer.Option("--review", help="judge the records now, and put a switch on record")] = False,
    json: Json = False,
) -> None:
    """Say which models may speak here (advisory) and which are only scored (silent), why, and every switch."""
    from . import console
    from .ledger_commands import speak_status
    from .ledger_commands import standing as work

    shape = work(store, model, plan, review)
    console.emit(shape) if json else speak_status(shape)
