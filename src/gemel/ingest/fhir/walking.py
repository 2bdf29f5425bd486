"""Walking through decoded JSON whose shape is not known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

__all__ = ["at", "fields"]

_NONE: Mapping[str, Any] = MappingProxyType({})


def fields(value: object) -> Mapping[str, Any]:
    """The members of an object; none of anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else _NONE


def at(value: object, path: Sequence[str]) -> Iterator[Any]:
    """Everything at a path, step by step, through lists."""
    if isinstance(value, list):
        for part in cast("list[Any]", value):
            yield from at(part, path)
    elif not path:
        yield value
    elif path[0] in (members := fields(value)):
        yield from at(members[path[0]], path[1:])
