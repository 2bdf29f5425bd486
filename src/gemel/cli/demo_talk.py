"""How the demo speaks to the service: a process of its own, MLLP over a socket, MQTT to the broker, the live stream."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, final
from urllib.parse import urlsplit

import msgspec

from ..core.errors import GemelError
from ..core.extra import require

__all__ = ["BROKER", "Running", "Watcher", "broker", "forget", "mllp", "publish", "running"]

BROKER: Final = os.environ.get("GEMEL_TEST_MQTT", "mqtt://127.0.0.1:1883")
PATIENCE_S: Final = 120.0
"""How long anything is waited for: the first forecast on a machine compiles its model."""


@final
class Running:
    """A `gemel serve` process that answers."""

    def __init__(self, process: subprocess.Popen[str], told: Mapping[str, Any]) -> None:
        self._process = process
        self.url: str = told["url"]
        self.mllp_port: int = told["mllp_port"]

    def stop(self) -> None:
        """As an operator would; GemelError when it does not end well."""
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(PATIENCE_S)
        if code:
            raise GemelError(f"gemel serve ended with {code} when it was told to stop: see service.log")


@contextmanager
def running(data: Path, log: Path, *options: str) -> Generator[Running]:
    """The service on ports of its own; what it logs goes into a file."""
    command = [sys.executable, "-c", "from gemel.cli import main; main()", "serve", "--data", str(data), "--port", "0"]
    command += ["--mllp-port", "0", "--json", *options]
    with log.open("a") as lines, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=lines, text=True
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise GemelError(f"gemel serve ended with {process.wait(PATIENCE_S)}: {log} says why")
            yield Running(process, msgspec.json.decode(line))
        finally:
            if process.poll() is None:
                process.kill()


def mllp(port: int, messages: Sequence[bytes]) -> list[str]:
    """Send messages on one connection; what MSA-1 answered to each."""
    answers: list[str] = []
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as talk, talk.makefile("rb") as heard:
        talk.sendall(b"".join(b"\x0b" + message + b"\x1c\r" for message in messages))
        for _ in messages:
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                if not (byte := heard.read(1)):
                    raise GemelError(f"the MLLP connection ended after {answer!r}")
                answer += byte
            answers.append(answer.partition(b"\rMSA|")[2].split(b"|")[0].decode())
    return answers


def broker() -> str:
    """Why no MQTT broker can be used; empty where there is one."""
    where = urlsplit(BROKER)
    try:
        with socket.create_connection((where.hostname or "", where.port or 1883), 2.0):
            return ""
    except OSError as error:
        return f"no broker at {where.hostname}:{where.port or 1883} ({error.strerror or error})"


def publish(topic: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Publish rows as a device would, at quality of service 1; returns when the broker has them."""
    paho, where = require("paho.mqtt.client", "serve"), urlsplit(BROKER)
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    if where.username is not None:
        client.username_pw_set(where.username, where.password or "")
    client.connect(where.hostname, where.port or 1883)
    client.loop_start()
    try:
        for sent in [client.publish(topic, msgspec.json.encode(row), qos=1) for row in rows]:
            sent.wait_for_publish(PATIENCE_S)
    finally:
        client.disconnect()
        client.loop_stop()


def forget(client: str) -> None:
    """Let the broker drop the session that the service keeps there under this name: nobody comes back for it."""
    paho, where = require("paho.mqtt.client", "serve"), urlsplit(BROKER)
    own = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=client, protocol=paho.MQTTv5)
    if where.username is not None:
        own.username_pw_set(where.username, where.password or "")
    own.connect(where.hostname, where.port or 1883, clean_start=True)  # with the expiry that is usual: at once
    own.loop_start()
    own.disconnect()
    own.loop_stop()


@final
class Watcher:
    """A subscriber to `/api/stream`: what it was told, and when."""

    def __init__(self, url: str, subject: str) -> None:
        self._address = f"{url}/api/stream?subjects={subject}"
        self._news = threading.Condition()
        self._told: list[tuple[str, float, Any]] = []
        self._problem = ""
        self._thread = threading.Thread(target=self._listen, name="demo-stream", daemon=True)
        self._thread.start()

    def counts(self) -> dict[str, int]:
        """Events by kind."""
        with self._news:
            return dict(Counter(kind for kind, _, _ in self._told))

    def heard(self, kind: str, wanted: Callable[[Any], bool] = lambda data: True) -> tuple[float, Any]:
        """When the first event of this kind came that is wanted, and what it said; waits for it."""

        def found() -> tuple[float, Any] | None:
            return next(((at, data) for own, at, data in self._told if own == kind and wanted(data)), None)

        with self._news:
            self._news.wait_for(lambda: found() or self._problem, PATIENCE_S)
            event = found()
        if event is None:
            raise GemelError(f"the live stream told of no '{kind}' in {PATIENCE_S:g} s {self._problem}".strip())
        return event

    def _listen(self) -> None:
        httpx = require("httpx", "serve")
        kind = ""
        try:
            with httpx.stream("GET", self._address, timeout=PATIENCE_S) as told:
                for line in told.iter_lines():
                    word, _, rest = line.partition(": ")
                    if word == "event":
                        kind = rest
                    elif word == "data":
                        said = msgspec.json.decode(rest)
                        self._note(kind, said.get("data", said))
        except httpx.HTTPError as error:
            with self._news:
                self._problem = f"({error})"
                self._news.notify_all()

    def _note(self, kind: str, data: Any) -> None:
        with self._news:
            self._told.append((kind, time.perf_counter(), data))
            self._news.notify_all()
