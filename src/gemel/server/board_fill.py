"""What the overview takes up from the store when the service starts: pure reading, in a worker thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ..core.fact import Fact
from ..core.ledger import LEVELS, IssuedForecast
from ..core.ports import Caller, Store
from ..core.registry import load_model
from ..core.subject import Subject
from ..core.writing import Document
from ..runtime.freeze import header_of
from .alerts.judge import Row
from .alerts.keeping import alerts_of
from .alerts.rules import Rule
from .alerts.view import AlertView, view
from .board_entries import Spoken
from .board_outlook import Outlook, outlook_of
from .context import Service

__all__ = ["Found", "found_of", "name_of", "spoken", "subjects_of"]

CALLER: Final = Caller(id="gemel-board", role="service")
RECENT: Final = 2000
"""Facts of a subject that are looked at, the last to arrive."""


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a subject."""

    subject: Subject
    name: str
    facts: Sequence[Fact]
    twins: Sequence[tuple[Spoken, Outlook | None]]
    alerts: Sequence[AlertView]


def subjects_of(store: Store) -> list[Subject]:
    """Everybody."""
    return store.subjects(CALLER)


def found_of(service: Service, subject: Subject, rules: Sequence[Rule]) -> Found:
    """A subject's name, last facts, twins with their last forecasts, and open alerts."""
    store = service.store
    patients = store.documents(subject.id, CALLER, kinds=frozenset({"Patient"}))
    facts = [fact for _, fact in store.facts(subject.id, CALLER)[-RECENT:]]
    return Found(
        subject=subject, name=next((name for d in reversed(patients) if (name := name_of(d))), ""),
        facts=sorted(facts, key=lambda fact: fact.at),
        twins=[_twin(service, name, rules) for name in store.twins(CALLER, subject.id)],
        alerts=[view(alert) for alert in alerts_of(store, subject.id, CALLER) if alert.open],
    )  # fmt: skip


def _twin(service: Service, name: str, rules: Sequence[Rule]) -> tuple[Spoken, Outlook | None]:
    """A twin as it last spoke under no plan, by the ledger."""
    checkpoint = service.store.latest(name, CALLER)
    assert checkpoint is not None  # `twins` names those that were saved
    made = header_of(checkpoint)  # not `site.standing`: a live twin would leave its fleet
    own = spoken(name, made.birth.model)
    own.stale, own.standing = made.stale, service.site.status(made.birth.model).standing
    issued = [row for row in service.store.ledger(name, CALLER) if row.course == "open"]
    if not issued:
        return own, None
    own.issued = max(row.issued for row in issued)
    last = [row for row in issued if row.issued == own.issued and row.observable == issued[-1].observable]
    rows = sorted((_row(row) for row in last if set(_levels(row)) >= set(LEVELS)), key=lambda row: row.target)
    if not rows:
        return own, None
    first = rows[0]
    low, middle, high = (first.values[LEVELS.index(q)] for q in (0.05, 0.5, 0.95))
    now = (last[0].last if last[0].last is not None else middle, low, high)
    return own, outlook_of(rules, rows, now, own.issued)


def _levels(row: IssuedForecast) -> dict[float, float]:
    return {float(level): value for level, value in row.quantiles.items()}


def _row(row: IssuedForecast) -> Row:
    told = _levels(row)
    return Row(
        observable=row.observable, unit=row.unit, target=row.target, levels=LEVELS,
        values=tuple(told.get(q, float("nan")) for q in LEVELS),
    )  # fmt: skip


def spoken(twin: str, model: str) -> Spoken:
    """A twin of a model, before it has said anything."""
    own = load_model(model)
    codes = {code: q.name for q in own.observables if q.span != "interval" for code in (*q.codes, q.name)}
    return Spoken(id=twin, model=model, title=own.card.title, kind=own.card.kind, codes=codes)


def name_of(document: Document) -> str:
    """How the person of a FHIR Patient is called; '' where it does not say."""
    if document.deleted:
        return ""
    try:
        names: list[dict[str, Any]] = msgspec.json.decode(document.body).get("name") or []
    except (msgspec.MsgspecError, AttributeError):
        return ""
    chosen = next((n for n in names if n.get("use") == "official"), names[0] if names else {})
    return " ".join([*chosen.get("given", []), chosen.get("family", "")]).strip() or chosen.get("text", "")
