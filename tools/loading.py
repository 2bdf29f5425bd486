"""`import gemel` is quick and brings no numerical or web framework along."""

from __future__ import annotations

import subprocess
import sys

LIMIT = 0.15
"""What the import may take [s], the best of `TRIES` fresh processes."""
TRIES = 5
ABSENT = ("jax", "numba", "scipy", "fastapi")

_PROBE = f"""
import sys, time
start = time.perf_counter()
import gemel
print(time.perf_counter() - start, *(m for m in {ABSENT!r} if m in sys.modules))
"""


def probe() -> tuple[float, list[str]]:
    """Seconds one import takes in a fresh process, and which of `ABSENT` it loaded."""
    done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, check=True)
    seconds, *loaded = done.stdout.split()
    return float(seconds), loaded


def problems() -> list[str]:
    """What is slow or heavy about the import."""
    tries = [probe() for _ in range(TRIES)]
    best, loaded = min(seconds for seconds, _ in tries), tries[0][1]
    found = [f"import gemel loads {name}" for name in loaded]
    if best > LIMIT:
        found.append(f"import gemel takes {best:.3f} s, the limit is {LIMIT} s: python -X importtime -c 'import gemel'")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or 0)
