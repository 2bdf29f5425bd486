"""`explain`: what makes a forecast uncertain, which facts moved it, and what to measure next; in words for a reader.

The numbers come from `attribution`, `contribution` and `information`; this module asks them together and says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.clock import text
from ..core.fact import Exact, Fact, Instant, Intervention
from ..core.forecast import weighted_quantile
from ..core.plan import Plan
from ..core.twin import Twin
from .attribution import Attribution, Share, shares_of
from .contribution import Contribution, contributions
from .forecast import forecast
from .information import Gain, Measurement, candidates, narrowing
from .target import Target, hidden_values, read_values, target_unit

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a forecast says what it says.

    `mean` is the target's expected value, `low` and `high` its 90 % interval as an instrument would read it, all in
    `unit`; `contributions` is empty where the facts before the twin's present were not given.
    """

    target: str
    unit: str
    until: Instant
    zone: str
    mean: float
    low: float
    high: float
    attribution: Attribution
    contributions: tuple[Contribution, ...]
    next: tuple[Gain, ...]

    def words(self, most: int = 4) -> list[str]:
        """Sentences for a clinician, each with at most `most` items: the answer, its doubt, its reasons, what next."""
        lines = [
            f"{_plain(self.target)} at {_clock(self.until, self.zone)}: {_number(self.mean, self.unit)} expected, "
            f"90 % between {_number(self.low)} and {_number(self.high, self.unit)}.",
            "Uncertain mostly because of "
            + _listed([_doubt(s) for s in self.attribution.shares[:most] if s.part >= 0.01]),
        ]
        moved = sorted(self.contributions, key=lambda c: -abs(c.shift))[:most]
        if moved:
            lines.append(
                "What moved it: " + _listed([_reason(c, self) for c in sorted(moved, key=lambda c: c.facts[0].at)])
            )
        useful = [g for g in self.next if g.gain >= 0.01]
        if useful:
            lines.append("Worth measuring next: " + _listed([_advice(g) for g in useful[:most]]))
        elif self.next:
            lines.append("No measurement that could be made would narrow it by 1 % or more.")
        return lines


def explain(
    twin: Twin,
    until: Instant,
    target: Target,
    *,
    plan: Plan | None = None,
    since: tuple[Twin, Sequence[Fact]] | None = None,
    measurements: Sequence[Measurement] | None = None,
) -> Explanation:
    """Explain the forecast of `target` (an observable by name, or a `Derived`) at `until` under `plan`.

    `since` is the twin as it was before some facts, and those facts: their contributions are told.  `measurements` are
    what could be done next (default: whatever the model can read).  Raises CapabilityError where the members are too
    few or all agree, and what `forecast` and `observe` raise.
    """
    made = forecast(twin, until, plan)
    w, read = np.asarray(made.weights), read_values(made, target)
    low, high = weighted_quantile(read[:, None], w, np.array([0.05, 0.95]))[:, 0]
    offered = candidates(twin, until) if measurements is None else measurements
    return Explanation(
        target=target if isinstance(target, str) else target.name, unit=target_unit(made, target), until=until,
        zone=twin.subject.zone, mean=float(w @ hidden_values(made, target)), low=float(low), high=float(high),
        attribution=shares_of(twin, made, target, plan=plan),
        contributions=() if since is None else contributions(since[0], since[1], until, target, plan=plan),
        next=tuple(narrowing(twin, until, target, offered, plan=plan)),
    )  # fmt: skip


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _number(value: float, unit: str = "") -> str:
    """Three digits, as one reads a value aloud; the pure unit '1' is not spoken."""
    shown = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{shown} {unit}" if unit not in ("", "1") else shown


def _clock(at: Instant, zone: str) -> str:
    return text(at, zone)[:16].replace("T", " ")


def _listed(items: Sequence[str]) -> str:
    return "; ".join(items) + "."


def _doubt(share: Share) -> str:
    return f"{share.about or _plain(share.name)} ({share.part:.0%})"


def _reason(c: Contribution, shown: Explanation) -> str:
    """One group of facts: what it was, and by how much it moved the expected value."""
    way = "raised" if c.shift > 0 else "lowered"
    verb = f"{way} it by {_number(abs(c.shift), shown.unit)}"
    if not c.acted:
        verb += f", spread now {c.spread:.0%} of before" if abs(c.spread - 1.0) >= 0.05 else ""
    return f"{_named(c, shown.zone)} {verb}"


def _named(c: Contribution, zone: str) -> str:
    first, last = c.facts[0], c.facts[-1]
    what, begin, end = " and ".join(map(_plain, c.names)), _clock(first.at, zone), _clock(last.at, zone)
    if len(c.facts) == 1:
        return f"{what}{_amount(first)} at {begin[11:]}"
    kind = "doses" if c.acted else "readings"
    return f"{len(c.facts)} {kind} of {what} from {begin[11:]} to {end[11:] if begin[:10] == end[:10] else end}"


def _amount(fact: Fact) -> str:
    if isinstance(fact, Intervention):
        amount = fact.dose if fact.dose is not None else fact.rate
        return "" if amount is None else f" {_number(amount, fact.unit)}"
    if isinstance(fact.value, Exact):
        return f" {_number(fact.value.value, fact.unit)}"
    return ""


def _advice(gain: Gain) -> str:
    m = gain.measurement
    when = "now" if m.ahead == 0.0 else f"in {m.ahead:g} h"
    cost = f", cost {m.cost:g} {m.currency}".rstrip() if m.cost > 0.0 else ""
    return f"{_plain(m.quantity)} {when} (would remove {gain.gain:.0%} of the uncertainty{cost})"
