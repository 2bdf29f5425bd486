"""Simulated bedside devices that publish over MQTT: a glucose sensor, and a monitor with a heart trace.

The sensor is worn by one virtual person of a registered glucose model, who eats, boluses and is read every five minutes
with the model's own sensor error.  The monitor's heart rate, saturation and breathing wander about a resting value; its
trace is drawn from five bumps a beat and has a code of its own, so that nobody takes it for a recording.  Everything is
marked 'simulated'.  None of it is for judging an algorithm by.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote

import msgspec
import numpy as np

from ..core.clock import HOUR, SECOND, text
from ..core.errors import GemelError
from ..core.extra import require
from ..core.fact import Instant
from ..core.plan import Action, Schedule
from ..core.subject import Subject
from ..core.writing import Waveform
from ..runtime.site import wall_clock
from ..server.mqtt import address_of
from .shapes_pull import DeviceShape

__all__ = ["ECG", "KINDS", "Device", "Message", "cgm", "monitor", "simulate_device"]

SOURCE: Final = "simulated"
ECG: Final = "gemel:synthetic-ecg"
"""Code of the drawn heart trace [mV]; no standard's code, so that it is never taken for a lead."""
RATE: Final = 250.0
"""Samples a second of the trace."""
GAIN: Final = 0.005
"""mV of one step of a sample."""
STRETCH_S: Final = 2
"""Seconds of trace in one message."""
IN_FLIGHT: Final = 50
"""Messages published and not yet acknowledged by the broker, at most."""
PERSON: Final = "hovorka"
RUN_IN: Final = 6 * HOUR
"""How long the virtual person lives before the sensor is put on."""

VITALS: Final = MappingProxyType({
    "loinc:8867-4": (72.0, 6.0, "/min"), "loinc:59408-5": (97.0, 0.8, "%"), "loinc:9279-1": (15.0, 1.5, "/min"),
})  # fmt: skip
"""Heart rate, saturation, breathing: resting value and spread of the simulation, chosen to look like an adult at rest;
no clinical reference."""
BUMPS: Final = ((-0.20, 0.025, 0.12), (-0.03, 0.010, -0.10), (0.0, 0.012, 1.0), (0.03, 0.012, -0.2), (0.28, 0.05, 0.25))
"""Of a drawn beat: seconds from its peak at 60 a minute, width [s], height [mV]; drawn by eye."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is published: when it is due, on which topic below the subject's, and how many readings and samples."""

    at: Instant
    topic: str
    payload: bytes
    readings: int = 0
    samples: int = 0


@dataclass(frozen=True, slots=True)
class Device:
    """Which device, on whom, for how long [min], and how many simulated seconds pass in one."""

    mqtt: str
    subject: str
    kind: str
    minutes: float
    speed: float
    seed: int


def simulate_device(
    device: Device, now: Callable[[], Instant] = wall_clock, wait: Callable[[float], object] = time.sleep
) -> DeviceShape:
    """Publish until the time is over; the last reading is dated about now, the first so much earlier that none is ahead
    of its time.  GemelError when the broker cannot be reached or does not acknowledge."""
    if device.kind not in KINDS:
        raise GemelError(f"no device '{device.kind}': there are {', '.join(KINDS)}")
    if not (device.speed > 0 and device.minutes > 0):
        raise GemelError(f"speed {device.speed:g} and minutes {device.minutes:g} are above 0")
    span = device.minutes * 60.0
    begun = now()
    begin = begun - round(span * (1.0 - 1.0 / max(device.speed, 1.0)) * SECOND)
    sent: list[Any] = []
    shape = DeviceShape(subject=device.subject, kind=device.kind, messages=0, readings=0, samples=0,
                        begin=text(begin), end=text(begin), seconds=0.0)  # fmt: skip
    client = _connected(device.mqtt)
    try:
        for message in KINDS[device.kind](begin, span, device.seed):
            due = begun + round((message.at - begin) / device.speed)
            if (early := due - now()) > 0:
                wait(early / SECOND)
            sent.append(client.publish(f"gemel/{device.subject}/{message.topic}", message.payload, qos=1))
            shape.messages += 1
            shape.readings += message.readings
            shape.samples += message.samples
            shape.end = text(message.at)
            if len(sent) >= IN_FLIGHT:
                _acknowledged(sent.pop(0), device.mqtt)
        for one in sent:
            _acknowledged(one, device.mqtt)
    finally:
        client.disconnect()
        client.loop_stop()
    shape.seconds = round((now() - begun) / SECOND, 3)
    return shape


