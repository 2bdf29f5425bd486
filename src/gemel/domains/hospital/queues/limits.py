"""What a queue may be asked: positive rates, whole servers, a load below capacity where a steady state is wanted."""

from __future__ import annotations

from math import isfinite

from ....core.errors import SupportError

__all__ = ["below_capacity", "natural", "nonnegative", "positive"]


def positive(name: str, value: float | int) -> float:
    """The value if it is finite and above 0; SupportError otherwise."""
    if not (isfinite(value) and value > 0):
        raise SupportError(f"{name} = {value:g} must be a finite number above 0: give a rate or a time, in hours")
    return float(value)


def nonnegative(name: str, value: float | int) -> float:
    """The value if it is finite and not below 0; SupportError otherwise."""
    if not (isfinite(value) and value >= 0):
        raise SupportError(f"{name} = {value:g} must be a finite number, 0 or above")
    return float(value)


def natural(name: str, value: float | int, least: int = 1) -> int:
    """The value as a whole number; SupportError when it is none or below `least`."""
    if not isfinite(value) or value != int(value) or value < least:
        raise SupportError(f"{name} = {value:g} must be a whole number, {least} or above")
    return int(value)


def below_capacity(demand: float, capacity: float, what: str) -> None:
    """SupportError when work arrives as fast as it can be done: the queue then grows without limit."""
    if not demand < capacity:
        raise SupportError(
            f"{what}: demand {demand:g} is not below capacity {capacity:g}, so the queue grows without limit and has "
            "no steady state: add servers, or ask for the transient or for a model with limited places or abandonment"
        )
