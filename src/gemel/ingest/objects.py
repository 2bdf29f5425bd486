"""Decoded JSON of unknown form: what is an object, what an array, what a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard, cast

__all__ = ["elements", "is_number", "members"]


def members(value: Any) -> Mapping[str, Any] | None:
    """The members of an object; None for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None


def elements(value: Any) -> Sequence[Any] | None:
    """The elements of an array; None for anything else."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else None


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
