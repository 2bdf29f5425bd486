"""A body with many rows, read into writes: one for each subject, the rows that cannot be facts kept among them.

    row                                                              JSON or MessagePack (see `rows`): one alone
    [row, row, ...]                                                  JSON or MessagePack
    row newline row newline ...                                      NDJSON
    {"series": [{"subject", "code", "unit", "at": [...], "value": [...]}, ...]}    JSON or MessagePack: columns

Rows count from 1, in the order they came; those of a later series after those of an earlier one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

import msgspec

from ..core.errors import GemelError, IngestError
from ..core.fact import Exact, Fact, Instant, Observation, Rejected
from ..core.writing import Write
from .rows import EARLIEST, LATEST, Row, fact_of, instant_of

__all__ = ["MEDIA", "Batch", "Refused", "Series", "Table", "read"]


class Series(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Readings of one code of one subject: equally many instants [us since 1970 UTC] and numbers; null is no reading
    and is rejected."""

    subject: str = ""
    code: str
    unit: str = "1"
    at: list[int]
    value: list[float | None]
    source: str = "api"
    entity: str | None = None
    recorded: int | str | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Columns."""

    series: list[Series]


class Whole(msgspec.Struct, frozen=True):
    """A body that is an object: columns, or else one row."""

    series: list[Series] | msgspec.UnsetType = msgspec.UNSET


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A row that could not become a fact, by its number."""

    row: int
    reason: str


@dataclass(slots=True)
class Batch:
    """What was read: rows, facts by subject, and rejected rows by the subject they are kept with ("": nobody); `alone`:
    the body was one row."""

    items: int = 0
    alone: bool = False
    facts: dict[str, list[Fact]] = field(default_factory=lambda: defaultdict[str, list[Fact]](list))
    kept: dict[str, list[Rejected]] = field(default_factory=lambda: defaultdict[str, list[Rejected]](list))
    refused: list[Refused] = field(default_factory=list[Refused])

    def writes(self) -> list[Write]:
        """One for each subject."""
        return [
            Write(subject=own, facts=tuple(self.facts.get(own, ())), rejected=tuple(self.kept.get(own, ())))
            for own in dict.fromkeys((*self.facts, *self.kept))
        ]


@dataclass(frozen=True, slots=True)
class Reader:
    """How rows become facts: whose a row is that does not say, who is enrolled, when it came and through which door."""

    subject: str
    enrolled: Callable[[str], bool]
    came: Instant
    door: str

    def take(self, batch: Batch, row: Row | str, raw: Callable[[], bytes]) -> None:
        """One row, or the reason why it could not be decoded."""
        batch.items += 1
        own = self.subject
        try:
            if isinstance(row, str):
                raise IngestError(row)
            own = self._whose(row.subject)
            fact = fact_of(row, self.came)
        except (GemelError, ValueError, OverflowError) as error:
            code = row.code if isinstance(row, Row) else ""
            self._refuse(batch, batch.items, str(error), (own, code, raw()))
        else:
            batch.facts[own].append(fact)

    def take_series(self, batch: Batch, series: Series) -> None:
        """Columns: all at once where nothing is wrong with any of them."""
        first, n = batch.items, max(len(series.at), len(series.value))
        own = ""
        try:
            own = self._whose(series.subject)
            if len(series.at) != len(series.value):
                raise IngestError(f"{len(series.at)} instants for {len(series.value)} values: give as many of each")
            recorded = self.came if series.recorded is None else instant_of(series.recorded)
        except (GemelError, ValueError, OverflowError) as error:
            for k in range(n):
                self._refuse(batch, first + k + 1, str(error), (own, series.code, _cell(series, k)))
            batch.items += n
            return
        if n and _sound(series, recorded):
            batch.facts[own].extend(_facts(series, recorded))
            batch.items += n
            return
        for k in range(n):
            row = Row(code=series.code, at=series.at[k], unit=series.unit, value=series.value[k], entity=series.entity,
                      source=series.source, recorded=recorded, subject=own)  # fmt: skip
            self.take(batch, row if row.value is not None else "null is no reading", lambda k=k: _cell(series, k))

    def _whose(self, named: str) -> str:
        own = named or self.subject
        if not own:
            raise IngestError("the row does not say whose it is: give 'subject'")
        if self.subject and own != self.subject:
            raise IngestError(f"the row is of '{own}', the address of '{self.subject}': send it there, or in bulk")
        if not self.enrolled(own):
            raise IngestError(f"no subject '{own}' here: enrol it with POST /api/subjects")
        return own

    def _refuse(self, batch: Batch, number: int, reason: str, about: tuple[str, str, bytes]) -> None:
        own, code, raw = about
        batch.refused.append(Refused(row=number, reason=reason))
        kept = Rejected(reason=reason, source=f"{self.door}#{number}", raw=raw.decode(errors="replace"), code=code)
        batch.kept[own if own and self.enrolled(own) else ""].append(kept)


