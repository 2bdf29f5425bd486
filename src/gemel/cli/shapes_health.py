"""What `gemel risk` prints with --json, as types."""

from __future__ import annotations

from typing import Any

import msgspec

from ..runtime.answers.card_shapes import SourceShape

__all__ = ["RiskRow", "ScoreRow"]

RiskRow = dict[str, Any]
"""One row of `gemel risk SCORE`: the answers under the file's own names (null where refused), and besides them
`row` (from 1), `units` by answer, `versions` by score, `in_domain`, `refused` and `reason`."""


class ScoreRow(msgspec.Struct, kw_only=True):
    """One entry of `gemel risk list`; status is verified, unverified or not_shipped."""

    id: str
    title: str
    organ: str
    outcome: str
    status: str
    version: str
    doi: str
    licence: str
    population: str
    inputs: list[str]
    answers: list[str]
    sources: list[SourceShape]
    vectors: list[str]
    reason: str
