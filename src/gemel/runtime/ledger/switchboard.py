"""Who may speak at a site: the standing of each model version, reviewed under the plan, every switch on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...core.fact import Instant
from ...core.ledger import Kind, Switch
from ...core.registry import load_model
from .books import Book
from .desk import Desk
from .gate import SILENT, ChangePlan, Judgement, figures_of, judge
from .rivals import Contest, capital, paired

__all__ = ["Status", "challenge", "close_drift", "review", "status"]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The standing of a model version at a site: since when, why, and by whom; silent from the start."""

    model: str
    version: str
    site: str
    standing: str
    since: Instant | None
    why: str
    by: str


def status(desk: Desk, model: str) -> Status:
    """The standing of the installed version of a model."""
    version = load_model(model).card.version
    last = next(
        (
            s for s in reversed(desk.store.switches(desk.caller))
            if (s.event, s.site, s.model, s.version) == ("standing", desk.site, model, version)
        ),
        None,
    )  # fmt: skip
    if last is None:
        return Status(
            model=model, version=version, site=desk.site, standing=SILENT, since=None, by="",
            why="every model version starts silent at a site, until its record has earned it a voice",
        )  # fmt: skip
    return Status(
        model=model, version=version, site=desk.site, standing=last.after, since=last.at, why=last.why, by=last.by
    )


def review(desk: Desk, plan: ChangePlan, model: str) -> Judgement:
    """Judge a model's installed version by the records of all its twins here; a change of standing is put on record."""
    now = status(desk, model)
    found = _judged(desk, plan, model, now.version)
    if found.standing != now.standing:
        _record(desk, plan, now, found.standing, found)
    return found


def challenge(desk: Desk, plan: ChangePlan, champion: str, challenger: str) -> Contest:
    """Let two models' records meet over the subjects that have twins of both; the challenger replaces the champion when
    the bets on it have won enough and its own record has earned it a voice.  A promotion silences the champion."""
    met = _contest(desk, champion, challenger)
    rule = plan.protocol
    if met.pairs < rule.challenger_pairs or met.capital < rule.challenger_capital or not met.better > 0:
        return met
    old, new = status(desk, champion), status(desk, challenger)
    earned = _judged(desk, plan, challenger, new.version)
    if earned.standing == SILENT:
        return met
    figures = {"pairs": float(met.pairs), "crps_lower_by": met.better, "capital": met.capital}
    why = f"CRPS {met.better:.1%} lower over {met.pairs} pairs of forecasts, capital {met.capital:.3g}"
    desk.store.switch(
        Switch(
            at=desk.now(), by=desk.caller.id, site=desk.site, model=challenger, version=new.version, event="champion",
            before=champion, after=challenger, why=why, figures=figures, plan=plan.version,
        ),
        desk.caller,
    )  # fmt: skip
    if new.standing == SILENT:
        _record(desk, plan, new, earned.standing, earned)
    if old.standing != SILENT:
        _record(desk, plan, old, SILENT, Judgement(SILENT, f"replaced by {challenger}: {why}", figures))
    return met


def close_drift(desk: Desk, plan: ChangePlan, twin: str, why: str) -> None:
    """A person's answer to a twin's alarm: it starts anew from now, on errors after now."""
    kinds = desk.book(twin).kinds
    model, version = (kinds[-1].model, kinds[-1].version) if kinds else ("", "")
    desk.store.switch(
        Switch(
            at=desk.now(), by=desk.caller.id, site=desk.site, model=model, version=version, event="drift closed",
            before="ringing" if desk.alarms(twin) else "quiet", after="learning", why=why, figures={},
            plan=plan.version, twin=twin,
        ),
        desk.caller,
    )  # fmt: skip


def _record(desk: Desk, plan: ChangePlan, now: Status, after: str, found: Judgement) -> None:
    switch = Switch(
        at=desk.now(), by=desk.caller.id, site=desk.site, model=now.model, version=now.version, event="standing",
        before=now.standing, after=after, why=found.why, figures=found.figures, plan=plan.version,
    )  # fmt: skip
    desk.store.switch(switch, desk.caller)


def _judged(desk: Desk, plan: ChangePlan, model: str, version: str) -> Judgement:
    rows: dict[tuple[Kind, Instant], list[NDArray[Any]]] = {}
    alarms: list[str] = []
    for twin in _twins(desk, model):
        book = desk.book(twin)
        for kind in book.kinds:
            if (kind.site, kind.model, kind.version) != (desk.site, model, version):
                continue
            own = book.of(kind.observable, version=version, site=desk.site)
            for horizon in np.unique(own["target"] - own["issued"]).tolist():
                rows.setdefault((kind, horizon), []).append(own[own["target"] - own["issued"] == horizon])
        alarms += [f"{twin}: {alarm}" for alarm in desk.alarms(twin).values()]
    return judge(plan, {group: figures_of(parts) for group, parts in rows.items()}, alarms)


def _twins(desk: Desk, model: str) -> list[str]:
    """Twins of a model that have a book."""
    names = desk.store.twins(desk.caller)
    return [name for name in names if any(kind.model == model for kind in desk.book(name).kinds)]


def _contest(desk: Desk, champion: str, challenger: str) -> Contest:
    ours, theirs = set(_twins(desk, champion)), set(_twins(desk, challenger))
    pairs: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
    for subject in desk.store.subjects(desk.caller):
        names = desk.store.twins(desk.caller, subject.id)
        one, other = ([n for n in names if n in group] for group in (ours, theirs))
        if one and other:
            pairs.append(_shortest(desk, one[0], other[0]))
    if not any(at.size for at, _, _ in pairs):
        return Contest(0, float("nan"), 1.0)
    at, a, b = (np.concatenate(columns) for columns in zip(*pairs, strict=True))
    order = np.argsort(at, kind="stable")
    better = 1.0 - float(b.sum() / a.sum()) if a.sum() > 0 else 0.0
    return Contest(at.size, better, float(capital(a[order], b[order])[-1]))


def _shortest(desk: Desk, one: str, other: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Targets and both CRPS of two twins' common forecasts of each observable at its shortest common horizon."""
    first, second = desk.book(one), desk.book(other)
    horizons = [_horizons(book) for book in (first, second)]
    found = [
        paired(first, second, name, min(common))
        for name in dict.fromkeys(kind.observable for kind in first.kinds)
        if (common := horizons[0].get(name, set()) & horizons[1].get(name, set()))
    ]
    if not found:
        return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
    at, a, b = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return at, a, b


def _horizons(book: Book) -> Mapping[str, set[Instant]]:
    names = dict.fromkeys(kind.observable for kind in book.kinds)
    return {n: set((rows["target"] - rows["issued"]).tolist()) for n in names for rows in [book.of(n)]}
