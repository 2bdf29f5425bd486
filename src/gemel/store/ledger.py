"""Issued forecasts in SQLite, a row each: compact, so that a million can be read in seconds.

Quantiles stand as little-endian doubles; `levels` is empty where they are the usual ones (`LEVELS`).  Rows of schema
version 1 were `IssuedForecast` as a map, with truth and CRPS beside them: they are read as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
import numpy as np
from jaxtyping import Float

from gemel.core.array import Array
from gemel.core.errors import StoreError
from gemel.core.fact import Instant
from gemel.core.ledger import LEVELS, IssuedForecast, Planned, Score

from .connection import Connection
from .vault import STORE, Twin, Vault

__all__ = ["Brief", "briefs", "issue", "levels_of", "read"]

_MAP16, _FIXMAP = 0xDE, range(0x80, 0x90)
"""First byte of a map in msgpack (its specification, 'map format family')."""


class Brief(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is needed of an issued forecast to score it: the first part of what is kept."""

    site: str
    model: str
    model_version: str
    observable: str
    unit: str
    issued: Instant
    target: Instant
    reach: Instant
    levels: bytes
    shown: bytes
    raw: bytes
    last: float | None
    usual: float | None
    course: Literal["open", "schedule", "policy"]
    plan: str
    actions: tuple[Planned, ...]


class _Stored(Brief, frozen=True, array_like=True, gc=False):
    """An issued forecast as it is kept."""

    id: str
    facts_hash: str
    stale: str


class _FirstScore(msgspec.Struct, frozen=True):
    """What schema version 1 kept of a score."""

    truth: float
    crps: float


_STORED = msgspec.msgpack.Decoder(_Stored)
_BRIEF = msgspec.msgpack.Decoder(Brief)
_FIRST = msgspec.msgpack.Decoder(IssuedForecast)
_USUAL = np.array(LEVELS, dtype="<f8").tobytes()


def issue(connection: Connection, vault: Vault, forecasts: Sequence[IssuedForecast]) -> int:
    """Add forecasts and say how many were new; one issued before is passed over if equal, else StoreError."""
    new = 0
    for forecast in forecasts:
        if forecast.score is not None:
            raise StoreError(f"forecast '{forecast.id}' already has its score: issue first, score later")
        twin = vault.add_twin(connection, forecast.twin, forecast.subject)
        blind = vault.blind(STORE, "forecast", forecast.id)
        known = _known(connection, vault, forecast, blind)
        if known is not None:
            if known != forecast:
                raise StoreError(f"forecast '{forecast.id}' was issued with other content: use a new id")
            continue
        sealed = vault.seal(forecast.subject, _packed(forecast), _row(blind))
        connection.run(
            "INSERT INTO forecast (blind, twin, issued, target, key_id, payload) VALUES (?, ?, ?, ?, ?, ?)",
            (blind, twin.key, forecast.issued, forecast.target, *sealed),
        )
        new += 1
    return new


def read(connection: Connection, vault: Vault, twin: Twin, name: str) -> Iterator[tuple[int, IssuedForecast]]:
    """A twin's forecasts with their numbers, in the order they were issued."""
    rows = connection.rows(
        "SELECT seq, blind, key_id, payload, score_key, score FROM forecast WHERE twin = ? ORDER BY seq", (twin.key,)
    )
    for seq, blind, key_id, payload, score_key, score in rows:
        kept = _opened(vault.cipher.open(twin.subject, key_id, payload, _row(blind).encode()), blind)
        forecast = _unpacked(kept, name, twin.subject)
        if score is not None:
            first = vault.open(twin.subject, score_key, score, _row(blind) + "/score", _FirstScore)
            forecast = msgspec.structs.replace(forecast, score=Score(truth=first.truth, crps=first.crps))
        yield seq, forecast


def briefs(
    connection: Connection, vault: Vault, twin: Twin, since: Instant, after: int
) -> tuple[list[int], list[Brief]]:
    """Numbers and forecasts of a twin for `since` or later, and of those of a number > `after`."""
    columns = "SELECT seq, blind, key_id, payload FROM forecast WHERE twin = ?"
    subject, unseal = twin.subject, vault.cipher.open
    numbers: list[int] = []
    found: list[Brief] = []
    for condition, values in (("target >= ?", (since,)), ("seq > ? AND target < ?", (after, since))):
        for seq, blind, key_id, payload in connection.rows(f"{columns} AND {condition}", (twin.key, *values)):
            numbers.append(seq)
            found.append(_brief(unseal(subject, key_id, payload, b"forecast/" + blind.hex().encode()), blind))
    return numbers, found


