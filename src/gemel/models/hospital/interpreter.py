"""The same hospital, run slowly: the rules of `numerics.des` written a second time, with lists, sets and dictionaries.

It reads the declaration, not the tables, keeps what each patient holds instead of deducing it, and sorts its lines:
only the draws are shared.  Its log equals the kernel's to the bit, which is what it is for; a breakpoint works here.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate, count
from typing import Any

import numpy as np

from ...core.clock import HOUR
from ...core.draws import mix, purpose
from ...numerics.des import layout as at
from ...numerics.des.laws import unit
from ...numerics.des.lines import NEVER
from ...numerics.des.steps import TRY_SHIFT
from .compiled import ANY_NUMBER
from .durations import Duration
from .interpreter_arrivals import Door, arrival, door_of, drawn, span_of
from .pathway import (
    Batch,
    Branch,
    Choose,
    Delay,
    Exit,
    Hospital,
    Need,
    Reclass,
    Release,
    Resource,
    Seize,
    Unbatch,
)

__all__ = ["Entry", "interpret"]

Entry = tuple[int, int, int, int, int]
"""Time [us], patient, class, step and word, as in the kernel's log."""


@dataclass(eq=False)
class _Patient:
    who: int
    kind: str
    draws: Any
    came: int
    step: int
    rank: int = 0
    status: int = at.AWAKE
    ticket: int = -1
    turned: int = -1
    lap: int = 0
    tries: int = 0
    since: int = 0
    left: int = 0
    lost: str | None = None
    asks: tuple[Need, ...] = ()
    hand: dict[str, int] = field(default_factory=dict[str, int])
    off: set[str] = field(default_factory=set[str])
    carries: list[_Patient] = field(default_factory=list["_Patient"])


@dataclass(eq=False)
class _Pool:
    own: Resource
    stream: Any
    room: int = 0
    used: int = 0
    away: int = 0
    rostered: int = 0
    broken: int = 0
    breaks: int = 0
    turn: int = 0


def interpret(hospital: Hospital, key: np.uint64, until: int) -> list[Entry]:
    """The log of one member with this key from empty at time 0 to `until` [us]."""
    with np.errstate(over="ignore"):
        return _Run(hospital, key).through(until)


