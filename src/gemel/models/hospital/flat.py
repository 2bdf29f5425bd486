"""The last step of making a hospital fit to run: everything is written into the flat records of `numerics.des.layout`.

Two passes over growing sheets of numbers: first every record gets its place, then the places are filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...numerics.des import layout as at
from ...numerics.des.layout import Tables

__all__ = ["Parts", "Places", "SourcePart", "flatten"]


@dataclass(frozen=True, slots=True)
class SourcePart:
    """A source: kind, bucket [us], rates [/us], the gap's law, cumulative shares, listed (time [us], class)."""

    kind: int
    width: int
    rates: list[float]
    gap: int
    mix: list[float]
    listed: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Parts:
    """A hospital in numbers, everything named by its number in its list; laws by their place in `numbers`."""

    steps: list[list[int]]
    laws: list[list[tuple[int, int]]]
    held: list[list[int]]
    regain: list[list[int]]
    lines: tuple[tuple[tuple[int, int, int], ...], ...]
    waited: frozenset[int]
    numbers: list[float]
    ways: list[list[tuple[float, int]]]
    choices: list[tuple[int, int]]
    entries: list[int]
    ranks: list[int]
    most_ranks: int
    resources: list[tuple[int, int, int, int, int]]
    rosters: list[tuple[int, list[tuple[int, int]]]]
    sources: list[SourcePart]
    levels: int
    words: list[np.uint64]
    streams: list[list[np.uint64]]


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are: steps in `t`; resources, sources' states, tallies (of a step, class 0) and levels in a member;
    laws, rates (of a source) and ways (of a branch and class) in `f`."""

    steps: tuple[int, ...]
    resources: tuple[int, ...]
    sources: tuple[int, ...]
    tallies: tuple[int, ...]
    rates: tuple[int, ...]


class _Sheet:
    """Numbers that grow; `add` says where it put them."""

    def __init__(self, first: Sequence[Any]) -> None:
        self.numbers = list(first)

    def add(self, numbers: Sequence[Any]) -> int:
        place = len(self.numbers)
        self.numbers += list(numbers)
        return place


def flatten(parts: Parts) -> tuple[Tables, Places]:
    """The tables, and where in them things are."""
    t, f, s = _Sheet([0] * at.HEADER), _Sheet(parts.numbers), _Sheet([0] * at.SCALARS)
    classes = len(parts.ranks)
    length = at.FIRST_LAW + 2 * classes
    t.numbers[at.CLASSES] = len(t.numbers)
    t.add([0] * (at.CLASS_RECORD * classes))
    t.numbers[at.CLASSES_END] = len(t.numbers)
    steps = tuple(t.add([0] * length) for _ in parts.steps)
    for k in range(classes):
        place = t.numbers[at.CLASSES] + k * at.CLASS_RECORD
        t.numbers[place : place + at.CLASS_RECORD] = [steps[parts.entries[k]], parts.ranks[k]]
    resources = tuple(s.add([0] * at.RESOURCE_RECORD) for _ in parts.resources)
    t.numbers[at.RESOURCES], t.numbers[at.RESOURCES_END] = resources[0], len(s.numbers)
    lines = _lines(t, s, parts, resources)
    sources = _sources(t, f, s, parts)
    tallies = tuple(s.add([0] * (at.TALLY_RECORD * classes)) for _ in parts.steps)
    for i, row in enumerate(parts.steps):
        own = _step(t, f, s, parts, i, (steps, lines))
        own[at.OP], own[at.TALLY] = row[at.OP], tallies[i]
        t.numbers[steps[i] : steps[i] + length] = own
    for r, place in enumerate(resources):
        s.numbers[place : place + at.RESOURCE_RECORD] = _resource(t, s, parts, r, lines)
    t.numbers[at.PATIENTS] = len(s.numbers)
    breaking = sum(resource[-1] for resource in parts.resources)
    tables = Tables(
        t=np.array(t.numbers, dtype=np.int64), f=np.array([f.numbers], dtype=np.float64),
        member=np.array(s.numbers, dtype=np.int64),
        events=len(parts.sources) + 2 * len(resources) + breaking + at.HEADER,
    )  # fmt: skip
    states = tuple(t.numbers[place + at.STATE] for place in sources)
    rates = tuple(t.numbers[place + at.RATES] for place in sources)
    return tables, Places(steps, resources, states, tallies, rates)


def _lines(t: _Sheet, s: _Sheet, parts: Parts, resources: Sequence[int]) -> list[int]:
    """Records of requests; those for the same resources with as much reserved share one line of patients."""
    counted: dict[tuple[tuple[int, int], ...], int] = {}
    places: list[int] = []
    for line in parts.lines:
        key = _shared(line)
        if key not in counted:
            counted[key] = s.add([0] * (at.HEADS + 2 * parts.most_ranks))
        needs = [x for r, units, leave in line for x in (resources[r], units, leave)]
        places.append(t.add([counted[key], len(line), *needs]))
    return places


def _shared(line: Sequence[tuple[int, int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple((r, leave) for r, _, leave in line)


def _sources(t: _Sheet, f: _Sheet, s: _Sheet, parts: Parts) -> list[int]:
    listed = [t.add([x for pair in source.listed for x in pair]) for source in parts.sources]
    t.numbers[at.SOURCES] = len(t.numbers)
    places: list[int] = []
    for source, first, stream in zip(parts.sources, listed, parts.streams[1], strict=True):
        state = s.add([0] * at.STATE_OF_SOURCE)
        places.append(t.add([
            source.kind, max(1, len(source.rates)), source.width, source.gap, first, first + 2 * len(source.listed),
            f.add(source.rates), f.add(source.mix), state, _bits(stream),
        ]))  # fmt: skip
    t.numbers[at.SOURCES_END] = len(t.numbers)
    return places


def _step(
    t: _Sheet, f: _Sheet, s: _Sheet, parts: Parts, i: int, places: tuple[Sequence[int], Sequence[int]]
) -> list[int]:
    """A step's record, all but what it does and its tally."""
    steps, lines = places
    row = parts.steps[i]
    own = [0] * (at.FIRST_LAW + 2 * len(parts.ranks))
    own[: at.LIMIT + 1] = row
    own[at.THEN], own[at.ELSE] = (steps[goal] if goal >= 0 else -1 for goal in (row[at.THEN], row[at.ELSE]))
    own[at.WORD], own[at.NUMBER_OF], own[at.HELD] = _bits(parts.words[i]), i, t.add(parts.held[i])
    if row[at.OP] in (at.SEIZE, at.RELEASE):
        own[at.A] = lines[row[at.A]]
    elif row[at.OP] == at.BATCH:
        own[at.B] = s.add([0] * at.GATE_RECORD)
    elif row[at.OP] == at.CHOOSE:
        among = parts.choices[row[at.A] : row[at.B]]
        own[at.A] = t.add([x for line, goal in among for x in (lines[line], steps[goal])])
        own[at.B] = own[at.A] + 2 * len(among)
    for k, (law, count) in enumerate(parts.laws[i]):
        if row[at.OP] == at.BRANCH and law >= 0:
            shares = f.add([share for share, _ in parts.ways[law]])
            law = t.add([shares, *(steps[goal] for _, goal in parts.ways[law])])
        own[at.FIRST_LAW + 2 * k : at.FIRST_LAW + 2 * k + 2] = [law, count]
    return own


