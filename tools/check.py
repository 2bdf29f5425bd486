"""Every check that reads the tree and runs no model, in some seconds: `make check`.

`python -m tools.check` runs them all; `python -m tools.check floors leaks` only these.  The suite runs the same table,
so nothing depends on remembering to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tools import floors, leaks, licences, lock, provenance, style

CHECKS: dict[str, Callable[[], list[str]]] = {
    "floors": floors.problems,
    "provenance": provenance.problems,
    "leaks": leaks.problems,
    "licences": licences.problems,
    "lock": lock.problems,
    "rules": style.rules,
    "layout": style.layout,
    "types": style.types,
}


def main(*names: str) -> int:
    """Run the named checks, or all; 1 when one found something."""
    failed = 0
    for name in names or CHECKS:
        found = CHECKS[name]()
        print(f"{name}: {'fine' if not found else f'{len(found)} to mend'}")
        print("".join(f"  {line}\n" for line in found), end="")
        failed |= bool(found)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
