"""The hospital's commands and their options.  Each loads its work when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import IngestError
from .options import Html, Json, Members, Seed

__all__ = ["Holidays", "Test", "Train", "backtest_arrivals", "census", "mine", "queues", "what_if"]

Local = Annotated[str, typer.Option("--zone", help="IANA zone of times without offset")]
Train = Annotated[Path | None, typer.Option("--train", help="arrivals: CSV to learn from")]
Test = Annotated[Path | None, typer.Option("--test", help="arrivals: CSV that is forecast, from the day after")]
Holidays = Annotated[Path | None, typer.Option("--holidays", help="arrivals: dates, one YYYY-MM-DD per line")]


def queues(
    file: Annotated[Path, typer.Argument(help='JSON: {"cases": [{"type": "M/M/c", "lam": 8, "mu": 1, "c": 10}, ...]}')],
    json: Json = False,
) -> None:
    """Answer questions about queues exactly: waits, blocking, occupancy ahead; exit code 1 if one is refused."""
    from . import console
    from .hospital_results import answer_file, spoken_queues

    shape = answer_file(file)
    console.emit(shape) if json else spoken_queues(shape)
    refused = [(i, case) for i, case in enumerate(shape.cases, 1) if "refused" in case]
    for i, case in refused:
        console.complain(f"case {i}: {case['refused']}")
    if refused:
        raise typer.Exit(1)


def mine(
    log: Annotated[Path, typer.Argument(help="CSV with a row per event: case, activity, time")],
    case: Annotated[str | None, typer.Option("--case", help="column of the case (default: case_id)")] = None,
    activity: Annotated[
        str | None, typer.Option("--activity", help="column of the activity (default: activity)")
    ] = None,
    time: Annotated[str | None, typer.Option("--time", help="column of the time (default: timestamp)")] = None,
    zone: Local = "UTC",
    allowed: Annotated[
        Path | None, typer.Option("--allowed", help="text file of allowed steps, a line each: triage -> doctor")
    ] = None,
    json: Json = False,
) -> None:
    """Mine an event log: which step follows which, how often, after how long, and what the rules do not allow."""
    from ..ingest.event_log import Columns
    from . import console
    from .hospital_results import mine as work
    from .hospital_results import spoken_mining

    shape = work(log, Columns(case, activity, time, zone), allowed)
    console.emit(shape) if json else spoken_mining(shape)


def census(
    feeds: Annotated[
        list[Path] | None, typer.Argument(help="HL7 v2 ADT messages, and FHIR Encounters in a Bundle or NDJSON")
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", help="one or more times, YYYYMMDDhhmmss or ISO 8601 (default: the newest event)"),
    ] = None,
    zone: Local = "UTC",
    data: Annotated[
        str | None, typer.Option("--data", help="a store instead of feeds: folder, SQLite file or postgresql://...")
    ] = None,
    known: Annotated[str | None, typer.Option("--known", help="with --data: as it was known at this time")] = None,
    json: Json = False,
) -> None:
    """Count the patients in each ward at any time, from feeds that may be late, repeated, shuffled or corrected."""
    from ..core.ports import Caller
    from ..runtime.census import hear, held
    from . import console
    from .hospital_results import count, moment, spoken_census
    from .store_commands import open_store

    if (data is None) == (not feeds):
        raise IngestError("a census is counted from feeds or from a store: give files, or --data")
    asked = {one: moment(one, zone) for one in at or []}
    if data is None:
        heard = hear(feeds or (), zone)
    else:
        with open_store(data) as store:
            heard = held(store, Caller(id="census"), moment(known, zone) if known else None)
    shape = count(heard, asked, zone)
    console.emit(shape) if json else spoken_census(shape, zone)


def backtest_arrivals(train: Path | None, test: Path | None, holidays: Path | None, json: bool) -> None:
    """`gemel backtest arrivals`: forecasts of the next 4, 8 and 24 hours from every hour of the test."""
    if train is None or test is None:
        raise IngestError("'backtest arrivals' learns from one file and forecasts another: give --train and --test")
    from . import console
    from .arrivals import Files, spoken_arrivals
    from .arrivals import backtest_arrivals as work

    with console.bar() as progress:
        task = progress.add_task("", total=None)
        shape = work(Files(train, test, holidays), lambda name: progress.update(task, description=name))
    console.emit(shape) if json else spoken_arrivals(shape)


def what_if(
    question: Annotated[Path, typer.Argument(help="JSON: hospital, who is in (or a feed), plans; see the guide")],
    members: Members = 1000,
    seed: Seed = 1,
    html: Html = None,
    json: Json = False,
) -> None:
    """Weigh plans for a hospital (beds, staff, hours, triage, surges, failures) from who is in now."""
    from . import console
    from .question import answered
    from .what_if_page import speak, what_if_page

    with console.bar(json) as progress:
        progress.add_task("every plan meets the same patients and the same luck", total=None)
        shape, _ = answered(question, members=members, seed=seed)
    if html is not None:
        html.write_text(what_if_page(shape), encoding="utf-8")
        console.error_console().print(f"written: {html}", soft_wrap=True)
    console.emit(shape) if json else speak(shape)
