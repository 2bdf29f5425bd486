"""Fuzzing of the readers: right inputs are damaged in many ways, and nothing but an error of ours may come out.

Every damaged input is made from its format, its number and the seed alone, so a failure can be made again:
`fuzz_damage.damaged(format, seed, number)`.  An input fails when its reader raises anything but a GemelError, takes
longer than `LONGEST_S`, needs more memory than a worker has, or loses what it read without a fact, a rejected row or a
count.
"""

from __future__ import annotations

import io
import multiprocessing
import resource
import signal
import time
import traceback
from collections import Counter
from collections.abc import Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from random import Random
from types import FrameType, MappingProxyType

import msgspec

from ..core.errors import GemelError
from ..core.writing import Write
from ..ingest import formats, hl7v2
from ..ingest.account import Account
from ..ingest.terms import Terms
from .fuzz_damage import damaged

__all__ = ["SHARES", "Failure", "Fuzzed", "fuzz", "judge"]

SHARES: Mapping[str, float] = MappingProxyType({"hl7v2": 0.5, "fhir": 0.35, "vcf": 0.11, "fit": 0.02, "dicom": 0.02})
"""Parts of all inputs by format: the slow readers get fewer."""
LONGEST_S = 20.0
MEMORY = 3 << 30
"""Bytes of address space a worker may have."""
TOGETHER = 500


class Failure(msgspec.Struct, frozen=True):
    """An input that was not taken as it should: format, seed and number make it again."""

    format: str
    seed: int
    number: int
    what: str


class Fuzzed(msgspec.Struct, kw_only=True):
    """What came out: inputs tried by format, how many were read without an error, and what failed."""

    inputs: dict[str, int]
    accepted: dict[str, int]
    failures: list[Failure]
    seconds: float
    seed: int


class _Late(BaseException):
    """The reader takes too long."""


def judge(format: str, data: bytes, longest_s: float = LONGEST_S) -> str:
    """'accepted', 'refused', or what is wrong with how the input was taken."""
    reader, account = formats.reader(format), Account("fuzz", format)
    terms = Terms(who=lambda names: f"s-{names[0]}", subject="s")
    try:
        with _alarm(longest_s):
            writes = list(reader(data, terms, account))
            lost = _lost(format, data, writes, account)
    except GemelError:
        return "refused"
    except _Late:
        return f"longer than {longest_s:g} s"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:150]} ({last.filename.rpartition('/')[2]}:{last.lineno})"
    return lost or "accepted"


def _lost(format: str, data: bytes, writes: list[Write], account: Account) -> str:
    """What the reader read and told nobody about."""
    kept = sum(len(w.facts) + len(w.rejected) + len(w.documents) + len(w.waveforms) for w in writes)
    if format != "hl7v2":
        told = kept + sum(account.skipped.values()) + len(account.to_dict())
        return "" if told or not data.strip() else "read to the end, and nothing said"
    found = list(hl7v2.messages(io.BytesIO(data), "fuzz"))
    pieces = [one for one in found if isinstance(one, hl7v2.Message)]
    said = [told for message in pieces for told in hl7v2.said(message)]
    if any(one.items != len(one.facts) + len(one.rejected) + sum(one.skipped.values()) for one in said):
        return "items are not facts + rejected + skipped"
    documents = sum(len(write.documents) for write in writes)
    whole = len(found) - len(pieces) == sum(not write.documents and bool(write.rejected) for write in writes)
    return "" if documents == len(said) and whole else f"{len(said)} said, {documents} kept"


@contextmanager
def _alarm(seconds: float) -> Generator[None]:
    def late(_number: int, _frame: FrameType | None) -> None:
        raise _Late

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def portion(format: str, seed: int, first: int, count: int) -> tuple[str, int, int, list[Failure]]:
    """Try some inputs; format, how many, how many were accepted, and the failures."""
    accepted, failures = 0, list[Failure]()
    for number in range(first, first + count):
        found = judge(format, damaged(format, seed, number))
        accepted += found == "accepted"
        if found not in ("accepted", "refused"):
            failures.append(Failure(format, seed, number, found))
    return format, count, accepted, failures


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def fuzz(total: int, *, seconds: float, seed: int, workers: int = 2, only: str = "") -> Fuzzed:
    """Try `total` inputs, or as many as `seconds` allow.  A worker that dies is a failure of its portion."""
    shares = {only: 1.0} if only else SHARES
    work = [
        (format, first, min(TOGETHER, round(total * share) - first))
        for format, share in shares.items()
        for first in range(0, round(total * share), TOGETHER)
    ]
    Random(seed).shuffle(work)  # noqa: S311 - not a secret; each slice of time meets every format
    inputs, accepted, failures = Counter[str](), Counter[str](), list[Failure]()
    begun = time.monotonic()
    waiting: dict[Future[tuple[str, int, int, list[Failure]]], tuple[str, int, int]] = {}
    pool = _pool(workers)
    while waiting or (work and time.monotonic() - begun < seconds):
        while work and len(waiting) < 2 * workers and time.monotonic() - begun < seconds:
            one = work.pop()
            waiting[pool.submit(portion, one[0], seed, one[1], one[2])] = one
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            format, first, count = waiting.pop(future)
            inputs[format] += count
            try:
                _, _, taken, failed = future.result()
            except BrokenProcessPool:
                failures.append(Failure(format, seed, first, f"the worker died in {count} inputs from here"))
                waiting.clear()
                pool = _pool(workers)
                break
            accepted[format] += taken
            failures += failed
    pool.shutdown()
    return Fuzzed(inputs=dict(inputs), accepted=dict(accepted), failures=failures, seconds=time.monotonic() - begun,
                  seed=seed)  # fmt: skip


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_bounded)
