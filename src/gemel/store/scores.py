"""What became of forecasts, and changes of a model's standing, in SQLite: one row a write.

A write's records are one block of `SCORE` in little-endian bytes, sealed under the subject's key and bound to its
place.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from jaxtyping import Int

from gemel.core.array import Array
from gemel.core.errors import StoreError
from gemel.core.fact import Instant
from gemel.core.ledger import BANDS, SCORE, Kind, Score, Scores, Switch, Waiting

from . import ledger
from .connection import Connection
from .vault import STORE, Twin, Vault

__all__ = ["append", "by_forecast", "read", "switch", "switches", "waiting"]


class _Block(msgspec.Struct, frozen=True, array_like=True):
    kinds: tuple[Kind, ...]
    notes: tuple[str, ...]
    sequence: int
    upto: int
    rows: bytes


def append(connection: Connection, vault: Vault, twin: Twin, scores: Scores) -> int:
    """Keep a block of records and say how many; StoreError for one of a forecast that was never issued of the twin."""
    if scores.rows.dtype != SCORE:
        raise StoreError(f"records of type {scores.rows.dtype.names} are no scores: make them of SCORE")
    numbers = np.asarray(scores.rows["forecast"])
    strangers = numbers[~np.isin(numbers, _numbers(connection, twin, numbers))]
    if strangers.size:
        raise StoreError(f"forecast {strangers[0]} was never issued of this twin: issue it first")
    seq = _next(connection, "score")
    block = _Block(scores.kinds, scores.notes, scores.sequence, scores.upto, scores.rows.tobytes())
    sealed = vault.seal(twin.subject, block, _place(twin, seq, scores.at))
    connection.run("INSERT INTO score VALUES (?, ?, ?, ?, ?)", (seq, twin.key, scores.at, *sealed))
    return len(numbers)


def read(connection: Connection, vault: Vault, twin: Twin, after: int) -> list[Scores]:
    """The blocks of a twin from a number > `after` on, in order."""
    rows = connection.rows(
        "SELECT seq, at, key_id, payload FROM score WHERE twin = ? AND seq > ? ORDER BY seq", (twin.key, after)
    )
    found: list[Scores] = []
    for seq, at, key_id, payload in rows:
        block = vault.open(twin.subject, key_id, payload, _place(twin, seq, at), _Block)
        if len(block.rows) % SCORE.itemsize:
            raise StoreError(f"score {seq} is cut short: damaged; restore a copy")
        records = np.frombuffer(block.rows, dtype=SCORE)
        found.append(Scores(block.kinds, block.notes, records, at, block.sequence, block.upto, seq))
    return found


def by_forecast(blocks: Sequence[Scores]) -> dict[int, Score]:
    """The last record of each forecast, by its number."""
    return {int(row["forecast"]): _score(row, block) for block in blocks for row in block.rows}


def waiting(connection: Connection, vault: Vault, twin: Twin, since: Instant, after: int) -> list[Waiting]:
    """Forecasts for `since` or later, and those of a number > `after`: a table for each set of quantile levels."""
    numbers, kept = ledger.briefs(connection, vault, twin, since, after)
    groups: dict[bytes, list[int]] = {}
    for place, levels in enumerate([brief.levels for brief in kept]):
        groups.setdefault(levels, []).append(place)
    tables: list[Waiting] = []
    for places in groups.values():
        ordered = sorted(places, key=numbers.__getitem__)
        tables.append(_columns([numbers[k] for k in ordered], [kept[k] for k in ordered]))
    return tables


def switch(connection: Connection, vault: Vault, record: Switch) -> None:
    """Keep a change of a model's standing."""
    seq = _next(connection, "switch")
    sealed = vault.seal(STORE, record, f"switch/{seq}/{record.at}")
    connection.run("INSERT INTO switch VALUES (?, ?, ?, ?)", (seq, record.at, *sealed))


def switches(connection: Connection, vault: Vault) -> list[Switch]:
    """Every change of a model's standing, oldest first."""
    rows = connection.rows("SELECT seq, at, key_id, payload FROM switch ORDER BY seq")
    return [vault.open(STORE, key_id, payload, f"switch/{seq}/{at}", Switch) for seq, at, key_id, payload in rows]


def _next(connection: Connection, table: str) -> int:
    (last,) = connection.row(f"SELECT coalesce(max(seq), 0) FROM {table}") or (0,)  # noqa: S608
    return last + 1


def _columns(numbers: Sequence[int], kept: Sequence[ledger.Brief]) -> Waiting:
    kinds: dict[tuple[str, str, str, str, str], int] = {}
    levels = ledger.levels_of(kept[0])
    which = [kinds.setdefault((r.site, r.model, r.model_version, r.observable, r.unit), len(kinds)) for r in kept]
    plans = {k: (r.course, r.plan, r.actions) for k, r in enumerate(kept) if r.course != "open"}
    shape = (len(kept), levels.size)
    return Waiting(
        kinds=tuple(Kind(*names) for names in kinds), levels=levels, number=_ints(numbers),
        kind=_ints(which), issued=_ints([r.issued for r in kept]), target=_ints([r.target for r in kept]),
        reach=_ints([r.reach for r in kept]),
        shown=np.frombuffer(b"".join([r.shown for r in kept]), dtype="<f8").reshape(shape),
        raw=np.frombuffer(b"".join([r.raw or r.shown for r in kept]), dtype="<f8").reshape(shape),
        last=np.array([r.last for r in kept], dtype=np.float64),
        usual=np.array([r.usual for r in kept], dtype=np.float64),
        plans=plans,
    )  # fmt: skip


def _ints(values: Sequence[int]) -> Int[Array, "n"]:
    return np.array(values, dtype=np.int64)


def _numbers(connection: Connection, twin: Twin, numbers: Int[Array, "n"]) -> Int[Array, "k"]:
    """The twin's ledger numbers in the range of these."""
    if not numbers.size:
        return _ints([])
    ends = (twin.key, int(numbers.min()), int(numbers.max()))
    rows = connection.rows("SELECT seq FROM forecast WHERE twin = ? AND seq BETWEEN ? AND ?", ends)
    return _ints([seq for (seq,) in rows])


def _score(row: np.void, block: Scores) -> Score:
    def number(name: str) -> float | None:
        return None if np.isnan(row[name]) else float(row[name])

    inside = {str(band): bool(row[f"inside{band}"]) for band in BANDS if row[f"inside{band}"] >= 0}
    return Score(
        truth=number("truth"), crps=number("crps"), pit=number("pit"), log_score=number("log_score"),
        error=number("error"), persistence=number("persistence"), climatology=number("climatology"), inside=inside,
        note=block.notes[int(row["note"])],
    )  # fmt: skip


def _place(twin: Twin, seq: int, at: Instant) -> str:
    return f"score/{twin.key}/{seq}/{at}"
