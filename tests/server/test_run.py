"""A real process: what it acknowledged is there after it was stopped and started, whatever it was doing."""

from __future__ import annotations

import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import msgspec
import pytest

from gemel.cli.app import run
from gemel.cli.serve import ServeShape, announce
from gemel.core.ports import Caller
from gemel.server.settings import Settings
from gemel.store import SqliteStore


def test_nothing_acknowledged_is_lost_over_stop_and_start_under_load(spawned, tmp_path):
    """Granian is stopped in the midst of it; uvicorn goes on with the same data."""
    folder = tmp_path / "new" / "data"
    acknowledged: set[int] = set()
    many = threading.Event()

    def send(url: str, first: int) -> None:
        with httpx.Client(base_url=url, timeout=30) as client:
            for at in range(first, first + 1_000_000):
                try:
                    told = client.post("/api/subjects/a/observations", json={"code": "c", "value": 1, "at": at})
                except httpx.HTTPError:
                    return
                if told.status_code == 200:
                    acknowledged.add(at)
                if len(acknowledged) > 100:
                    many.set()

    with spawned(str(folder), "--log", "warning") as one:
        httpx.post(f"{one.url}/api/subjects", json={"id": "a"}).raise_for_status()
        with ThreadPoolExecutor(4) as senders:
            for k in range(4):
                senders.submit(send, one.url, k * 1_000_000)
            assert many.wait(30)
            assert one.stop(signal.SIGTERM) == 0
    assert len(acknowledged) > 100
    with spawned(str(folder), "--log", "warning", "--uvicorn") as two:
        page = httpx.get(f"{two.url}/api/subjects/a/facts", params={"limit": 10_000}).json()
        assert acknowledged <= {row["fact"]["at"] for row in page["facts"]}
        told = httpx.post(f"{two.url}/api/subjects/a/observations", json={"code": "c", "value": 1, "at": -1})
        assert told.json()["accepted"] == 1
        assert two.stop(signal.SIGINT) == 0


def test_an_idle_service_is_small_and_answers_what_it_has_begun_before_it_ends(spawned, tmp_path):
    with spawned(str(tmp_path), "--log", "warning", "--mllp-port", "0") as one:
        held = int(Path(f"/proc/{one.process.pid}/statm").read_text().split()[1]) * 4096 / 1e6
        assert held < 250 and "jaxlib" not in Path(f"/proc/{one.process.pid}/maps").read_text()
        httpx.post(f"{one.url}/api/subjects", json={"id": "a"}).raise_for_status()
        row = b'{"code":"c","value":1,"at":5}'
        head = f"POST /api/subjects/a/observations HTTP/1.1\r\nhost: x\r\ncontent-length: {len(row)}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", one.told["port"])) as talk:
            talk.sendall(head + row[:10])
            assert httpx.get(f"{one.url}/healthz").status_code == 200  # by now it has read the beginning, too
            one.process.send_signal(signal.SIGTERM)
            talk.sendall(row[10:])
            assert talk.recv(4096).startswith(b"HTTP/1.1 200")
        assert one.process.wait(30) == 0
    with SqliteStore(tmp_path / "gemel.db") as store:
        assert [fact.at for _, fact in store.facts("a", Caller(id="test"))] == [5]


def test_a_port_that_is_taken_is_named(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["serve", "--data", str(tmp_path / "data"), "--port", str(port)]) == 2
    assert f"cannot listen on 127.0.0.1:{port}" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("option", "value", "word"), [("--zone", "Mars/One", "no IANA time zone"), ("--log", "loud", "debug, info")]
)
def test_an_option_that_is_wrong_is_named_before_anything_starts(tmp_path, capsys, option, value, word):
    data = tmp_path / "data"
    assert run(["serve", "--data", str(data), option, value]) == 2
    assert word in " ".join(capsys.readouterr().err.split()) and not data.exists()


def test_it_says_where_everything_is_to_people_and_to_programs(capsys):
    settings, doors = Settings(data="here", mqtt="mqtt://broker"), {"http": 8123, "mllp": 2575}
    announce(settings, doors, json=True)
    told = msgspec.json.decode(capsys.readouterr().out, type=ServeShape)
    assert (told.url, told.mllp_port, told.data) == ("http://127.0.0.1:8123", 2575, "here")
    announce(settings, doors, json=False)
    shown = capsys.readouterr().out
    assert all(word in shown for word in (told.page, "/fhir", "/metrics", "127.0.0.1:2575", "mqtt://broker", "here"))
