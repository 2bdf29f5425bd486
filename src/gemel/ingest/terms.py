"""On what terms a source is read: where it lies in time, whose it is, what its codes mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gemel.core.clock import zone as known_zone
from gemel.core.fact import Instant

from .codes import Codes, table
from .mention import Meant, Mention

__all__ = ["Terms"]


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a source is read.

    `zone` is that of local times.  `subject` gets what names nobody; `chosen` says that somebody asked for it, and then
    also what names its person loosely goes there.  `who` leads identifiers ('system|value') to a subject, to a new one
    where none is known.  `recorded`: when all this became known; None: each thing when the source says, or when it
    happened.  `meant` knows people, too, and keeps their descriptions and merges; without it `who` decides.
    """

    who: Callable[[tuple[str, ...]], str]
    subject: str
    zone: str = "UTC"
    chosen: bool = False
    recorded: Instant | None = None
    codes: Codes = field(default_factory=table)
    meant: Callable[[Mention], Meant] | None = None

    def __post_init__(self) -> None:
        known_zone(self.zone)
