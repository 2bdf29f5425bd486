"""What `gemel demo` says of the service it ran, as types."""

from __future__ import annotations

import msgspec

__all__ = ["DoorSeen", "ServiceSeen"]


class DoorSeen(msgspec.Struct, kw_only=True):
    """One exchange: through which door, what was sent, what came back, and how long that took."""

    door: str
    sent: str
    came_back: str
    seconds: float


class ServiceSeen(msgspec.Struct, kw_only=True):
    """The service as it was seen from outside.

    `left_out`: doors that were not tried, each with the reason.  `events`: how many of each kind the subscriber to the
    live stream was told.  `facts`: how many the subject had when the service was stopped; `same_facts`: whether it had
    the same ones, byte by byte, after it was started again.
    """

    data: str = ""
    subject: str = ""
    twin: str = ""
    doors: list[DoorSeen] = []
    left_out: dict[str, str] = {}
    events: dict[str, int] = {}
    facts: int = 0
    same_facts: bool = False
