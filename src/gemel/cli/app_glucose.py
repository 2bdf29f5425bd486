"""The commands `gemel glucose-report` and `gemel error-grid` with their options; `app` registers them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Data, Format, Html, Json, Mapping, Who, Zone

__all__ = ["error_grid", "glucose_report"]


def glucose_report(
    data: Data, subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    days: Annotated[int, typer.Option("--days", min=1, help="local days up to the newest reading")] = 14,
    html: Html = None, json: Json = False,
) -> None:  # fmt: skip
    """Report a sensor's record: time in ranges, variability, risk, the ambulatory profile, day by day."""
    from .glucose_report import glucose_report as work
    from .records import Wanted

    work(Wanted(data, subject, format, mapping, zone), days, html, json=json)


def error_grid(
    pairs: Annotated[Path, typer.Argument(help="CSV with columns reference and value [mg/dL], a pair per row")],
    json: Json = False,
) -> None:
    """Sort pairs of true and read (or forecast) glucose into the zones of Clarke's and Parkes' error grids."""
    from .error_grid import error_grid as work

    work(pairs, json=json)
