"""The what-if card: the drafted insulin dose beside half of it and none, over the same possible courses of the patient.

Every plan meets the same members with the same luck (`compare`).  The card offers another dose only where that is the
clear winner, and only as a suggestion that the user may take: nothing is ever applied by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import msgspec

from ...core.clock import HOUR, text
from ...core.fact import Instant, Intervention
from ...core.plan import Action as Act
from ...core.plan import Schedule
from ...core.quantity import Quantity
from ...domains.health.glucose import GLUCOSE_RISK, HIGH, LOW
from ...ingest import fhir
from ...runtime import Site
from ...verbs.compare import Comparison, compare
from ..alerts.rules import Rules
from .asked import HookRequest, resources
from .cards import REASONS, Action, Card, Suggestion, percent
from .outlook import chances, links_of, source_of
from .present import Present

__all__ = ["Draft", "card_of", "drafts"]

AHEAD: Final[Instant] = 4 * HOUR
"""How far a dose of rapid-acting insulin is looked after."""
SHARES: Final[Mapping[str, float]] = {"as ordered": 1.0, "half of it": 0.5, "none": 0.0}
"""The plans, as shares of the drafted dose."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted order of a dose: the resource as it came, the input it sets, how much, in which unit, and when."""

    resource: dict[str, Any]
    input: str
    dose: float
    unit: str
    at: Instant


def drafts(asked: HookRequest, inputs: Sequence[Quantity], now: Instant) -> list[Draft]:
    """The selected drafts that order a dose of an input of the model; one without a time is for now."""
    chosen = {one.rpartition("/")[2] for one in asked.context.selections}
    found: list[Draft] = []
    for resource in resources(asked.context.draftOrders):
        if resource.get("resourceType") != "MedicationRequest" or (chosen and resource.get("id") not in chosen):
            continue
        patient = {"reference": f"Patient/{asked.context.patientId}"}
        whole = {**resource, "subject": patient, "authoredOn": resource.get("authoredOn") or text(now)}
        for item in fhir.read(msgspec.json.encode(whole), patient=asked.context.patientId):
            if isinstance(item, Intervention) and item.dose is not None and item.dose > 0:
                own = [q.name for q in inputs if item.code in (*q.codes, q.name)]
                found += [Draft(resource, name, item.dose, item.unit, max(item.at, now)) for name in own]
    return found


def card_of(site: Site, here: Present, draft: Draft, rules: Rules, base: str) -> Card:
    """The card of one drafted dose."""
    now, twin = max(site.now(), here.twin.now), here.twin
    at, zone = max(draft.at, now), twin.subject.zone
    plans = [Schedule(name, _acts(draft, share, at)) for name, share in SHARES.items()]
    told = compare(twin, plans, at + AHEAD, GLUCOSE_RISK)
    odds = {made.plan: chances(made, twin) for made in told.forecasts}
    ordered, none = odds["as ordered"], odds["none"]
    rule = next((r for r in rules.of("forecast") if r.observable == "glucose" and r.side == "below"), None)
    worry = rule is not None and ordered[0] >= rule.probability
    offered = _offers(draft, told)
    lines = [
        f"{draft.dose:g} {draft.unit} at {text(at, zone)[11:16]}, followed for {AHEAD / HOUR:g} h on the same possible "
        "courses; no meal is assumed that is not known.",
        "",
        f"| plan | below {LOW.value:g} at some time | above {HIGH.value:g} at some time | best of all |",
        "| --- | --- | --- | --- |",
        *(
            f"| {_named(draft, name)} | {percent(odds[name][0])} | {percent(odds[name][1])} | {percent(best)} |"
            for name, best in zip(SHARES, told.best, strict=True)
        ),
        "",
        f"{told.verdict}.  {GLUCOSE_RISK.name}: {GLUCOSE_RISK.about}.",
        "",
        "A model's answer to 'what if', not a prescription.  Not a medical device.",
    ]
    return Card(
        uuid=str(uuid4()), indicator="warning" if worry else "info", source=source_of(here, base),
        summary=f"{draft.dose:g} {draft.unit}: below {LOW.value:g} mg/dL within {AHEAD / HOUR:g} h "
        f"{percent(ordered[0])} (without: {percent(none[0])}), above {HIGH.value:g} "
        f"{percent(ordered[1])} (without: {percent(none[1])})",
        detail="\n".join(lines), suggestions=offered, selectionBehavior="at-most-one" if offered else None,
        overrideReasons=REASONS, links=links_of(here, base),
    )  # fmt: skip


def _acts(draft: Draft, share: float, at: Instant) -> tuple[Act, ...]:
    if share == 0.0:
        return ()
    return (Act(at, draft.input, dose=share * draft.dose, unit=draft.unit),)


def _named(draft: Draft, plan: str) -> str:
    return f"{plan} ({SHARES[plan] * draft.dose:g} {draft.unit})" if SHARES[plan] else plan


def _offers(draft: Draft, told: Comparison) -> tuple[Suggestion, ...]:
    """Another dose, where it is the clear winner."""
    name = told.winner
    if name is None or name == "as ordered":
        return ()
    said = f"{draft.resource.get('resourceType')}/{draft.resource.get('id', '')}"
    if SHARES[name] == 0.0:
        action = Action(type="delete", description="Withdraw this draft", resourceId=said)
    else:
        action = Action(
            type="update", description=f"Draft {SHARES[name] * draft.dose:g} {draft.unit} instead",
            resource=_scaled(draft.resource, SHARES[name]),
        )  # fmt: skip
    return (Suggestion(label=f"Change to {_named(draft, name)}", uuid=str(uuid4()), actions=(action,)),)


def _scaled(resource: dict[str, Any], share: float) -> dict[str, Any]:
    """The order with each of its doses scaled."""
    changed = deepcopy(resource)
    lines: list[dict[str, Any]] = changed.get("dosageInstruction") or []
    found: list[list[dict[str, Any]]] = [line.get("doseAndRate") or [] for line in lines]
    parts = [part for line in found for part in line]
    for quantity in (part["doseQuantity"] for part in parts if "doseQuantity" in part):
        quantity["value"] = quantity["value"] * share
    return changed
