"""`gemel forecast --doubts`, the last hours of the diary taken with doubt (`domains.health.doubts`), and `--correct`, a
forecast of what happens as things are, moved by what earlier ones left unexplained (`domains.health.lessons`)."""

from __future__ import annotations

from ..core.clock import DAY
from ..core.errors import CapabilityError, MissingExtraError, TimelineError
from ..core.forecast import Forecast
from ..core.quantity import names
from ..core.twin import Twin
from ..domains.health.backtest import HORIZONS, Settings
from ..domains.health.doubts import BACK, CARBS, doubts, silences, untold
from ..domains.health.lessons import correct, learn
from ..verbs.forecast import AS_IS
from ..verbs.observe import observe
from .records import Records, Start, begin_with, present

__all__ = ["HORIZONS", "corrected", "doubting"]


def doubting(records: Records, start: Start) -> tuple[Twin, list[str]]:
    """The twin, and what is in doubt in words.  CapabilityError for a model that takes no carbohydrate, TimelineError
    for fewer hours of records than are doubted."""
    now = present(records, start.at)
    known = [f for f in records.until(now) if f.at <= now]
    begin = max(min((f.at for f in known), default=now), now - round(start.days * DAY))
    if begin >= now - BACK:
        raise TimelineError(f"subject '{records.subject.id}' has too few hours of records to doubt the last ones")
    own = begin_with(records.subject, known, start, begin)
    if not any(CARBS in q.codes for q in own.model.inputs):
        raise CapabilityError(f"'{own.model.card.title}' takes no carbohydrate: there is no diary to doubt")
    then = now - BACK
    own = observe(own, [f for f in known if begin <= f.at <= then], until=then)
    found = doubts(own, [f for f in known if f.at > then], until=now, rate=untold(known, now))
    return found.twin, [*found.reasons, *silences(known, now)]


def corrected(made: Forecast, records: Records, start: Start, plan: str) -> tuple[Forecast, str]:
    """The forecast as corrected, and by what, or why it is not; CapabilityError for one that is not of glucose."""
    if "glucose" not in names(made.observables):
        raise CapabilityError(f"'{made.model}' tells no glucose: only forecasts of glucose are corrected")
    if plan != AS_IS.name:
        return made, "not corrected: a lesson is of what happens as things are, and doses are planned here"
    try:
        settings = Settings(start.model, members=min(start.members, 128), seed=start.seed)
        lessons = learn(records.subject, records.until(made.issued), made.issued, settings)
    except MissingExtraError as error:
        return made, f"not corrected: {error}"
    return correct(made, lessons, records.subject, records.until(made.issued)), lessons.told