def read(body: bytes, media: str, reader: Reader) -> Batch:
    """Read a body of this media type; IngestError when it is of none that is known, or breaks off."""
    batch = Batch()
    if media in _NDJSON:
        _lines(body, reader, batch)
    elif media in _JSON or media in _MSGPACK:
        codec = msgspec.json if media in _JSON else msgspec.msgpack
        _document(body, codec, reader, batch)
    else:
        raise IngestError(f"a body of '{media}' cannot be read: send {', '.join(MEDIA)}")
    return batch


_NDJSON: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/jsonlines")
_JSON: Final = ("application/json", "")
_MSGPACK: Final = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")
MEDIA: Final = ("application/json", "application/x-ndjson", "application/msgpack")
"""The media types by their usual names."""
_LINE = msgspec.json.Decoder(Row)


def _lines(body: bytes, reader: Reader, batch: Batch) -> None:
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            row: Row | str = _LINE.decode(line)
        except msgspec.MsgspecError as error:
            row = str(error)
        reader.take(batch, row, lambda line=line: line)


def _document(body: bytes, codec: Any, reader: Reader, batch: Batch) -> None:
    try:
        whole: list[msgspec.Raw] | Whole = codec.decode(body, type=list[msgspec.Raw] | Whole)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise IngestError(f"the body cannot be read: {error}") from error
    if isinstance(whole, Whole) and whole.series is not msgspec.UNSET:
        for series in whole.series:
            reader.take_series(batch, series)
        return
    batch.alone = isinstance(whole, Whole)
    raws = [msgspec.Raw(body)] if isinstance(whole, Whole) else whole
    for raw, row in zip(raws, _each(raws, codec), strict=True):
        reader.take(batch, row, lambda raw=raw: _shown(raw, codec))


def _each(raws: list[msgspec.Raw], codec: Any) -> Iterator[Row | str]:
    decode = codec.Decoder(Row).decode
    for raw in raws:
        try:
            yield decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            yield str(error)


def _shown(raw: msgspec.Raw, codec: Any) -> bytes:
    """A rejected row as JSON text, whatever it came as."""
    if codec is msgspec.json:
        return bytes(raw)
    try:
        return msgspec.json.encode(msgspec.msgpack.decode(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return bytes(raw)


def _cell(series: Series, k: int) -> bytes:
    at = series.at[k] if k < len(series.at) else None
    value = series.value[k] if k < len(series.value) else None
    return msgspec.json.encode({"code": series.code, "unit": series.unit, "at": at, "value": value})


def _sound(series: Series, recorded: Instant) -> bool:
    """Whether each instant and number can be a fact: told without looking at each in Python."""
    if not series.code or not EARLIEST <= recorded <= LATEST:
        return False
    if min(series.at) < EARLIEST or max(series.at) > LATEST:
        return False
    return None not in series.value and isfinite(sum(v for v in series.value if v is not None))


def _facts(series: Series, recorded: Instant) -> Iterator[Observation]:
    code, unit, source, entity = series.code, series.unit, series.source, series.entity
    stem = f"{source}/{code}{'/' + entity if entity else ''}@"
    for at, value in zip(series.at, series.value, strict=True):
        assert value is not None  # `_sound` has looked
        yield Observation(
            id=f"{stem}{at}", code=code, value=Exact(value), unit=unit, at=at, recorded=recorded, source=source,
            entity=entity,
        )  # fmt: skip
