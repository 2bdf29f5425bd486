"""Live twins: how soon an observation is a forecast that somebody has, and how many twins can be kept current.

obs_to_forecast_p99_ms   twins of the glucose model with 128 members, each read once a second and posted one by one;
                         from sending a reading to having, as one of 20 subscribers, the forecast that rests on it
notice_p99_ms            from the reading being durable to a subscriber knowing of it
live_twins_per_minute    twins with one reading a minute each, sent in bulk as fast as they are taken: readings that
                         have become part of a belief, per minute
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from ..core.clock import MINUTE, SECOND
from ..core.errors import GemelError
from ..core.fact import Instant
from ..core.ports import Caller
from ..core.subject import Subject
from ..core.writing import Write
from ..runtime import Site
from ..runtime.freeze import freeze
from .bench_load import Served, apart, served
from .bench_service import Asked, Figure, Measure

__all__ = ["MEASURES", "posting", "rounds", "watching"]

MEMBERS: Final = 128
DISTINCT: Final = 8
"""Different beliefs that the twins start from."""
_FACTS = re.compile(rb'^event: facts\ndata: \{"kind":"facts","subject":"([^"]*)","twin":"","at":(\d+)', re.M)
_READ = re.compile(rb'"id":"[^"]*","code":"[^"]*".*?"at":(\d+)')
_FORECAST = re.compile(rb'^event: forecast\ndata: \{"kind":"forecast","subject":"([^"]*)".*?"issued":(\d+)', re.M)


def live(asked: Asked) -> Sequence[Figure]:
    """The two delays."""
    twins, seconds = asked.size("live_twins", 500, 50), asked.size("live_seconds", 60, 10)
    watchers = asked.size("watchers", 20, 4)
    with tempfile.TemporaryDirectory(prefix="gemel-bench-") as folder:
        _twins(Path(folder), twins, _now() - MINUTE)
        with served(data=folder) as service:
            _ready(service, twins)
            _load(service, twins, 10, watchers)  # settles what was compiled for other sizes
            before, done = service.cpu_s(), _metric(service, "gemel_live_forecasts_total")
            heard, sent = _load(service, twins, seconds, watchers)
            spent, made = service.cpu_s() - before, _metric(service, "gemel_live_forecasts_total") - done
    told: dict[str, Any] = heard.result
    details = told | sent.result | {
        "twins": twins, "watchers": watchers, "service_cpu_s": spent, "service_cpu_ms_per_reading":
        1000 * spent / max(1, sent.result["sent"]), "forecasts_made": made, "load_cpu_s": sent.cpu_s,
        "watchers_cpu_s": heard.cpu_s,
    }  # fmt: skip
    forecast, notice = told["forecast_p99_ms"], told["notice_p99_ms"]
    return [
        Figure(key="obs_to_forecast_p99_ms", asked="≤ 250", measured=forecast, unit="ms", met=forecast <= 250,
               peer="HAPI subscriptions 5,000 to 10,000; nobody forecasts", details=details),
        Figure(key="notice_p99_ms", asked="≤ 50", measured=notice, unit="ms", met=notice <= 50, details=details),
    ]  # fmt: skip


def many(asked: Asked) -> Sequence[Figure]:
    """How many twins are kept current."""
    twins, times = asked.size("many_twins", 100_000, 500), asked.size("many_rounds", 2, 3)
    with tempfile.TemporaryDirectory(prefix="gemel-bench-") as folder:
        start = _now() - (times + 2) * MINUTE
        _twins(Path(folder), twins, start)
        with served(data=folder) as service:
            _ready(service, twins)
            before, begun, moved = service.cpu_s(), time.perf_counter(), _metric(service, "gemel_live_moves_total")
            sent = apart(
                "gemel.cli.bench_service_live:rounds",
                {"port": service.port, "twins": twins, "times": times, "start": start},
            )
            _until(lambda: _metric(service, "gemel_live_moves_total") - moved >= twins * times, 900)
            wall, spent, held = time.perf_counter() - begun, service.cpu_s() - before, service.rss_mb()
            forecasts = _metric(service, "gemel_live_forecasts_total")
    rate = 60 * twins * times / wall
    details = {
        "twins": twins, "rounds": times, "wall_s": wall, "service_cpu_s": spent, "forecasts_made": forecasts,
        "cpu_ms_per_twin_tick": 1000 * spent / (twins * times), "load_cpu_s": sent.cpu_s, "rss_mb": held,
    }  # fmt: skip
    return [Figure(key="live_twins_per_minute", asked="≥ 100,000", measured=rate, unit="/min", met=rate >= 100_000,
                   details=details)]  # fmt: skip


MEASURES = (
    Measure(("obs_to_forecast_p99_ms", "notice_p99_ms"), live),
    Measure(("live_twins_per_minute",), many),
)


def posting(port: int, twins: int, seconds: int, connections: int = 64) -> dict[str, Any]:
    """Post a reading a second of each twin, spread evenly over the second, one a request, on so many connections."""
    return asyncio.run(_posting(port, twins, seconds, connections))


async def _posting(port: int, twins: int, seconds: int, connections: int) -> dict[str, Any]:
    begun, answers = time.perf_counter() + 0.5, list[float]()
    connections = min(connections, twins)

    async def talk(own: range) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for second in range(seconds):
            for k in own:
                await asyncio.sleep(max(0.0, begun + second + k / twins - time.perf_counter()))
                sent = _now()
                body = b'{"code":"loinc:99504-3","value":%d,"unit":"mg/dL","at":%d}' % (110 + (k + second) % 30, sent)
                writer.write(_request(f"/api/subjects/live-{k}/observations", body, "application/json"))
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                answer = await reader.readexactly(length)
                answers.append((_now() - sent) / 1000)
                if not head.startswith(b"HTTP/1.1 2"):
                    raise GemelError(f"{head[:40]!r} {answer[:300]!r}")
        writer.close()

    await asyncio.gather(*(talk(range(c, twins, connections)) for c in range(connections)))
    return {"sent": len(answers), "post_p50_ms": _part(answers, 0.5), "post_p99_ms": _part(answers, 0.99)}


def watching(port: int, watchers: int, seconds: float) -> dict[str, Any]:
    """So many subscribers of facts and forecasts, for so long; delays over all of them."""
    return asyncio.run(_watching(port, watchers, seconds))


async def _watching(port: int, watchers: int, seconds: float) -> dict[str, Any]:
    notices, forecasts, skipped = list[float](), list[float](), 0

    async def watch() -> None:
        nonlocal skipped
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        writer.write(b"GET /api/stream?kinds=facts,forecast HTTP/1.1\r\nhost: bench\r\n\r\n")
        open_of: dict[bytes, list[Instant]] = {}
        rest = b""
        while chunk := await reader.read(2**20):
            now = _now()
            *events, rest = (rest + chunk).split(b"\n\n")
            for event in events:
                skipped += b"event: skipped" in event
                if found := _FACTS.search(event):
                    notices.append((now - int(found[2])) / 1000)
                    read = _READ.search(event)
                    assert read is not None  # a facts event tells its facts
                    open_of.setdefault(found[1], []).append(int(read[1]))
                elif found := _FORECAST.search(event):
                    issued, waiting = int(found[2]), open_of.get(found[1], [])
                    forecasts.extend((now - at) / 1000 for at in waiting if at <= issued)
                    open_of[found[1]] = [at for at in waiting if at > issued]
        writer.close()

    tasks = [asyncio.ensure_future(watch()) for _ in range(watchers)]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
    return {
        "notices": len(notices), "notice_p50_ms": _part(notices, 0.5), "notice_p99_ms": _part(notices, 0.99),
        "forecasts": len(forecasts), "forecast_p50_ms": _part(forecasts, 0.5), "skipped": skipped,
        "forecast_p99_ms": _part(forecasts, 0.99),
    }  # fmt: skip


def rounds(port: int, twins: int, times: int, start: Instant, portion: int = 2000) -> dict[str, Any]:
    """Send a reading of every twin for each of so many minutes, in bulk, each body when the one before is durable."""
    return asyncio.run(_rounds(port, twins, times, start, portion))


async def _rounds(port: int, twins: int, times: int, start: Instant, portion: int) -> dict[str, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for minute in range(1, times + 1):
        for first in range(0, twins, portion):
            series = [
                {"subject": f"live-{k}", "code": "loinc:99504-3", "unit": "mg/dL", "at": [start + minute * MINUTE],
                 "value": [110.0 + (k + minute) % 30]}
                for k in range(first, min(first + portion, twins))
            ]  # fmt: skip
            body = msgspec.msgpack.encode({"series": series})
            while True:
                writer.write(_request("/api/bulk/observations", body, "application/msgpack"))
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                answer = await reader.readexactly(length)
                if head.startswith(b"HTTP/1.1 429"):
                    await asyncio.sleep(0.5)
                    continue
                if not head.startswith(b"HTTP/1.1 2"):
                    raise GemelError(f"{head[:40]!r} {answer[:300]!r}")
                break
    writer.close()
    return {}


def _load(service: Served, twins: int, seconds: int, watchers: int) -> tuple[Any, Any]:
    """What subscribers heard, and what was sent, in two processes at once."""
    with ThreadPoolExecutor(2) as pool:
        module = "gemel.cli.bench_service_live"
        heard = pool.submit(
            apart, f"{module}:watching", {"port": service.port, "watchers": watchers, "seconds": seconds + 4.0}
        )
        time.sleep(1.0)
        sent = pool.submit(apart, f"{module}:posting", {"port": service.port, "twins": twins, "seconds": seconds})
        return heard.result(), sent.result()


def _twins(folder: Path, twins: int, at: Instant) -> None:
    """A store with this many subjects, each with a twin that starts at an instant."""
    caller = Caller(id="bench")
    with Site.open(folder / "gemel.db", caller=caller) as site:
        names = [f"live-{k}" for k in range(twins)]
        for first in range(0, twins, 1000):
            some = names[first : first + 1000]
            site.store.commit([Write(subject=name, enrol=Subject(id=name)) for name in some], caller)
        made = [
            site.create("replaybg", name, at=at, rates={"insulin": 0.8}, covariates={"weight": 75.0, "basal": 0.8},
                        members=MEMBERS, seed=k, id=f"{name}:t")
            for k, name in enumerate(names[:DISTINCT])
        ]  # fmt: skip
        pages = [freeze(site.standing(twin.id)) for twin in made]
        with ThreadPoolExecutor(32) as pool:
            saved = [
                pool.submit(
                    site.store.save,
                    msgspec.structs.replace(pages[k % len(pages)], twin=f"{name}:t", subject=name), caller,
                )
                for k, name in enumerate(names) if k >= len(pages)
            ]  # fmt: skip
            for one in saved:
                one.result()


def _ready(service: Served, twins: int) -> None:
    """Until every twin is live and nothing is being compiled."""
    _until(lambda: _metric(service, "gemel_live_twins") >= twins, 900)
    _until(lambda: b"compiling" not in _get(service, "/readyz"), 900)


def _until(true: Any, most_s: float) -> None:
    end = time.monotonic() + most_s
    while not true():
        if time.monotonic() > end:
            raise GemelError(f"the service did not get there in {most_s:g} s")
        time.sleep(0.2)


def _metric(service: Served, name: str) -> float:
    for line in _get(service, "/metrics").decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise GemelError(f"the service has no metric '{name}'")


def _get(service: Served, path: str) -> bytes:
    with httpx.Client(base_url=service.url, timeout=60) as client:
        return client.get(path).content


def _request(path: str, body: bytes, kind: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _part(values: Sequence[float], part: float) -> float:
    """The value below which this part of them lies; NaN of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def _now() -> Instant:
    return time.time_ns() * SECOND // 1_000_000_000
