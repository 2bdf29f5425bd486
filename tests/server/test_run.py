"""A real process: what it acknowledged is there after it was stopped and started, whatever it was doing."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

GEMEL = Path(sys.executable).with_name("gemel")


def readings(url: str) -> set[int]:
    page = httpx.get(f"{url}/api/subjects/a/facts", params={"limit": 10_000}).json()
    return {row["fact"]["at"] for row in page["facts"]}


@pytest.mark.parametrize("server", [(), ("--uvicorn",)])
def test_nothing_acknowledged_is_lost_over_stop_and_start_under_load(spawned, tmp_path, server):
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
                if len(acknowledged) > 200:
                    many.set()

    with spawned(str(folder), "--log", "warning", *server) as one:
        assert (folder / "gemel.db").is_file()
        httpx.post(f"{one.url}/api/subjects", json={"id": "a"}).raise_for_status()
        with ThreadPoolExecutor(4) as senders:
            for k in range(4):
                senders.submit(send, one.url, k * 1_000_000)
            assert many.wait(30)
            assert one.stop(signal.SIGTERM) == 0
    assert len(acknowledged) > 200
    with spawned(str(folder), "--log", "warning", *server) as two:
        assert acknowledged <= readings(two.url)
        told = httpx.post(f"{two.url}/api/subjects/a/observations", json={"code": "c", "value": 1, "at": -1})
        assert told.json()["accepted"] == 1
        assert two.stop(signal.SIGINT) == 0


def test_a_request_in_flight_is_answered_before_the_service_ends(spawned, tmp_path):
    with spawned(str(tmp_path), "--log", "warning") as one:
        httpx.post(f"{one.url}/api/subjects", json={"id": "a"}).raise_for_status()
        row = b'{"code":"c","value":1,"at":5}'
        head = f"POST /api/subjects/a/observations HTTP/1.1\r\nhost: x\r\ncontent-length: {len(row)}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", one.told["port"])) as talk:
            talk.sendall(head + row[:10])
            while not httpx.get(f"{one.url}/metrics").status_code == 200:
                pass
            one.process.send_signal(signal.SIGTERM)
            talk.sendall(row[10:])
            answer = talk.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert one.process.wait(30) == 0
    with spawned(str(tmp_path), "--log", "warning") as two:
        assert readings(two.url) == {5}


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [GEMEL, "serve", "--data", str(tmp_path), "--port", str(port)], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 2 and f"cannot listen on 127.0.0.1:{port}" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("option", "value", "word"), [("--zone", "Mars/One", "no IANA time zone"), ("--log", "loud", "debug, info")]
)
def test_an_option_that_is_wrong_is_named_before_anything_starts(tmp_path, option, value, word):
    data = tmp_path / "data"
    done = subprocess.run([GEMEL, "serve", "--data", str(data), option, value], capture_output=True, text=True)
    assert done.returncode == 2 and word in done.stderr and not data.exists()


def test_for_people_a_table_says_where_everything_is(tmp_path):
    command = [GEMEL, "serve", "--data", str(tmp_path), "--port", "0", "--log", "warning"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        while not any("stop" in line for line in lines):
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    shown = "".join(lines)
    assert all(word in shown for word in ("page to open", "/fhir", "/metrics", str(tmp_path)[:20]))


def test_it_is_small_while_it_waits(spawned, tmp_path):
    """JAX and the rest are loaded when a twin needs them: the goal is 450 MB, and an idle service stays far below."""
    with spawned(str(tmp_path), "--log", "warning", "--mllp-port", "0") as one:
        time.sleep(0)  # it has answered; nothing more is loaded on its own
        held = int(Path(f"/proc/{one.process.pid}/statm").read_text().split()[1]) * 4096 / 1e6
        maps = Path(f"/proc/{one.process.pid}/maps").read_text()
    assert held < 250 and "jaxlib" not in maps
