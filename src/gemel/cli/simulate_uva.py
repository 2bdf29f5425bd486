"""`gemel simulate uva-padova`: a person of the user's own parameter table, taken through a schedule.

The table has the columns of simglucose's vpatient_params.csv, a person per row; it is the user's, gemel ships none.
The schedule is JSON: patient, minutes, meals_min_g, and if wanted boluses_min_U, temp_basal_min_min_factor and
basal_U_per_min (else what keeps the person at rest); its conventions are in `models.patient.uva_day`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
from jaxtyping import Float

from ..core.clock import MINUTE, instant
from ..core.errors import IngestError
from ..core.subject import Subject
from ..models.patient.glycaemia import MINUTES
from ..models.patient.uva_day import Day, schedule
from ..models.patient.uva_padova import COMPARTMENTS, START, TABLE, basal, person
from ..verbs.create import twin
from ..verbs.forecast import forecast_all
from .shapes_glucose import UvaShape

__all__ = ["HEAD", "ScheduleFile", "read_person", "read_schedule", "run_uva", "simulate_uva", "trajectory"]

EVERY = 5
"""Minutes between rows."""
STEP = 1 / 960
"""Longest solver step [h]: a sixteenth of a minute, where halving it again moves sensor glucose by 1e-7 mg/dL."""
HEAD = ("minute", *(q.name for q in COMPARTMENTS[:-2]), "Gsub_mgdl", "Gplasma_mgdl")
"""Columns of the table that is written."""
FINEST = STEP / 16
"""Longest step [h] where glucose fell to 0: the model stops it there at once, which costs a step its accuracy."""
MIDNIGHT = instant("2026-01-01T00:00:00Z")


class ScheduleFile(msgspec.Struct, kw_only=True):
    """The schedule as it stands in the file: minutes, g, [IU] and [IU]/min."""

    minutes: int
    patient: str | None = None
    meals_min_g: list[tuple[int, float]] = []
    boluses_min_U: list[tuple[int, float]] = []
    temp_basal_min_min_factor: list[tuple[int, int, float]] = []
    basal_U_per_min: float | None = None

    def day(self, rest: float) -> Day:
        """The schedule, with `rest` [[IU]/min] as basal where the file gives none."""
        rate = rest if self.basal_U_per_min is None else self.basal_U_per_min
        meals, boluses = tuple(self.meals_min_g), tuple(self.boluses_min_U)
        return Day(self.minutes, rate, meals, boluses, tuple(self.temp_basal_min_min_factor))


def simulate_uva(params: Path | None, subject: str | None, plan: Path | None, *, out: Path | None, json: bool) -> None:
    """Run the schedule, write the table, say what came of it; IngestError, PlanError or SupportError when a file does
    not say what is needed."""
    from . import console

    if params is None or plan is None:
        raise IngestError(
            "'simulate uva-padova' needs your own parameter table and a schedule: give --params FILE.csv (columns as "
            "in simglucose's vpatient_params.csv) and --schedule FILE.json"
        )
    shape = run_uva(params, subject, plan, out)
    if json:
        return console.emit(shape)
    low, high = shape.glucose_min, shape.glucose_max
    console.say(
        f"{shape.subject}: {shape.minutes} min, {shape.carbs_g:g} g carbohydrate, {shape.insulin_units:.4g} IU insulin"
        f"; sensor glucose mean {shape.glucose_mean:.1f}, from {low:.1f} to {high:.1f} mg/dL"
    )
    console.say(f"written: {shape.file}, {shape.rows} rows" if shape.file else "give --out FILE.csv to keep every row")


def run_uva(params: Path, subject: str | None, plan: Path, out: Path | None) -> UvaShape:
    """The schedule run, and written to `out` where that is given."""
    told = read_schedule(plan)
    name = subject or told.patient
    if name is None:
        raise IngestError(f"'{plan.name}' names no patient: give --subject NAME, a name in '{params.name}'")
    row = read_person(params, name)
    day = told.day(basal(row) / MINUTES)
    made = trajectory(row, day)
    if out is not None:
        _write(made, out)
    sensor = made[:, HEAD.index("Gsub_mgdl")]
    return UvaShape(
        subject=name, minutes=day.minutes, rows=len(made), file=None if out is None else str(out),
        carbs_g=sum(grams for _, grams in day.meals), insulin_units=sum(day.insulin(k) for k in range(day.minutes)),
        glucose_mean=float(sensor.mean()), glucose_min=float(sensor.min()), glucose_max=float(sensor.max()),
    )  # fmt: skip


def read_schedule(file: Path) -> ScheduleFile:
    """The schedule of a JSON file; IngestError says which entry cannot be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=ScheduleFile)
    except (OSError, msgspec.MsgspecError) as error:
        raise IngestError(f"'{file}' is no schedule: {error}") from error


def read_person(file: Path, name: str) -> dict[str, float]:
    """The person's row of a parameter table; IngestError when there is no such person, column or number."""
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = {row.get("Name", ""): row for row in csv.DictReader(lines)}
    except (OSError, UnicodeDecodeError) as error:
        raise IngestError(f"'{file}' cannot be read as a parameter table: {error}") from error
    if name not in rows:
        raise IngestError(f"no '{name}' in column Name of '{file}': there are {', '.join(rows) or 'no rows'}")
    values: dict[str, float] = {}
    for column in (*TABLE, *START):
        text = rows[name].get(column)
        if text is None:
            continue  # `person` names every column that is missing
        try:
            values[column] = float(text)
        except ValueError:
            raise IngestError(f"'{file}', {name}: column '{column}' holds '{text}', which is no number") from None
    return values


def trajectory(params: Mapping[str, float], day: Day) -> Float[np.ndarray, "t 16"]:
    """The columns of `HEAD`, every 5 min from minute 0."""
    rows = _run(params, day, STEP)
    return rows if rows[:, HEAD.index("Gplasma_mgdl")].min() >= 0.0 else _run(params, day, FINEST)


def _run(params: Mapping[str, float], day: Day, step: float) -> Float[np.ndarray, "t 16"]:
    own = twin(
        person(params, observables=COMPARTMENTS, step=step), Subject(id="virtual", zone="UTC", kind="virtual"),
        at=MIDNIGHT, rates={"insulin": day.insulin(0) * MINUTES}, members=1,
    )  # fmt: skip
    ahead = [k * EVERY * MINUTE for k in range(day.minutes // EVERY + 1)]
    made = forecast_all([own], day.minutes * MINUTE, [schedule(day, MIDNIGHT)], ahead=ahead)[0]
    minutes = EVERY * np.arange(len(ahead), dtype=float)
    return np.concatenate([minutes[:, None], np.asarray(made.paths)[0]], axis=1)


def _write(rows: Float[np.ndarray, "t 16"], out: Path) -> None:
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for row in rows:
            writer.writerow([int(row[0]), *(f"{value:.13g}" for value in row[1:])])
