"""Checkpoints of twins in SQLite."""

from __future__ import annotations

from gemel.core.fact import Instant
from gemel.core.ports import Checkpoint

from .connection import Connection
from .vault import Twin, Vault

__all__ = ["latest", "save"]


def save(connection: Connection, vault: Vault, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint; of several that stand at one instant the last saved holds."""
    twin = vault.add_twin(connection, checkpoint.twin, checkpoint.subject)
    sealed = vault.seal(checkpoint.subject, checkpoint, _at(twin, checkpoint.at))
    connection.run(
        "INSERT INTO checkpoint (twin, at, key_id, payload) VALUES (?, ?, ?, ?)",
        (twin.key, checkpoint.at, *sealed),
    )


def latest(connection: Connection, vault: Vault, twin: Twin, before: Instant | None) -> Checkpoint | None:
    """The last checkpoint standing at or before an instant."""
    limit = "" if before is None else "AND at <= ?"
    query = f"SELECT at, key_id, payload FROM checkpoint WHERE twin = ? {limit} ORDER BY at DESC, seq DESC"  # noqa: S608
    found = connection.row(query, (twin.key,) if before is None else (twin.key, before))
    if found is None:
        return None
    at, key_id, payload = found
    return vault.open(twin.subject, key_id, payload, _at(twin, at), Checkpoint)


def _at(twin: Twin, at: Instant) -> str:
    return f"checkpoint/{twin.key}/{at}"
