"""HL7 v2 messages in pipe-and-hat form: bytes cut by the message's own separators, read when asked for.

A message is lines of fields; MSH-1 and MSH-2 say which characters separate fields, components, repetitions and
subcomponents and which one escapes (HL7 v2.5.1, chapter 2, sections 2.5 to 2.7).  Only the header is cut at once; a
field is cut, decoded by MSH-18 (HL7 table 0211) and unescaped when somebody wants it.  Multi-byte sets in which a
separator can be half a character are recoded to UTF-8 before anything is cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gemel.core.errors import IngestError

__all__ = ["NULL", "Message", "Separators", "parse", "text_of"]

NULL = '""'
"""A field that asks the receiver to delete what it holds."""

_SETS = {
    "ASCII": "utf-8", "UNICODE UTF-8": "utf-8", "UNICODE": "utf-8", "ISO IR6": "utf-8", "ISO IR100": "iso8859-1",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}  # fmt: skip
_RECODED = {
    "ISO IR87": "iso2022_jp", "ISO IR159": "iso2022_jp_1", "ISO IR14": "shift_jis", "GB 18030-2000": "gb18030",
    "BIG-5": "big5", "KS X 1001": "euc_kr",
}  # fmt: skip
_PATH = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?-(\d+)(?:\[(\d+)\])?(?:\.(\d+))?(?:\.(\d+))?")


@dataclass(frozen=True, slots=True, eq=False)
class Separators:
    """The bytes that cut a message: field, component, repetition, escape, subcomponent; equal only to itself."""

    field: bytes
    component: bytes
    repetition: bytes
    escape: bytes
    subcomponent: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its segments as bytes, the header cut into fields (`header[8]` is MSH-9), separators and codec."""

    segments: tuple[bytes, ...]
    header: tuple[bytes, ...]
    separators: Separators
    codec: str

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.get("MSH-10")

    def get(self, path: str) -> str:
        """The text at a path such as 'PV1-3', 'PV1-3.1', 'OBX[2]-5[1].1.2', counted from 1; '' where there is none.

        Without a repetition the first is meant, without a component the field as it stands, separators included.
        Raises IngestError for a path that is none.
        """
        segment, occurrence, number, repetition, component, subcomponent = _steps(path)
        found = self._nth(segment, occurrence)
        if found is None:
            return ""
        value = self._field(found, segment, number)
        if segment in _HEADERS and number <= 2:
            return self.text(value)
        value = _part(value, self.separators.repetition, repetition)
        if component:
            value = _part(value, self.separators.component, component)
            value = _part(value, self.separators.subcomponent, subcomponent) if subcomponent else value
        return self.text(value)

    def all(self, path: str) -> list[str]:
        """Every repetition of a field, by a path without repetition, such as 'PID-3.1'; none for an empty field."""
        segment, occurrence, number, _, component, _ = _steps(path)
        found = self._nth(segment, occurrence)
        value = b"" if found is None else self._field(found, segment, number)
        parts = value.split(self.separators.repetition) if value else []
        return [self.text(_part(p, self.separators.component, component) if component else p) for p in parts]

    def text(self, value: bytes) -> str:
        """Bytes of this message as text, decoded and unescaped."""
        return text_of(value, self.separators, self.codec)

    def _nth(self, name: str, occurrence: int) -> bytes | None:
        wanted = name.encode()
        for segment in self.segments:
            if segment[:3] == wanted:
                occurrence -= 1
                if not occurrence:
                    return segment
        return None

    def _field(self, segment: bytes, name: str, number: int) -> bytes:
        if name in _HEADERS and number == 1:
            return self.separators.field
        fields = segment.split(self.separators.field)
        index = number - 1 if name in _HEADERS else number
        return fields[index] if index < len(fields) else b""


_HEADERS = ("MSH", "FHS", "BHS")


def parse(raw: bytes) -> Message:
    """A message from its bytes, segments ending in CR, LF or both; a line that is no segment continues the one before.

    Raises IngestError when it does not start with MSH and its separators, or names an unknown character set.
    """
    if raw[:3] != b"MSH" or len(raw) < 5:
        raise IngestError(f"message starts with {raw[:20]!r}: it must start with MSH and its separators")
    separators = _separators(raw[3:9])
    header, codec = _header(raw, separators)
    if codec in _RECODED:
        raw = _recode(raw, _RECODED[codec])
        header, codec = _header(raw, separators)[0], "utf-8"
    segments = raw.split(b"\r") if b"\n" not in raw else raw.replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r")
    bar = separators.field
    if not all([line[3:4] == bar or len(line) == 3 for line in segments]):  # noqa: C419 - twice as quick as a generator
        segments = _joined(segments, bar)
    return Message(tuple(segments), tuple(header), separators, codec)


