"""`gemel record` and `gemel status`, and what a store's ledger adds to a forecast: rows, track record, standing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..core.clock import text
from ..core.errors import StoreError
from ..core.forecast import Forecast
from ..core.plan import Plan
from ..core.ports import Caller
from ..core.subject import Subject
from ..core.timeline import facts_hash
from ..core.twin import Twin
from ..runtime import Site
from ..runtime.answers.twins import Noted
from ..runtime.ledger.desk import Desk
from ..runtime.ledger.gate import read_plan
from ..runtime.ledger.record import TrackRecord
from ..runtime.ledger.rows import HORIZONS, RECALL, Origin, targets
from ..runtime.ledger.switchboard import Status, status
from ..runtime.records import Records, codes_of

if TYPE_CHECKING:
    from .shapes_ledger import RecordShape, StatusShape

__all__ = ["CALLER", "SITE", "note", "record", "speak_record", "speak_status", "standing", "track_lines"]

CALLER: Final = Caller(id="gemel-cli")
SITE: Final = "local"
"""Site of forecasts that the command line issues."""


def note(store: Path, subject: Subject, twin: Twin, model: str, made: Forecast, plan: Plan) -> Noted:
    """Settle a twin's earlier forecasts with what is known at its present, and write the new one into the ledger."""
    from ..store import SqliteStore

    with SqliteStore(store) as kept:
        desk, codes, now = Desk(kept, CALLER, SITE, lambda: twin.now), codes_of(twin.model), twin.now
        records = Records()
        records.add(kept.facts(subject.id, CALLER))
        desk.settle(
            twin.id, twin.model, lambda after, until: records.held(codes, after, min(until, now)),
            touched=lambda number: records.touched(codes, since=number), sequence=records.last, zone=subject.zone,
        )  # fmt: skip
        widths = desk.widths(twin.id, twin.model.card.version)
        used = facts_hash(records.held(codes, -(2**62), now))
        end = int(max(int(at) for at in made.times))
        paper = desk.issue(
            Origin(twin, model, SITE, used), made, plan, wanted=targets(now, end, HORIZONS),
            facts=records.held(codes, now - RECALL, now),
        )  # fmt: skip
        return Noted(list(paper.record), widths, status(desk, model))


def record(store: Path, twin: str | None) -> RecordShape:
    """Track records of a twin, or of all twins of a store."""
    from .shapes_ledger import RecordShape

    with _site(store, None) as site:
        names = site.twins()
        if twin is not None and twin not in names:
            raise StoreError(f"no twin '{twin}' in {store}: there are {', '.join(names) or 'none'}")
        desk = Desk(site.store, CALLER, SITE, site.now)
        return RecordShape(twins={name: desk.record(name) for name in names if twin in (None, name)})


def standing(store: Path, model: str | None, plan: Path | None, review: bool) -> StatusShape:
    """Standing of a model, or of all that have forecasts in a store; reviewed under a plan first if asked."""
    from .shapes_ledger import StatusShape

    with _site(store, plan) as site:
        desk = Desk(site.store, CALLER, SITE, site.now)
        known = {kind.model for name in site.twins() for kind in desk.book(name).kinds}
        models = sorted(known if model is None else {model})
        reviewed = {name: site.review(name).why for name in models} if review else {}
        return StatusShape(
            models=[site.status(name) for name in models], reviewed=reviewed, switches=site.store.switches(CALLER)
        )


def speak_record(shape: RecordShape) -> None:
    """A sentence for each kind of forecast, and the figures behind it."""
    from .console import number, say, show

    if not shape.twins:
        return say("no twin here: `gemel forecast --store FILE` issues forecasts and scores them as readings come")
    for name, rows in shape.twins.items():
        say(f"{name}:" if rows else f"{name}: no forecast has met its truth yet")
        for row in rows:
            say(f"  {row.observable} +{row.horizon_minutes:g} min: {row.words}")
        cells = [
            [r.observable, f"{r.horizon_minutes:g}", str(r.n), _share(r.coverage), _skill(r), number(r.crps),
             f"x {r.widening:.2f}", str(r.twins)]
            for r in rows
        ]  # fmt: skip
        columns = ("observable", "min", "scored", "in 90 %", "skill", "CRPS", "band shown", "twins")
        if cells:
            show("", columns, cells, 1)


def speak_status(shape: StatusShape) -> None:
    """Who may speak, and every switch."""
    from .console import say

    for s in shape.models:
        since = "" if s.since is None else f", since {text(s.since)[:16].replace('T', ' ')} UTC by {s.by}"
        say(f"{s.model} {s.version} at {s.site}: {s.standing.upper()}{since}")
        say(f"  why: {s.why}")
        if s.model in shape.reviewed:
            say(f"  review now: {shape.reviewed[s.model]}")
    for s in shape.switches:
        when = text(s.at)[:16].replace("T", " ")
        say(f"{when} UTC  {s.model} {s.version}: {s.event}, {s.before} -> {s.after} by {s.by} (plan {s.plan}): {s.why}")


def track_lines(rows: list[TrackRecord], now: Status | None) -> list[str]:
    """What stands beside a forecast: its like's record, and whether the model has earned a voice."""
    lines = [f"{r.observable} +{r.horizon_minutes:g} min: {r.words}{_wider(r.widening)}" for r in rows]
    if now is not None:
        lines.append(f"{now.model} {now.version} at {now.site} is {now.standing.upper()}: {now.why}")
    return lines


def _wider(factor: float) -> str:
    return "" if abs(factor - 1.0) < 0.005 else f"; band shown x {factor:.2f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _skill(row: TrackRecord) -> str:
    if row.skill is None:
        return "–"
    return f"{row.skill:+.2f}" + ("" if row.skill_se is None else f" ± {row.skill_se:.2f}")


def _site(store: Path, plan: Path | None) -> Site:
    if not store.is_file():
        raise StoreError(f"no store at {store}: name the file that `gemel forecast --store` wrote")
    return Site.open(store, caller=CALLER, name=SITE, plan=None if plan is None else read_plan(plan))
