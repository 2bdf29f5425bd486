"""What became of facts and rows that were handed to a site."""

from __future__ import annotations

import msgspec

__all__ = ["Account", "Taken"]


class Taken(msgspec.Struct, kw_only=True):
    """items = accepted + repeated + rejected.  `reasons` counts rejections by kind; `last` is the number of the
    subject's last record."""

    items: int = 0
    accepted: int = 0
    repeated: int = 0
    rejected: int = 0
    reasons: dict[str, int] = {}
    last: int = 0

    def render(self) -> str:
        """One line a person can read."""
        parts = [f"accepted {self.accepted:,} of {self.items:,}"]
        parts += [f"repeated {self.repeated:,}"] if self.repeated else []
        parts += [f"rejected {n:,}: {kind}" for kind, n in sorted(self.reasons.items())]
        return "; ".join(parts)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a subject's data a twin rests on, since its start: facts used, refused by it, of codes its model does
    not take, and still to come; and why it is stale."""

    used: int
    refused: int
    others: int
    waiting: int
    stale: str
