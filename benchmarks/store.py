"""How many facts and documents a second the embedded store makes durable, as JSON; `--dir` names the disk to measure.

Every figure counts what was acknowledged, so each has been through an fsync.  `--prefill` facts, in writes of 1,000,
stand in the file before the figures called `after` are taken.
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
from gemel.core.writing import Document, Write
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


def bundles(store: SqliteStore, name: str, count: int, each: int) -> dict[str, float]:
    """Messages about patients not seen before, each of `each` documents of about 2 kB with a fact for two of them."""
    words = [f"{word}-{n}" for word in ("Observation", "Encounter", "valueQuantity") for n in range(50)]
    bodies = [json.dumps({"id": n, "text": [words[(n * k) % 150] for k in range(120)]}).encode() for n in range(each)]
    writes = [
        Write(
            subject=f"{name}-{n}",
            enrol=Subject(id=f"{name}-{n}"),
            identifiers=(f"mrn|{name}-{n}",),
            facts=tuple(facts(n, 0, each // 2)),
            documents=tuple(
                Document(kind="Observation", id=f"{name}-{n}.{k}", body=body, recorded=k)
                for k, body in enumerate(bodies)
            ),
        )
        for n in range(count)
    ]
    start, cpu = time.perf_counter(), time.process_time()
    for future in [store.submit([write], BENCH) for write in writes]:
        future.result()
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {"documents_per_s": count * each / wall, "documents_per_cpu_s": count * each / cpu}


def grown(folder: Path, prefill: int) -> dict[str, object]:
    """The same work on a new file and on one that holds `prefill` facts of 1,000 subjects."""
    with SqliteStore(folder / "grown.db") as store:
        before = bundles(store, "new", 100, 200)
        for n in range(1000):
            store.enrol(Subject(id=f"s{n}"), BENCH)
        for n in range(prefill // 1000):
            store.append(f"s{n % 1000}", facts(n, 1000 * n, 1000), BENCH)
        after = bundles(store, "old", 100, 200)
        size = store.info()["bytes"]
    return {"before": before, "after": after, "bytes_per_fact": size / max(prefill, 1)}


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
    parser.add_argument("--prefill", type=int, default=1_000_000, help="facts of the large file (default: 1,000,000)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.dir) as name:
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
            "bundles_of_200": grown(folder, asked.prefill),
        }
    print(json.dumps(figures, indent=2, default=float))


if __name__ == "__main__":
    main()
