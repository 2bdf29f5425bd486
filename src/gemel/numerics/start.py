"""Start JAX once, when the first kernel needs it: double precision, and a compile cache that outlives the process.

`GEMEL_CACHE` names the cache folder; an empty value turns the disk cache off.
"""

from __future__ import annotations

import os
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from ..core.extra import require

__all__ = ["bucket", "cache_folder", "computed_once", "jax_numpy"]


def cache_folder() -> Path | None:
    """Where compiled kernels are kept; None when `GEMEL_CACHE` is empty."""
    chosen = os.environ.get("GEMEL_CACHE")
    if chosen == "":
        return None
    if chosen is not None:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gemel"


@cache
def jax_numpy() -> Any:
    """`jax.numpy`, after settings that must precede the first array.

    float64 throughout; every compilation is cached on disk, however quick.
    """
    jax = require("jax", "twin")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    folder = cache_folder()
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            jax.config.update("jax_compilation_cache_dir", str(folder / "jax"))
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
            jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
        except OSError as error:
            warnings.warn(f"compiled kernels are not kept: {folder}: {error}", RuntimeWarning, stacklevel=2)
    return jax.numpy


def computed_once(tree: Any) -> Any:
    """The same arrays, kept from being merged into each of their uses, where their arithmetic would be repeated."""
    return require("jax", "twin").lax.optimization_barrier(tree)


def bucket(n: int, least: int = 1) -> int:
    """The size an axis of length n is padded to: the next power of two, so that few sizes are ever compiled."""
    size = least
    while size < n:
        size *= 2
    return size
