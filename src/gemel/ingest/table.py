"""CSV and TSV files by a declarative mapping: `read(path, mapping, zone=...)`.

Each row gives, for every rule of the mapping that applies to it, a fact, a rejection or a counted skip.  A row that
cannot be split, placed in time or finished is rejected as a whole.  Doses of zero carry nothing and are skipped; rates
of zero mean "stopped" and are facts.  Rows may come in any order and with gaps, since a fact carries its time.

Half-written ends: a last line without a line break is rejected as truncated when a field is missing or when its last
field is one that is read, for '12' may once have been '120'.  End the file with a line break to have it read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gemel.core.clock import zone as known_zone
from gemel.core.errors import IngestError, TimelineError, UnitError
from gemel.core.fact import Exact, Instant, Intervention, Level, Observation, Rejected, Value
from gemel.core.units import parse

from .codes import Codes, table
from .feed import Feed, Item, content_id, reject
from .mapping import Rule, TableMapping, load
from .rows import Row, rows
from .source import Source, first_bytes, name_of
from .times import Calendar
from .values import Limits, censored, check

__all__ = ["Terms", "header", "read", "stream"]

_NOTE = "local times that the autumn clock change repeats, placed by the order of the rows"


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms rows are read: zone of local times, when they became known, what sets ids apart, the code table."""

    zone: str
    recorded: Instant | None = None
    scope: str = ""
    codes: Codes = field(default_factory=table)

    def __post_init__(self) -> None:
        known_zone(self.zone)


def read(
    path: Source,
    mapping: TableMapping | Path | str,
    *,
    zone: str,
    recorded: Instant | None = None,
    scope: str = "",
    codes: Codes | None = None,
) -> Feed:
    """The facts and rejected rows of one table; `path` may be the bytes themselves, plain or gzip.

    `zone` is that of local times.  `recorded` is when the rows became known; without it each counts as known when it
    happened, which is what replaying the past wants.  `scope` sets ids apart (one subject's from another's).  Raises
    IngestError for a source without a readable header, TimelineError for an unknown zone.
    """
    plan = mapping if isinstance(mapping, TableMapping) else load(mapping)
    terms = Terms(zone, recorded, scope, codes or table())
    header(path, plan)
    return Feed(name_of(path), lambda feed: stream(feed, path, plan, terms))


def header(path: Source, plan: TableMapping) -> list[str]:
    """The column names.  IngestError when the source has no header that fits the mapping."""
    name = name_of(path)
    start = first_bytes(path)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in start:
        raise IngestError(f"'{name}' is not UTF-8 text (UTF-16 or binary): save it as CSV UTF-8")
    for row in rows(path, plan.delimiter):
        if row.number <= plan.preamble or row.fields == []:
            continue
        if row.fields is None:
            raise IngestError(f"'{name}' line {row.number} should be the header, but {row.fault[1]}")
        columns = [field.strip() for field in row.fields]
        missing = sorted(plan.columns() - set(columns))
        if missing:
            found = ", ".join(columns)[:300]
            raise IngestError(f"'{name}' has no column {missing} (mapping '{plan.name}'); its header reads: {found}")
        twice = sorted(c for c in plan.columns() if columns.count(c) > 1)
        if twice:
            raise IngestError(f"'{name}' has the column {twice} twice: rename one")
        return columns
    raise IngestError(f"'{name}' has no header row: its first line must name the columns {sorted(plan.columns())}")


def stream(feed: Feed, path: Source, plan: TableMapping, terms: Terms) -> Iterator[Item]:
    """The items of one table, counted in `feed`; several tables may share one feed."""
    reader = _Reader(feed, name_of(path), plan, header(path, plan), terms)
    body = rows(path, plan.delimiter)
    for row in body:
        if row.number > plan.preamble and row.fields != []:
            break  # the header
    for row in body:
        yield from reader.items(row)
    if reader.calendar.repeated:
        feed.notes[_NOTE] += reader.calendar.repeated


@dataclass(frozen=True, slots=True)
class _Column:
    """A rule, bound to the positions of its columns."""

    rule: Rule
    at: int
    unit_at: int | None
    where: tuple[tuple[int, str], ...]
    limits: Limits | None


