"""Options that several commands share: one name, one meaning, one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "At",
    "Data",
    "Days",
    "Doses",
    "Format",
    "Hours",
    "Html",
    "Json",
    "Mapping",
    "Members",
    "ModelName",
    "Params",
    "Rates",
    "ScheduleJson",
    "Seed",
    "Store",
    "Utility",
    "Virtual",
    "Weight",
    "Who",
    "Zone",
]

Json = Annotated[bool, typer.Option("--json", help="print JSON (its schema: gemel schema NAME)")]
Data = Annotated[Path, typer.Option("--data", help="folder or file of records")]
Who = Annotated[str | None, typer.Option("--subject", help="whose records; without it the error lists who is there")]
Format = Annotated[str, typer.Option("--format", help="auto, t1d-uom, diary, csv or fhir")]
Mapping = Annotated[Path | None, typer.Option("--mapping", help="TOML file that says what a CSV's columns mean")]
Zone = Annotated[str | None, typer.Option("--zone", help="IANA zone of local times")]
ModelName = Annotated[str, typer.Option("--model", help="model, as in `gemel models`")]
Members = Annotated[int, typer.Option("--members", min=2, help="possible subjects in the ensemble")]
Seed = Annotated[int, typer.Option("--seed", help="seed of all draws")]
Weight = Annotated[float | None, typer.Option("--weight", help="body weight [kg]")]
At = Annotated[str | None, typer.Option("--at", help="the twin's present (default: the newest reading)")]
Days = Annotated[float, typer.Option("--days", help="days of records the twin learns from, before its present")]
Store = Annotated[Path | None, typer.Option("--store", help="SQLite file that keeps facts, belief and forecasts")]
Hours = Annotated[float, typer.Option("--hours", help="hours ahead")]
Doses = Annotated[list[str] | None, typer.Option("--dose", help="NAME=AMOUNT@WHEN: insulin=4@+0, carbs=50@+15min")]
Rates = Annotated[list[str] | None, typer.Option("--rate", help="NAME=AMOUNT[@WHEN[..WHEN]]: insulin=0.9")]
Utility = Annotated[str, typer.Option("--utility", help="glucose-risk, time-in-range or range-minus-lows")]
Html = Annotated[Path | None, typer.Option("--html", help="write a self-contained page")]
Params = Annotated[Path | None, typer.Option("--params", help="uva-padova: CSV of your own parameters, a person a row")]
Virtual = Annotated[
    str | None, typer.Option("--subject", help="uva-padova: whose row (default: the schedule's patient)")
]
ScheduleJson = Annotated[
    Path | None, typer.Option("--schedule", help="uva-padova: JSON of meals and insulin by minute")
]
