"""What the ledger holds: forecasts as they were issued, what became of them, and every switch of a model's standing.

A forecast's row never changes.  What became of it is a record of its own, appended when the truth arrives and again
when that truth is amended or withdrawn: the last record of a forecast holds, the earlier ones stay.  Records of many
forecasts are kept as one table (`Scores`), so that a million take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from .array import Array
from .fact import Instant

__all__ = [
    "BANDS",
    "LEVELS",
    "SCORE",
    "IssuedForecast",
    "Kind",
    "Planned",
    "Score",
    "Scores",
    "Switch",
    "Waiting",
]

BANDS: Final = (50, 80, 90, 95)
"""Central bands [%] for which the ledger notes whether the truth fell inside."""

SCORE: Final = np.dtype(
    [
        *((name, "<i8") for name in ("forecast", "issued", "target")),
        *((name, "<i4") for name in ("kind", "note")),
        *((name, "<f8") for name in ("truth", "crps", "pit", "raw_pit", "log_score", "miss")),
        *((name, "<f8") for name in ("error", "persistence", "climatology")),
        *((f"inside{band}", "i1") for band in BANDS),
    ]
)
"""One record of `Scores`.

`forecast` is the ledger's number of the row; `kind` and `note` are places in the table's tuples (note 0: scored, any
other note says why not, and the numbers are NaN).  `pit` is the forecast probability of a value below the truth,
`raw_pit` the same before widening.  `miss` is (truth - median) in half-widths of the unwidened 90 % band on that side.
`error`, `persistence` and `climatology` are |truth - x| for the median, for the last reading before issue and for the
median of the readings before issue.  `inside..` is 1, 0, or -1 where the band was not stored."""

LEVELS: Final = (0.01, 0.025, *(k / 20 for k in range(1, 20)), 0.975, 0.99)
"""Levels of the quantiles that the runtime issues."""


class Planned(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One action of the plan a forecast was made under, in this unit."""

    input: str
    at: Instant
    unit: str
    dose: float | None = None
    rate: float | None = None
    until: Instant | None = None


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one forecast (see `SCORE`); `note` says why it has no truth, empty when it has one."""

    truth: float | None = None
    crps: float | None = None
    pit: float | None = None
    log_score: float | None = None
    error: float | None = None
    persistence: float | None = None
    climatology: float | None = None
    inside: dict[str, bool] = {}
    note: str = ""


class IssuedForecast(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the ledger: what was forecast, by what, where, on which facts, under which plan, for when.

    `quantiles` are what was shown, by level; `raw` the model's own, before widening (empty: the same).  `course` says
    whether the future was left open, fixed by a schedule (`actions`), or by a policy.  `last` and `usual` are the
    newest reading at issue and the median of the readings of the week before: what persistence and climatology would
    have said.  A reading within `reach` of the target is its truth.  `stale` says why the twin was stale when it spoke;
    empty when it was not.  `score` is what became of it, None until known; it is never part of what is issued.
    """

    id: str
    twin: str
    subject: str
    model: str
    model_version: str
    plan: str
    issued: Instant
    target: Instant
    observable: str
    unit: str
    quantiles: dict[str, float]
    facts_hash: str
    site: str = ""
    course: Literal["open", "schedule", "policy"] = "open"
    actions: tuple[Planned, ...] = ()
    raw: dict[str, float] = {}
    last: float | None = None
    usual: float | None = None
    reach: Instant = 0
    stale: str = ""
    score: Score | None = None


class Kind(msgspec.Struct, frozen=True):
    """Forecasts that are judged together, but for their horizon."""

    site: str
    model: str
    version: str
    observable: str
    unit: str


@dataclass(frozen=True, slots=True)
class Scores:
    """Records of what became of a twin's forecasts, of type `SCORE`, in one write.

    `at`: when they were written.  `sequence`: the subject's last record that was looked at.  `upto`: the last row of
    the ledger that was looked at.  `number`: place of the write in the store, 0 before it.
    """

    kinds: tuple[Kind, ...]
    notes: tuple[str, ...]
    rows: NDArray[Any]
    at: Instant
    sequence: int
    upto: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Issued forecasts of one twin as columns, n of them with quantiles at the same q levels; NaN where none was known.

    `plans` holds course, name and actions of those that were made under a plan, by place.
    """

    kinds: tuple[Kind, ...]
    levels: Float[Array, "q"]
    number: Int[Array, "n"]
    kind: Int[Array, "n"]
    issued: Int[Array, "n"]
    target: Int[Array, "n"]
    reach: Int[Array, "n"]
    shown: Float[Array, "n q"]
    raw: Float[Array, "n q"]
    last: Float[Array, "n"]
    usual: Float[Array, "n"]
    plans: dict[int, tuple[str, str, tuple[Planned, ...]]]


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a model's standing at a site: when, by whom, from what to what, why, on which figures, under which
    version of the change-control plan.

    Events: `standing` (silent or advisory), `champion` (a challenger's promotion, or the champion's fall), and
    `drift closed`, a person's answer to the alarm of a `twin`.
    """

    at: Instant
    by: str
    site: str
    model: str
    version: str
    event: Literal["standing", "champion", "drift closed"]
    before: str
    after: str
    why: str
    figures: dict[str, float]
    plan: str
    twin: str = ""
