"""HL7 v2: how fast messages are read and taken in over MLLP, and whether damaged input does harm.

hl7v2_parse_per_s   messages cut and their header, patient and results fields looked at, per processor second, beside
                    python-hl7 doing the same where it is installed
mllp_per_s          messages made durable and acknowledged over 8 connections, in seconds by the clock: each keeps up
                    to 64 messages under way; `lockstep_per_s` in the details: one at a time
fuzz_failures       damaged HL7 v2, FHIR, VCF, FIT and DICOM inputs that did harm (`gemel.cli.fuzzing`)

The messages are those of the simulated hospital where the folder of real data is there (GEMEL_SHARED), else made up.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from ..ingest.hl7v2 import parse, split
from .bench_load import apart, served
from .bench_service import Asked, Figure, Measure

__all__ = ["MEASURES", "feed", "mllp_load"]

_ORU = (
    "MSH|^~\\&|LAB|HOSP|TWIN|HOSP|20260302101500||ORU^R01|C{n}|P|2.3|||AL||44|ASCII\r"
    "PID|1|{p}^^^HOSP MRN^MRN|{p}^^^HOSP MRN^MRN~9{p}^^^NHS^NH||TEST^PATIENT||19790105|F|||1 Street^^Town^^AB1 2CD\r"
    "PV1|1|I|MED1^4^B|||||||SUR|||||||||V{p}\rORC|RE|P{n}|F{n}||CM||||20260302101500\r"
    "OBR|1|P{n}|F{n}|24323-8^panel^LN|||20260302100000|||||||20260302100000||||||||20260302101500|||F\r"
    "OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.3||||F|||20260302100000\r"
    "OBX|2|NM|2951-2^Sodium^LN||141|mmol/L|133-146||||F|||20260302100000\r"
    "OBX|3|NM|2160-0^Creatinine^LN||1.0|mg/dL|0.6-1.1||||F|||20260302100000\rNTE|1||seen on the ward\r"
    "OBX|4|NM|2345-7^Glucose^LN||98|mg/dL|70-110||||F|||20260302100000\r"
)
_PATHS = ("PID-3.1", "PID-8", "OBR-3", "OBX-3.1", "OBX-5")


def parsing(asked: Asked) -> Sequence[Figure]:
    """Messages read per processor second."""
    raws = feed(asked.size("parsed", 20_000, 2_000))
    details: dict[str, Any] = {"messages": len(raws), "bytes": sum(map(len, raws)) / len(raws)}
    rate = _rate(raws, _look)
    details["paths_per_s"] = _rate(raws[:2000], lambda raw: [parse(raw).get(path) for path in _PATHS])
    peer = "python-hl7 769 on a quiet machine (not installed here)"
    if find_spec("hl7") is not None:
        details["python_hl7_per_s"] = _rate(raws[:300], _look_with_python_hl7)
        peer = f"python-hl7 {details['python_hl7_per_s']:.0f} in this run"
    return [Figure(key="hl7v2_parse_per_s", asked="≥ 100,000", measured=rate, unit="/CPU s", met=rate >= 100_000,
                   peer=peer, details=details)]  # fmt: skip


def mllp(asked: Asked) -> Sequence[Figure]:
    """Messages taken in per second."""
    messages = asked.size("mllp", 60_000, 2_000)
    found: dict[str, Any] = {}
    for name, window, count in (("", 64, messages), ("lockstep_", 1, messages // 6)):
        with served("--mllp-port", "0") as service:
            before = service.cpu_s()
            arguments = {"port": service.mllp_port, "messages": count, "connections": 8, "window": window}
            load = apart("gemel.cli.bench_service_hl7:mllp_load", arguments)
            spent = service.cpu_s() - before
        found |= {f"{name}per_s": count / load.result["wall_s"], f"{name}per_cpu_s": count / spent,
                  f"{name}p99_ms": load.result["p99_ms"], f"{name}load_cpu_s": load.cpu_s}  # fmt: skip
    rate = found["per_s"]
    return [Figure(key="mllp_per_s", asked="≥ 5,000", measured=rate, unit="/s", met=rate >= 5000,
                   peer="none found that answers after a durable commit", details=found)]  # fmt: skip


def fuzzing(asked: Asked) -> Sequence[Figure]:
    """Damaged inputs that did harm."""
    from .fuzzing import fuzz

    total = asked.size("fuzz", 1_000_000, 3_000)
    found = fuzz(total, seconds=float(asked.size("fuzz_seconds", 3600, 60)), seed=asked.size("fuzz_seed", 7, 7))
    details = msgspec.to_builtins(found) | {"failures": [msgspec.to_builtins(one) for one in found.failures[:50]]}
    harmed, tried = len(found.failures), sum(found.inputs.values())
    return [Figure(key="fuzz_failures", asked="0 of 1,000,000", measured=harmed, unit=f"of {tried:,}", met=harmed == 0,
                   details=details)]  # fmt: skip


MEASURES = (
    Measure(("hl7v2_parse_per_s",), parsing),
    Measure(("mllp_per_s",), mllp),
    Measure(("fuzz_failures",), fuzzing),
)


def feed(count: int) -> list[bytes]:
    """Messages for one run, each with a control id of its own."""
    folder = Path(os.environ.get("GEMEL_SHARED", Path.cwd().parent / "shared")) / "data/platform/hl7v2"
    path = folder / "simhospital_messages.hl7.gz"
    if not path.is_file():
        return [_ORU.format(n=n, p=1000 + n % 200).encode() for n in range(count)]
    real = [raw.split(b"|", 10) for raw in split(gzip.decompress(path.read_bytes()))]
    return [b"|".join([*real[n % len(real)][:9], b"C%d" % n, real[n % len(real)][10]]) for n in range(count)]


def _rate(raws: Sequence[bytes], work: Callable[[bytes], object]) -> float:
    """Messages per processor second, the best of three."""
    best = 0.0
    for _ in range(3):
        begun = time.process_time()
        for raw in raws:
            work(raw)
        best = max(best, len(raws) / (time.process_time() - begun))
    return best


def _look(raw: bytes) -> int:
    """Cut a message, and look at its patient, times, codes, values, units and status."""
    message = parse(raw)
    bar, seen = message.separators.field, 0
    for segment in message.segments:
        if segment[:3] == b"OBX":
            fields = segment.split(bar)
            seen += len(fields[3]) + len(fields[5]) + len(fields[6]) + len(fields[11])
        elif segment[:3] == b"PID":
            fields = segment.split(bar, 9)
            seen += len(fields[3]) + len(fields[7]) + len(fields[8])
    return seen


def _look_with_python_hl7(raw: bytes) -> int:
    """The same with python-hl7."""
    hl7: Any = import_module("hl7")
    seen = 0
    for segment in hl7.parse(raw.decode()):
        name = str(segment[0])
        if name == "OBX":
            seen += sum(len(str(segment[n])) for n in (3, 5, 6, 11))
        elif name == "PID":
            seen += sum(len(str(segment[n])) for n in (3, 7, 8))
    return seen


def mllp_load(port: int, messages: int, connections: int, window: int) -> dict[str, float]:
    """Send messages over several connections, `window` of them unanswered on each."""
    raws = feed(messages)
    begun = time.perf_counter()
    times = sorted(asyncio.run(_converse(port, raws, connections, window)))
    return {"wall_s": time.perf_counter() - begun, "p99_ms": 1000 * times[int(0.99 * len(times))]}


async def _converse(port: int, raws: Sequence[bytes], connections: int, window: int) -> list[float]:
    """Seconds from sending to the acknowledgement of each; RuntimeError for one that does not accept."""
    times: list[float] = []

    async def talk(own: Sequence[bytes]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sent: dict[bytes, float] = {}
        waiting = iter(own)
        for raw in own[:window]:
            sent[raw.split(b"|", 10)[9]] = time.perf_counter()
            writer.write(b"\x0b" + next(waiting) + b"\x1c\r")
        for _ in own:
            answer = await reader.readuntil(b"\x1c\r")
            verdict, control = answer.partition(b"\rMSA|")[2].split(b"\r")[0].split(b"|")[:2]
            times.append(time.perf_counter() - sent.pop(control))
            if verdict not in (b"AA", b"CA"):
                raise RuntimeError(f"not accepted: {answer!r}")
            if (raw := next(waiting, None)) is not None:
                sent[raw.split(b"|", 10)[9]] = time.perf_counter()
                writer.write(b"\x0b" + raw + b"\x1c\r")
        writer.close()

    await asyncio.gather(*(talk(raws[k::connections]) for k in range(connections)))
    return times
