"""`gemel risk`: scores over a file of cases, a row each, and the list of what there is.

A file is CSV with a header, or JSON: a list of objects, whose `inputs` object, if there is one, counts as columns.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import numpy as np

from ..core.errors import IngestError
from ..domains.health.scores import Score, catalogue, evaluate_covariates
from ..domains.health.scores.layouts import Case, layout_for, work_out
from ..runtime.answers.card_shapes import SourceShape
from .shapes_health import RiskRow, ScoreRow

__all__ = ["answer", "entries", "listing", "read_cases", "summary", "table", "time_scores"]


def read_cases(path: Path) -> list[Mapping[str, Any]]:
    """The rows of a CSV or JSON file.  IngestError for a file that is neither."""
    if not path.is_file():
        raise IngestError(f"'{path}' is no file: give --input a CSV or JSON file of cases")
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() != ".json":
        return [dict(row) for row in csv.DictReader(text.splitlines())]
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise IngestError(f"'{path}' is no JSON: {error}") from error
    rows = cast(list[Any], found) if isinstance(found, list) else [found]
    if not all(isinstance(row, dict) for row in rows):
        raise IngestError(f"'{path}' should hold a list of objects, one per case")
    return [_flat(row) for row in rows]


def _flat(row: dict[str, Any]) -> Mapping[str, Any]:
    inputs = row.get("inputs")
    return {**inputs, **{k: v for k, v in row.items() if k != "inputs"}} if isinstance(inputs, dict) else row


def answer(score: str, path: Path) -> list[RiskRow]:
    """A score or family over a file: one row each, in order."""
    layout = layout_for(score)
    return [_row(i, case) for i, case in enumerate(work_out(layout, read_cases(path)), start=1)]


def _row(number: int, case: Case) -> RiskRow:
    return {
        **case.answers, "row": number, "units": case.units, "versions": case.versions, "in_domain": case.in_domain,
        "refused": case.refused, "reason": "; ".join(case.reasons),
    }  # fmt: skip


def table(rows: Sequence[RiskRow]) -> tuple[list[str], list[list[str]]]:
    """Columns and cells for people: the row, each answer with its unit, and what is to be said of it."""
    from .console import number

    units: dict[str, str] = {}
    for row in rows:
        units |= {name: "" for name in row if name not in _BESIDES and name not in units} | row["units"]
    names = list(units)
    heads = ["row", *(f"{n} [{units[n]}]" if units[n] not in ("", "1", "{score}") else n for n in names), "note"]
    cells = [
        [str(row["row"]), *(_cell(row.get(n), number) for n in names), _note(row)]
        for row in rows
    ]  # fmt: skip
    return heads, cells


_BESIDES = ("row", "units", "versions", "in_domain", "refused", "reason")


def _cell(value: Any, number: Any) -> str:
    return value if isinstance(value, str) else number(value)


def _note(row: RiskRow) -> str:
    if row["refused"]:
        return f"refused: {row['reason']}"
    return "" if row["in_domain"] else f"not made for this person: {row['reason']}"


def entries() -> list[ScoreRow]:
    """The whole catalogue."""
    return [_entry(score) for score in catalogue().values()]


def _entry(score: Score) -> ScoreRow:
    return ScoreRow(
        id=score.id, title=score.title, organ=score.organ, outcome=score.outcome, status=score.status,
        version=score.version, doi=score.doi, licence=score.licence, population=score.population,
        inputs=[f"{i.name} [{i.unit}]" for i in score.inputs], answers=[f"{a.name} [{a.unit}]" for a in score.answers],
        sources=[SourceShape(locator=s.locator, note=s.note) for s in score.sources], vectors=list(score.vectors),
        reason=score.reason,
    )  # fmt: skip


def listing(rows: Sequence[ScoreRow]) -> list[list[str]]:
    """Cells for people: id, title, organ, outcome, status."""
    return [[r.id, r.title, r.organ, r.outcome, r.status.replace("_", " ")] for r in rows]


def summary(rows: Sequence[ScoreRow]) -> str:
    """How many there are of each status, and over how many organ systems and outcomes the verified ones reach."""
    counts = {status: sum(r.status == status for r in rows) for status in ("verified", "unverified", "not_shipped")}
    verified = [r for r in rows if r.status == "verified"]
    organs, outcomes = {r.organ for r in verified}, {r.outcome for r in verified}
    return (
        f"{counts['verified']} verified, {counts['unverified']} unverified (kept off every screen), "
        f"{counts['not_shipped']} not shipped; {len(organs)} organ systems, {len(outcomes)} outcomes"
    )


def time_scores(people: int = 10_000, scores: int = 50) -> float:
    """Seconds to evaluate so many scores, risk equations first, over so many made-up people, tables already read."""
    from ..domains.health.scores import covariates

    draw = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for name, covariate in covariates().items():
        if covariate.kind == "number":
            low, high = (np.log(max(x, 1e-3)) for x in (covariate.low, covariate.high))
            columns[name] = np.exp(draw.uniform(low, high, people))
        else:
            columns[name] = draw.integers(0, 2, people).astype(np.float64)
    verified = [s for s in catalogue().values() if s.status == "verified"]
    chosen = sorted(verified, key=lambda s: not any(a.scale == "fraction" for a in s.answers))[:scores]
    for score in chosen:
        columns |= {i.name: columns.get(i.name, draw.integers(0, 2, people).astype(np.float64)) for i in score.inputs}
    started = perf_counter()
    for score in chosen:
        evaluate_covariates(score, columns)
    return perf_counter() - started
