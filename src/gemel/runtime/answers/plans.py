"""Plans as they are typed:  insulin=4@+0   carbs=50 g@+15min   insulin=0.6@+1h..+3h   insulin=2@18:30

ACTION  NAME=AMOUNT[ UNIT][@WHEN[..WHEN]]      without a time: now
WHEN    +MINUTES, +90min, +2h, a local time of day, or an ISO 8601 time (local to the subject without an offset)
PLAN    NAME: ACTION, ACTION, ...              an empty list is "as things are"
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ...core.clock import HOUR, MINUTE, instant, zone
from ...core.errors import PlanError
from ...core.fact import Instant
from ...core.plan import Action, Schedule

__all__ = ["action", "assignments", "plan", "schedule", "when"]

_ACTION = re.compile(r"(?P<name>\w+)\s*=\s*(?P<amount>[-+.\deE]+)\s*(?P<unit>[^@]*?)\s*(@\s*(?P<when>.+))?")
_AHEAD = re.compile(r"\+\s*(?P<size>\d+(\.\d+)?)\s*(?P<unit>h|hours?|min|m|minutes?)?")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")


def action(text: str, now: Instant, tz: str, *, rate: bool = False) -> Action:
    """One action; PlanError says what was not understood."""
    found = _ACTION.fullmatch(text.strip())
    if found is None:
        raise PlanError(f"'{text}' is no action: write NAME=AMOUNT@WHEN, such as insulin=4@+0 or carbs=50@+15min")
    try:
        amount = float(found["amount"])
    except ValueError as error:
        raise PlanError(f"'{found['amount']}' in '{text}' is no number") from error
    begin, _, end = (found["when"] or "+0").partition("..")
    start = when(begin, now, tz)
    until, unit = when(end, now, tz) if end else None, found["unit"] or None
    if rate or end:
        return Action(start, found["name"], rate=amount, until=until, unit=unit)
    return Action(start, found["name"], dose=amount, unit=unit)


def schedule(name: str, doses: Sequence[str], rates: Sequence[str], now: Instant, tz: str) -> Schedule:
    """A schedule of typed doses and rates."""
    acts = [action(t, now, tz) for t in doses] + [action(t, now, tz, rate=True) for t in rates]
    return Schedule(name, tuple(acts))


def plan(text: str, now: Instant, tz: str) -> Schedule:
    """A named plan: 'NAME: ACTION, ACTION'."""
    name, colon, rest = text.partition(":")
    if not colon or not name.strip():
        raise PlanError(f'\'{text}\' is no plan: write NAME: ACTION, ACTION, such as "6 U: insulin=6@+0" or "nothing:"')
    return schedule(name.strip(), [part for part in rest.split(",") if part.strip()], [], now, tz)


def assignments(texts: Sequence[str], what: str) -> dict[str, float]:
    """'NAME=NUMBER' pairs."""
    pairs: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            pairs[name.strip()] = float(value)
        except ValueError as error:
            raise PlanError(f"{what} '{text}': write NAME=NUMBER") from error
    return pairs


def when(text: str, now: Instant, tz: str) -> Instant:
    """The instant that a WHEN names, seen from `now` in a zone; TimelineError or PlanError for one that is none."""
    text = text.strip()
    ahead = _AHEAD.fullmatch(text)
    if ahead is not None:
        unit = HOUR if (ahead["unit"] or "m").startswith("h") else MINUTE
        return now + round(float(ahead["size"]) * unit)
    if _CLOCK.fullmatch(text):
        today = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)).astimezone(zone(tz))
        hours, minutes = (int(part) for part in text.split(":"))
        if hours > 23 or minutes > 59:
            raise PlanError(f"'{text}' is no time of day")
        local = today.replace(hour=hours, minute=minutes, second=0, microsecond=0, tzinfo=None)
        at = instant(local, tz=tz, repeated=0)
        return at if at >= now else instant(local + timedelta(days=1), tz=tz, repeated=0)
    return instant(text, tz=tz)
