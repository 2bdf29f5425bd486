"""What gemel means by an array: anything numpy and JAX arrays both are.

`Array` is a Protocol, so that the core and its annotations load no JAX; a type checker takes it for `Any`, because the
two libraries' arithmetic has no common type, and the suite executes the annotations instead.  Annotations such as
`Float[Array, "r p"]` use one letter per axis for the whole project: r rows (twins x members), p parameters,
k covariates, m inputs, c observables, s segments, t output times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

__all__ = ["Array", "Namespace", "State"]


if TYPE_CHECKING:
    Array = Any
else:

    @runtime_checkable
    class Array(Protocol):
        """A numpy or JAX array."""

        @property
        def shape(self) -> tuple[int, ...]:
            """Length of each axis."""
            ...

        @property
        def dtype(self) -> Any:
            """Type of the elements."""
            ...

        def __array__(self, *args: Any, **kwargs: Any) -> Any: ...

        def __getitem__(self, index: Any, /) -> Any: ...


State = Mapping[str, Array]
"""Hidden state of all rows: every leaf has shape (r, ...)."""

Namespace = Any
"""An array namespace: `numpy` or `jax.numpy`."""
