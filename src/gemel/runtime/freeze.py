"""A standing twin as a checkpoint, and back: exactly the same twin.

Payload: magic "gemel-twin\\x01", length of the header [4 bytes, little-endian], header as msgpack, belief as
`store.beliefs` packs it.  Nothing in it can run.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from ..core.belief import Evidence
from ..core.errors import StoreError
from ..core.fact import Instant
from ..core.model import settle
from ..core.ports import Checkpoint
from ..core.registry import load_model
from ..core.subject import Subject
from ..core.twin import Cursor, Inference, Twin
from ..store.beliefs import pack, unpack
from .standing import Birth, Standing

__all__ = ["Header", "freeze", "header_of", "thaw"]

MAGIC = b"gemel-twin\x01"


class Weighed(msgspec.Struct, frozen=True):
    """Evidence as plain numbers."""

    ess: tuple[float, ...]
    ancestors: tuple[int, ...]
    log_evidence: tuple[float, ...]
    failed: tuple[int, ...]
    clipped: int
    inflation: tuple[float, ...] | None = None


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a standing twin but its belief, its subject and what the model makes of the settings."""

    birth: Birth
    since: Instant
    cursor: Cursor
    evidence: Weighed | None
    name: str
    missed: str
    collapsed: str
    lineage: int
    refitted: Instant = 0
    upto: int = -1

    @property
    def stale(self) -> str:
        """Why the twin was stale when it was saved; empty when it was not."""
        return "; ".join(reason for reason in (self.missed, self.collapsed) if reason)


_HEADER = msgspec.msgpack.Decoder(Header)


def freeze(standing: Standing) -> Checkpoint:
    """The checkpoint of a twin; StoreError for a belief that holds no plain numbers."""
    twin = standing.twin
    header = msgspec.msgpack.encode(
        Header(
            birth=standing.birth, since=standing.since, cursor=twin.cursor, evidence=_weighed(twin.evidence),
            name=twin.name, missed=standing.missed, collapsed=standing.collapsed, lineage=standing.lineage,
            refitted=standing.refitted, upto=standing.upto,
        )
    )  # fmt: skip
    return Checkpoint(
        twin=twin.id, subject=twin.subject.id, at=twin.now, sequence=standing.sequence, model=standing.birth.model,
        model_version=twin.model.card.version, facts_hash=standing.facts_hash,
        payload=MAGIC + len(header).to_bytes(4, "little") + header + pack(twin.belief),
    )  # fmt: skip


def header_of(checkpoint: Checkpoint) -> Header:
    """The header alone; StoreError for a payload that `freeze` did not write."""
    return _split(checkpoint)[0]


def thaw(checkpoint: Checkpoint, subject: Subject) -> Standing:
    """The twin as it was saved; StoreError when it is damaged or its model has another version now."""
    header, belief = _split(checkpoint)
    birth = header.birth
    model = load_model(birth.model)
    if model.card.version != checkpoint.model_version:
        raise StoreError(
            f"twin '{checkpoint.twin}' was saved by '{birth.model}' version {checkpoint.model_version}, but version "
            f"{model.card.version} is installed: refit the twin, or install the version that saved it"
        )
    settings = settle(model.settings, birth.settings)
    refit = None if birth.refit is None else birth.refit.build()
    twin = Twin(
        id=checkpoint.twin, subject=subject, model=model, settings=settings, fixed=model.prepare(settings, {}),
        belief=replace(unpack(belief), at=header.cursor.at), inference=Inference(birth.engine.build(), refit),
        cursor=header.cursor, seed=birth.seed, evidence=_evidence(header.evidence), name=header.name,
    )  # fmt: skip
    return Standing(
        twin, birth, header.since, checkpoint.sequence, checkpoint.facts_hash, header.missed, header.collapsed,
        header.lineage, header.refitted, header.upto,
    )  # fmt: skip


def _split(checkpoint: Checkpoint) -> tuple[Header, bytes]:
    data = checkpoint.payload
    start = len(MAGIC) + 4
    end = start + int.from_bytes(data[len(MAGIC) : start], "little")
    if data[: len(MAGIC)] != MAGIC or len(data) < end:
        raise StoreError(f"a checkpoint of twin '{checkpoint.twin}' is damaged, or of another program: refit the twin")
    try:
        return _HEADER.decode(data[start:end]), data[end:]
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreError(f"a checkpoint of twin '{checkpoint.twin}' cannot be read ({error}): refit it") from error


def _weighed(evidence: Evidence | None) -> Weighed | None:
    if evidence is None:
        return None
    columns = (evidence.ess, evidence.ancestors, evidence.log_evidence, evidence.failed)
    ess, ancestors, log_evidence, failed = (np.asarray(column).tolist() for column in columns)
    grown = None if evidence.inflation is None else tuple(np.asarray(evidence.inflation, dtype=float).tolist())
    return Weighed(tuple(ess), tuple(ancestors), tuple(log_evidence), tuple(failed), evidence.clipped, grown)


def _evidence(weighed: Weighed | None) -> Evidence | None:
    if weighed is None:
        return None
    floats = (np.array(weighed.ess, dtype=np.float64), np.array(weighed.log_evidence, dtype=np.float64))
    counts = (np.array(weighed.ancestors, dtype=np.int64), np.array(weighed.failed, dtype=np.int64))
    grown = None if weighed.inflation is None else np.array(weighed.inflation)
    return Evidence(floats[0], counts[0], floats[1], counts[1], weighed.clipped, grown)
