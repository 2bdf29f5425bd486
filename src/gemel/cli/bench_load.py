"""What the measurements of the service stand on: a real `gemel serve`, and load from a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ..core.errors import GemelError

__all__ = ["Loaded", "Served", "apart", "cpu_seconds", "resident_mb", "served"]

_PAGE_MB = 4096 / 2**20
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Served:
    """A running service."""

    url: str
    port: int
    mllp_port: int | None
    process: int
    data: str

    def cpu_s(self) -> float:
        """Processor seconds so far, of it and its children."""
        return cpu_seconds(self.process)

    def rss_mb(self) -> float:
        """Resident memory, of it and its children."""
        return resident_mb(self.process)


@contextmanager
def served(*options: str, data: str | None = None) -> Generator[Served]:
    """`gemel serve` on ports of its own, on a new folder unless `data` names one; stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="gemel-bench-") as folder:
        where = data or folder
        command = [sys.executable, "-c", "from gemel.cli import main; main()", "serve", "--data", where]
        command += ["--port", "0", "--log", "warning", "--json", *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            try:
                if not line:
                    raise GemelError(f"gemel serve ended with {process.wait(10)}: its error is above")
                told = msgspec.json.decode(line)
                yield Served(told["url"], told["port"], told["mllp_port"], process.pid, where)
            finally:
                process.terminate()
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load process returned, its processor seconds, and the seconds by the clock on the wall, start left out."""

    result: Any
    cpu_s: float
    wall_s: float


def apart(target: str, arguments: Mapping[str, Any]) -> Loaded:
    """Run 'module:function'(**arguments), values JSON can hold, in a process of its own."""
    code = "from gemel.cli.bench_load import answer; answer()"
    given = msgspec.json.encode({"target": target, "arguments": arguments})
    done = subprocess.run([sys.executable, "-c", code], input=given, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise GemelError(f"the load process {target} ended with {done.returncode}: its error is above")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Loaded)


def answer() -> None:
    """The other side of `apart`."""
    from importlib import import_module

    given = msgspec.json.decode(sys.stdin.buffer.read())
    module, _, name = given["target"].partition(":")
    work = getattr(import_module(module), name)
    cpu, wall = time.process_time(), time.perf_counter()
    result = work(**given["arguments"])
    told = Loaded(result, time.process_time() - cpu, time.perf_counter() - wall)
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")


def cpu_seconds(process: int) -> float:
    """User and system time of a process and all that descend from it, those that ended included."""
    return sum(_cpu(one) for one in _family(process))


def resident_mb(process: int) -> float:
    """Resident memory of a process and all that descend from it; what they share counts for each."""
    return sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) * _PAGE_MB for one in _family(process))


def _cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(int(n) for n in fields[11:15]) / _TICK


def _family(process: int) -> list[int]:
    found = [process]
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _family(int(child))
    return found
