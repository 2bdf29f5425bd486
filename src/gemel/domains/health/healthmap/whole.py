"""The health map of one person: status, risks and what to do next, put together.

Few things stand on top: at most five recommended risks of up to ten years, those that something can be done about
first, then the larger ones.  Eighty risks at once would be harm, not help; the rest stays below, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....core.errors import SupportError
from ....core.fact import Instant
from ....core.quantity import Constant, Source
from .belief import MEMBERS, CovariateBelief, believe
from .coherence import Conflict, conflicts
from .compare import Comparison, compare_with_optimal
from .effects import WhatIf, what_ifs
from .inputs import filtration
from .organs import Organ, organs
from .population import SOURCE, YOUNGEST
from .record import Chart, Record, chart
from .risks import REGIONS, Risk, Scored, score_all
from .worth import Worth, worth

__all__ = ["TOP", "HealthMap", "health_map"]

TOP = 5
"""Risks shown on top."""
_SOON = 10.0  # structure: a risk on top lies within ten years
_RCV = Constant(
    16.5,
    "%",
    Source("doi:10.3389/fmed.2022.1009358", "reference change value of the eGFR, meta-analysis of 37 studies"),
)
"""Two eGFRs of one person that differ by more are not told apart by chance."""


@dataclass(frozen=True, slots=True)
class HealthMap:
    """Everything the map shows.  `region` is '' where none is known; `notes` are what a reader must know first."""

    chart: Chart
    belief: CovariateBelief
    region: str
    organs: tuple[Organ, ...]
    scored: Scored
    top: tuple[Risk, ...]
    comparison: Comparison | None
    what_ifs: tuple[WhatIf, ...]
    next: tuple[Worth, ...]
    conflicts: tuple[Conflict, ...]
    notes: tuple[str, ...]


def health_map(
    record: Record, *, at: Instant | None = None, region: str = "", members: int = MEMBERS, seed: int = 0
) -> HealthMap:
    """The map of a record at `at` (default: its newest observation).

    `region` is one of `REGIONS`, or '' for the country of the record.  Raises SupportError for another region, and as
    `chart` does.
    """
    if region and region not in REGIONS:
        raise SupportError(f"no region '{region}': there are {', '.join(REGIONS)}")
    seen = chart(record, at)
    where = region or ("us" if seen.country in ("US", "USA") else "")
    belief = believe(seen, members=members, seed=seed)
    scored = score_all(belief, seen, where)
    levers = what_ifs(seen, belief, scored.risks, where)
    broken = conflicts(belief, scored.risks)
    top = _top(scored.risks, levers, broken)
    return HealthMap(
        seen, belief, where, organs(seen), scored, top, compare_with_optimal(belief, scored.risks, where), levers,
        worth(seen, belief, top), broken, tuple(_notes(seen, belief, where)),
    )  # fmt: skip


def _top(risks: Sequence[Risk], levers: Sequence[WhatIf], broken: Sequence[Conflict]) -> tuple[Risk, ...]:
    """A part that exceeds its whole in most members is left to the list below, where the conflict is told."""
    actionable = {w.risk.question for w in levers}
    doubtful = {c.less for c in broken if c.law == "parts" and c.share > 0.5}  # structure: most members
    near = [r for r in risks if r.recommended and r.years <= _SOON and r.score.id not in doubtful]
    longest = {r.score.id: max(x.years for x in near if x.score.id == r.score.id) for r in near}
    near = [r for r in near if r.years == longest[r.score.id]]
    return tuple(sorted(near, key=lambda r: (r.question not in actionable, -r.median))[:TOP])


def _notes(seen: Chart, belief: CovariateBelief, region: str) -> list[str]:
    found: list[str] = []
    if not seen.sex:
        found.append("The record states neither female nor male: nothing was filled in, and most risks need it.")
    elif seen.age < YOUNGEST:
        found.append(f"Under {YOUNGEST:.0f} years nothing is filled in: the population behind it holds adults only.")
    else:
        found.append(f"What was not measured is filled in from people of this age and sex ({SOURCE.note}).")
    if not region:
        found.append(f"No region is known: give one of {', '.join(REGIONS)} to choose among heart scores.")
    elif region != "us":
        found.append("Gaps are filled in from the US population, though the region is another.")
    silent = sorted(name for name, origin in belief.origin.items() if origin == "silent")
    if silent:
        found.append(f"Taken as no because the record does not list it: {', '.join(silent).replace('_', ' ')}.")
    found += _kidney_conflict(seen)
    if seen.rejected:
        found.append(f"{len(seen.rejected)} readings were not used: {seen.rejected[0].reason}.")
    return found


def _kidney_conflict(seen: Chart) -> list[str]:
    """A reported eGFR that the creatinine of the same day contradicts."""
    reported, creatinine = seen.newest("egfr"), seen.newest("creatinine")
    if reported is None or creatinine is None or not seen.sex:
        return []
    if reported.at != creatinine.at or reported.id == creatinine.id:  # another day, or our own
        return []
    computed = float(filtration(np.array([creatinine.value]), seen.years, seen.sex)[0])
    if abs(reported.value / computed - 1.0) * 100.0 <= float(_RCV):  # structure: per cent
        return []
    return [
        f"The reported eGFR of {reported.value:.0f} does not fit the creatinine of {creatinine.value:.0f} umol/L of "
        f"that time, which gives {computed:.0f} (CKD-EPI 2021): the creatinine was used; check both."
    ]
