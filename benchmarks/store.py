"""How many facts a second the embedded store makes durable.  Prints JSON; `--dir` names the disk to measure.

Every figure counts facts whose `append` has returned, so each has been through an fsync.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

from gemel.core.fact import Exact, Observation
from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.store import SqliteStore

BENCH = Caller(id="benchmark")


def facts(subject: int, start: int, count: int) -> list[Observation]:
    return [
        Observation(id=f"{subject}-{n}", code="8867-4", value=Exact(60 + n % 40), unit="/min", at=n, recorded=n + 1)
        for n in range(start, start + count)
    ]


def alone(folder: Path, batch: int, total: int) -> dict[str, float]:
    """One thread appends `total` facts in batches."""
    batches = [facts(0, start, batch) for start in range(0, total, batch)]
    with SqliteStore(folder / f"alone-{batch}.db") as store:
        store.enrol(Subject(id="s0"), BENCH)
        start, cpu = time.perf_counter(), time.process_time()
        for some in batches:
            store.append("s0", some, BENCH)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        read = time.perf_counter()
        assert len(store.facts("s0", BENCH)) == total
        return {
            "facts_per_s": total / wall,
            "facts_per_cpu_s": total / cpu,
            "read_facts_per_s": total / (time.perf_counter() - read),
        }


def together(folder: Path, threads: int, batch: int, each: int) -> dict[str, float]:
    """Many threads append `each` batches, each to a subject of its own; they share commits."""
    with SqliteStore(folder / f"together-{threads}-{batch}.db") as store:
        waits: list[float] = []
        batches = [[facts(n, k * batch, batch) for k in range(each)] for n in range(threads)]
        for n in range(threads):
            store.enrol(Subject(id=f"s{n}"), BENCH)

        def work(n: int) -> None:
            for some in batches[n]:
                start = time.perf_counter()
                store.append(f"s{n}", some, BENCH)
                waits.append(time.perf_counter() - start)

        workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
        start = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        wall = time.perf_counter() - start
        waits.sort()
        return {
            "facts_per_s": threads * each * batch / wall,
            "p50_ms": 1000 * waits[len(waits) // 2],
            "p99_ms": 1000 * waits[int(0.99 * len(waits))],
        }


def fsyncs(folder: Path, count: int = 200) -> float:
    """What the disk allows: small writes a second, each followed by fsync."""
    with (folder / "probe").open("wb") as file:
        start = time.perf_counter()
        for _ in range(count):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        return count / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", default=None, help="folder on the disk to measure (default: the temporary folder)")
    with tempfile.TemporaryDirectory(dir=parser.parse_args().dir) as name:
        folder = Path(name)
        figures = {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "fsync_per_s": fsyncs(folder),
            "batch_1_one_thread": alone(folder, 1, 500),
            "batch_1_64_threads": together(folder, 64, 1, 100),
            "batch_1000": alone(folder, 1000, 100_000),
            "batch_10000": alone(folder, 10_000, 200_000),
            "batch_1000_4_threads": together(folder, 4, 1000, 40),
        }
    print(json.dumps(figures, indent=2, default=float))


if __name__ == "__main__":
    main()
