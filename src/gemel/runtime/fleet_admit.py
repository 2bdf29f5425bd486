"""How a twin comes to a fleet: from the site as it stands, or from its checkpoint and the few records after it."""

from __future__ import annotations

import numpy as np

from ..core.fact import Fact
from ..core.model import Model
from .fleet_seat import Seat
from .freeze import header_of, thaw
from .keeper import Keeper
from .ledger.rows import RECALL
from .ledger.truth import readings
from .records import Records, codes_of
from .standing import Standing

__all__ = ["recall", "revived"]


SEEN = 512
"""Records from before a checkpoint of which the ids are read, to know an amendment when it comes."""


def revived(keeper: Keeper, twin: str) -> tuple[Standing, list[tuple[int, Fact]]] | None:
    """A twin from its last checkpoint, with the numbered records that came after those it is known to rest on, and some
    of those before.

    None where the checkpoint does not say, or the twin is at hand: then the site knows better.
    """
    if keeper.at_hand(twin):
        return None
    checkpoint = keeper.checkpoint(twin)
    upto = header_of(checkpoint).upto
    if upto < 0:
        return None
    records = keeper.store.facts(checkpoint.subject, keeper.caller, after=max(0, upto - SEEN))
    return thaw(checkpoint, keeper.subject(checkpoint.subject)), records


def recall(keeper: Keeper, model: Model, seat: Seat) -> None:
    """Fill a seat's memory of recent readings from all records of its subject."""
    subject, at = seat.standing.twin.subject.id, seat.at
    records = Records()
    records.add(keeper.store.facts(subject, keeper.caller))
    held = records.held(codes_of(model), at - RECALL, at)
    seat.past.clear()
    for i, q in enumerate(model.observables):
        found, recent = readings(model, q, held), seat.recent(i)
        for moment, value in zip(np.asarray(found.times).tolist(), np.asarray(found.values).tolist(), strict=True):
            recent.add(moment, value)
    seat.recalled = True
