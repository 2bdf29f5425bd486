"""WFDB records: a header, its signals as stretches of a waveform, its annotations as facts (extra `signals`).

Signals are read a few minutes at a time and kept as the whole numbers that the recorder wrote; a stretch is ten
seconds.  A record whose header names no date is placed at the start of 1970, and the account says so.
Header and signal formats: WFDB Applications Guide, header(5) and signal(5).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from struct import error as struct_error
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gemel.core.clock import SECOND, instant
from gemel.core.errors import IngestError
from gemel.core.extra import require
from gemel.core.fact import Instant, Level, Observation
from gemel.core.writing import Waveform, Write

from .account import Account
from .feed import Item, content_id
from .portions import portions
from .source import Source, name_of
from .terms import Terms

__all__ = ["read"]

STRETCH_S = 10.0
"""Seconds in a stretch."""
_AT_ONCE_S = 300.0
"""Seconds that are read at a time."""
_MISSING = -32768
_INVALID = {
    "8": -128, "80": -128, "310": -512, "311": -512, "212": -2048, "16": -32768, "61": -32768, "160": -32768,
    "24": -8388608, "32": -2147483648,
}  # fmt: skip
"""The number that means "no sample", by storage format (signal(5))."""
_UNITS = {"NU": "1", "adu": "1", "bpm": "/min", "mmHg": "mm[Hg]", "C": "Cel", "pm": "1"}
"""UCUM by the units that headers use; what is not listed is UCUM already or kept as it stands."""
_BROKEN = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, OSError, MemoryError, struct_error
)  # fmt: skip
"""What wfdb lets through on damaged files."""

Samples = NDArray[Any]


class _Signal(NamedTuple):
    """How a signal is written: its place, name, storage format, samples a second, unit, gain and baseline."""

    place: int
    name: str
    format: str
    rate: float
    unit: str
    gain: float
    baseline: float


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """A record by its header file.  IngestError when header or signals cannot be read."""
    if isinstance(source, bytes):
        raise IngestError("a WFDB record is several files: give the path of its header")
    wfdb, path = _quietly(require, "wfdb", "signals"), Path(source)
    record = str(path.with_suffix(""))
    try:
        header = _quietly(wfdb.rdheader, record)
        start = _start(header, terms, account)
        yield from _signals(wfdb, record, header, start, (terms, account))
        for annotation in _annotations(path, header):
            found = _quietly(wfdb.rdann, record, annotation.suffix[1:])
            yield from portions(terms.subject, _beats(found, annotation, (start, float(header.fs)), (terms, account)))
    except _BROKEN as error:
        fault = f"{type(error).__name__}: {error}"
        raise IngestError(f"record '{name_of(source)}' cannot be read ({fault}): are all of its files here?") from error


def _quietly(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """A call of wfdb, without the warnings about what it uses of pandas: they are meant for its authors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return function(*arguments, **options)


def _start(header: Any, terms: Terms, account: Account) -> Instant:
    if header.base_date is None or header.base_time is None:
        account.put("start", "not said; placed at 1970-01-01T00:00:00Z")
        return 0
    return instant(datetime.combine(header.base_date, header.base_time), tz=terms.zone, repeated=0)


def _signals(wfdb: Any, record: str, header: Any, start: Instant, on: tuple[Terms, Account]) -> Iterator[Write]:
    terms, account = on
    account.put("fs", int(header.fs) if float(header.fs).is_integer() else float(header.fs))
    account.put("len", int(header.sig_len or 0))
    names: list[str] = list(header.sig_name or [])
    account.put("sig", names)
    sums = [_Moments() for _ in names]
    step = max(1, round(_AT_ONCE_S * header.fs))
    for first in range(0, int(header.sig_len or 0), step):
        last = min(first + step, header.sig_len)
        whole = {"sampfrom": first, "sampto": last, "physical": False, "smooth_frames": False}
        part = _quietly(wfdb.rdrecord, record, **whole)
        at = start + round(first / header.fs * SECOND)
        stretches: list[Waveform] = []
        for place, moments in enumerate(sums):
            signal, digits = _signal(part, place), np.asarray(part.e_d_signal[place])
            missing = digits == _INVALID.get(signal.format, _MISSING)
            moments.add((digits[~missing] - signal.baseline) / signal.gain, int(missing.sum()))
            stretches.extend(_stretches(signal, digits, missing, at, terms))
        yield Write(subject=terms.subject, waveforms=tuple(stretches))
    account.put("mean", [round(m.mean, 5) for m in sums])
    account.put("std", [round(m.deviation, 5) for m in sums])
    account.put("nan", sum(m.missing for m in sums))


