"""The map in words: for the person (reading age about twelve, natural frequencies, no alarm) and for a clinician.

Numbers for people follow PIF's guide (Communicating benefits, risks and uncertainties, 2023): so many of 100 people,
the same 100 in every comparison, both those who fall ill and those who do not, and the uncertainty said plainly.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType

from ....core.fact import Instant
from .population import rows_of
from .risks import Risk
from .whole import HealthMap

__all__ = ["CAUTION", "day", "for_clinician", "for_person", "of_100", "range_of_100"]

CAUTION = "This map supports people who decide about care; it does not decide, and it is no diagnosis."
_NEXT = 3  # structure: tests named to the person


def day(at: Instant) -> str:
    """The date of an instant, UTC."""
    return datetime.fromtimestamp(at / 1e6, UTC).date().isoformat()  # structure: microseconds


def of_100(chance: float) -> str:
    """A chance as a natural frequency."""
    whole = round(100.0 * chance)  # structure: of a hundred
    return "fewer than 1 in 100" if chance < 0.005 else f"about {whole} of 100"  # structure: half of one in 100


def range_of_100(risk: Risk) -> str:
    """The 80 % interval of a risk in people of 100, both ends rounded outwards to whole people."""
    low, high = int(100.0 * risk.quantiles[1]), -int(-100.0 * risk.quantiles[3] // 1)  # structure: of a hundred
    return f"{low} to {high}"


@cache
def _plain() -> Mapping[str, str]:
    return MappingProxyType({row["question"]: row["words"] for row in rows_of("plain.csv")})


def _outcome(risk: Risk) -> str:
    topic = risk.question.partition(",")[0] if risk.question.count(",") == 1 else risk.answer.outcome
    return _plain().get(topic, f"have this: {risk.answer.outcome}")


def for_person(found: HealthMap) -> tuple[str, ...]:
    """Short paragraphs for the person the map is about."""
    told = [f"This is what your health record says up to {day(found.chart.at)}. It helps you talk with your doctor."]
    worst = [o.name for o in found.organs if o.status == "out of range"]
    told.append(
        f"Some of your numbers are outside the usual limits: {', '.join(worst)}. Ask what they mean for you."
        if worst else "None of your latest numbers is far outside the usual limits."
    )  # fmt: skip
    if not found.top:
        told.append("We cannot work out your risks yet. Too much is not known.")
    told += [_told(found, risk) for risk in found.top]
    told += _helps(found)
    if found.next:
        names = ", ".join(w.about for w in found.next[:_NEXT])
        told.append(f"We would know more if these were measured: {names}.")
    gaps = [o.name for o in found.organs if o.status in ("not measured", "old")]
    if gaps:
        told.append(f"We do not know how these are, as there is no new test: {', '.join(gaps)}.")
    told.append("No one can know what will happen to you. Do not start or stop a medicine because of this page.")
    return tuple(told)


def _told(found: HealthMap, risk: Risk) -> str:
    well = 100 - round(100.0 * risk.median)  # structure: of a hundred
    text = (
        f"Think of 100 people like you. In the next {risk.years:g} years, {of_100(risk.median)} would "
        f"{_outcome(risk)}. About {well} would not. "
        f"We are not sure of this number: {range_of_100(risk)} of 100 is likely."
    )
    beside = found.comparison
    if beside is not None and beside.risk.question == risk.question:
        text += f" With the best numbers for your age, it would be {of_100(beside.optimal)}."
    return text


def _helps(found: HealthMap) -> list[str]:
    """What trials have shown to help, in people spared; one line a lever."""
    told: dict[str, str] = {}
    for lever in found.what_ifs:
        spared = round(100.0 * lever.spared)  # structure: of a hundred
        if lever.kind == "trial" and spared >= 1 and lever.lever not in told:
            who = "person" if spared == 1 else "people"
            told[lever.lever] = (
                f"What can help: {_LEVERS[lever.lever]}. Of 100 people like you, about {spared} fewer {who} would "
                f"{_outcome(lever.risk)} in {lever.risk.years:g} years."
            )
        if lever.lever == "smoking":
            told.setdefault(
                "smoking",
                "If you would like to stop smoking, ask for help. Your nurse or doctor can tell you what there is.",
            )
    return list(told.values())


_LEVERS: Mapping[str, str] = MappingProxyType(
    {
        "bp": "bring the top number of your blood pressure down by 10, with treatment",
        "ldl": "bring your LDL (bad) cholesterol down by 1, with a statin tablet",
    }
)


def for_clinician(found: HealthMap) -> tuple[str, ...]:
    """One line per risk: interval, score with version and DOI, what was missing, old or taken as no, and why chosen."""
    lines = [_line(risk) for risk in found.scored.risks]
    lines += [f"not consistent ({c.law}): {c.words} in {c.share:.0%} of members" for c in found.conflicts]
    lines += [
        f"what if {w.words}: {w.risk.score.title} {w.before[2]:.1%} to {w.after[2]:.1%} "
        f"(95 % {w.after[0]:.1%} to {w.after[4]:.1%}); {w.kind}; {w.source}{'; ' + w.note if w.note else ''}"
        for w in found.what_ifs
    ]
    return tuple(lines)


def _line(risk: Risk) -> str:
    low95, low80, middle, high80, high95 = risk.quantiles
    parts = [
        f"{risk.question}: {middle:.1%} (80 % {low80:.1%} to {high80:.1%}, 95 % {low95:.1%} to {high95:.1%})",
        f"{risk.score.title} {risk.score.version}, doi:{risk.score.doi}",
        "recommended" if risk.recommended else "also shown",
    ]
    for name, items in (("filled in", risk.imputed), ("taken as no", risk.silent), ("over a year old", risk.old)):
        if items:
            parts.append(f"{name}: {', '.join(items)}")
    return "; ".join([*parts, *([risk.why] if risk.why else [])])
