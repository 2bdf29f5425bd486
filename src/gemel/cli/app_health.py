"""The commands `gemel health-map` and `gemel risk` and their options; `app` registers them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import IngestError
from .options import At, Html, Json, Members, Seed, Zone

__all__ = ["health_map", "risk"]


def health_map(
    bundle: Annotated[Path, typer.Argument(help="FHIR R4 bundle of one person, JSON, plain or gzip")],
    region: Annotated[
        str, typer.Option("--region", help="us or europe-low, -moderate, -high, -very-high; default: the address")
    ] = "",
    at: At = None,
    members: Members = 512,
    seed: Seed = 0,
    zone: Zone = None,
    html: Html = None,
    fhir: Annotated[Path | None, typer.Option("--fhir", help="write the risks as FHIR R4 RiskAssessments")] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", help="NAME=NUMBER of what was asked: sdi=7, family_heart_attack=1 (yes 1, no 0)"),
    ] = None,
    json: Json = False,
) -> None:
    """Show organ status and honest risks from one record: what is known, how sure, and what to measure next."""
    from ..core.clock import instant
    from . import console
    from .health_map import Outputs, make, shape, speak

    outputs = Outputs(html, fhir)
    when = None if at is None else instant(at, tz=zone or "UTC")
    made = make(bundle, outputs, region=region, at=when, members=members, seed=seed, zone=zone or "UTC",
                answers=_numbers(answer or []))  # fmt: skip
    console.emit(shape(made)) if json else speak(made, outputs)


def _numbers(pairs: list[str]) -> dict[str, float]:
    """NAME=NUMBER pairs; SupportError names one that is none."""
    from ..core.errors import SupportError

    found: dict[str, float] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise SupportError(f"answer '{pair}' is not NAME=NUMBER, such as sdi=7 or family_heart_attack=1") from None
    return found


def risk(
    score: Annotated[str, typer.Argument(help="a score's id, a family of scores, or 'list'")],
    input: Annotated[Path | None, typer.Option("--input", help="CSV or JSON file, a case per row")] = None,
    json: Json = False,
) -> None:
    """Work out a risk equation or score for every row of a file, or list what there is."""
    from . import console
    from . import risk as work

    if score == "list":
        found = work.entries()
        if json:
            return console.emit(found)
        console.show("", ("id", "title", "organ", "outcome", "status"), work.listing(found))
        return console.say(work.summary(found))
    if input is None:
        raise IngestError(f"risk {score} needs --input FILE (CSV or JSON, a case per row)")
    rows = work.answer(score, input)
    if json:
        return console.emit(rows)
    heads, cells = work.table(rows)
    console.show("", heads, cells)
