"""Garmin FIT files: activities, daily monitoring, scales and cuffs (package fitdecode, extra `signals`).

Every data message is counted by its type, as Garmin's own kit names them.  Fields listed in `fit_fields.csv` become
facts; the others are counted as skipped.  A checksum that does not fit, or an end that comes too early, is a named
error after everything that could be read.  A file in which several people stand (a scale in the hall) gives each their
own subject.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from struct import error as struct_error
from typing import Any, final

from gemel.core.clock import SECOND, instant
from gemel.core.errors import IngestError
from gemel.core.extra import require
from gemel.core.fact import Count, Exact, Instant, Observation, Rejected, Value
from gemel.core.writing import Write

from .account import Account
from .feed import Item, content_id, reject
from .portions import PORTION
from .source import Source, name_of, whole
from .terms import Terms
from .values import check

__all__ = ["read"]

_FIT_EPOCH = 631065600
"""Seconds from 1970 to 1989-12-31T00:00Z, where FIT's clock starts (FIT Protocol, date_time)."""
_STEPS = "loinc:55423-8"
_ON_FOOT = ("walking", "running")
_READ = ("timestamp", "timestamp_16", "local_timestamp", "cycles", "steps", "activity_type")
"""Fields that are read, though they are no facts by themselves."""
_BROKEN = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    OSError,
    struct_error,
)
"""What fitdecode lets through, besides its own errors, on damaged bytes."""

Fields = Mapping[str, Any]


@cache
def _meanings() -> Mapping[tuple[str, str], tuple[str, str]]:
    """Code and unit by message and field."""
    text = files("gemel.ingest").joinpath("fit_fields.csv").read_text(encoding="utf-8")
    return {(row["message"], row["field"]): (row["code"], row["unit"]) for row in csv.DictReader(text.splitlines())}


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """The facts of one file.  IngestError names a fault of the file; what came before it holds."""
    fitdecode = require("fitdecode", "signals")
    name = name_of(source)
    session = _Session(name, terms, account)
    fault: IngestError | None = None
    try:
        for frame in _frames(fitdecode, whole(source)):
            if frame.frame_type == fitdecode.FIT_FRAME_DEFINITION:
                session.define(frame)
            elif frame.frame_type == fitdecode.FIT_FRAME_DATA:
                session.take(frame)
            if session.full:
                yield from session.writes()
    except (fitdecode.FitError, *_BROKEN) as error:
        kind = type(error).__name__
        fault = IngestError(f"'{name}' is no sound FIT file ({kind}: {error}); what came before is read")
    yield from session.writes()
    session.finish()
    if fault is not None:
        raise fault


def _frames(fitdecode: Any, content: bytes) -> Iterator[Any]:
    with fitdecode.FitReader(
        content, check_crc=fitdecode.CrcCheck.RAISE, error_handling=fitdecode.ErrorHandling.RAISE
    ) as reader:
        yield from reader


