"""The rows of a delimited table, one record at a time, with line numbers.

RFC 4180 quoting: a quoted field may hold delimiters and line breaks.  A quote that never closes spoils its own line
only, not the rest of the file.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from .source import Line, Source, lines

__all__ = ["Row", "rows"]

_MOST_LINES = 50  # of one record: a free-text note in quotes, not a lost quote


class Row(NamedTuple):
    """A record: its first line's number, its fields (None when it cannot be split, `fault` says why), its text."""

    number: int
    fields: list[str] | None
    text: str
    fault: tuple[str, str] = ("", "")
    open: bool = False


def rows(source: Source, delimiter: str) -> Iterator[Row]:
    """Every record.  A blank line is a row without fields (an empty list)."""
    stream = lines(source)
    waiting: deque[Line] = deque()
    while (line := waiting.popleft() if waiting else next(stream, None)) is not None:
        if line.number == 1:
            line = line._replace(data=line.data.removeprefix(b"\xef\xbb\xbf"))
        if line.state in ("long", "broken") or b'"' not in line.data:
            yield _plain(line, delimiter)
            continue
        taken = [line]
        while _quotes(taken) % 2 and len(taken) < _MOST_LINES:
            following = waiting.popleft() if waiting else next(stream, None)
            if following is None:
                break
            taken.append(following)
        if _quotes(taken) % 2:
            waiting.extendleft(reversed(taken[1:]))
            fault = ("truncated", "the file ends inside a quoted field") if taken[-1].state == "open" else None
            yield _spoiled(line, fault or ("bad row", "a quote is opened and not closed"))
            continue
        yield _quoted(taken, delimiter)


def _quotes(taken: list[Line]) -> int:
    return sum(line.data.count(b'"') for line in taken)


def _plain(line: Line, delimiter: str) -> Row:
    if line.state == "broken":
        return _spoiled(line, ("truncated", "the compressed file is damaged or ends here"))
    if line.state == "long":
        return _spoiled(line, ("bad row", "a line of more than 16 MiB"))
    try:
        text = line.data.decode()
    except UnicodeDecodeError:
        return _spoiled(line, ("not UTF-8", "the row is not UTF-8 text: save the file as UTF-8"))
    return Row(line.number, text.split(delimiter) if text.strip() else [], text, open=line.state == "open")


def _quoted(taken: list[Line], delimiter: str) -> Row:
    first, last = taken[0], taken[-1]
    try:
        text = b"\n".join(line.data for line in taken).decode()
        records = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except UnicodeDecodeError:
        return _spoiled(first, ("not UTF-8", "the row is not UTF-8 text: save the file as UTF-8"))
    except csv.Error as error:
        return _spoiled(first, ("bad row", f"its quotes do not fit: {error}"))
    if len(records) != 1:
        return _spoiled(first, ("bad row", "its quotes do not fit"))
    return Row(first.number, records[0], text, open=last.state == "open")


def _spoiled(line: Line, fault: tuple[str, str]) -> Row:
    return Row(line.number, None, line.data[:1000].decode(errors="replace"), fault, line.state == "open")
