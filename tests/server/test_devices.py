"""Simulated devices over a real broker into a real service; and what they say, without either."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from gemel.cli.device import ECG, RATE, STRETCH_S, Device, cgm, monitor, simulate_device
from gemel.core.clock import MINUTE, SECOND
from gemel.core.errors import GemelError
from gemel.core.ports import Caller
from gemel.core.writing import Waveform
from gemel.store import SqliteStore

BROKER = os.environ.get("GEMEL_TEST_MQTT", "mqtt://127.0.0.1:1883")
ME = Caller(id="test")
BEGIN = 1_772_323_200_000_000


def reach() -> None:
    paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt (the extra 'serve') is not installed")
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    try:
        client.connect("127.0.0.1", int(BROKER.rpartition(":")[2]))
    except OSError as error:
        pytest.skip(f"no MQTT broker at {BROKER}: {error}")
    client.disconnect()


@pytest.mark.slow
def test_what_two_devices_publish_is_what_the_service_keeps(spawned: Callable[..., Any], tmp_path: Path) -> None:
    reach()
    site, own = f"test-{uuid.uuid4()}", f"s-{uuid.uuid4()}"
    with spawned(str(tmp_path), "--mqtt", BROKER, "--site", site) as server:
        assert httpx.post(f"{server.url}/api/subjects", json={"id": own, "zone": "UTC"}).status_code < 300
        until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)
        glucose = simulate_device(Device(BROKER, own, "cgm", 60.0, 3600.0, 1))
        bedside = simulate_device(Device(BROKER, own, "monitor", 0.5, 30.0, 1))
        assert (glucose.readings, bedside.readings) == (13, 90)
        sent = f": {glucose.messages + bedside.messages} messages, 0 in hand"
        until(lambda: sent in httpx.get(f"{server.url}/readyz").text)
        assert server.stop() == 0
    now = time.time_ns() // 1000
    with SqliteStore(tmp_path / "gemel.db") as store:
        facts = [fact for _, fact in store.facts(own, ME)]
        assert sum(fact.source == "simulated" for fact in facts) == 103  # and alerts, where one was due
        assert max(fact.at for fact in facts) <= now
        waves = store.waveforms(own, ECG, 0, 2 * now, ME)
        assert sum(len(w.samples) // 2 for w in waves) == bedside.samples == 7500
        assert store.rejected(ME) == []


def test_the_sensor_reads_a_life_every_five_minutes_in_its_range() -> None:
    said = list(cgm(BEGIN, 6 * 3600.0, seed=3))
    assert [message.at - BEGIN for message in said] == [5 * MINUTE * k for k in range(73)]
    values = [json.loads(message.payload)[0]["value"] for message in said]
    assert all(40 <= value <= 400 for value in values)
    assert max(values) - min(values) > 20  # there was a meal
    assert [m.payload for m in cgm(BEGIN, 6 * 3600.0, seed=3)] == [m.payload for m in said]


def test_the_trace_beats_as_often_as_the_heart_rate_says() -> None:
    said = list(monitor(BEGIN, 120.0, seed=5))
    waves = [msgspec.msgpack.decode(m.payload, type=Waveform) for m in said if m.topic == "waveforms"]
    assert [w.at - BEGIN for w in waves] == [k * STRETCH_S * SECOND for k in range(60)]
    trace = np.concatenate([np.frombuffer(w.samples, "<i2") * w.gain + w.offset for w in waves])
    assert trace.size == 120 * RATE
    high = trace > 0.6
    beats = int(np.count_nonzero(high[1:] & ~high[:-1]))
    rates = [row["value"] for m in said if m.topic == "observations" for row in json.loads(m.payload)
             if row["code"] == "loinc:8867-4"]  # fmt: skip
    assert beats == pytest.approx(np.mean(rates) * 2, rel=0.05)  # 2 minutes; the rate changes within a beat


def ends(payload: bytes) -> int:
    wave = msgspec.msgpack.decode(payload, type=Waveform)
    return wave.at + round((len(wave.samples) / 2 - 1) / wave.rate * SECOND)


def test_nothing_is_ahead_of_its_time_whatever_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def publish(self, topic: str, payload: bytes, qos: int) -> Any:
            last = json.loads(payload)[0]["at"] if "observations" in topic else ends(payload)
            sent.append((clock[0], last))
            return self

        def wait_for_publish(self, timeout: float) -> None: ...
        def is_published(self) -> bool:
            return True

        def disconnect(self) -> None: ...
        def loop_stop(self) -> None: ...

    monkeypatch.setattr("gemel.cli.device._connected", lambda url: Client())
    for speed in (0.5, 1.0, 10.0):
        sent: list[tuple[int, int]] = []
        clock = [BEGIN]

        def wait(seconds: float, clock: list[int] = clock) -> None:
            clock[0] += round(seconds * SECOND)

        shape = simulate_device(Device(BROKER, "s", "monitor", 1.0, speed, 1), lambda clock=clock: clock[0], wait)
        assert all(at <= now for now, at in sent)
        assert shape.seconds == pytest.approx(60 / speed, rel=0.05)


@pytest.mark.parametrize(
    ("device", "fault"),
    [
        (Device(BROKER, "s", "pump", 1.0, 1.0, 0), "cgm, monitor"),
        (Device(BROKER, "s", "cgm", 1.0, 0.0, 0), "above 0"),
        (Device("mqtt://127.0.0.1:1", "s", "cgm", 1.0, 1.0, 0), "no MQTT broker"),
    ],
)
def test_a_device_that_cannot_be_is_refused_by_name(device: Device, fault: str) -> None:
    pytest.importorskip("paho.mqtt.client", reason="paho-mqtt (the extra 'serve') is not installed")
    with pytest.raises(GemelError, match=fault):
        simulate_device(device)


def until(done: Callable[[], bool], within: float = 60.0) -> None:
    end = time.monotonic() + within
    while not done():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
