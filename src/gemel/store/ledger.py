"""Checkpoints and the ledger of issued forecasts in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from gemel.core.errors import StoreError
from gemel.core.fact import Instant
from gemel.core.ports import Checkpoint, IssuedForecast

from .vault import STORE, Twin, Vault

__all__ = ["issue", "latest", "read", "save", "score"]


class _Score(msgspec.Struct, frozen=True):
    truth: float
    crps: float


def save(connection: sqlite3.Connection, vault: Vault, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint; of several that stand at one instant the last saved holds."""
    twin = vault.add_twin(connection, checkpoint.twin, checkpoint.subject)
    sealed = vault.seal(checkpoint.subject, checkpoint, _at(twin, checkpoint.at))
    connection.execute(
        "INSERT INTO checkpoint (twin, at, key_id, payload) VALUES (?, ?, ?, ?)",
        (twin.key, checkpoint.at, *sealed),
    )


def latest(connection: sqlite3.Connection, vault: Vault, twin: Twin, before: Instant | None) -> Checkpoint | None:
    """The last checkpoint standing at or before an instant."""
    limit = "" if before is None else "AND at <= ?"
    query = f"SELECT at, key_id, payload FROM checkpoint WHERE twin = ? {limit} ORDER BY at DESC, seq DESC"  # noqa: S608
    found = connection.execute(query, (twin.key,) if before is None else (twin.key, before)).fetchone()
    if found is None:
        return None
    at, key_id, payload = found
    return vault.open(twin.subject, key_id, payload, _at(twin, at), Checkpoint)


def issue(connection: sqlite3.Connection, vault: Vault, forecasts: Sequence[IssuedForecast]) -> int:
    """Add forecasts and say how many were new; one issued before is passed over if equal, else StoreError."""
    new = 0
    for forecast in forecasts:
        if forecast.truth is not None or forecast.crps is not None:
            raise StoreError(f"forecast '{forecast.id}' already has its truth: issue first, score later")
        twin = vault.add_twin(connection, forecast.twin, forecast.subject)
        blind = vault.blind(STORE, "forecast", forecast.id)
        known = _stored(connection, vault, forecast)
        if known is not None:
            if msgspec.structs.replace(known, truth=None, crps=None) != forecast:
                raise StoreError(f"forecast '{forecast.id}' was issued with other content: use a new id")
            continue
        sealed = vault.seal(forecast.subject, forecast, _row(blind))
        connection.execute(
            "INSERT INTO forecast (blind, twin, issued, target, key_id, payload) VALUES (?, ?, ?, ?, ?, ?)",
            (blind, twin.key, forecast.issued, forecast.target, *sealed),
        )
        new += 1
    return new


def score(connection: sqlite3.Connection, vault: Vault, scored: Sequence[IssuedForecast]) -> int:
    """Write truth and CRPS, once, and say how many were new; StoreError if anything else would change."""
    new = 0
    for forecast in scored:
        if forecast.truth is None or forecast.crps is None:
            raise StoreError(f"forecast '{forecast.id}' has no truth and CRPS to write")
        known = _stored(connection, vault, forecast)
        if known is None:
            raise StoreError(f"forecast '{forecast.id}' was never issued: issue it first")
        if known == forecast:
            continue
        if known.truth is not None:
            raise StoreError(f"forecast '{forecast.id}' is already scored with other numbers: a score is final")
        if msgspec.structs.replace(forecast, truth=None, crps=None) != known:
            raise StoreError(f"forecast '{forecast.id}' differs from what was issued: only truth and CRPS can be added")
        blind = vault.blind(STORE, "forecast", forecast.id)
        sealed = vault.seal(forecast.subject, _Score(forecast.truth, forecast.crps), _row(blind) + "/score")
        connection.execute("UPDATE forecast SET score_key = ?, score = ? WHERE blind = ?", (*sealed, blind))
        new += 1
    return new


def read(connection: sqlite3.Connection, vault: Vault, twin: Twin) -> list[IssuedForecast]:
    """A twin's forecasts in the order they were issued, with truth and CRPS where known."""
    rows = connection.execute(
        "SELECT blind, key_id, payload, score_key, score FROM forecast WHERE twin = ? ORDER BY seq",
        (twin.key,),
    )
    return [_open(vault, twin.subject, *row) for row in rows]


def _stored(connection: sqlite3.Connection, vault: Vault, forecast: IssuedForecast) -> IssuedForecast | None:
    """The ledger's row of this id, or None; StoreError if it is another subject's."""
    row = connection.execute(
        "SELECT f.blind, f.key_id, f.payload, f.score_key, f.score, t.subject FROM forecast f "
        "JOIN twin t ON t.key = f.twin WHERE f.blind = ?",
        (vault.blind(STORE, "forecast", forecast.id),),
    ).fetchone()
    if row is None:
        return None
    if row[5] != vault.find(connection, forecast.subject):
        raise StoreError(f"forecast '{forecast.id}' belongs to another subject: give each its own id")
    return _open(vault, forecast.subject, *row[:5])


def _open(
    vault: Vault,
    subject: str,
    blind: bytes,
    key_id: str,
    payload: bytes,
    score_key: str | None,
    sealed: bytes | None,
) -> IssuedForecast:
    forecast = vault.open(subject, key_id, payload, _row(blind), IssuedForecast)
    if score_key is None or sealed is None:
        return forecast
    known = vault.open(subject, score_key, sealed, _row(blind) + "/score", _Score)
    return msgspec.structs.replace(forecast, truth=known.truth, crps=known.crps)


def _row(blind: bytes) -> str:
    return f"forecast/{blind.hex()}"


def _at(twin: Twin, at: Instant) -> str:
    return f"checkpoint/{twin.key}/{at}"
