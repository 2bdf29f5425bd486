"""FHIR: how many resources of mixed Synthea bundles become durable per processor second of the service.

fhir_resources_per_s   transactions over HTTP, two senders, each bundle another patient's: the sample bundles again and
                       again, every id in them replaced
fhir_slowdown_10m      how much smaller that rate is once the store holds 10 million facts of other people

The bundles lie in `data/platform/fhir_synthea_r4` of GEMEL_SHARED, or of the folder `shared` beside the clone.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..core.errors import GemelError
from ..core.fact import Exact, Observation
from ..core.subject import Subject
from ..core.writing import Write
from ..runtime import Site
from .bench_load import apart, served
from .bench_service import Asked, Figure, Measure

__all__ = ["MEASURES", "bundle_load", "prefill"]

PEERS = "per core: Blaze 630, Aidbox 335, HAPI 277"
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_START = 1_500_000_000_000_000
_MINUTE = 60_000_000
_KIND = "application/fhir+json"
_TOGETHER = 1000  # facts of one write while the store is filled


def speed(asked: Asked) -> Sequence[Figure]:
    """Durable resources per processor second of the service."""
    with served() as service:
        rate, details = _rate(service, asked.size("patients", 1000, 50))
    return [Figure(key="fhir_resources_per_s", asked="≥ 15,000 per core", measured=rate, unit="/cpu-s",
                   met=rate >= 15_000, peer=PEERS, details=details)]  # fmt: skip


def slowdown(asked: Asked) -> Sequence[Figure]:
    """How much of that rate is lost when the store is large."""
    facts, patients = asked.size("prefill", 10_000_000, 100_000), asked.size("patients", 1000, 50)
    with tempfile.TemporaryDirectory(prefix="gemel-bench-") as folder:
        with served(data=folder) as service:
            first, _ = _rate(service, patients)
        filled = apart("gemel.cli.bench_service_fhir:prefill", {"folder": folder, "facts": facts})
        with served(data=folder) as service:
            then, details = _rate(service, patients, seed=1)
        details |= {"empty_per_cpu_s": first, "full_per_cpu_s": then, "facts": facts, "prefill_cpu_s": filled.cpu_s}
    loss = 1 - then / first
    return [Figure(key="fhir_slowdown_10m", asked="≤ 0.15", measured=loss, unit="1", met=loss <= 0.15,
                   peer="LinuxForHealth 30/s to 7/s", details=details)]  # fmt: skip


MEASURES = (Measure(("fhir_resources_per_s",), speed), Measure(("fhir_slowdown_10m",), slowdown))


def _rate(service: Any, patients: int, seed: int = 0) -> tuple[float, dict[str, Any]]:
    given = {"port": service.port, "patients": patients, "seed": seed, "folder": str(_bundles())}
    warm = apart("gemel.cli.bench_service_fhir:bundle_load", given | {"patients": 10, "seed": seed + 1000})
    before = service.cpu_s()
    load = apart("gemel.cli.bench_service_fhir:bundle_load", given)
    spent = service.cpu_s() - before
    details = load.result | {
        "service_cpu_s": spent,
        "load_cpu_s": load.cpu_s,
        "per_wall_s": load.result["resources"] / load.result["wall_s"],
        "warm_up_resources": warm.result["resources"],
        "rss_mb": service.rss_mb(),
    }
    return load.result["resources"] / spent, details


def _bundles() -> Path:
    shared = Path(os.environ.get("GEMEL_SHARED", Path(__file__).resolve().parents[4] / "shared"))
    folder = shared / "data" / "platform" / "fhir_synthea_r4"
    if not folder.is_dir():
        raise GemelError(f"no sample bundles at {folder}: set GEMEL_SHARED to the folder that holds data/platform")
    return folder


def bundle_load(port: int, patients: int, seed: int, folder: str, senders: int = 2) -> dict[str, Any]:
    """Send that many patients' bundles; they are made before each portion is sent, outside the clock."""
    samples = [gzip.decompress(path.read_bytes()) for path in sorted(Path(folder).glob("*.json.gz"))]
    sizes = [sample.count(b'"fullUrl"') for sample in samples]
    wall, times = 0.0, list[float]()
    for start in range(0, patients, 50):
        numbers = range(start, min(start + 50, patients))
        bodies = [_another(samples[n % len(samples)], f"{seed}/{n}") for n in numbers]
        begun = time.perf_counter()
        times += asyncio.run(_send(port, bodies, senders))
        wall += time.perf_counter() - begun
    resources = sum(sizes[n % len(sizes)] for n in range(patients))
    times.sort()
    return {"resources": resources, "bundles": patients, "wall_s": wall, "p99_ms": 1000 * times[int(0.99 * len(times))]}


def _another(bundle: bytes, name: str) -> bytes:
    """The bundle of somebody else: each id replaced by one made of it and the name."""

    def replaced(found: re.Match[bytes]) -> bytes:
        text = blake2b(found[0], digest_size=16, key=name.encode()).hexdigest()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}".encode()

    return _UUID.sub(replaced, bundle)


async def _send(port: int, bodies: Sequence[bytes], senders: int) -> list[float]:
    queue, times = iter(bodies), list[float]()

    async def talk() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body in queue:
            head = f"POST /fhir HTTP/1.1\r\nhost: bench\r\ncontent-type: {_KIND}\r\ncontent-length: {len(body)}"
            begun = time.perf_counter()
            writer.write(f"{head}\r\n\r\n".encode())
            writer.write(body)
            await writer.drain()
            told = await reader.readuntil(b"\r\n\r\n")
            answer = await reader.readexactly(int(told.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]))
            times.append(time.perf_counter() - begun)
            if not told.startswith(b"HTTP/1.1 200"):
                raise GemelError(f"the service answered {told[:40]!r} {answer[:300]!r}")
        writer.close()

    await asyncio.gather(*(talk() for _ in range(senders)))
    return times


def prefill(folder: str, facts: int) -> int:
    """Put facts of other people into the store of a folder."""
    with Site.open(Path(folder) / "gemel.db") as site:
        for start in range(0, facts, 20 * _TOGETHER):
            site.store.commit(list(_writes(start, min(start + 20 * _TOGETHER, facts))), site.caller)
    return facts


def _writes(start: int, end: int) -> Iterator[Write]:
    for first in range(start, end, _TOGETHER):
        subject = f"filled-{first // _TOGETHER}"
        found = tuple(
            Observation(
                id=f"o{n}", code="loinc:8867-4", value=Exact(60.0 + n % 50), unit="/min", at=_START + n * _MINUTE,
                recorded=_START + n * _MINUTE, source="prefill",
            )
            for n in range(first, min(first + _TOGETHER, end))
        )  # fmt: skip
        yield Write(subject=subject, enrol=Subject(id=subject), facts=found)
