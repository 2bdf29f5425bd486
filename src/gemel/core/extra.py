"""Optional packages: imported when first needed, with an error that says which extra brings them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import MissingExtraError

__all__ = ["require"]


def require(module: str, extra: str) -> Any:
    """Import `module`; MissingExtraError naming the extra when it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise MissingExtraError(f"this needs '{module}': install it with  pip install 'gemel[{extra}]'") from error