@final
class _Session:
    """One file: its messages counted, its clock followed, its facts gathered by person."""

    def __init__(self, name: str, terms: Terms, account: Account) -> None:
        self._name, self._terms, self._account = name, terms, account
        self._items: dict[str, list[Item]] = {}
        self._counts: Counter[str] = Counter()
        self._rates: list[float] = []
        self._clock: int | None = None
        self._started: Instant | None = None
        self._steps: dict[str, float] = {}
        self._users: set[int] = set()
        self._device = ""
        account.put("garmin_messages", {})

    @property
    def full(self) -> bool:
        """Whether there is a portion to be written."""
        return sum(map(len, self._items.values())) >= PORTION

    def define(self, frame: Any) -> None:
        """A type of message is announced; it stands in the account even when none comes."""
        self._counts[_title(frame)] += 0

    def take(self, frame: Any) -> None:
        """One data message."""
        self._counts[_title(frame)] += 1
        fields: Fields = {field.name: field.value for field in frame.fields if field.value is not None}
        if frame.name == "file_id":
            self._device = str(fields.get("serial_number", ""))
        elif frame.name == "user_profile":
            self._users.add(int(fields.get("message_index", len(self._users))))
        at = self._moment(fields)
        for field, value in fields.items():
            meaning = _meanings().get((frame.name, field))
            if meaning is not None:
                self._keep(frame.name, field, value, meaning, at, fields)
            elif field not in _READ:
                self._account.skip(f"fields of {frame.name} that are not read")
        if frame.name == "record" and isinstance(fields.get("heart_rate"), (int, float)):
            self._rates.append(float(fields["heart_rate"]))
        if frame.name == "monitoring" and fields.get("activity_type") in _ON_FOOT:
            steps = fields.get("steps", 2 * fields["cycles"] if "cycles" in fields else None)  # a cycle is two steps
            if steps is not None:
                self._walk(str(fields["activity_type"]), float(steps), at)

    def finish(self) -> None:
        """Say what the file held."""
        self._account.put("garmin_messages", dict(sorted(self._counts.items())))
        if self._rates:
            self._account.put("hr_n", len(self._rates))
            self._account.put("hr_mean", round(sum(self._rates) / len(self._rates), 3))

    def writes(self) -> Iterator[Write]:
        """What has been gathered, by person."""
        for subject, items in self._items.items():
            yield Write(
                subject=subject,
                facts=tuple(item for item in items if not isinstance(item, Rejected)),
                rejected=tuple(item for item in items if isinstance(item, Rejected)),
            )
        self._items.clear()

    def _moment(self, fields: Fields) -> Instant | None:
        """When a message was made; a time stamp of 16 bits counts on from the last whole one (FIT Protocol).

        Below 0x10000000 a time stamp counts from the device's start; the message that closes an activity gives that
        count beside the local time.
        """
        whole, local = fields.get("timestamp"), fields.get("local_timestamp")
        if isinstance(whole, datetime):
            self._clock = int(whole.timestamp()) - _FIT_EPOCH
            return instant(whole)
        if isinstance(whole, int):
            if isinstance(local, datetime):
                self._started = instant(local.replace(tzinfo=None), tz=self._terms.zone, repeated=0) - whole * SECOND
            return None if self._started is None else self._started + whole * SECOND
        short = fields.get("timestamp_16")
        if isinstance(short, int) and self._clock is not None:
            self._clock += (short - self._clock) & 0xFFFF
            return (self._clock + _FIT_EPOCH) * SECOND
        return None

    def _keep(
        self, message: str, field: str, value: Any, meaning: tuple[str, str], at: Instant | None, fields: Fields
    ) -> None:
        code, unit = meaning
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self._account.skip(f"{message}.{field} without a number")
        elif at is None:
            self._refuse("no time", f"{message}.{field} has no time stamp", str(value), code)
        else:
            self._add(self._person(fields), code, Exact(value), unit, at)

    def _walk(self, kind: str, steps: float, at: Instant | None) -> None:
        """Steps since the message before; the device counts on over the day."""
        if at is None:
            return self._refuse("no time", "monitoring.steps has no time stamp", str(steps), _STEPS)
        before = self._steps.get(kind, 0.0)
        self._steps[kind] = steps
        self._add(self._terms.subject, _STEPS, Count(round(steps - before if steps >= before else steps)), "1", at)

    def _person(self, fields: Fields) -> str:
        user = fields.get("user_profile_index")
        if len(self._users) < 2 or not isinstance(user, int):
            return self._terms.subject
        return self._terms.who((f"garmin:user|{self._device}/{user}",))

    def _add(self, subject: str, code: str, value: Value, unit: str, at: Instant) -> None:
        entry = self._terms.codes.get(code)
        if entry is not None and entry.limits is not None:
            wrong = check(value, unit, entry.limits, code)
            if wrong is not None:
                return self._refuse(*wrong, str(value), code)
        recorded = at if self._terms.recorded is None else self._terms.recorded
        id = content_id(subject, "fit", self._device, code, at, value)
        fact = Observation(id=id, code=code, value=value, unit=unit, at=at, recorded=recorded, source="garmin")
        self._items.setdefault(subject, []).append(fact)

    def _refuse(self, kind: str, detail: str, raw: str, code: str) -> None:
        row = reject(kind, detail, source=f"{self._name}#{self._counts.total()}", raw=raw, code=code)
        self._items.setdefault(self._terms.subject, []).append(row)


def _title(frame: Any) -> str:
    """A message's type as Garmin's kit names it: 'record_mesgs', or the number of a type without a name."""
    name = frame.name or ""
    return str(frame.global_mesg_num) if name.startswith("unknown") or not name else f"{name}_mesgs"
