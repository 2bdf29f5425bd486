"""The command `gemel`.  Importing this costs nothing; `main` loads what the chosen command needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command.  An error raised on purpose is one readable paragraph and exit code 2 (--debug: a trace)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        from .. import __version__

        print(f"gemel {__version__}")
        return
    from .app import run

    sys.exit(run(given))
