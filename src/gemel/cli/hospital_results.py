"""The work and the tables of `gemel queues`, `mine` and `census`: read a file, ask the domain, say it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ..core.clock import instant, text
from ..core.errors import IngestError
from ..core.fact import Instant, Rejected
from ..domains.hospital.mining import NO_TIME, Edge, conformance, event_log, flow_map, passages
from ..domains.hospital.queues import TYPES, answer_all
from ..ingest import hl7v2
from ..ingest.event_log import Columns
from ..ingest.event_log import read as read_log
from ..runtime.census import Heard
from .console import number, say, show
from .shapes_hospital import CensusShape, ConformanceShape, MiningShape, PassageShape, QueuesShape, VariantShape

__all__ = [
    "answer_file", "count", "mine", "moment", "spoken_census", "spoken_mining", "spoken_queues",
]  # fmt: skip

_VARIANTS = 10
"""Variants that are written out."""
_ROWS = 20
"""Rows of a table for people."""


def answer_file(path: Path) -> QueuesShape:
    """Every case of a JSON file answered.  IngestError for a file that is no JSON object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise IngestError(f"'{path}' cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise IngestError(f"'{path.name}' is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise IngestError(f"""'{path.name}' must be an object {{"cases": [...]}}""")
    return QueuesShape(**answer_all(cast(dict[str, Any], found)))


def spoken_queues(shape: QueuesShape) -> None:
    """A row per case: what was asked and the answers; rates per hour, times in hours."""
    rows: list[list[str]] = []
    for i, case in enumerate(shape.cases, 1):
        kind = TYPES.get(str(case.get("type")))
        told = [k for k in case if kind is None or k not in ("type", "note", *kind.inputs)]
        given = [k for k in (kind.inputs if kind else ()) if k in case and k not in ("at", "forecast")]
        answers = [*told, *(k for k in ("at", "forecast") if k in case)]
        rows.append([str(i), str(case.get("type")), _words(case, given), _words(case, answers)])
    show("Queues: rates per hour, times in hours", ("", "type", "given", "answer"), rows)


def _words(case: Mapping[str, Any], keys: Sequence[str]) -> str:
    return "\n".join(f"{key} {_short(case[key])}" for key in keys)


def _short(value: Any) -> str:
    """A value in a few characters: long lists by their ends, rows of a forecast one under the other."""
    if isinstance(value, float):
        return number(value, 4)
    if isinstance(value, dict):
        return ", ".join(f"{k} {_short(v)}" for k, v in cast(dict[str, Any], value).items())
    if isinstance(value, list):
        items = cast(list[Any], value)
        if items and isinstance(items[0], dict):
            return "".join(f"\n  {_short(row)}" for row in items)
        parts = [_short(v) for v in items]
        return ", ".join(parts if len(parts) <= 8 else [*parts[:3], "...", *parts[-2:]])
    return str(value)


def mine(path: Path, columns: Columns, allowed: Path | None) -> MiningShape:
    """The flow map of an event log, time spent on each step, and how far it keeps to the allowed steps."""
    rows = read_log(path, columns)
    log = event_log(rows.case, rows.activity, [NO_TIME if at is None else at for at in rows.at])
    flow = flow_map(log)
    kept = None if allowed is None else conformance(log, _allowed(allowed))
    return MiningShape(
        cases=flow.cases, events=flow.events, variants=len(flow.variants), activities=flow.activities,
        starts=flow.starts, ends=flow.ends, directly_follows=_steps(flow.edges),
        commonest_variants=[
            VariantShape(activities=list(names), cases=n) for names, n in list(flow.variants.items())[:_VARIANTS]
        ],
        passages=[
            PassageShape(step=_step(edge), count=p.count, mean_h=p.mean, median_h=p.median, backwards=p.backwards)
            for edge, p in sorted(passages(log).items(), key=lambda item: -item[1].count)
        ],
        conformance=None if kept is None else ConformanceShape(
            steps=kept.steps, cases=kept.cases, violations=_steps(kept.violations)
        ),
        rejected=_reasons(rows.rejected), times_lost=rows.times_lost.total(),
    )  # fmt: skip


def _allowed(path: Path) -> set[Edge]:
    """Lines 'a -> b'; blank ones and those that start with # are left out."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise IngestError(f"'{path}' cannot be read as text: {error}") from error
    found: set[Edge] = set()
    for i, line in enumerate(lines, 1):
        source, arrow, target = (part.strip() for part in line.partition("->"))
        if line and not line.startswith("#"):
            if not (arrow and source and target):
                raise IngestError(
                    f"{path.name}:{i}: '{line}' is no allowed step: write  first activity -> next activity"
                )
            found.add((source, target))
    return found


def _step(edge: Edge) -> str:
    return f"{edge[0]} -> {edge[1]}"


def _steps(counts: Mapping[Edge, int]) -> dict[str, int]:
    return {_step(edge): count for edge, count in counts.items()}


def _reasons(rejected: Sequence[Rejected]) -> dict[str, int]:
    return dict(Counter(item.reason for item in rejected))


def spoken_mining(shape: MiningShape) -> None:
    """The commonest steps with their times, and where cases start and end."""
    say(f"{shape.cases:,} cases, {shape.events:,} events, {shape.variants:,} variants")
    spent = {p.step: p for p in shape.passages}
    rows = [
        [step, f"{count:,}", *([number(spent[step].median_h), number(spent[step].mean_h)] if step in spent else "––")]
        for step, count in list(shape.directly_follows.items())[:_ROWS]
    ]
    show("Directly follows", ("step", "times", "median h", "mean h"), rows, 1)
    for title, counts in (("starts with", shape.starts), ("ends with", shape.ends)):
        say(f"{title}: " + ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:6]))
    if shape.conformance is not None:
        kept = shape.conformance
        say(f"keep to the allowed steps: {kept.steps:.1%} of the steps, {kept.cases:.1%} of the cases")
        for step, count in list(kept.violations.items())[:_ROWS]:
            say(f"  not allowed, {count:,} times: {step}")
    _say_rejected(shape.rejected)
    if shape.times_lost:
        say(f"{shape.times_lost:,} events without a readable time: counted, but not in the hours")


def count(heard: Heard, asked: Mapping[str, Instant], zone: str) -> CensusShape:
    """Patients by ward at each time asked for, or at the newest event when none is."""
    if not asked and heard.newest is not None:
        asked = {text(heard.newest, zone): heard.newest}
    moments, names = list(asked.values()), list(asked)
    counts = {ward: found.tolist() for ward, found in heard.census.counts(moments).items()}
    return CensusShape(
        messages=heard.messages, unique_control_ids=len(heard.ids), patients=heard.census.patients,
        rejected=_reasons(heard.rejected), passed_over=dict(heard.passed_over),
        census=[
            {"t": name, **{ward: int(found[i]) for ward, found in counts.items()},
             "total": sum(int(found[i]) for found in counts.values())}
            for i, name in enumerate(names)
        ],
    )  # fmt: skip


def moment(asked: str, zone: str) -> Instant:
    """The instant of YYYYMMDDhhmm[ss] or of an ISO 8601 time; without offset it is local to `zone`."""
    if asked[:8].isdigit():
        return hl7v2.timestamp(asked.encode(), zone)
    return instant(asked, tz=zone)


def spoken_census(shape: CensusShape, zone: str) -> None:
    """Wards down, times across."""
    again = shape.messages - shape.unique_control_ids
    say(f"{shape.messages:,} messages ({again:,} sent again), {shape.patients:,} patients; local times: {zone}")
    wards = [key for key in (shape.census[0] if shape.census else {}) if key != "t"]
    columns = ("ward", *(str(row["t"]) for row in shape.census))
    show("Patients present", columns, [[ward, *(str(row[ward]) for row in shape.census)] for ward in wards], 1)
    if shape.passed_over:
        said = ", ".join(f"{trigger} {count:,}" for trigger, count in sorted(shape.passed_over.items()))
        say(f"messages that move nobody: {said}")
    _say_rejected(shape.rejected)


def _say_rejected(rejected: Mapping[str, int]) -> None:
    for reason, count in rejected.items():
        say(f"rejected {count:,}: {reason}")
