"""Rebuild a twin from its subject's facts over a window: what makes a stale twin fresh again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..core.clock import DAY
from ..core.errors import CollapseError
from ..core.fact import Fact, Instant
from ..core.model import Engine
from ..core.registry import load_model
from ..core.twin import Inference
from ..verbs.observe import observe
from .catch_up import catch_up, usable
from .freeze import Header, header_of, thaw
from .keeper import FIRST, Keeper, trails
from .records import by_instant, chain, codes_of
from .standing import Standing, reborn

__all__ = ["WINDOW", "rebuilt"]

WINDOW: Instant = 14 * DAY
"""How far back a refit goes, unless the caller says otherwise."""


def rebuilt(keeper: Keeper, twin: str, window: Instant, now: Instant) -> Standing:
    """The twin after the facts of the window; checkpoints on the way are saved, the last is for the caller to save.

    Raises CollapseError, and leaves the twin as it was, when the facts leave no belief to stand on.
    """
    checkpoint = keeper.checkpoint(twin)
    records, header = keeper.records(checkpoint.subject), header_of(checkpoint)
    codes = codes_of(load_model(header.birth.model))
    held = records.held(codes, FIRST, now)
    start = (held[-1].at if held else header.cursor.at) - window
    standing = replace(_start(keeper, twin, header, start), sequence=records.last, missed="", collapsed="")
    waiting = records.held(codes, standing.twin.now, now)
    passed = [(standing, standing)]
    refit = standing.twin.inference.refit
    if refit is not None:
        standing = _whole(keeper, replace(standing, lineage=header.lineage + 1), waiting, refit)
    else:
        standing = catch_up(
            [standing], [waiting], refuse=keeper.refuse, keep=lambda before, after: passed.append((before, after))
        )[0]
    if standing.collapsed:
        raise CollapseError(f"twin '{twin}' cannot be refitted and stays as it was: {standing.collapsed}")
    standing = replace(standing, refitted=standing.twin.now)
    keeper.save(passed[0][1])
    for before, after in passed:
        keeper.keep(before, after, standing.twin.now)
    return standing


def _start(keeper: Keeper, twin: str, header: Header, start: Instant) -> Standing:
    """The last sound checkpoint at or before the start, or else the prior there."""
    checkpoint = keeper.checkpoint(twin)
    subject, records = keeper.subject(checkpoint.subject), keeper.records(checkpoint.subject)
    model = load_model(header.birth.model)
    codes = codes_of(model)
    hashes = trails(records, codes, start)
    found = next(keeper.sound(twin, model.card.version, (FIRST, start), hashes), None)
    if found is not None:
        return thaw(found, subject)
    at = max(start, header.birth.at)
    return reborn(header.birth, subject, twin, at, records.held(codes, FIRST, at))


def _whole(keeper: Keeper, standing: Standing, facts: Sequence[Fact], engine: Engine) -> Standing:
    """All facts of the window in one call of the refit engine."""
    if not facts:
        return standing
    good, rejected = usable(standing, facts)
    keeper.refuse(standing, rejected)
    own = standing.twin.inference
    twin = observe(replace(standing.twin, inference=Inference(engine)), good, until=facts[-1].at)
    used = standing.facts_hash
    for portion in by_instant(facts):
        used = chain(used, portion)
    twin = replace(twin, inference=own)
    return replace(standing, twin=twin, facts_hash=used)
