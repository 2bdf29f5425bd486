"""What the author of a differential-equation model writes: one member, no member axis, no loop, no random numbers.

    start   state at the start, in steady state under the input rates
    field   d/dt of every state leaf, per hour
    dose    the leaves an instant dose changes
    emit    what an instrument would read, without error

Every argument is a namespace of scalars (or of arrays of a leaf's own shape): `x` state, `p` parameters and covariates
by name, `u` input rates, `d` doses, `env` the local clock, the array namespace `env.xp` and the fixed arrays.  Written
with `env.xp` and without branching on values, the same lines run under JAX for all members and under numpy for one.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, runtime_checkable

from ..core.array import Namespace
from ..core.errors import ShapeError
from ..core.model import Declared
from ..core.quantity import Quantity

__all__ = ["Env", "FlowMember", "named", "ordered"]


class Env(NamedTuple):
    """The subject's local clock (see `core.clock.CLOCK`), the array namespace and the fixed arrays."""

    hour: Any
    weekday: Any
    yearday: Any
    holiday: Any
    xp: Namespace
    fixed: Any


@runtime_checkable
class FlowMember(Declared, Protocol):
    """One member of a differential-equation model; a frozen dataclass that hashes by value."""

    @property
    def smooth(self) -> tuple[Quantity, ...]:
        """State that an engine may move a little."""
        ...

    @property
    def step(self) -> float:
        """Longest solver step [h]."""
        ...

    def start(self, p: Any, u: Any, env: Env) -> Mapping[str, Any]:
        """Every smooth state at the start, in steady state under the rates `u`."""
        ...

    def field(self, x: Any, p: Any, u: Any, env: Env) -> Mapping[str, Any]:
        """Change of every smooth state per hour."""
        ...

    def dose(self, x: Any, p: Any, d: Any, env: Env) -> Mapping[str, Any]:
        """The smooth states that doses `d` change."""
        ...

    def emit(self, x: Any, p: Any, env: Env) -> Mapping[str, Any]:
        """Every observable, without error."""
        ...


@lru_cache(maxsize=512)
def named(labels: tuple[str, ...]) -> Any:
    """A namespace type with these fields, in this order; JAX treats its values as a tree of arrays."""
    return namedtuple("Named", labels)  # pyright: ignore[reportUntypedNamedTuple] - known at run time only


def ordered(values: Mapping[str, Any], labels: tuple[str, ...], where: str) -> Any:
    """The mapping an author returned, as a namespace in declared order; ShapeError naming what is missing or extra."""
    if set(values) != set(labels):
        missing, extra = sorted(set(labels) - set(values)), sorted(set(values) - set(labels))
        raise ShapeError(f"{where} must return exactly {labels}: missing {missing}, unknown {extra}")
    return named(labels)(*(values[name] for name in labels))
