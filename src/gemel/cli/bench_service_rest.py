"""REST: how many observations a second become durable in bulk and one by one, and how much memory an idle service has.

bulk_obs_per_s      columnar bodies of 20,000 readings of 20 subjects, two senders at once
single_post_per_s   one reading a request, 64 connections that each send the next when the answer has come
single_post_p99_ms  the same connections at the asked rate of 2,500/s, from when each request was due to its answer
idle_rss_mb         resident memory half a second after it answers
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from .bench_load import apart, served
from .bench_service import Asked, Figure, Measure

__all__ = ["MEASURES", "bulk_load", "single_load"]

_START = 1_760_000_000_000_000
_SECOND, _MINUTE = 1_000_000, 60_000_000
RATE = 2_500.0


def bulk(asked: Asked) -> Sequence[Figure]:
    """Durable readings a second through `/api/bulk/observations`."""
    readings = asked.size("bulk", 2_000_000, 100_000)
    with served() as service:
        _subjects(service.port, 20)
        before = service.cpu_s()
        load = apart("gemel.cli.bench_service_rest:bulk_load", {"port": service.port, "readings": readings})
        spent = service.cpu_s() - before
    rate = readings / load.result["wall_s"]
    details = load.result | {"service_cpu_s": spent, "load_cpu_s": load.cpu_s, "per_cpu_s": readings / spent}
    return [Figure(key="bulk_obs_per_s", asked="≥ 120,000", measured=rate, unit="/s", met=rate >= 120_000,
                   peer="Ditto 800 updates/s per instance", details=details)]  # fmt: skip


def single(asked: Asked) -> Sequence[Figure]:
    """Durable readings a second, one a request, and how long an answer takes."""
    requests = asked.size("single", 50_000, 4_000)
    with served() as service:
        _subjects(service.port, 64)
        before = service.cpu_s()
        load = apart("gemel.cli.bench_service_rest:single_load", {"port": service.port, "requests": requests})
        spent = service.cpu_s() - before
        asked_for = {"port": service.port, "requests": requests, "rate": RATE, "first": requests}
        paced = apart("gemel.cli.bench_service_rest:single_load", asked_for)
    rate, slow = requests / load.result["wall_s"], paced.result["p99_ms"]
    details = load.result | {"service_cpu_s": spent, "load_cpu_s": load.cpu_s, "per_cpu_s": requests / spent}
    return [
        Figure(key="single_post_per_s", asked="≥ 2,500", measured=rate, unit="/s", met=rate >= 2500,
               peer="HAPI CRUD 3,058 on 8 cores", details=details),
        Figure(key="single_post_p99_ms", asked="≤ 25", measured=slow, unit="ms", met=slow <= 25,
               details=paced.result | {"load_cpu_s": paced.cpu_s}),
    ]  # fmt: skip


def idle(asked: Asked) -> Sequence[Figure]:
    """Resident memory of a service that has nothing to do."""
    with served("--mllp-port", "0") as service:
        time.sleep(0.5)
        held = service.rss_mb()
    return [Figure(key="idle_rss_mb", asked="≤ 450", measured=held, unit="MB", met=held <= 450, peer="Ditto 4 GB")]


MEASURES = (
    Measure(("bulk_obs_per_s",), bulk),
    Measure(("single_post_per_s", "single_post_p99_ms"), single),
    Measure(("idle_rss_mb",), idle),
)


def bulk_load(port: int, readings: int, portion: int = 20_000, senders: int = 2) -> dict[str, Any]:
    """Send columnar bodies, made before the clock starts."""
    bodies = [
        msgspec.msgpack.encode(
            {
                "series": [
                    {
                        "subject": f"bench-{s}", "code": "loinc:99504-3", "unit": "mg/dL",
                        "at": [_START + (k * portion + i) * _MINUTE for i in range(portion // 20)],
                        "value": [100.0 + i % 90 for i in range(portion // 20)],
                    }
                    for s in range(20)
                ]
            }
        )
        for k in range(readings // portion)
    ]  # fmt: skip
    requests = [_request("/api/bulk/observations", body, "application/msgpack") for body in bodies]
    begun = time.perf_counter()
    times = asyncio.run(_exchange(port, requests, senders))
    return {"wall_s": time.perf_counter() - begun, "bodies": len(bodies), "p99_ms": _p99(times)}


def single_load(port: int, requests: int, clients: int = 64, rate: float = 0.0, first: int = 0) -> dict[str, Any]:
    """Send one reading a request, numbered from `first`; at this rate [/s], or (0) as quick as answers come."""
    sent = [
        _request(
            f"/api/subjects/bench-{k % clients}/observations",
            b'{"code":"loinc:99504-3","value":%d.5,"unit":"mg/dL","at":%d}' % (70 + k % 200, _START + k * _SECOND),
            "application/json",
        )
        for k in range(first, first + requests)
    ]
    begun = time.perf_counter()
    times = asyncio.run(_exchange(port, sent, clients, rate))
    return {"wall_s": time.perf_counter() - begun, "p50_ms": 1000 * times[len(times) // 2], "p99_ms": _p99(times)}


def _p99(times: list[float]) -> float:
    return 1000 * times[min(len(times) - 1, int(0.99 * len(times)))]


def _subjects(port: int, n: int) -> None:
    sent = [_request("/api/subjects", msgspec.json.encode({"id": f"bench-{k}"}), "application/json") for k in range(n)]
    asyncio.run(_exchange(port, sent, 1))


def _request(path: str, body: bytes, kind: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _exchange(port: int, requests: Sequence[bytes], connections: int, rate: float = 0.0) -> list[float]:
    """Send each request once the answer to the one before on its connection has come, or, at a rate, once it is due and
    a connection is free; seconds from then to the answer, in order."""
    queue, times, start = iter(enumerate(requests)), list[float](), time.perf_counter() + 0.2

    async def talk() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for k, request in queue:
            begun = start + k / rate if rate else time.perf_counter()
            await asyncio.sleep(max(0.0, begun - time.perf_counter()))
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            times.append(time.perf_counter() - begun)
            if not head.startswith(b"HTTP/1.1 2"):
                raise RuntimeError(f"{head[:40]!r} {body[:300]!r}")
        writer.close()

    await asyncio.gather(*(talk() for _ in range(connections)))
    return sorted(times)