def cgm(begin: Instant, span: float, seed: int) -> Iterator[Message]:
    """A reading of glucose every five minutes."""
    from ..verbs.create import twin
    from ..verbs.forecast import forecast

    start, end = begin - RUN_IN, begin + round(span * SECOND)
    meals = [(start + 2 * HOUR + k * 5 * HOUR, 50.0, 5.0) for k in range(1 + (end - start) // (5 * HOUR))]
    acts = [Action(at, "carbs", dose=grams) for at, grams, _ in meals if at < end]
    acts += [Action(at, "insulin", dose=units) for at, _, units in meals if at < end]
    person = twin(
        PERSON, Subject(id="virtual", zone="UTC", kind="virtual"), at=start, covariates={"weight": 74.0},
        rates={"insulin": 0.9}, members=1, seed=seed,
    )  # fmt: skip
    lived = forecast(person, end, Schedule("lived", tuple(sorted(acts, key=lambda a: a.at))), every=1 / 12)
    for at, value in zip(np.asarray(lived.times).tolist(), np.asarray(lived.readings)[0, :, 0].tolist(), strict=True):
        if at >= begin and np.isfinite(value):
            yield _readings(at, {"loinc:99504-3": (float(np.clip(round(value), 40, 400)), "mg/dL")})


def monitor(begin: Instant, span: float, seed: int) -> Iterator[Message]:
    """Heart rate, saturation and breathing each second, and the trace of the last seconds when it is complete."""
    luck = np.random.default_rng(seed)
    off = dict.fromkeys(VITALS, 0.0)  # from the resting value, in spreads
    beats = [-2.0, -1.0]
    for second in range(int(span) + 1):
        if second and second % STRETCH_S == 0:
            yield _trace(begin, second, beats, luck)
            beats = [beat for beat in beats if beat > second - 2]
        if second == int(span):
            return
        off = {code: 0.98 * value + 0.2 * float(luck.normal()) for code, value in off.items()}
        shown = {code: float(round(rest + spread * off[code])) for code, (rest, spread, _) in VITALS.items()}
        shown["loinc:59408-5"] = min(100.0, shown["loinc:59408-5"])
        yield _readings(begin + second * SECOND, {code: (value, VITALS[code][2]) for code, value in shown.items()})
        rate = max(30.0, shown["loinc:8867-4"])
        while beats[-1] < second + 2:
            beats.append(beats[-1] + 60.0 / rate * (1.0 + 0.02 * float(luck.normal())))


KINDS: Final = MappingProxyType({"cgm": cgm, "monitor": monitor})
"""By the name that `--kind` takes."""


def _readings(at: Instant, values: Mapping[str, tuple[float, str]]) -> Message:
    rows = [{"code": c, "value": v, "unit": unit, "at": at, "source": SOURCE} for c, (v, unit) in values.items()]
    return Message(at, "observations", json.dumps(rows).encode(), readings=len(rows))


def _trace(begin: Instant, end: int, beats: list[float], luck: np.random.Generator) -> Message:
    """The stretch that ends at second `end`; `beats` are the seconds of the beats in and about it."""
    t = end - STRETCH_S + np.arange(round(STRETCH_S * RATE)) / RATE
    shape = np.zeros_like(t)
    for beat, following in pairwise([*beats, 2 * beats[-1] - beats[-2]]):
        for offset, width, height in BUMPS:
            shape += height * np.exp(-0.5 * ((t - beat - offset * np.sqrt(following - beat)) / width) ** 2)
    samples = np.round((shape + luck.normal(0.0, 0.01, t.size)) / GAIN).astype("<i2")
    wave = Waveform(
        code=ECG, at=begin + (end - STRETCH_S) * SECOND, rate=RATE, unit="mV", gain=GAIN, offset=0.0,
        samples=samples.tobytes(), source=SOURCE,
    )  # fmt: skip
    return Message(begin + end * SECOND, "waveforms", msgspec.msgpack.encode(wave), samples=samples.size)


def _connected(url: str) -> Any:
    """A client of the broker; GemelError where it cannot be reached."""
    paho, where = require("paho.mqtt.client", "serve"), address_of(url)
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    if where.username is not None:
        client.username_pw_set(unquote(where.username), unquote(where.password or ""))
    if where.scheme == "mqtts":
        client.tls_set()
    port = where.port or (8883 if where.scheme == "mqtts" else 1883)
    try:
        client.connect(where.hostname, port)
    except OSError as error:
        raise GemelError(f"no MQTT broker at {where.hostname}:{port}: {error}") from error
    client.loop_start()
    return client


def _acknowledged(sent: Any, url: str) -> None:
    sent.wait_for_publish(30.0)
    if not sent.is_published():
        raise GemelError(f"{address_of(url).hostname} has not acknowledged a message for 30 s: is the broker well?")
