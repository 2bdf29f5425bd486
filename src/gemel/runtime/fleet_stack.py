"""Beliefs of many twins of one kind in one set of arrays: a row for each seat, then the members.

A tick gathers the rows of the twins that have news, and scatters them back: no object per twin is made on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray

from ..core.array import Array
from ..core.belief import Belief
from ..core.fact import Instant

__all__ = ["Stack"]

_PLAIN = ("theta", "covariates", "logw", "read")
_FACTOR = "inflation"
_STATE = "state/"


class Stack:
    """Arrays (seat, member, ...) by name; they double when they are full.  Seats are numbered by whoever fills them."""

    def __init__(self) -> None:
        self._leaves: dict[str, NDArray[Any]] = {}
        self._members = 0

    @property
    def members(self) -> int:
        """Members of each twin; 0 before the first."""
        return self._members

    @property
    def bytes(self) -> int:
        """What the arrays take."""
        return sum(leaf.nbytes for leaf in self._leaves.values())

    def put(self, seat: int, belief: Belief) -> None:
        """Set the belief of one twin down on its seat."""
        self._members = belief.rows
        self._write(np.array([seat]), 1, belief)

    def rows(self, seats: Int[Array, "b"], at: Instant) -> Belief:
        """The beliefs on these seats as one, twin after twin: a copy."""
        rows = len(seats) * self._members  # written out: -1 says nothing where a model has no covariates
        found = {name: leaf[seats].reshape(rows, *leaf.shape[2:]) for name, leaf in self._leaves.items()}
        theta, covariates, logw, read = (found.pop(name) for name in _PLAIN)
        factor = found.pop(_FACTOR, None)
        state = {name.removeprefix(_STATE): leaf for name, leaf in found.items()}
        return Belief(theta, covariates, state, logw, at, read, factor)

    def set(self, seats: Sequence[int], belief: Belief) -> None:
        """Set down the first beliefs of many, one on each of these seats."""
        self._write(np.asarray(seats), len(seats), belief)

    def _write(self, seats: NDArray[Any], twins: int, belief: Belief) -> None:
        given: dict[str, Any] = {name: getattr(belief, name) for name in _PLAIN}
        given |= {_STATE + name: leaf for name, leaf in belief.state.items()}
        if belief.inflation is not None:
            given[_FACTOR] = belief.inflation
        elif _FACTOR in self._leaves:
            given[_FACTOR] = np.ones(belief.rows)
        for name, leaf in given.items():
            array = np.asarray(leaf)
            own = self._room(name, int(seats.max()) + 1, array)
            own[seats] = array.reshape(len(array) // self._members, self._members, *array.shape[1:])[:twins]

    def _room(self, name: str, seats: int, like: NDArray[Any]) -> NDArray[Any]:
        """The array of this name, with room for so many seats."""
        own = self._leaves.get(name)
        if own is None or own.shape[0] < seats:
            most = max([8, *(leaf.shape[0] for leaf in self._leaves.values())])
            while most < seats:
                most *= 2
            start = np.ones if name == _FACTOR else np.zeros
            larger = start((most, self._members, *like.shape[1:]), dtype=like.dtype)
            if own is not None:
                larger[: own.shape[0]] = own
            self._leaves[name] = own = larger
        return own