class _Run:
    """One member on its way."""

    def __init__(self, hospital: Hospital, key: np.uint64) -> None:
        self.hospital, self.now, self.log = hospital, 0, list[Entry]()
        self.places = {s.name: i for i, s in enumerate(hospital.steps)}
        self.kinds = {c.name: k for k, c in enumerate(hospital.classes)}
        self.order, self.numbers = count(), count()
        self.events: list[tuple[int, int, int, str, Any]] = []
        self.present: list[_Patient] = []
        self.called: deque[_Patient] = deque()
        self.lines: dict[tuple[tuple[str, int], ...], list[_Patient]] = {}
        self.gates: dict[int, list[_Patient]] = {}
        self.pools = {r.name: _Pool(r, mix(key, purpose(f"breaks:{r.name}"))) for r in hospital.resources}
        for pool in self.pools.values():
            self.first_shift(pool)
        self.doors = {s.name: door_of(s, key) for s in hospital.sources}
        for door in self.doors.values():
            self.nextarrival(door)

    def through(self, until: int) -> list[Entry]:
        while self.events and self.events[0][0] <= until:
            self.now, _, ticket, kind, entity = heapq.heappop(self.events)
            match kind:
                case "turn":
                    if entity.ticket == ticket:
                        self.turn(entity)
                case "arrive":
                    self.arrive(entity)
                case "roster":
                    self.change_roster(entity)
                case _:
                    entity.broken += 1 if kind == "break" else -1
                    self.resize(entity)
                    self.next_break(entity, "mend" if kind == "break" else "break")
            while self.called:
                p = self.called.popleft()
                while p.status == at.AWAKE:
                    self.walk(p)
        return self.log

    def soon(self, time: int, priority: int, kind: str, entity: Any) -> int:
        ticket = next(self.order)
        heapq.heappush(self.events, (time, priority, ticket, kind, entity))
        return ticket

    def note(self, p: _Patient, what: int) -> None:
        self.log.append((self.now, p.who, self.kinds[p.kind], p.step, what))

    def call(self, p: _Patient) -> None:
        p.status = at.AWAKE
        self.called.append(p)

    # structure: shifts

    def first_shift(self, pool: _Pool) -> None:
        own = pool.own
        pool.rostered = own.roster[0][1] if own.roster else ANY_NUMBER if own.units is None else own.units
        if own.roster and own.roster[0][0] > 0.0:
            pool.turn, pool.rostered = len(own.roster) - 1, own.roster[-1][1]
        pool.room = pool.rostered
        self.next_change(pool)
        for _ in range(own.breaks.units if own.breaks else 0):
            self.next_break(pool, "break")

    def next_change(self, pool: _Pool) -> None:
        roster = pool.own.roster
        if len(roster) > 1:
            period = round(pool.own.period * HOUR)
            wait = (round(roster[(pool.turn + 1) % len(roster)][0] * HOUR) - self.now) % period
            self.soon(self.now + (wait or period), -1, "roster", pool)

    def change_roster(self, pool: _Pool) -> None:
        pool.turn = (pool.turn + 1) % len(pool.own.roster)
        pool.rostered = pool.own.roster[pool.turn][1]
        if pool.own.when_less == "handover":
            for p in self.present:
                if p.hand.get(pool.own.name, 0):
                    p.off.add(pool.own.name)
            pool.away, pool.used = pool.away + pool.used, 0
        self.resize(pool)
        self.next_change(pool)

    def next_break(self, pool: _Pool, kind: str) -> None:
        breaks = pool.own.breaks
        assert breaks is not None
        span = span_of(breaks.up if kind == "break" else breaks.repair, mix(pool.stream, np.uint64(pool.breaks)))
        pool.breaks += 1
        if span < NEVER:
            self.soon(self.now + span, 0, kind, pool)

    def resize(self, pool: _Pool) -> None:
        pool.room = pool.rostered - pool.broken
        while pool.own.when_less == "preempt" and pool.used > pool.room and (all_ := self.victims(pool, -ANY_NUMBER)):
            self.interrupt(all_[-1], pool)
        self.settle(pool.own.name)

    def victims(self, pool: _Pool, rank: int) -> list[_Patient]:
        """Who can be interrupted, the first to be last in the list."""
        name = pool.own.name
        found = [
            p
            for p in self.present
            if p.status == at.SERVED and p.rank > rank and p.hand.get(name) and name not in p.off
        ]
        return sorted(found, key=lambda p: (p.rank, p.since, p.who))

    def oust(self, need: Need, rank: int) -> bool:
        pool = self.pools[need.resource]
        victims = self.victims(pool, rank)
        if sum(p.hand[need.resource] for p in victims) < need.units + need.leave - (pool.room - pool.used):
            return False
        while pool.room - pool.used < need.units + need.leave:
            self.interrupt(victims.pop(), pool)
        return True

    def interrupt(self, p: _Patient, pool: _Pool) -> None:
        self.note(p, at.LOSES)
        if pool.own.interrupted == "redraw":
            p.left, p.tries = -1, p.tries + 1
        elif pool.own.interrupted == "resume":
            p.left -= self.now - p.since
        p.ticket, p.lost = -1, pool.own.name
        units = p.hand[pool.own.name]
        self.give(p, pool.own.name, units)
        self.join(p, (Need(pool.own.name, units),))

    # structure: lines

    def satisfied(self, needs: tuple[Need, ...]) -> bool:
        pools = [(self.pools[n.resource], n) for n in needs]
        return all(pool.room - pool.used >= n.units + n.leave for pool, n in pools)

    def take(self, p: _Patient, needs: tuple[Need, ...]) -> None:
        for n in needs:
            self.pools[n.resource].used += n.units
            p.hand[n.resource] = p.hand.get(n.resource, 0) + n.units

    def give(self, p: _Patient, name: str, units: int) -> None:
        p.hand[name] -= units
        if name in p.off:
            p.off.remove(name)
            self.pools[name].away -= units
        else:
            self.pools[name].used -= units

    def join(self, p: _Patient, needs: tuple[Need, ...]) -> None:
        p.asks, p.status = needs, at.WAITING
        line = self.lines.setdefault(_line(needs), [])
        line.append(p)
        line.sort(key=lambda q: (q.rank, q.turned))

    def waiting(self, name: str) -> list[list[_Patient]]:
        return [line for key, line in self.lines.items() if line and name in [r for r, _ in key]]

    def settle(self, name: str) -> None:
        while ready := [line[0] for line in self.waiting(name) if self.satisfied(line[0].asks)]:
            p = min(ready, key=lambda q: (q.rank, q.turned))
            self.lines[_line(p.asks)].remove(p)
            self.take(p, p.asks)
            if p.lost is None:
                p.ticket = -1
                self.got(p)
                self.call(p)
            else:
                self.note(p, at.REGAINS)
                p.lost = None
                if p.left < 0:
                    self.call(p)
                else:
                    p.status, p.since = at.SERVED, self.now
                    p.ticket = self.soon(self.now + p.left, 0, "turn", p)

    def got(self, p: _Patient) -> None:
        self.note(p, at.GETS)
        self.go(p, None)

    # structure: patients

    def go(self, p: _Patient, goal: str | None) -> None:
        """To a step by name, or to the one after this."""
        step = self.hospital.steps[p.step]
        goal = goal or (None if isinstance(step, Exit | Branch | Choose) else step.then)
        p.step = p.step + 1 if goal is None else self.places[goal]

    def nextarrival(self, door: Door) -> None:
        time = arrival(door, self.now)
        if time is not None:
            self.soon(time, 0, "arrive", door)

    def arrive(self, door: Door) -> None:
        draws = mix(door.patients, np.uint64(door.made))
        if door.own.listed:
            kind = sorted((round(h * HOUR), self.kinds[c], c) for h, c in door.own.listed)[door.made][2]
        else:
            kind = drawn([door.own.mix.get(c.name, 0.0) for c in self.hospital.classes], draws, list(self.kinds))
        door.made += 1
        self.nextarrival(door)
        own = self.hospital.classes[self.kinds[kind]]
        p = _Patient(next(self.numbers), kind, draws, self.now, 0 if own.enters is None else self.places[own.enters])
        self.present.append(p)
        self.note(p, at.ARRIVED)
        self.call(p)

    def turn(self, p: _Patient) -> None:
        step = self.hospital.steps[p.step]
        if p.status == at.SERVED:
            p.tries = 0
            self.go(p, None)
            self.call(p)
        elif p.status == at.WAITING:
            assert isinstance(step, Seize)
            self.note(p, at.RENEGES)
            self.lines[_line(p.asks)].remove(p)
            p.ticket = -1
            self.go(p, step.otherwise)
            self.call(p)
        else:
            self.depart(p.step)

    def span(self, p: _Patient, time: Duration | Mapping[str, Duration]) -> int:
        law = time if isinstance(time, Duration) else time[p.kind]
        return span_of(law, self.bits(p))

    def bits(self, p: _Patient) -> Any:
        """The patient's draw at their step."""
        which = np.uint64(p.lap) + (np.uint64(p.tries) << TRY_SHIFT)
        return mix(p.draws, purpose(f"step:{self.hospital.steps[p.step].name}") + which)

    def walk(self, p: _Patient) -> None:
        match self.hospital.steps[p.step]:
            case Seize() as step:
                self.ask(p, step)
            case Delay() as step:
                p.left = self.span(p, step.time)
                self.note(p, at.BEGINS)
                p.status, p.since = at.SERVED, self.now
                p.ticket = self.soon(self.now + p.left, 0, "turn", p)
            case Release() as step:
                self.note(p, at.GIVES)
                for n in step.needs:
                    self.give(p, n.resource, n.units)
                self.go(p, None)
                for n in step.needs:
                    self.settle(n.resource)
            case Branch() as step:
                self.branch(p, step)
            case Choose() as step:
                self.choose(p, step)
            case Reclass() as step:
                p.kind = step.to
                self.go(p, None)
            case Batch() as step:
                self.gather(p, step)
            case Unbatch():
                self.go(p, None)
                for q in p.carries:
                    q.step = p.step
                    self.call(q)
                p.carries = []
            case Exit():
                self.note(p, at.LEAVES)
                p.status = at.GONE
                self.present.remove(p)

    def ask(self, p: _Patient, step: Seize) -> None:
        p.rank = self.hospital.classes[self.kinds[p.kind]].priority if step.priority is None else step.priority
        p.turned = next(self.order)
        self.note(p, at.ASKS)
        line = self.lines.get(_line(step.needs), [])
        ahead = bool(line) and line[0].rank <= p.rank
        if not ahead and (self.satisfied(step.needs) or (step.preempts and self.oust(step.needs[0], p.rank))):
            self.take(p, step.needs)
            self.got(p)
        elif step.longest is not None and len(line) >= step.longest:
            self.note(p, at.TURNED_AWAY)
            self.go(p, step.otherwise)
        else:
            self.join(p, step.needs)
            self.lose_patience(p, step.patience)

    def lose_patience(self, p: _Patient, time: Duration | Mapping[str, Duration] | None) -> None:
        if time is not None and (isinstance(time, Duration) or p.kind in time):
            p.ticket = self.soon(self.now + self.span(p, time), 0, "turn", p)

    def branch(self, p: _Patient, step: Branch) -> None:
        ways: Any = (
            step.ways.get(p.kind, step.ways) if any(isinstance(w, Mapping) for w in step.ways.values()) else step.ways
        )
        goals = {goal: share for goal, share in ways.items() if share > 0.0}
        goal, total = next(iter(goals)), math.fsum(goals.values())
        if len(goals) > 1:
            u = unit(self.bits(p))
            below = [x / total for x in accumulate(goals.values())][:-1]
            goal = next((g for g, b in zip(goals, below, strict=False) if u <= b), list(goals)[-1])
        p.lap += self.places[goal] <= p.step
        self.go(p, goal)

    def choose(self, p: _Patient, step: Choose) -> None:
        def load(name: str) -> int:
            seize = self.hospital.steps[self.places[name]]
            assert isinstance(seize, Seize)
            first = seize.needs[0].resource
            return self.pools[first].used + sum(map(len, self.waiting(first)))

        steps: list[Any] = [self.hospital.steps[self.places[name]] for name in step.among]
        free = [s.name for s in steps if step.rule == "free" and self.satisfied(s.needs)]
        self.go(p, free[0] if free else min(step.among, key=load))

    def gather(self, p: _Patient, step: Batch) -> None:
        self.note(p, at.GATHERS)
        p.status = at.GATED
        gate = self.gates.setdefault(p.step, [])
        gate.append(p)
        if len(gate) == 1:
            self.lose_patience(p, step.wait)
        if len(gate) == step.size:
            self.depart(p.step)

    def depart(self, place: int) -> None:
        batch = self.gates.pop(place)
        for q in batch:
            self.note(q, at.GOES)
            q.status = at.CARRIED
        leader = batch[0]
        leader.carries, leader.ticket = batch[1:], -1
        self.go(leader, None)
        self.call(leader)


def _line(needs: tuple[Need, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((n.resource, n.leave) for n in needs)
