"""Logs as one JSON object a line, on standard error: when, how grave, who says it, what happened, and a few figures.

What a record says beyond that is given as `extra`; nothing clinical ever is.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, Final, final

import msgspec

__all__ = ["JsonLines", "configure"]

_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@final
class JsonLines(logging.Formatter):
    """A record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _USUAL}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def configure(level: str) -> None:
    """Send every log of this process to standard error in this form."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("_granian", "granian", "uvicorn", "uvicorn.error", "httpx", "jax", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
