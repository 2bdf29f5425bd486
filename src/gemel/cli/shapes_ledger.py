"""What `gemel record --json` and `gemel status --json` print."""

from __future__ import annotations

import msgspec

from ..core.ledger import Switch
from ..runtime.ledger.record import TrackRecord
from ..runtime.ledger.switchboard import Status

__all__ = ["RecordShape", "StatusShape"]


class RecordShape(msgspec.Struct, kw_only=True):
    """`gemel record`: the track record of each twin, by id."""

    twins: dict[str, list[TrackRecord]]


class StatusShape(msgspec.Struct, kw_only=True):
    """`gemel status`: the standing of each model at a site, what a review found, and every switch; times in
    microseconds since 1970, UTC."""

    models: list[Status]
    reviewed: dict[str, str]
    switches: list[Switch]