def _header(raw: bytes, separators: Separators) -> tuple[list[bytes], str]:
    """MSH in fields, and the Python codec, or the HL7 name of a set that must be recoded first."""
    ends = [end for end in (raw.find(b"\r"), raw.find(b"\n")) if end >= 0]
    header = (raw[: min(ends)] if ends else raw).split(separators.field)
    if len(header) <= 17 or not header[17]:
        return header, "utf-8"
    name = header[17].split(separators.repetition)[0].decode("ascii", "replace").strip().upper()
    if name in _RECODED:
        return header, name
    if name and name not in _SETS:
        raise IngestError(f"MSH-18 names the character set '{name}': known are {', '.join((*_SETS, *_RECODED))}")
    return header, _SETS.get(name, "utf-8")


@lru_cache(maxsize=256)
def _separators(head: bytes) -> Separators:
    """From MSH-1 and MSH-2, the bytes after 'MSH'; missing ones are the usual ones."""
    given = head[1:].split(head[:1])[0].rstrip(b"\r\n")
    marks = [given[i : i + 1] or usual for i, usual in enumerate((b"^", b"~", b"\\", b"&"))]
    if (
        len({head[:1], *marks}) != 5
        or head[:1].isalnum()
        or not all(b"!" <= mark <= b"~" for mark in (head[:1], *marks))
    ):
        raise IngestError(f"MSH-1 and MSH-2 are {head!r}: five different separators such as |^~\\& are needed")
    return Separators(head[:1], *marks)


def _joined(lines: list[bytes], bar: bytes) -> list[bytes]:
    """Lines as segments; blank ones are left out, one that is no segment belongs to the one before."""
    segments: list[bytes] = []
    for line in lines:
        if line[3:4] == bar or (len(line) == 3 and line.isalnum()):
            segments.append(line)
        elif line.strip():
            segments[-1] += b"\n" + line
    return segments


def _recode(raw: bytes, codec: str) -> bytes:
    try:
        return raw.decode(codec).encode()
    except UnicodeDecodeError as error:
        raise IngestError(f"message is not in its character set {codec}: {error}") from error


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, int, int, int, int, int]:
    found = _PATH.fullmatch(path)
    if found is None or found[3] == "0":
        raise IngestError(f"'{path}' is no HL7 path, such as PV1-3.1 or OBX[2]-5[1].1.2")
    segment, occurrence, number, repetition, component, subcomponent = found.groups()
    return (
        segment, int(occurrence or 1), int(number), int(repetition or 1), int(component or 0), int(subcomponent or 0)
    )  # fmt: skip


def _part(value: bytes, separator: bytes, number: int) -> bytes:
    if separator not in value:
        return value if number == 1 else b""
    parts = value.split(separator)
    return parts[number - 1] if number <= len(parts) else b""


def text_of(value: bytes, separators: Separators, codec: str) -> str:
    """Bytes of a message with these separators as text, decoded and unescaped."""
    return _unescape(value, separators, codec) if separators.escape in value else _decode(value, codec)


def _decode(value: bytes, codec: str) -> str:
    """Text; a byte that its set does not hold is read as ISO 8859-1, the commonest set that goes undeclared."""
    try:
        return value.decode(codec)
    except UnicodeDecodeError:
        return value.decode("iso8859-1")


def _unescape(value: bytes, marks: Separators, codec: str) -> str:
    """Replace escape sequences (HL7 v2.5.1 section 2.7); highlighting is dropped, an unknown one stays as it is."""
    own = {b"F": marks.field, b"S": marks.component, b"T": marks.subcomponent, b"R": marks.repetition,
           b"E": marks.escape, b"H": b"", b"N": b"", b".br": b"\n", b".sp": b"\n"}  # fmt: skip
    parts = value.split(marks.escape)
    made, i = [parts[0]], 1
    while i < len(parts):
        code = parts[i]
        if i + 1 == len(parts):  # an escape that is never closed is a plain character
            made += [marks.escape, code]
        elif code in own:
            made += [own[code], parts[i + 1]]
        elif code[:1] == b"X" and re.fullmatch(rb"(?:[0-9A-Fa-f]{2})+", code[1:]):
            made += [bytes.fromhex(code[1:].decode()), parts[i + 1]]
        else:
            made += [marks.escape, code, marks.escape, parts[i + 1]]
        i += 2
    return _decode(b"".join(made), codec)
