"""The devices of the ward demo: sensors that go on each minute, monitors that count heart beats and breaths.

What they tell is posted to the service's bulk route as it falls due, in real time.  A life that has been told to its
end begins again from the demo's present, so that the ward goes on for as long as somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..core.clock import MINUTE, SECOND
from ..core.fact import Instant
from .demo_ward_feed import SOURCE, acts, row
from .demo_ward_life import AHEAD, Patient
from .device import VITALS

__all__ = ["Census", "Device", "Monitor", "Sensor", "due"]

Json = dict[str, Any]
BEAT: Final = 5 * SECOND
"""How often a monitor tells its numbers."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """The glucose sensor, pump and diary of a patient: what it tells after one instant and until another."""

    subject: str
    patient: Patient
    begun: Instant

    def told(self, after: Instant, until: Instant) -> Iterator[Json]:
        """Rows that fall due."""
        first = self.begun + (self.patient.number * 17) % 60 * SECOND  # each at its own second of the minute
        for again in range(max(0, (after - first) // AHEAD), (until - first) // AHEAD + 1):
            yield from self._life(first - self.begun + again * AHEAD, after, until)

    def _life(self, shift: Instant, after: Instant, until: Instant) -> Iterator[Json]:
        """The life after the demo's present, moved by so much."""
        for at, value in self.patient.glucose:
            if self.begun < at <= self.begun + AHEAD and after < at + shift <= until:
                yield row(self.subject, at + shift, value)
        for act in acts(self.patient, self.subject, self.begun, self.begun + AHEAD):
            if after < act["at"] + shift <= until:
                yield {**act, "at": act["at"] + shift}


@dataclass(frozen=True, slots=True)
class Monitor:
    """Heart rate, saturation and breathing about a resting value; chosen by `device.VITALS`, no clinical reference."""

    subject: str
    seed: int

    def told(self, after: Instant, until: Instant) -> Iterator[Json]:
        """Rows that fall due: at each whole multiple of `BEAT`."""
        for beat in range(after // BEAT + 1, until // BEAT + 1):
            luck = np.random.default_rng((self.seed, beat // 12))  # wanders slowly: a level each minute, and a little
            level, little = luck.normal(size=len(VITALS)), np.random.default_rng((self.seed, beat)).normal(size=3)
            for (code, (rest, spread, unit)), slow, quick in zip(VITALS.items(), level, little, strict=True):
                value = float(round(rest + spread * (0.7 * slow + 0.3 * quick)))
                yield {
                    "subject": self.subject, "code": code, "value": min(value, 100.0) if unit == "%" else value,
                    "unit": unit, "at": beat * BEAT, "source": SOURCE,
                }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Census:
    """The desk of a ward, which counts who lies there every minute."""

    subject: str
    count: int

    def told(self, after: Instant, until: Instant) -> Iterator[Json]:
        """Counts that fall due."""
        for minute in range(after // MINUTE + 1, until // MINUTE + 1):
            yield {
                "subject": self.subject, "code": "census", "value": {"is": "count", "n": self.count},
                "unit": "{patients}", "at": minute * MINUTE, "source": SOURCE,
            }  # fmt: skip


Device = Sensor | Monitor | Census


def due(devices: Sequence[Device], after: Instant, until: Instant) -> list[Mapping[str, Any]]:
    """What all devices tell with after < at <= until."""
    return [told for device in devices for told in device.told(after, until)]
