"""The slow path: the same loop and rules as plain Python, for debugging and as the check on the compiled path.

A print, a breakpoint or an IndexError works here; on the same draws both paths agree to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["PlainMember", "plain_member"]


class PlainMember:
    """One row's view: leaves and tables as attributes, as `jump_words` describes."""

    __slots__ = ("_leaves", "_row", "_tables", "began", "clock", "key", "p", "u")

    def __init__(self, leaves: Mapping[str, Any], tables: Mapping[str, Any], row: int, parts: tuple[Any, ...]) -> None:
        for name, value in zip(("p", "u", "clock", "key", "began"), parts, strict=True):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_leaves", leaves)
        object.__setattr__(self, "_tables", tables)
        object.__setattr__(self, "_row", row)

    def __getattr__(self, name: str) -> Any:
        if name in self._leaves:
            return self._leaves[name][self._row]
        if name in self._tables:
            return self._tables[name][()]
        raise AttributeError(f"the member has no leaf or table '{name}': {[*self._leaves, *self._tables]}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._leaves or self._leaves[name].ndim > 1:
            raise AttributeError(f"'{name}' is no number of the state: set elements of arrays, and nothing else")
        self._leaves[name][self._row] = value


def plain_member(names: tuple[str, ...], tables: tuple[str, ...]) -> Any:
    """The function that views one row, for a member with these leaves and tables."""

    def member(leaves: Any, fixed: Any, row: int, p: Any, u: Any, clock: Any, key: Any, began: Any) -> PlainMember:
        named = dict(zip(names, leaves, strict=True)), dict(zip(tables, fixed, strict=True))
        return PlainMember(*named, row, (p, u, clock, key, np.int64(began)))

    return member