def levels_of(kept: Brief) -> Float[Array, "q"]:
    """Quantile levels of a forecast."""
    return np.frombuffer(kept.levels or _USUAL, dtype="<f8")


def _known(connection: Connection, vault: Vault, forecast: IssuedForecast, blind: bytes) -> IssuedForecast | None:
    """The ledger's row of this id, or None; StoreError if it is another subject's."""
    row = connection.row(
        "SELECT f.key_id, f.payload, t.subject FROM forecast f JOIN twin t ON t.key = f.twin WHERE f.blind = ?",
        (blind,),
    )
    if row is None:
        return None
    if row[2] != vault.find(connection, forecast.subject):
        raise StoreError(f"forecast '{forecast.id}' belongs to another subject: give each its own id")
    clear = vault.cipher.open(forecast.subject, row[0], row[1], _row(blind).encode())
    return _unpacked(_opened(clear, blind), forecast.twin, forecast.subject)


def _packed(forecast: IssuedForecast) -> _Stored:
    """The forecast as it is kept: quantiles in order of level."""
    pairs = sorted((float(level), value) for level, value in forecast.quantiles.items())
    raw = sorted((float(level), value) for level, value in forecast.raw.items())
    if raw and [level for level, _ in raw] != [level for level, _ in pairs]:
        raise StoreError(f"forecast '{forecast.id}' has quantiles shown and raw at different levels")
    levels = _bytes([level for level, _ in pairs])
    return _Stored(
        forecast.site, forecast.model, forecast.model_version, forecast.observable, forecast.unit, forecast.issued,
        forecast.target, forecast.reach, b"" if levels == _USUAL else levels, _bytes([value for _, value in pairs]),
        _bytes([value for _, value in raw]), forecast.last, forecast.usual, forecast.course, forecast.plan,
        forecast.actions, forecast.id, forecast.facts_hash, forecast.stale,
    )  # fmt: skip


def _unpacked(kept: _Stored, twin: str, subject: str) -> IssuedForecast:
    levels = [f"{level:g}" for level in levels_of(kept).tolist()]
    shown, raw = (np.frombuffer(part, dtype="<f8").tolist() for part in (kept.shown, kept.raw))
    return IssuedForecast(
        id=kept.id, twin=twin, subject=subject, model=kept.model, model_version=kept.model_version, plan=kept.plan,
        issued=kept.issued, target=kept.target, observable=kept.observable, unit=kept.unit,
        quantiles=dict(zip(levels, shown, strict=True)), facts_hash=kept.facts_hash, site=kept.site,
        course=kept.course, actions=kept.actions, raw=dict(zip(levels, raw, strict=True)) if raw else {},
        last=kept.last, usual=kept.usual, reach=kept.reach, stale=kept.stale,
    )  # fmt: skip


def _brief(clear: bytes, blind: bytes) -> Brief:
    """The first part of the forecast in these bytes; StoreError where there is none."""
    try:
        return _BRIEF.decode(clear)
    except msgspec.MsgspecError:
        return _opened(clear, blind)


def _opened(clear: bytes, blind: bytes) -> _Stored:
    """The forecast in these bytes, of this schema or of the first; StoreError for any others."""
    try:
        if clear[:1] and (clear[0] == _MAP16 or clear[0] in _FIXMAP):
            first = _FIRST.decode(clear)
            course: Literal["open", "policy"] = "open" if first.plan == "as is" else "policy"
            return _packed(msgspec.structs.replace(first, course=course))
        return _STORED.decode(clear)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreError(f"{_row(blind)} cannot be read ({error}): damaged; restore a copy") from error


def _bytes(numbers: Sequence[float]) -> bytes:
    return np.array(numbers, dtype="<f8").tobytes()


def _row(blind: bytes) -> str:
    return f"forecast/{blind.hex()}"
