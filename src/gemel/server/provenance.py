"""Where what is said of a twin comes from: software, model, facts, draws, ledger; enough to ask again and compare."""

from __future__ import annotations

import msgspec

from .. import __version__
from ..core.clock import text
from ..runtime import Site
from ..runtime.ledger.switchboard import Status
from .asking import known
from .board_fill import name_of

__all__ = ["Provenance", "provenance"]


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """`name`: how the person is called, where a FHIR Patient says so.  `facts_hash` is the same wherever the same facts
    are used; `seed` and `members` fix every draw; `ledger` names the newest entries of what the twin said."""

    software: str
    site: str
    made: str
    twin: str
    subject: str
    name: str
    zone: str
    model: str
    model_title: str
    model_version: str
    standing: Status
    engine: str
    members: int
    seed: int
    begun: str
    present: str
    facts_used: int
    facts_hash: str
    settings: dict[str, str]
    stale: str
    ledger: list[str]


def provenance(site: Site, twin: str, most: int = 3) -> Provenance:
    """Of the twin as it stands now."""
    own = known(site, twin)
    standing = site.standing(twin)
    birth, card, zone = standing.birth, own.model.card, own.subject.zone
    return Provenance(
        software=f"gemel {__version__}", site=site.name, made=text(site.now(), zone), twin=twin,
        subject=own.subject.id, name=_called(site, own.subject.id), zone=zone, model=birth.model,
        model_title=card.title, model_version=card.version, standing=site.status(birth.model),
        engine=birth.engine.name, members=own.members, seed=own.seed, begun=text(birth.at, zone),
        present=text(own.now, zone), facts_used=own.cursor.used, facts_hash=standing.facts_hash,
        settings={name: str(chosen) for name, chosen in own.settings.items()}, stale=own.stale,
        ledger=[row.id for row in site.ledger(twin)[: -most - 1 : -1]],
    )  # fmt: skip


def _called(site: Site, subject: str) -> str:
    papers = site.store.documents(subject, site.caller, kinds=frozenset({"Patient"}))
    return next((name for paper in reversed(papers) if (name := name_of(paper))), "")
