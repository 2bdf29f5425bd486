"""Insulin and carbohydrate of a Nightscout treatment.

`insulin` is rapid unless `insulinInjections` (xDrip+ and others; JSON text or an array of {insulin, units}) names the
products.  A combo bolus gives `insulin` at once and the rest of `enteredinsulin`, `splitExt` per cent, over `duration`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from gemel.core.clock import MINUTE
from gemel.core.fact import Exact, Instant

from .codes import CARBOHYDRATE, LONG_ACTING_INSULIN, RAPID_INSULIN
from .diary import Refused, Said, Told, extended
from .objects import elements, members

__all__ = ["doses"]

_ACTING = {
    RAPID_INSULIN: ("aspart", "lispro", "glulisine", "novorapid", "novolog", "fiasp", "humalog", "lyumjev", "apidra"),
    LONG_ACTING_INSULIN: (
        "glargine", "detemir", "degludec", "lantus", "toujeo", "basaglar", "abasaglar", "levemir", "tresiba",
    ),
}  # fmt: skip
"""Substances and brand names (openFDA NDC and EMA product information) of what our codes gather."""


def doses(document: Mapping[str, Any], at: Instant) -> Iterator[Told]:
    """What was given and eaten."""
    injections = _injections(document.get("insulinInjections"))
    if injections:
        for product, units in injections:
            yield _named(product, units, at)
    elif amount := _amount(document, "insulin"):
        yield Said(RAPID_INSULIN, Exact(amount), "[IU]", at, "dose")
    share, lasting = _amount(document, "splitExt"), _amount(document, "duration")
    if share and lasting and (whole := _amount(document, "enteredinsulin")):
        yield from extended(whole * share / 100.0, at, round(lasting * MINUTE))
    if grams := _amount(document, "carbs"):
        yield Said(CARBOHYDRATE, Exact(grams), "g", at, "dose")


def _amount(document: Mapping[str, Any], name: str) -> float:
    """A number, or text that is one; 0 where there is none."""
    return float(document.get(name) or 0.0)


def _injections(given: Any) -> Sequence[tuple[str, float]]:
    found = msgspec.json.decode(given) if isinstance(given, str) and given else given
    return [
        (str(own["insulin"]), float(own["units"]))
        for one in elements(found) or []
        if (own := members(one)) is not None and float(own["units"])
    ]


def _named(product: str, units: float, at: Instant) -> Told:
    name = product.casefold()
    for code, words in _ACTING.items():
        if any(word in name for word in words):
            return Said(code, Exact(units), "[IU]", at, "dose")
    return Refused("unknown insulin", f"'{product}'")
