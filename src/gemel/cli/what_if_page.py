"""The answer to a question about a hospital, as a page and a table: verdict first, then plans, beds, and who is in."""

from __future__ import annotations

from collections import Counter
from html import escape

from ..runtime.answers.page import page, section, table
from .console import number, say, show
from .shapes_hospital import HospitalPlanRow, ResourceRow, WhatIfShape

__all__ = ["speak", "what_if_page"]

WIDTH, HEIGHT, LEFT, BOTTOM = 320.0, 150.0, 44.0, 24.0
"""Of a small chart, in its own units."""
NEVER = 0.02
"""A resource that runs short with less than this probability at every hour of every plan is not drawn."""
HEAD = ("plan", "hours in line, weighted", "against the first", "less in", "gave up")


def speak(shape: WhatIfShape) -> None:
    """The verdict and the plans, for people."""
    say(f"{shape.hospital}, {shape.at}: {shape.patients} patients in, {shape.hours:g} hours ahead, "
        f"{shape.members:,} members")  # fmt: skip
    for ward, count in shape.wards_left_out.items():
        say(f"left out: {count} patients in ward '{ward}', which stands for no step")
    show("Plans", HEAD, [_row(plan, i) for i, plan in enumerate(shape.plans)], numeric=1)
    for plan in shape.plans:
        tight = [_tightest(r) for r in plan.resources if max(r.exceeds) >= 0.05]
        say(f"{plan.plan}: " + ("; ".join(tight) or "no resource is likely to run short"))
    say(shape.verdict)


def _row(plan: HospitalPlanRow, i: int) -> list[str]:
    mean, low, high = plan.burden
    told = [plan.plan, f"{mean:,.0f} ({low:,.0f} to {high:,.0f})"]
    if i == 0:
        return [*told, "–", "–", number(plan.lost)]
    mean, low, high = plan.difference
    return [*told, f"{mean:+,.0f} ({low:+,.0f} to {high:+,.0f})", f"{plan.better:.0%}", number(plan.lost)]


def _tightest(resource: ResourceRow) -> str:
    """When a resource is most likely to run short."""
    worst = max(range(len(resource.hours)), key=lambda t: resource.exceeds[t])
    return f"{resource.name} short with {resource.exceeds[worst]:.0%} at {resource.hours[worst]:g} h"


def what_if_page(shape: WhatIfShape) -> str:
    """The whole page."""
    lead = f"{shape.hospital}, {shape.at}: {shape.patients} patients in, {shape.hours:g} hours ahead."
    foot = (
        f"{shape.members:,} members with demand and stays of their own, the same luck under every plan. An hour in "
        f"line weighs {', '.join(f'{w:g} for {name}' for name, w in shape.weights.items())}. Not a medical device."
    )
    return page("Which plan for the hospital?", lead, [_verdict(shape), _beds(shape), _people(shape)], foot)


def _verdict(shape: WhatIfShape) -> str:
    names = [p.plan for p in shape.plans]
    best = names.index(shape.winner) if shape.winner in names else None
    rows = [[escape(cell) for cell in _row(plan, i)] for i, plan in enumerate(shape.plans)]
    by_class = [
        [escape(p.plan), *(f"{p.waited[name]:,.0f}" for name in shape.weights)] for p in shape.plans
    ]  # fmt: skip
    return section(
        "Plans", "Less is better; brackets hold the 95 % interval of the mean over members.",
        f'<p class="verdict">{escape(shape.verdict)}</p>', table(HEAD, rows, best=best),
        table(("plan", *shape.weights), by_class, caption="Hours in line by class of patient, mean over members"),
    )  # fmt: skip


def _beds(shape: WhatIfShape) -> str:
    """Every resource of every plan in small charts; each says in words what it shows."""
    tight = {r.name for plan in shape.plans for r in plan.resources if max(r.exceeds) >= NEVER}
    charts = [
        f"<h3>{escape(plan.plan)}</h3><div class='minis'>"
        f"{''.join(_mini(r) for r in plan.resources if r.name in tight)}</div>"
        for plan in shape.plans
    ]
    others = [r.name for r in shape.plans[0].resources if r.name not in tight]
    lead = "Units wanted (in use and waited for): middle and 90 % band; the solid line is what there is."
    lead += f" Under no plan short: {', '.join(others)}." if others else ""
    return section("Beds, staff and rooms", lead, *charts)


def _mini(r: ResourceRow) -> str:
    hours, top = r.hours, max(*r.q95, *r.units, 1.0) * 1.1

    def at(hour: float, value: float) -> str:
        x = LEFT + (WIDTH - LEFT - 8.0) * hour / hours[-1]
        return f"{x:.1f},{(HEIGHT - BOTTOM) * (1.0 - value / top) + 4.0:.1f}"

    pairs = list(zip(r.hours, r.q05, r.q50, r.q95, r.units, strict=True))
    band = " ".join([*(at(h, high) for h, _, _, high, _ in pairs), *(at(h, low) for h, low, *_ in reversed(pairs))])
    middle = " ".join(at(h, mid) for h, _, mid, _, _ in pairs)
    there = " ".join(at(h, units) for h, *_, units in pairs)
    marks = "".join(
        f'<text x="{at(h, 0).split(",")[0]}" y="{HEIGHT - 4:.0f}" text-anchor="{anchor}">{h:g} h</text>'
        for h, anchor in ((0.0, "start"), (hours[-1] / 2.0, "middle"), (hours[-1], "end"))
    )
    scale = f'<text x="4" y="14">{top / 1.1:.0f}</text><text x="4" y="{HEIGHT - BOTTOM:.0f}">0</text>'
    body = (
        f'<svg class="chart" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="{escape(_words(r))}">'
        f'<polygon class="band90" points="{band}"/><polyline class="median" points="{middle}"/>'
        f'<polyline class="truth" points="{there}"/>{marks}{scale}</svg><p class="soft">{escape(_words(r))}</p>'
    )
    return f'<div class="mini"><b>{escape(r.name)}</b>{body}</div>'


def _words(r: ResourceRow) -> str:
    return (
        f"At {r.hours[-1]:g} h {r.q50[-1]:.0f} wanted ({r.q05[-1]:.0f} to {r.q95[-1]:.0f}) of {r.units[-1]}; "
        f"{_tightest(r)}"
    )


def _people(shape: WhatIfShape) -> str:
    """Who is in, by step and class: how many, expected to be done within a day, and where they go."""
    groups = Counter((p.step, p.kind) for p in shape.present)
    rows: list[list[str]] = []
    for (step, kind), count in groups.items():
        own = [p for p in shape.present if (p.step, p.kind) == (step, kind)]
        done = sum(p.within_day or 0.0 for p in own)
        goes = own[0].goes
        rows.append([
            escape(step), escape(kind), str(count), f"{done:.1f}" if own[0].left else "waits",
            escape(", ".join(f"{share:.0%} {where}" for where, share in sorted(goes.items(), key=lambda g: -g[1]))),
        ])  # fmt: skip
    head = ("step", "class", "patients", "done within 24 h, expected", "then")
    return section("Who is in", "What is left of a stay is reckoned from how long it has lasted.",
                   table(head, rows, words=True))  # fmt: skip
