"""A hospital whose true history is drawn first, and the ADT feed about it as a bad day would deliver it.

The truth is a list of intervals (patient, ward, from, to) drawn without looking at any message.  The feed tells it in
HL7 with events that never happened and were taken back, entries taken back and made again, temporary ids merged later,
events of one minute sent in the wrong order, repeats, messages about nothing, and everything shuffled.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

WARDS = ("ED", "MED1", "MED2", "SURG", "ICU")
START = datetime(2026, 3, 1)
DAYS = 6


@dataclass
class Feed:
    """The truth in minutes since START, and the messages as (sent minute, HL7 text).

    On a `wild` day the time of sending says nothing: every message is written down up to seven hours late by itself.
    """

    luck: random.Random
    wild: bool = False
    truth: list[tuple[str, str, int, int | None]] = field(default_factory=list)
    messages: list[tuple[float, bytes]] = field(default_factory=list)
    number: int = 0

    def tell(self, trigger: str, ids: list[str], at: int, **more: str | float) -> float:
        """Write a message about one of the ids of a patient; when it was sent."""
        self.number += 1
        sent = at + self.luck.uniform(0.2, 400 if self.wild else 9)
        sent = sent if self.wild else float(more.get("sent", sent))
        ward, prior = more.get("ward", ""), more.get("prior", "")
        own = str(more.get("own") or self.luck.choice(ids))
        stamp, when = _time(sent), _time(at)
        lines = [
            f"MSH|^~\\&|PAS|HOSP|TWIN|HOSP|{stamp}||ADT^{trigger}|N{self.number:06d}|P|2.5.1",
            f"EVN|{trigger}|{stamp}||||{when}",
            f"PID|1||{own}^^^HOSP^MR||TEST^{own}||19700101|F",
            *([f"MRG|{more['merged']}^^^HOSP^MR"] if "merged" in more else []),
            f"PV1|1|I|{ward}^1^A^HOSP|||{prior}^1^A^HOSP" if ward else "PV1|1|I",
        ]
        self.messages.append((sent, "\r".join(lines).encode()))
        if self.luck.random() < 0.08:
            self.messages.append((sent, self.messages[-1][1]))
        return sent


def _time(minute: float) -> str:
    return (START + timedelta(minutes=minute)).strftime("%Y%m%d%H%M%S")


def census(truth: list[tuple[str, str, int, int | None]], minute: float) -> dict[str, int]:
    """Patients by ward at a minute: one look at every interval."""
    found = dict.fromkeys(WARDS, 0)
    for _, ward, a, b in truth:
        found[ward] += a <= minute and (b is None or minute < b)
    return found


def feed(seed: int, patients: int = 40, *, wild: bool = False) -> Feed:
    """A drawn hospital and its feed, shuffled."""
    made = Feed(random.Random(seed), wild)
    for k in range(patients):
        _patient(made, k)
    made.luck.shuffle(made.messages)
    return made


def _patient(made: Feed, k: int) -> None:
    luck = made.luck
    ids = [f"P{k:04d}"]
    if luck.random() < 0.25:
        ids.append(f"T{k:04d}")
        if luck.random() < 0.4:
            ids.append(f"U{k:04d}")
    for prior, survivor in zip(ids[1:], ids, strict=False):  # chains: U into T, T into P
        made.tell("A40", ids, luck.randrange(DAYS * 1440), merged=prior, own=survivor)
    minute = luck.randrange(2 * 1440)
    for _ in range(luck.randrange(1, 4)):
        if minute >= DAYS * 1440:
            return
        minute = _stay(made, ids, minute) + luck.choice([0, 0, luck.randrange(5, 2000)])


def _stay(made: Feed, ids: list[str], minute: int) -> int:
    """One stay from a minute on; the minute it ended, far away when it did not."""
    luck = made.luck
    if luck.random() < 0.2:
        minute = _never_admitted(made, ids, minute)
    emergency = luck.random() < 0.5
    ward = "ED" if emergency else luck.choice(WARDS[1:])
    _admit(made, ids, minute, "A04" if emergency else "A01", ward)
    arrived = minute
    for step in range(luck.randrange(0, 5)):
        ahead = 0 if luck.random() < 0.15 else luck.randrange(40, 600)
        to = luck.choice([w for w in WARDS[1:] if w != ward])
        if ahead and luck.random() < 0.25:
            _never_moved(made, ids, minute + ahead // 3, ward=ward, to=to)
        elif ahead and luck.random() < 0.2:
            _never_left(made, ids, minute + ahead // 3, ward=ward)
        made.truth += [(ids[0], ward, arrived, minute + ahead)]
        minute += ahead
        made.tell("A06" if emergency and not step else "A02", ids, minute, ward=to, prior=ward)
        if luck.random() < 0.2:
            made.tell(luck.choice(["A08", "A05", "A21", "A54"]), ids, minute, ward=luck.choice(WARDS))
        ward, arrived = to, minute
    if luck.random() < 0.3:
        made.truth += [(ids[0], ward, arrived, None)]
        return 10**9
    end = minute + luck.randrange(40, 900)
    made.truth += [(ids[0], ward, arrived, end)]
    made.tell("A03", ids, end, ward=ward)
    if luck.random() < 0.2:
        made.tell("A08", ids, end + 300, ward=ward)
    return end


def _admit(made: Feed, ids: list[str], minute: int, trigger: str, ward: str) -> None:
    """An admission, sometimes entered, taken back and entered again with the same time of occurrence."""
    sent = made.tell(trigger, ids, minute, ward=ward)
    if made.luck.random() < 0.15 and not made.wild:  # then nobody could tell what was entered last
        for _ in range(made.luck.randrange(1, 3)):
            sent = made.tell("A11", ids, minute, ward=ward, sent=sent + 3)
            sent = made.tell(trigger, ids, minute, ward=ward, sent=sent + 3)


def _when(made: Feed, minute: int) -> int:
    """What senders put into the occurrence of a cancellation: its own time, or that of the event."""
    return minute if made.luck.random() < 0.5 else minute + 8


def _never_admitted(made: Feed, ids: list[str], minute: int) -> int:
    ward = made.luck.choice(WARDS[1:])
    sent = made.tell("A01", ids, minute, ward=ward)
    if made.luck.random() < 0.4:
        sent = max(sent, made.tell("A02", ids, minute + 4, ward=made.luck.choice(WARDS[1:]), prior=ward))
    made.tell("A11", ids, _when(made, minute), ward=ward, sent=max(sent, minute + 8) + 1)
    return minute + 30


def _never_moved(made: Feed, ids: list[str], minute: int, *, ward: str, to: str) -> None:
    sent = made.tell("A02", ids, minute, ward=to, prior=ward)
    made.tell("A12", ids, _when(made, minute), ward=ward, prior=to, sent=sent + 5)


def _never_left(made: Feed, ids: list[str], minute: int, *, ward: str) -> None:
    sent = made.tell("A03", ids, minute, ward=ward)
    made.tell("A13", ids, _when(made, minute), ward=ward, sent=sent + 5)
