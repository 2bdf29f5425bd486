"""Whether a model can use a fact, before it meets it: one bad fact must not stop a twin.

The limits of the possible come from the model's own quantities and from the code table of `gemel.ingest`.
"""

from __future__ import annotations

from math import isfinite

import msgspec
import numpy as np

from ..core.drive import input_events
from ..core.errors import PlanError, SupportError, UnitError
from ..core.fact import Asset, Between, Count, Exact, Fact, Intervention, Level, Observation, Rejected, bounds
from ..core.model import Absorbs, Model
from ..core.quantity import Quantity
from ..core.units import convert
from ..ingest.codes import table
from ..ingest.values import check

__all__ = ["fault", "refused", "refused_by"]


def fault(model: Model, fact: Fact) -> str:
    """Why the model cannot use this fact, as "kind: detail"; empty if it can."""
    try:
        return _act(model, fact) if isinstance(fact, Intervention) else _reading(model, fact)
    except UnitError as error:
        return f"wrong unit: {error}"
    except SupportError as error:
        return f"impossible value: {error}"
    except PlanError as error:
        return f"no such use: {error}"


def refused(twin: str, fact: Fact, reason: str) -> Rejected:
    """The row that is kept of a fact a twin could not use."""
    raw = msgspec.json.encode(fact).decode()
    return Rejected(reason=reason, source=refused_by(twin), raw=raw, code=fact.code)


def refused_by(twin: str) -> str:
    """What a row that this twin refused gives as its source."""
    return f"twin {twin}"


def _act(model: Model, act: Intervention) -> str:
    amount = act.rate if act.dose is None else act.dose
    if amount is None or not isfinite(amount):
        return f"impossible value: {amount} {act.unit} is no amount ({act.id})"
    if act.until is not None and act.until <= act.at:
        return f"impossible time: the rate ends before it begins ({act.id})"
    _, unknown = input_events(model.inputs, [act], np.zeros(len(model.inputs)))
    if unknown:
        return f"no such use: {act.code} is read, not given ({act.id})"
    entry = table().get(act.code)
    limits = None if entry is None else entry.limits if act.rate is None else entry.rate_limits
    wrong = None if limits is None else check(Exact(amount), act.unit, limits, act.id)
    return "" if wrong is None else ": ".join(wrong)


def _reading(model: Model, reading: Observation) -> str:
    absorbs = model.absorbs if isinstance(model, Absorbs) else ()
    taken = (*absorbs, *model.observables, *model.covariates)
    quantity = next((q for q in taken if reading.code in (*q.codes, q.name)), None)
    if quantity is None:
        return f"no such use: {reading.code} is given, not read ({reading.id})"
    value = reading.value
    if isinstance(value, Level) and quantity.levels:
        quantity.level(value.name, reading.id)
    elif isinstance(value, (Level, Asset)) and quantity not in absorbs:
        return f"not a number: '{quantity.name}' is read as a number ({reading.id})"
    if isinstance(value, Exact) and not isfinite(value.value):
        return f"impossible value: {value.value} {reading.unit} ({reading.id})"
    if isinstance(value, Between) and not value.low <= value.high:
        return f"impossible value: between {value.low:g} and {value.high:g} {reading.unit} ({reading.id})"
    if reading.sd is not None and not 0.0 < reading.sd < float("inf"):
        return f"impossible value: an instrument error of {reading.sd:g} {reading.unit} ({reading.id})"
    return "" if isinstance(value, Count) else _limits(quantity, reading)


def _limits(quantity: Quantity, reading: Observation) -> str:
    """Against the quantity's support and the code table; each end of an interval that is a number."""
    for end in bounds(reading.value):
        if isfinite(end):
            here = convert(end, reading.unit, quantity.unit, quantity.analyte)
            if isinstance(reading.value, Exact):
                quantity.check(here, reading.id)
    entry = table().get(reading.code)
    wrong = None
    if entry is not None and entry.limits is not None:
        wrong = check(reading.value, reading.unit, entry.limits, reading.id)
    return "" if wrong is None else ": ".join(wrong)
