"""Damage a million right inputs of HL7 v2, FHIR, VCF, FIT and DICOM, and see that the readers survive.

    $ python benchmarks/fuzz.py --total 1000000 --seconds 3600 --seed 7
    $ python benchmarks/fuzz.py --again hl7v2/7/1234        one input once more, with its traceback

Exit code 1 where an input failed.  What counts as a failure stands in `gemel.cli.fuzzing`.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

import msgspec

from gemel.cli.fuzz_damage import damaged
from gemel.cli.fuzzing import SHARES, fuzz, judge
from gemel.ingest import formats
from gemel.ingest.account import Account
from gemel.ingest.terms import Terms


def again(name: str) -> int:
    """Read one damaged input once more, without a net."""
    format, seed, number = name.split("/")
    data = damaged(format, int(seed), int(number))
    print(f"{len(data)} bytes: {data[:300]!r}")
    print(judge(format, data))
    for write in formats.reader(format)(data, Terms(who=lambda names: names[0], subject="s"), Account("fuzz")):
        print(f"  {write.subject}: {len(write.facts)} facts, {len(write.rejected)} rejected")
    return 0


def main() -> int:
    """Parse the options, fuzz, print what came out as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--total", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=(*SHARES, ""), default="")
    parser.add_argument("--again", metavar="FORMAT/SEED/NUMBER")
    asked = parser.parse_args()
    if asked.again:
        return again(asked.again)
    found = fuzz(asked.total, seconds=asked.seconds, seed=asked.seed, workers=asked.workers, only=asked.only)
    kinds = Counter(f"{one.format}: {one.what}" for one in found.failures)
    shown = msgspec.to_builtins(found) | {
        "fuzz_failures": len(found.failures), "kinds": dict(kinds.most_common(20)),
        "failures": [f"{one.format}/{one.seed}/{one.number}" for one in found.failures[:20]],
    }  # fmt: skip
    print(msgspec.json.format(msgspec.json.encode(shown)).decode())
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
