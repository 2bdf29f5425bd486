"""Alert rules: what is watched, from which limit on it calls, whom it reaches how fast.  Declared in TOML.

`rules.toml` beside this module is what ships; a site's own file replaces it.  Each rule names the `source` of its limit
and lists under `choices` the fields that no source gives: those are the site's to set.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from ...core.clock import MINUTE
from ...core.errors import GemelError
from ...core.fact import Instant
from ...core.units import parse

__all__ = ["Kind", "Rule", "RuleError", "Rules", "Severity", "read_rules"]

Kind = Literal["forecast", "belief", "reading", "silence", "drift"]
Severity = Literal["info", "warning", "critical"]
Side = Literal["below", "at-most", "above", "at-least"]


class RuleError(GemelError):
    """A file of alert rules cannot be used."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule.

    forecast   P(`observable` on this `side` of `limit`) at some horizon up to `within_minutes` reaches `probability`;
               over once it is at or under `clear`
    belief     the same of what the twin believes to be true now
    reading    a reading of one of `codes` lies on this side of `limit`; over once one lies `margin` back from it
    silence    no reading of `codes` for `silence_minutes`, from a subject that had sent `stream` of them
    drift      the drift alarm of a twin's `observable` rings

    An alert nobody has acknowledged is escalated after each of `escalate_minutes`.  It expires `expire_minutes` after
    the rule was last seen to hold.  After a person has resolved it, the rule keeps quiet for `quiet_minutes`.
    """

    name: str
    title: str
    kind: Kind
    severity: Severity
    source: str
    choices: tuple[str, ...] = ()
    observable: str = ""
    codes: tuple[str, ...] = ()
    side: Side = "below"
    limit: float = 0.0
    unit: str = "1"
    analyte: str | None = None
    within_minutes: float = 0.0
    probability: float = 1.0
    clear: float = 0.0
    margin: float = 0.0
    silence_minutes: float = 0.0
    stream: int = 6
    escalate_minutes: tuple[float, ...] = ()
    expire_minutes: float = 120.0
    quiet_minutes: float = 15.0

    def __post_init__(self) -> None:
        parse(self.unit)
        if fault := self._fault():
            raise ValueError(f"rule '{self.name}': {fault}")

    @property
    def within(self) -> Instant:
        """How far ahead is looked [us]."""
        return round(self.within_minutes * MINUTE)

    def beyond(self, value: float, margin: float = 0.0) -> bool:
        """Whether a value lies on the rule's side of its limit, or less than `margin` back from it."""
        match self.side:
            case "below":
                return value < self.limit + margin
            case "at-most":
                return value <= self.limit + margin
            case "above":
                return value > self.limit - margin
            case "at-least":
                return value >= self.limit - margin

    @property
    def words(self) -> str:
        """The limit in words: 'below 70 mg/dL'."""
        return f"{self.side.replace('-', ' ')} {self.limit:g} {self.unit}"

    def _fault(self) -> str:
        """What is missing or contradicts itself; empty when nothing does."""
        if not self.source.strip():
            return "say where its limit comes from ('source')"
        unknown = [name for name in self.choices if name not in self.__struct_fields__]
        if unknown:
            return f"'choices' names {unknown}, which no rule has"
        if self.kind in ("forecast", "belief", "drift") and not self.observable:
            return f"a rule of kind '{self.kind}' needs an 'observable'"
        if self.kind in ("reading", "silence") and not self.codes:
            return f"a rule of kind '{self.kind}' needs 'codes'"
        if self.kind == "forecast" and self.within_minutes <= 0:
            return "a forecast rule needs 'within_minutes' above 0"
        if self.kind == "silence" and self.silence_minutes <= 0:
            return "a silence rule needs 'silence_minutes' above 0"
        if not 0.0 <= self.clear <= self.probability <= 1.0:
            return f"0 <= clear {self.clear:g} <= probability {self.probability:g} <= 1 does not hold"
        if self.margin < 0 or min((*self.escalate_minutes, self.expire_minutes, self.quiet_minutes)) < 0:
            return "times and 'margin' cannot be negative"
        if list(self.escalate_minutes) != sorted(self.escalate_minutes):
            return "'escalate_minutes' must rise"
        return ""


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of rules."""

    version: str
    rule: tuple[Rule, ...]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rule]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"rules of one name: {twice}")

    def of(self, *kinds: Kind) -> tuple[Rule, ...]:
        """Rules of these kinds."""
        return tuple(rule for rule in self.rule if rule.kind in kinds)

    def get(self, name: str) -> Rule | None:
        """The rule of this name; None for one that has been taken out of the file."""
        return next((rule for rule in self.rule if rule.name == name), None)


def read_rules(path: Path | None = None) -> Rules:
    """The rules of this file, or those that ship.  RuleError for a file that holds none."""
    shipped = files("gemel.server.alerts").joinpath("rules.toml")
    try:
        content = (shipped if path is None else path).read_text(encoding="utf-8")
        return msgspec.convert(tomllib.loads(content), Rules)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, GemelError) as error:
        raise RuleError(f"'{path}' holds no alert rules ({error}): start from the rules.toml that ships") from error
