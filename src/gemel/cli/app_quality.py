"""The command `gemel quality` and its options; `app` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Format, Json, Mapping, Zone

__all__ = ["quality_command"]


def quality_command(
    data: Annotated[str, typer.Option("--data", help="records (folder or file), or a store: folder, file, address")],
    subject: Annotated[str | None, typer.Option("--subject", help="whose (in a store: default everybody)")] = None,
    format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    gap_hours: Annotated[float, typer.Option("--gap-hours", min=0.01, help="longer without a reading is a gap")] = 1.0,
    late_minutes: Annotated[float, typer.Option("--late-minutes", min=0, help="more delay than this is late")] = 60.0,
    json: Json = False,
) -> None:  # fmt: skip
    """Say how good data is: complete, plausible, in time, of known codes, and from where."""
    from . import console
    from .quality import measure, speak
    from .records import Wanted

    wanted = Wanted(Path(data), subject, format, mapping, zone)
    shape = measure(data, wanted, gap_hours=gap_hours, late_minutes=late_minutes)
    console.emit(shape) if json else speak(shape)