def _resource(t: _Sheet, s: _Sheet, parts: Parts, r: int, lines: Sequence[int]) -> list[int]:
    """A resource's record at time 0."""
    own = [0] * at.RESOURCE_RECORD
    waits = {
        _shared(line): lines[n] for n, line in enumerate(parts.lines) if n in parts.waited and r in [x[0] for x in line]
    }
    waiting = list(waits.values())
    own[at.DEPENDS] = t.add(waiting)
    own[at.DEPENDS_END] = own[at.DEPENDS] + len(waiting)
    own[at.DROP], own[at.MODE], own[at.UP], own[at.REPAIR], own[at.BREAKABLE] = parts.resources[r]
    own[at.PERIOD], roster = parts.rosters[r]
    own[at.CHANGES] = t.add([x for change in roster for x in change])
    own[at.CHANGES_END] = own[at.CHANGES] + 2 * len(roster)
    own[at.BREAK_WORD], own[at.PLACE] = _bits(parts.streams[0][r]), r
    own[at.REGAIN] = t.add([lines[line] if line >= 0 else -1 for line in parts.regain[r]])
    own[at.LEVELS] = s.add([0] * parts.levels)
    own[at.LEVELS_END] = own[at.LEVELS] + parts.levels
    return own


def _bits(word: np.uint64) -> int:
    """The same 64 bits as a signed number."""
    return int(np.array(word, dtype=np.uint64).astype(np.int64))
