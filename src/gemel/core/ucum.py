"""The UCUM grammar: a unit's text becomes an exact factor on base units, an offset and a dimension.

Unified Code for Units of Measure 2.2 (https://ucum.org), case-sensitive: sections 6 (annotations), 7 (products, read
from left to right; a leading '/' inverts what follows it), 8 (numbers), 9 (exponents), 10 (parentheses, which take no
exponent), 11 (prefixes belong to metric atoms) and exhibit 1.  Factors are rational, because 0.1 ** 3 is not 0.001.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, NoReturn

from .atoms import AXES, METRIC, NON_METRIC, OFFSETS, PREFIXES, SPELLINGS
from .errors import UnitError

__all__ = ["Term", "read"]

# What a feed may send is bounded, so that no text can exhaust memory, time or the stack.
_LONGEST_TEXT: Final = 200  # characters
_DEEPEST_NESTING: Final = 10  # parentheses
_LARGEST_EXPONENT: Final = 99

_SYMBOL: Final = re.compile(r"10[*^]|(?:\[[^\[\]{}\s]*\]|[^\s\d./(){}\[\]+-])+")
_EXPONENT: Final = re.compile(r"[+-]?[0-9]+")
_NUMBER: Final = re.compile(r"0*[1-9][0-9]*")
_ANNOTATION: Final = re.compile(r"\{[!-z|~]*\}")


@dataclass(frozen=True, slots=True)
class Term:
    """base = (value + offset) * factor, in the base units of `dimension` (exponents over `atoms.AXES`)."""

    factor: Fraction
    dimension: tuple[int, ...]
    offset: Fraction = Fraction(0)


_ONE: Final = Term(Fraction(1), (0,) * len(AXES))


def read(text: str) -> Term:
    """The term that a text means.  Raises UnitError, which names the position, when the text is not UCUM."""
    if len(text) > _LONGEST_TEXT:
        raise UnitError(f"'{text[:40]}...' has {len(text)} characters; a unit has at most {_LONGEST_TEXT}")
    term, end = _read_term(text, 0, depth=0)
    if end < len(text):
        _refuse_here(text, end)
    return term


def _read_term(text: str, at: int, *, depth: int) -> tuple[Term, int]:
    """Components joined by '.' and '/'."""
    if depth > _DEEPEST_NESTING:
        _refuse(text, at, f"more than {_DEEPEST_NESTING} nested parentheses")
    if depth == 0 and text.startswith("/"):
        term = _ONE
    else:
        term, at = _read_component(text, at, depth=depth)
    while text.startswith((".", "/"), at):
        power = 1 if text[at] == "." else -1
        component, end = _read_component(text, at + 1, depth=depth)
        term, at = _product(text, at, term, component, power), end
    return term, at


def _read_component(text: str, at: int, *, depth: int) -> tuple[Term, int]:
    """A unit with its exponent, a number, an annotation or a parenthesis."""
    if text.startswith("(", at):
        term, at = _read_term(text, at + 1, depth=depth + 1)
        if not text.startswith(")", at):
            _refuse_here(text, at)
        return term, at + 1
    if note := _ANNOTATION.match(text, at):
        return _ONE, note.end()
    if found := _SYMBOL.match(text, at):
        term, at = _read_power(text, found)
    elif found := _NUMBER.match(text, at):
        term, at = Term(Fraction(int(found[0])), _ONE.dimension), found.end()
    else:
        _refuse_here(text, at)
    note = _ANNOTATION.match(text, at)
    return term, note.end() if note else at


def _read_power(text: str, found: re.Match[str]) -> tuple[Term, int]:
    """A unit atom, and its exponent if there is one."""
    at = found.end()
    term = _atom(found[0])
    if term is None:
        _refuse(text, found.start(), f"no unit '{found[0]}'", _hint(found[0]))
    exponent = _EXPONENT.match(text, at)
    if exponent is None:
        return term, at
    if len(exponent[0]) > 3 or abs(int(exponent[0])) > _LARGEST_EXPONENT:
        _refuse(text, at, f"an exponent beyond {_LARGEST_EXPONENT}")
    return _product(text, at, _ONE, term, int(exponent[0])), exponent.end()


def _product(text: str, at: int, left: Term, right: Term, power: int) -> Term:
    """left times right to the power."""
    if left.offset or right.offset:
        _refuse(text, at, "a temperature scale in a product or power", "; a temperature difference is in 'K'")
    dimension = tuple(a + b * power for a, b in zip(left.dimension, right.dimension, strict=True))
    return Term(left.factor * right.factor**power, dimension)


@lru_cache(maxsize=1024)
def _atom(symbol: str) -> Term | None:
    """A unit atom, or else a prefix and a metric atom: 'min' is the minute, never a milli-inch."""
    if symbol in AXES:
        return Term(Fraction(1), tuple(int(axis == symbol) for axis in AXES))
    definition = METRIC.get(symbol) or NON_METRIC.get(symbol)
    if definition:
        number, _, unit = definition.rpartition(" ")
        term, _ = _read_term(unit, 0, depth=0)
        return Term(term.factor * Fraction(number or 1), term.dimension, Fraction(OFFSETS.get(symbol, 0)))
    for split in (1, 2):
        prefix, rest = symbol[:split], symbol[split:]
        if prefix in PREFIXES and rest in METRIC and (term := _atom(rest)):
            scale = Fraction(PREFIXES[prefix])
            return Term(term.factor * scale, term.dimension, term.offset / scale)
    return None


def _hint(symbol: str) -> str:
    plain = symbol.replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    meant = SPELLINGS.get(plain, plain)
    return f"; UCUM writes '{meant}'" if _atom(meant.lstrip("/")) else "; gemel.core.atoms lists the known units"


def _refuse_here(text: str, at: int) -> NoReturn:
    """Refuse what stands at this position, whatever it is."""
    if not text:
        _refuse(text, at, "unexpected end", "; a plain number has the unit '1'")
    if text.startswith("{", at):
        _refuse(text, at, "unexpected '{'", "; an annotation ends a unit, and is printable ASCII without spaces")
    _refuse(text, at, f"unexpected '{text[at]}'" if at < len(text) else "unexpected end")


def _refuse(text: str, at: int, problem: str, hint: str = "") -> NoReturn:
    raise UnitError(f"'{text}' is not UCUM: {problem} at position {at}{hint}")
