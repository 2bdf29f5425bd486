"""A forecast as it leaves a site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.fact import Instant
from ..core.forecast import Forecast
from ..core.ledger import IssuedForecast
from .ledger.record import TrackRecord

__all__ = ["Issued"]


@dataclass(frozen=True, slots=True)
class Issued:
    """A forecast that was issued: its rows in the ledger, which hold what is to be shown (widened), why its twin is
    stale (empty: it is not), how right forecasts of each kind have been, its model's standing here: silent or advisory,
    and by what factor bands are shown wider, by observable and horizon."""

    forecast: Forecast
    rows: tuple[IssuedForecast, ...]
    stale: str
    record: tuple[TrackRecord, ...]
    standing: str
    widths: Mapping[tuple[str, Instant], float] = field(default_factory=dict[tuple[str, Instant], float])
