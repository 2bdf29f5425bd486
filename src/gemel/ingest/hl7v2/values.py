"""The value of an OBX by its type (HL7 v2.5.1 section 7.4.2, OBX-2 and OBX-5).

NM, SN and text that is a number give numbers; a comparator gives a bound.  A coded or a short plain text gives a level.
A report (FT, or text beyond a line), a file and a time give no fact: they stay in the message, which is kept whole.
"""

from __future__ import annotations

from gemel.core.fact import Above, Below, Between, Exact, Level, Value

from ..codes import Codes
from ..values import censored, number
from .message import NULL, Separators, text_of
from .terms import Refusal, code_of

__all__ = ["LONGEST_LEVEL", "Skip", "value_of"]

LONGEST_LEVEL = 64
"""Characters of a plain text that can be a level, such as 'Venturi' or 'not detected'; a longer one is a report."""

_CODED = (b"CE", b"CWE", b"CNE", b"CF")
_TEXT = (b"ST", b"TX", b"IS", b"ID", b"")
_KEPT = {
    b"FT": "formatted text", b"ED": "a file", b"RP": "a reference to a file", b"NA": "an array of samples",
    b"MA": "arrays of samples",
    **dict.fromkeys((b"DT", b"TM", b"TS", b"DTM", b"DR"), "a time"),
    **dict.fromkeys((b"PN", b"XPN", b"XCN", b"XON", b"PPN"), "a name"),
    **dict.fromkeys((b"AD", b"XAD", b"TN", b"XTN", b"PL"), "an address"),
    **dict.fromkeys((b"CX", b"CK", b"EI"), "an identifier"), **dict.fromkeys((b"CP", b"MO"), "a price"),
}  # fmt: skip


class Skip(Exception):
    """The value is none that a fact can hold: in short, what it is."""


def value_of(kind: bytes, value: bytes, marks: Separators, codec: str, sender: str, codes: Codes) -> Value:
    """The value of one repetition of OBX-5.  Raises Refusal, or Skip for what gives no fact by its kind."""
    if kind == b"NM":
        return _number(value, marks, codec)
    if kind in _TEXT:
        return _text(value, marks, codec)
    if kind == b"SN":
        return _structured([text_of(part, marks, codec).strip() for part in value.split(marks.component)])
    if kind in _CODED:
        return Level(code_of(value, marks, codec, sender, codes)[:200])
    if kind == b"NR":
        low, _, high = value.partition(marks.component)
        return _between(text_of(low, marks, codec).strip(), text_of(high, marks, codec).strip())
    if kind in _KEPT:
        raise Skip(_KEPT[kind])
    raise Refusal("unsupported value", f"OBX-2 '{kind[:10].decode('ascii', 'replace')}' is no type of HL7 table 0125")


def _number(value: bytes, marks: Separators, codec: str) -> Value:
    try:
        return Exact(number(value.decode("ascii")))
    except (ValueError, UnicodeDecodeError):
        text = text_of(value, marks, codec).strip()
    try:
        return censored(text)
    except ValueError:
        raise Refusal("no number", f"'{text[:40]}' in a numeric OBX-5") from None


def _text(value: bytes, marks: Separators, codec: str) -> Value:
    text = text_of(value, marks, codec).strip()
    if not text or text == NULL:
        raise Refusal("no value", "OBX-5 is empty")
    try:
        return censored(text)
    except ValueError:
        if len(text) <= LONGEST_LEVEL and "\n" not in text:
            return Level(text)
        raise Skip("text") from None


def _structured(parts: list[str]) -> Value:
    """SN: comparator ^ number ^ separator or suffix ^ number (section 2.A.71)."""
    comparator, first, between, second = (*parts[:4], "", "", "", "")[:4]
    try:
        if not second:
            if between and between not in ("+", "-"):
                raise ValueError(between)
            if between:
                return Level(f"{comparator}{number(first):g}{between}")
            return _compared(comparator, number(first))
        if between == "-" and comparator in ("", "="):
            return _between(first, second)
        if between in (":", "/") and comparator in ("", "=", "<", ">", "<=", ">="):
            return Level(f"{comparator.strip('=') if comparator == '=' else comparator}"
                         f"{number(first):g}{between}{number(second):g}")  # fmt: skip
    except ValueError:
        pass
    raise Refusal("unsupported value", f"structured number '{'^'.join(parts)[:40]}'")


def _compared(comparator: str, value: float) -> Value:
    match comparator:
        case "" | "=":
            return Exact(value)
        case "<" | "<=":
            return Below(value)
        case ">" | ">=":
            return Above(value)
        case other:
            raise ValueError(other)


def _between(first: str, second: str) -> Value:
    try:
        low, high = number(first), number(second)
    except ValueError:
        raise Refusal("no number", f"'{first[:20]}' to '{second[:20]}'") from None
    if low > high:
        raise Refusal("impossible value", f"a range from {low:g} to {high:g}")
    return Between(low, high)
