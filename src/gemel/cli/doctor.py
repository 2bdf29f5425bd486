"""`gemel doctor`: is everything there that is needed, and what would what is missing bring?"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..core.errors import GemelError
from .shapes import Check, DoctorShape

__all__ = ["examine"]

_EXTRAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "twin": ("the models and engines", ("jax", "diffrax", "blackjax", "numba", "scipy")),
    "plots": ("PNG plots", ("matplotlib",)),
    "frames": ("pandas and xarray tables", ("pandas", "xarray")),
    "serve": ("the service", ("fastapi", "granian", "asyncpg", "cryptography", "joserfc", "httpx")),
    "imaging": ("images and meshes", ("pydicom", "pynetdicom", "SimpleITK", "scikit-image", "trimesh")),
    "signals": ("waveforms", ("wfdb", "fitdecode")),
    "plan": ("rosters and schedules by optimisation", ("ortools",)),
    "learn": ("statistical learning", ("scikit-learn", "xgboost-cpu")),
}
_NEEDED = ("numpy", "msgspec", "typer", "rich", "jaxtyping")


def examine() -> DoctorShape:
    """Look at everything once; a check that itself fails is a broken check, with the error as its detail."""
    looks: list[Callable[[], Check]] = [_python, _base, _zones, _processors, _cache, _store, _devices]
    checks = [_safely(look) for look in looks]
    checks += [_extra(name, brings, packages) for name, (brings, packages) in _EXTRAS.items()]
    return DoctorShape(healthy=all(c.status != "broken" for c in checks), checks=checks)


def _safely(look: Callable[[], Check]) -> Check:
    try:
        return look()
    except (OSError, ImportError, RuntimeError, GemelError) as error:
        name = look.__name__.strip("_")
        return Check(name=name, status="broken", detail=str(error), way_out="see the detail; reinstall if it persists")


def _python() -> Check:
    from .. import __version__

    found = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    detail = f"gemel {__version__} on Python {found}, {sys.platform}"
    return Check(
        name="python", status="ok" if fine else "broken", detail=detail, way_out="" if fine else "use 3.11 or newer"
    )


def _base() -> Check:
    missing = [name for name in _NEEDED if _version(name) is None]
    detail = ", ".join(f"{name} {_version(name)}" for name in _NEEDED if name not in missing)
    if not missing:
        return Check(name="base packages", status="ok", detail=detail)
    return Check(
        name="base packages", status="broken", detail=f"missing: {', '.join(missing)}", way_out="pip install gemel"
    )


def _zones() -> Check:
    from ..core.clock import zone

    zone("Europe/London")
    origin = f"tzdata {_version('tzdata')}" if _version("tzdata") else "the system's tables"
    return Check(name="time zones", status="ok", detail=f"found, with {origin} at hand")


def _processors() -> Check:
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    total = os.cpu_count() or usable
    return Check(name="processors", status="ok", detail=f"{usable} of {total} usable by this process")


def _cache() -> Check:
    from ..numerics.start import cache_folder

    folder = cache_folder()
    if folder is None:
        return Check(name="compile cache", status="optional", detail="off, since GEMEL_CACHE is empty",
                     way_out="unset GEMEL_CACHE")  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(name="compile cache", status="broken", detail=f"{folder}: {error}",
                     way_out="set GEMEL_CACHE to a folder you may write to, or to nothing")  # fmt: skip
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    return Check(name="compile cache", status="ok", detail=f"{folder}, {size / 1e6:.0f} MB")


def _store() -> Check:
    from ..store import SqliteStore

    with tempfile.TemporaryDirectory() as folder, SqliteStore(Path(folder) / "probe.db") as store:
        info = store.info()
    return Check(name="store", status="ok", detail=f"SQLite writes, schema {info.get('schema', '?')}")


def _devices() -> Check:
    if find_spec("jax") is None:
        return Check(
            name="JAX devices", status="broken", detail="JAX is not installed", way_out="pip install 'gemel[twin]'"
        )
    jax: Any = import_module("jax")
    devices = [f"{d.platform} ({d.device_kind})" for d in jax.devices()]
    return Check(name="JAX devices", status="ok", detail=f"jax {_version('jax')}: {', '.join(devices)}")


def _extra(name: str, brings: str, packages: tuple[str, ...]) -> Check:
    missing = [p for p in packages if _version(p) is None]
    here = ", ".join(f"{p} {_version(p)}" for p in packages if p not in missing)
    if not missing:
        return Check(name=f"extra {name}", status="ok", detail=f"{brings}: {here}")
    status = "broken" if name == "twin" else "optional"
    detail = f"{brings}: missing {', '.join(missing)}" + (f"; here: {here}" if here else "")
    return Check(name=f"extra {name}", status=status, detail=detail, way_out=f"pip install 'gemel[{name}]'")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
