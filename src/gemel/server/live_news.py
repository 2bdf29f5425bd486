"""What the live service tells of a subject and its twins: only what is new."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from ..core.array import Array
from ..core.clock import MINUTE
from ..core.fact import Fact, Instant
from ..core.writing import Committed, Write
from ..runtime.fleet_outlook import AHEAD, Outlook
from ..runtime.fleets import Moved
from .hub import News

__all__ = ["BeliefNews", "FactsNews", "ForecastNews", "of_facts", "of_forecast", "of_move"]

SHOWN = 4
"""Facts of one write that are told in full."""
DIGITS = 5
"""Significant digits of a forecast's typical number; nothing measured in care has more."""
MINUTES = tuple(ahead // MINUTE for ahead in AHEAD)


class FactsNews(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that have just become durable; `last` is the subject's last record, `facts` the first of them."""

    accepted: int
    repeated: int
    last: int
    facts: tuple[Fact, ...]


class BeliefNews(msgspec.Struct, frozen=True, kw_only=True):
    """A twin has taken in facts: where it stands, how many it has used, members failed, why it is stale ("")."""

    model: str
    present: Instant
    used: int
    failed: int
    stale: str


class ForecastNews(msgspec.Struct, frozen=True, kw_only=True):
    """A twin's forecast as things are.

    `quantiles`: by observable, for each of `minutes` ahead, what a reading would be, at `core.ledger.LEVELS`.  `now`:
    mean, 5 % and 95 % of the hidden value at `issued`.  `ledger`: ids of its rows; empty: it is not in the ledger.
    A forecast of a model that stands 'silent' is for watching the model, not for care.
    """

    model: str
    version: str
    standing: str
    issued: Instant
    minutes: tuple[int, ...]
    quantiles: dict[str, list[list[float]]]
    now: dict[str, list[float]]
    units: dict[str, str]
    ledger: tuple[str, ...]
    stale: str


def of_facts(writes: Sequence[Write], done: Sequence[Committed], at: Instant) -> list[News]:
    """What has become durable."""
    return [
        News(
            kind="facts", subject=what.subject, at=at,
            data=FactsNews(
                accepted=what.accepted, repeated=what.repeated, last=what.last, facts=write.facts[:SHOWN]
            ),
        )
        for write, what in zip(writes, done, strict=True)
        if what.accepted and write.facts
    ]  # fmt: skip


def of_move(moved: Moved, at: Instant) -> News:
    """A twin has moved."""
    data = BeliefNews(
        model=moved.model, present=moved.present, used=moved.used, failed=moved.failed, stale=moved.stale
    )  # fmt: skip
    return News(kind="belief", subject=moved.subject, twin=moved.twin, at=at, data=data)


def of_forecast(outlook: Outlook, standing: str, at: Instant) -> News:
    """A forecast was made."""
    data = ForecastNews(
        model=outlook.model, version=outlook.version, standing=standing, issued=outlook.issued, minutes=MINUTES,
        quantiles={name: _short(table) for name, table in outlook.quantiles.items()},
        now={name: _short(np.array(estimate)) for name, estimate in outlook.now.items()},
        units=dict(outlook.units), ledger=outlook.ledger, stale=outlook.stale,
    )  # fmt: skip
    return News(kind="forecast", subject=outlook.subject, twin=outlook.twin, at=at, data=data)


def _short(table: Array) -> Any:
    """Rounded to `DIGITS` significant digits of the number in the middle."""
    values = np.asarray(table, dtype=np.float64)
    typical = float(np.median(np.abs(values)))
    places = DIGITS - 1 - math.floor(math.log10(typical)) if 0.0 < typical < math.inf else 0
    return np.round(values, places).tolist()