def _signal(part: Any, place: int) -> _Signal:
    unit, per_frame = str(part.units[place]), (part.samps_per_frame or [1] * part.n_sig)[place]
    return _Signal(
        place, part.sig_name[place], str(part.fmt[place]), part.fs * per_frame, _UNITS.get(unit, unit),
        float(part.adc_gain[place]), float(part.baseline[place]),
    )  # fmt: skip


def _stretches(signal: _Signal, digits: Samples, missing: Samples, at: Instant, terms: Terms) -> Iterator[Waveform]:
    """Ten seconds at a time.  Numbers of more than 16 bits lose their lowest ones."""
    shift = 0
    while shift < 16 and digits.size and np.abs(np.where(missing, 0, digits)).max() >> shift > -_MISSING - 1:
        shift += 1
    kept = np.where(missing, _MISSING, digits >> shift).astype("<i2")
    size = max(1, round(STRETCH_S * signal.rate))
    for first in range(0, kept.size, size):
        moment = at + round(first / signal.rate * SECOND)
        yield Waveform(
            code=f"wfdb:{signal.name}",
            at=moment,
            rate=signal.rate,
            unit=signal.unit,
            gain=(1 << shift) / signal.gain,
            offset=-signal.baseline / signal.gain,
            samples=kept[first : first + size].tobytes(),
            source="wfdb",
            recorded=moment if terms.recorded is None else terms.recorded,
        )


class _Moments:
    """Mean and standard deviation of a signal that comes in parts (Chan, Golub and LeVeque 1979, eq. 2.1)."""

    def __init__(self) -> None:
        self.count = self.missing = 0
        self.mean = self._squares = 0.0

    @property
    def deviation(self) -> float:
        """Of the population; NaN for no sample."""
        return (self._squares / self.count) ** 0.5 if self.count else float("nan")

    def add(self, values: Samples, missing: int) -> None:
        """One more part."""
        self.missing += missing
        n = values.size
        if n == 0:
            return
        mean, total = float(values.mean()), self.count + n
        gap = mean - self.mean
        self._squares += float(((values - mean) ** 2).sum()) + gap * gap * self.count * n / total
        self.mean, self.count = self.mean + gap * n / total, total


def _annotations(path: Path, header: Any) -> list[Path]:
    """Files of the record's name that are neither header nor signals."""
    signals: list[str] = list(header.file_name or [])
    others = {Path(name).name for name in signals} | {path.name}
    found = [other for other in path.parent.glob(f"{path.stem}.*") if other.name not in others]
    return sorted(other for other in found if other.suffix[1:].isalpha() and other.suffix not in (".hea", ".xws"))


def _beats(found: Any, file: Path, clock: tuple[Instant, float], on: tuple[Terms, Account]) -> Iterator[Item]:
    """Annotations as facts: a beat's label, or the rhythm that begins there."""
    (start, rate), (terms, account) = clock, on
    for sample, symbol, note in zip(found.sample.tolist(), found.symbol, found.aux_note, strict=True):
        account.tally(file.suffix[1:], symbol)
        at = start + round(sample / rate * SECOND)
        text = note.strip("\x00 ")
        code, level = ("gemel:rhythm", text) if symbol == "+" and text else ("gemel:beat", symbol)
        yield Observation(
            id=content_id(terms.subject, "wfdb", file.name, sample, symbol, text), code=code, value=Level(level),
            unit="1", at=at, recorded=at if terms.recorded is None else terms.recorded, source=f"wfdb/{file.name}",
        )  # fmt: skip
