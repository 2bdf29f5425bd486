"""Devices over a real broker: durable before acknowledged, once however often repeated, nothing unreadable lost."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from gemel.core.errors import IngestError
from gemel.core.ports import Caller
from gemel.core.writing import Waveform
from gemel.server.mqtt import address_of, writes_of
from gemel.store import SqliteStore

paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt (the extra 'serve') is not installed")

BROKER = os.environ.get("GEMEL_TEST_MQTT", "mqtt://127.0.0.1:1883")
ME = Caller(id="test")


def until(done: Callable[[], bool], within: float = 30.0) -> None:
    """Wait until something is so; fail where it does not become so."""
    end = time.monotonic() + within
    while not done():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


@pytest.fixture
def device() -> Iterator[Any]:
    """A client that publishes."""
    where = address_of(BROKER)
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    try:
        client.connect(where.hostname, where.port or 1883)
    except OSError as error:
        pytest.skip(f"no MQTT broker at {BROKER}: {error}")
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def reading(k: int) -> bytes:
    return json.dumps({"code": "loinc:99504-3", "value": 100 + k, "unit": "mg/dL", "at": 10**15 + k * 10**6}).encode()


def send(device: Any, topic: str, *payloads: bytes) -> None:
    for sent in [device.publish(topic, payload, qos=1) for payload in payloads]:
        sent.wait_for_publish(30)


def test_readings_and_signals_arrive_and_a_killed_service_loses_and_doubles_none(
    device: Any, spawned: Callable[..., Any], tmp_path: Path
) -> None:
    own, site = f"s-{uuid.uuid4()}", f"test-{uuid.uuid4()}"
    options = ("--mqtt", BROKER, "--site", site)
    topic = f"gemel/{own}/observations"
    wave = Waveform(code="mdc:131329", at=10**15, rate=250.0, unit="mV", gain=0.005, offset=0.0, samples=bytes(500))
    with spawned(str(tmp_path), *options) as server:
        assert httpx.post(f"{server.url}/api/subjects", json={"id": own, "zone": "UTC"}).status_code < 300
        until(lambda: _ready(server.url))
        send(device, topic, *(reading(k) for k in range(50)))
        server.process.send_signal(signal.SIGSTOP)  # the broker delivers, nobody acknowledges
        send(device, topic, *(reading(k) for k in range(50, 100)))
        send(device, f"gemel/{own}/waveforms", msgspec.msgpack.encode(wave))
        send(device, topic, b"{no json")
        server.process.kill()
        server.process.wait(30)
    with spawned(str(tmp_path), *options) as server:
        send(device, topic, *(reading(k) for k in range(90, 110)))  # ten of them said before
        until(lambda: _count(server.url, own) >= 110)
        assert server.stop() == 0
    with SqliteStore(tmp_path / "gemel.db") as store:
        facts = [fact for _, fact in store.facts(own, ME)]
        assert sorted(fact.value.value for fact in facts) == [100.0 + k for k in range(110)]
        (kept,) = store.waveforms(own, "mdc:131329", 0, 2 * 10**15, ME)
        assert kept.samples == wave.samples
        (refused,) = store.rejected(ME)
        assert (refused.source, refused.raw) == (topic, "{no json")


def _ready(url: str) -> bool:
    return httpx.get(f"{url}/readyz").status_code == 200


def _count(url: str, own: str) -> int:
    with httpx.Client(timeout=30) as client:
        told = client.get(f"{url}/api/subjects/{own}/holdings").json()
    return int(told["records"])


def test_one_message_has_one_receipt_however_often_it_comes() -> None:
    both = [writes_of("gemel/s/observations", reading(1), lambda own: True)[0].receipt for _ in (1, 2)]
    other = writes_of("gemel/s/observations", reading(2), lambda own: True)[0].receipt
    assert both[0] == both[1] != other


def test_a_message_about_nobody_we_know_is_kept_as_rejected() -> None:
    (write,) = writes_of("gemel/stranger/waveforms", b"\x80", lambda own: False)
    assert "stranger" in write.rejected[0].reason


@pytest.mark.parametrize("url", ["", "http://broker", "mqtt://", "broker:1883"])
def test_what_is_no_brokers_address_is_refused_by_name(url: str) -> None:
    with pytest.raises(IngestError, match="mqtt://host"):
        address_of(url)
