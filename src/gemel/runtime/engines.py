"""An engine by name and options: how a saved twin remembers what keeps it current."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import msgspec

from ..core.errors import StoreError
from ..core.model import Engine
from ..core.registry import available, load

__all__ = ["Tuned", "tuned"]


class Tuned(msgspec.Struct, frozen=True):
    """An engine's registered name (or 'module:class') and the options that make it."""

    name: str
    options: Mapping[str, bool | int | float | str]

    def build(self) -> Engine:
        """The engine; RegistryError when there is none of this name."""
        return load("engines", self.name)(**self.options)


def tuned(engine: Engine) -> Tuned:
    """Name and options of an engine; StoreError for one that they cannot make again."""
    kind = type(engine)
    target = f"{kind.__module__}:{kind.__qualname__}"
    name = next((name for name, where in available("engines").items() if where == target), target)
    options: dict[str, bool | int | float | str] = {}
    if is_dataclass(engine):
        values = {field.name: getattr(engine, field.name) for field in fields(engine)}
        options = {key: value for key, value in values.items() if isinstance(value, (bool, int, float, str))}
    if kind(**options) != engine:
        raise StoreError(
            f"engine {target} cannot be remembered: make it a dataclass whose options are numbers, texts or booleans"
        )
    return Tuned(name, options)
