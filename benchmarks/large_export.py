"""A large Apple Health export: how long `gemel import` takes and how much memory it needs, from a small export grown.

`python -m benchmarks.large_export EXPORT.xml[.gz] --mebibytes 1100` writes the export's own records again and again,
each copy at another year and second so that no record repeats one, imports the file into a new store in another
process, and prints what was accepted and rejected, the seconds, and the greatest memory of that process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_TIME = re.compile(rb'((?:start|end|creation)Date=")\d{4}(-\d\d-\d\d \d\d:\d\d:)\d\d')
_END = b"</HealthData>"
FIRST, YEARS, SECONDS = 1950, 75, 60
"""Years and seconds that the copies go through."""


def grow(source: Path, target: Path, size: int) -> int:
    """Write an export of about `size` bytes; how many copies of the source's records it holds."""
    text = gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes()
    first = text.index(b"<Record")
    head, body = text[:first], text[first : text.rindex(_END)]
    copies = min(-(-size // len(body)), YEARS * SECONDS)
    with target.open("wb") as file:
        file.write(head)
        for copy in range(copies):
            second, year = divmod(copy, YEARS)
            moment = rb"\g<1>%04d\g<2>%02d" % (FIRST + year, second)
            file.write(_TIME.sub(moment, body))
        file.write(_END)
    return copies


def main() -> None:
    """Grow, import, print."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("export", type=Path)
    given.add_argument("--mebibytes", type=int, default=1_100)
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large, data = Path(folder) / "export.xml", Path(folder) / "data"
        copies = grow(asked.export, large, asked.mebibytes << 20)
        command = [Path(sys.executable).parent / "gemel", "import", str(large), "--data", str(data), "--json"]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(done.stderr)
        print(json.dumps({
            "bytes": large.stat().st_size, "copies": copies, "seconds": round(seconds, 1),
            "cpu_s": round(used.ru_utime + used.ru_stime, 1), "greatest_memory_mb": round(used.ru_maxrss / 1024),
            "formats": json.loads(done.stdout)["formats"],
        }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
