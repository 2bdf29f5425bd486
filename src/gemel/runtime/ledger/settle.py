"""Settle forecasts whose truth has come: score them, or say why they cannot be scored.

A forecast is due once its target and its reach are past.  Its truth is the reading nearest to the target within reach.
It is never scored if it was made under a plan that was not followed; and after `PATIENCE` without a reading it is
closed.  Whatever was decided is looked at again when records arrive that change what held at its time: an amended or
withdrawn truth, a late one, a dose entered late.  Where the verdict changes, a further record is appended; none is ever
overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.array import Array
from ...core.clock import HOUR
from ...core.fact import Fact, Instant
from ...core.ledger import SCORE, Kind, Scores, Waiting
from ...core.model import Model
from ...core.moments import nearest
from .books import Book
from .followed import POLICY, departure
from .judge import judged
from .truth import LONGEST_REACH, readings

__all__ = ["NO_READING", "PATIENCE", "since", "verdicts"]

PATIENCE: Final[Instant] = 48 * HOUR
"""How long after its target a forecast waits for a reading before it is closed."""
NO_READING: Final = "no reading near the target"

Held = Callable[[Instant, Instant], Sequence[Fact]]
"""The subject's facts that hold, after an instant and up to another."""


def since(book: Book, touched: Instant | None) -> Instant:
    """The earliest target that may have to be looked at, where `touched` is the earliest instant at which records that
    came since the last settling changed what holds."""
    if book.number == 0:
        return -(2**62)
    return min(book.at - 2 * PATIENCE, book.at if touched is None else touched - LONGEST_REACH)


def verdicts(
    model: Model, tables: Iterable[Waiting], held: Held, *, book: Book, clock: tuple[Instant, int], zone: str
) -> Scores:
    """Records of the forecasts that are due and whose verdict is new; `clock` is the present, and the subject's last
    record."""
    now, sequence = clock
    kinds: dict[Kind, int] = {}
    notes: dict[str, int] = {"": 0}
    parts, upto = [np.zeros(0, dtype=SCORE)], book.upto
    for table in tables:
        upto = max(upto, int(np.max(np.asarray(table.number))))
        due = np.asarray(table.target) + np.asarray(table.reach) <= now
        if not due.any():
            continue
        span = (int(np.asarray(table.issued)[due].min()) - HOUR, int(np.asarray(table.target + table.reach)[due].max()))
        facts = held(*span)
        for q in model.observables:
            own = [k for k, kind in enumerate(table.kinds) if kind.observable == q.name]
            places = np.flatnonzero(due & np.isin(np.asarray(table.kind), own))
            if places.size == 0:
                continue
            found = readings(model, q, facts)
            truth = nearest(
                found.times, found.values, np.asarray(table.target)[places], np.asarray(table.reach)[places]
            )
            rows = _decided(table, places, truth, now)
            said = np.array(_notes(model, table, rows, facts, zone), dtype=object)
            settled = (said != NO_READING) | (rows["target"] + PATIENCE <= now)
            rows = rows[settled]
            rows["note"] = [notes.setdefault(note, len(notes)) for note in said[settled]]
            _blank(rows)
            renamed = np.array([kinds.setdefault(kind, len(kinds)) for kind in table.kinds], dtype=np.int32)
            rows["kind"] = renamed[rows["kind"]]
            parts.append(rows)
    rows = _news(np.concatenate(parts), tuple(notes), book)
    return Scores(tuple(kinds), tuple(notes), rows, now, sequence, upto)


def _decided(table: Waiting, places: NDArray[Any], truth: Float[Array, "k"], now: Instant) -> NDArray[Any]:
    """Records of forecasts that have a truth, or that have waited long enough for one."""
    known = np.isfinite(np.asarray(truth))
    waited = np.asarray(table.target)[places] + PATIENCE <= now
    planned = np.isin(places, list(table.plans)) if table.plans else np.zeros(places.size, dtype=bool)
    keep = known | waited | planned
    return judged(table, places[keep], np.asarray(truth)[keep])


def _notes(model: Model, table: Waiting, rows: NDArray[Any], facts: Sequence[Fact], zone: str) -> list[str]:
    """Why each record is no score: its plan was not followed, or nothing was read; empty where it is one."""
    found = [NO_READING if missing else "" for missing in np.isnan(rows["truth"])]
    if table.plans:
        place = {int(number): k for k, number in enumerate(np.asarray(table.number).tolist())}
        for i, row in enumerate(rows):
            course, _, actions = table.plans.get(place[int(row["forecast"])], ("open", "", ()))
            if course == "policy":
                found[i] = POLICY
            elif course == "schedule":
                span = (int(row["issued"]), int(row["target"]))
                found[i] = departure(model, actions, facts, span, zone) or found[i]
    return found


def _blank(rows: NDArray[Any]) -> None:
    """No numbers where there is no score."""
    void = rows["note"] != 0
    for name in ("truth", "crps", "pit", "raw_pit", "log_score", "miss", "error", "persistence", "climatology"):
        rows[name][void] = np.nan
    for name in SCORE.names or ():
        if name.startswith("inside"):
            rows[name][void] = -1


def _news(rows: NDArray[Any], notes: tuple[str, ...], book: Book) -> NDArray[Any]:
    """Records that say something else than the book does."""
    if book.rows.size == 0 or rows.size == 0:
        return rows
    order = np.argsort(book.rows["forecast"])
    known = book.rows[order]
    place = np.minimum(np.searchsorted(known["forecast"], rows["forecast"]), known.size - 1)
    before = known[place]
    same_note = np.array(notes, dtype=object)[rows["note"]] == np.array(book.notes, dtype=object)[before["note"]]
    same_truth = (rows["truth"] == before["truth"]) | (np.isnan(rows["truth"]) & np.isnan(before["truth"]))
    return rows[(before["forecast"] != rows["forecast"]) | ~same_note | ~same_truth]