class _Reader:
    """Turns the rows of one table into items."""

    def __init__(self, feed: Feed, name: str, plan: TableMapping, columns: list[str], terms: Terms) -> None:
        self.calendar = Calendar(terms.zone, form=plan.format, offset=plan.offset)
        self._feed, self._name, self._plan, self._terms = feed, name, plan, terms
        self._width = len(columns)
        self._time = [columns.index(column) for column in plan.time]
        self._id = columns.index(plan.id_column) if plan.id_column else None
        self._columns = [
            _Column(
                rule,
                columns.index(rule.column),
                columns.index(rule.unit_column) if rule.unit_column else None,
                tuple((columns.index(column), text) for column, text in rule.where.items()),
                rule.known_limits(terms.codes),
            )
            for rule in plan.rules
        ]
        self._needed = max(columns.index(column) for column in plan.columns())
        compared = {column for rule in plan.rules for column in rule.where}  # a cut text matches no rule
        self._last_is_read = columns[-1] in plan.columns() - compared

    def items(self, row: Row) -> Iterator[Item]:
        """What one row holds."""
        feed, fields = self._feed, row.fields
        if fields == []:
            feed.skip("blank line")
            return
        if fault := self._fault(row):
            yield self._refuse(row, *fault)
            return
        assert fields is not None  # a row that cannot be split is a fault
        chosen = [c for c in self._columns if all(fields[i].strip() == text for i, text in c.where)]
        if not chosen:
            feed.skip(self._unruled(fields))
            return
        try:
            at = self.calendar.instant(" ".join(fields[i].strip() for i in self._time))
        except TimelineError as error:
            yield self._refuse(row, "bad time", str(error), chosen[0].rule.code)
            return
        for column in chosen:
            item = self._item(row, fields, column, at)
            if item is not None:
                feed.items += 1
                yield item

    def _fault(self, row: Row) -> tuple[str, str] | None:
        """Why the row as a whole cannot be used."""
        if row.fields is None:
            return row.fault
        count = len(row.fields)
        if row.open and (count < self._width or self._last_is_read):
            return "truncated", "the last line has no line break, so it may be cut short"
        if count > self._width and any(field.strip() for field in row.fields[self._width :]):
            return (
                "bad row",
                f"{count} fields where the header has {self._width}: a delimiter inside a field?",
            )
        if count <= self._needed:
            return "bad row", f"{count} of {self._width} fields"
        return None

    def _unruled(self, fields: list[str]) -> str:
        asked = sorted({place for column in self._columns for place, _ in column.where})
        return "no rule for " + ", ".join(f"'{fields[place].strip()[:40]}'" for place in asked)

    def _item(self, row: Row, fields: list[str], column: _Column, at: Instant) -> Item | None:
        rule, text = column.rule, fields[column.at].strip()
        unit = rule.unit if column.unit_at is None else fields[column.unit_at].strip()
        if not text:
            if rule.empty == "skip":
                self._feed.skip(f"{rule.column} is empty")
                return None
            return self._rejected(row, "no value", f"{rule.column} is empty", rule.code)
        value = rule.levels.get(text.casefold())
        if value is None:
            try:
                value = censored(text, self._plan.decimal)
            except ValueError:
                return self._rejected(row, "not a number", f"{rule.column} is '{text[:40]}'", rule.code)
        if rule.kind != "observation" and not isinstance(value, Exact):
            return self._rejected(row, "not a number", f"a {rule.kind} of '{text[:40]}'", rule.code)
        if column.unit_at is not None:
            try:
                parse(unit)
            except UnitError as error:
                return self._rejected(row, "wrong unit", str(error), rule.code)
        if column.limits is not None and not isinstance(value, Level):
            wrong = check(value, unit, column.limits, rule.column)
            if wrong is not None:
                return self._rejected(row, *wrong, rule.code)
        if rule.kind == "dose" and value == Exact(0.0):
            self._feed.skip(f"{rule.column} is zero: a dose of nothing")
            return None
        return self._fact(fields, rule, at, value, unit)

    def _fact(self, fields: list[str], rule: Rule, at: Instant, value: Value, unit: str) -> Item:
        scope, recorded = self._terms.scope, at if self._terms.recorded is None else self._terms.recorded
        if self._id is not None:
            fact_id = content_id(scope, self._plan.name, rule.code, rule.kind, fields[self._id].strip())
        else:
            fact_id = content_id(scope, rule.code, rule.kind, at, value, unit)
        if rule.kind == "observation" or not isinstance(value, Exact):
            return Observation(
                id=fact_id,
                code=rule.code,
                value=value,
                unit=unit,
                at=at,
                recorded=recorded,
                source=self._name,
            )
        dose, rate = (value.value, None) if rule.kind == "dose" else (None, value.value)
        return Intervention(
            id=fact_id,
            code=rule.code,
            at=at,
            recorded=recorded,
            unit=unit,
            dose=dose,
            rate=rate,
            source=self._name,
        )

    def _rejected(self, row: Row, kind: str, detail: str, code: str = "") -> Rejected:
        return reject(kind, detail, source=f"{self._name}:{row.number}", raw=row.text, code=code)

    def _refuse(self, row: Row, kind: str, detail: str, code: str = "") -> Rejected:
        self._feed.items += 1
        return self._rejected(row, kind, detail, code)
