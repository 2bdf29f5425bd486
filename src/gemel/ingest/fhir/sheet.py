"""One FHIR resource being read: its codes, its quantities, and how a refusal becomes a rejected item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from types import MappingProxyType

from gemel.core.errors import UnitError
from gemel.core.fact import Above, Below, Exact, Instant, Rejected, Value
from gemel.core.units import parse

from ..codes import Codes, coded
from ..feed import RAW_LENGTH, Feed, reject
from ..values import check
from .document import Buffer
from .times import moment
from .types import Concept, Meta, Quantity
from .units import unit_of

__all__ = ["Refusal", "Sheet"]


class Refusal(Exception):
    """Why a value cannot become a fact: kind and detail of the rejection, and the code where it is known."""

    def __init__(self, kind: str, detail: str, code: str = "") -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail, self.code = kind, detail, code


@dataclass(frozen=True, slots=True)
class Sheet:
    """One resource being read: where it stands (`place` in the source `name`) and what is needed to read it."""

    feed: Feed
    codes: Codes
    zone: str
    name: str
    place: str
    content: Buffer
    id: str
    medications: Mapping[str, Concept] = field(default_factory=lambda: MappingProxyType({}))

    def refused(self, refusal: Refusal) -> Rejected:
        """The refusal as an item."""
        raw = bytes(self.content[: RAW_LENGTH + 1]).decode(errors="replace")
        return reject(refusal.kind, refusal.detail, source=self.name + self.place, raw=raw, code=refusal.code)

    def code(self, concept: Concept | None) -> str:
        """The code its facts carry: of all codings one the table knows, else LOINC, SNOMED CT, the first, the text."""
        if concept is None:
            raise Refusal("no code", "the resource does not say what it is about")
        found = [(coded(c.system, c.code), c.display) for c in concept.coding or () if c.code]
        if not found:
            if not concept.text:
                raise Refusal("no code", "neither a coding nor a text")
            found = [(f"text:{concept.text.strip()[:80]}", concept.text)]
        code, display = found[0] if len(found) == 1 else min(found, key=lambda pair: _rank(pair[0], self.codes))
        entry = self.codes.get(code)
        if entry is not None:
            return entry.means
        self.feed.titles.setdefault(code, concept.text or display or code)
        return code

    def quantity(self, quantity: Quantity, code: str, *, rate: bool = False) -> tuple[Value, str]:
        """Value and UCUM unit, checked against what is possible for the code."""
        entry = self.codes.get(code)
        limits = None if entry is None else entry.rate_limits if rate else entry.limits
        try:
            unit = unit_of(quantity, limits.unit if limits is not None else None)
        except UnitError as error:
            raise Refusal("wrong unit", str(error), code) from error
        if quantity.value is None:
            raise Refusal("no value", "the quantity has no number", code)
        if not isfinite(quantity.value):
            raise Refusal("impossible value", f"{quantity.value} {unit}", code)
        value: Value
        match quantity.comparator:
            case None:
                value = Exact(quantity.value)
            case "<" | "<=":
                value = Below(quantity.value)
            case ">" | ">=":
                value = Above(quantity.value)
            case other:
                raise Refusal("unsupported value", f"comparator '{other[:20]}'", code)
        if limits is not None:
            if not unit and any(parse(limits.unit).dimension):
                raise Refusal("wrong unit", f"no unit where {limits.unit} is expected", code)
            wrong = check(value, unit or "1", limits, entry.title if entry is not None else code)
            if wrong is not None:
                raise Refusal(*wrong, code)
        return value, unit or "1"

    def amount(self, quantity: Quantity, code: str, *, rate: bool = False) -> tuple[float, str]:
        """An exact dose or rate and its unit."""
        value, unit = self.quantity(quantity, code, rate=rate)
        if not isinstance(value, Exact):
            raise Refusal("unsupported value", f"a dose or rate must be exact, not {value}", code)
        return value.value, unit

    def known(self, issued: str | None, meta: Meta | None, *, changed: bool) -> Instant | None:
        """When the record became known: when it was issued, else last updated; the later of both when it was changed.

        Raises TimelineError.
        """
        updated = meta.lastUpdated if meta is not None else None
        if issued and not (changed and updated):
            return moment(issued, self.zone)
        if issued and updated:
            return max(moment(issued, self.zone), moment(updated, self.zone))
        return moment(updated, self.zone) if updated else None


def _rank(code: str, codes: Codes) -> int:
    return 0 if code in codes else 1 if code.startswith("loinc:") else 2 if code.startswith("snomed:") else 3
