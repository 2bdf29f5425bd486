"""`gemel explain`: why a forecast says what it says, and what to measure next."""

from __future__ import annotations

from dataclasses import replace

from ..core.clock import HOUR, text
from ..core.quantity import names
from ..core.registry import load_model
from ..runtime.answers.shapes import ContributionRow, ExplanationShape
from ..runtime.answers.twins import explained
from .console import number, say, show
from .records import Start, Wanted, present, read, twin_of
from .speak import CAUTION

__all__ = ["explain", "spoken"]


def explain(wanted: Wanted, start: Start, target: str | None, *, hours: float, since: float) -> ExplanationShape:
    """Read, observe all but the last `since` hours, then those, and explain the target `hours` ahead."""
    from ..verbs.explain import explain as run
    from ..verbs.observe import observe

    records = read(wanted)
    now = present(records, start.at)
    zone = records.subject.zone
    before = twin_of(records, replace(start, at=text(now - round(since * HOUR), zone)))
    news = [fact for fact in records.until(now) if before.now < fact.at <= now]
    twin = observe(before, news, until=now)
    asked = target or names(load_model(start.model).observables)[0]
    told = run(twin, now + round(hours * HOUR), asked, since=(before, news) if news else None)
    return explained(told, twin, records.shape(now))


def spoken(shape: ExplanationShape) -> None:
    """The sentences, then bars and numbers for whoever wants them."""
    age = shape.data.age_minutes
    newest = "" if age is None else f", newest reading {age:.0f} min old"
    say(f"{shape.model} of {shape.subject}, issued {shape.issued} ({shape.zone}){newest}")
    for line in shape.words:
        say(line)
    cells = [
        [r.name.replace("_", " "), r.kind, "█" * round(20 * r.part), f"{r.part:.0%}"]
        for r in shape.shares
        if r.part >= 0.005
    ]
    show("What makes it uncertain", ("source", "kind", "", "share"), cells, 3)
    if shape.contributions:
        rows = [
            [f"{r.first[11:16]}-{r.last[11:16]}" if r.facts > 1 else r.first[11:16], _named(r), str(r.facts),
             "done" if r.acted else "read", f"{r.shift:+.3g}", f"{r.spread:.0%}"]
            for r in shape.contributions
        ]  # fmt: skip
        columns = ("time", "what", "facts", "", f"moved the mean [{shape.unit}]", "spread after / before")
        show("What each fact did", columns, rows, 2)
    gains = [[r.quantity.replace("_", " "), f"+{r.hours:g} h", f"{r.gain:.0%}", number(r.cost)] for r in shape.next[:6]]
    show("What to measure next", ("quantity", "when", "would remove", "cost"), gains, 1)
    say(CAUTION)


def _named(row: ContributionRow) -> str:
    return ", ".join(row.names).replace("_", " ")
