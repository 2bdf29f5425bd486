"""Where models, engines, adapters and stores are found.

Built-ins are strings, so listing them imports nothing.  Third parties add theirs by entry points in the groups
`gemel.models`, `gemel.engines`, `gemel.ingest` and `gemel.stores`; a built-in name cannot be replaced.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal

from .errors import MissingExtraError, RegistryError
from .model import Engine, Model

__all__ = ["BUILT_IN", "Kind", "available", "load", "load_engine", "load_model"]

Kind = Literal["models", "engines", "ingest", "stores"]

BUILT_IN: dict[Kind, dict[str, str]] = {
    "models": {
        "replaybg": "gemel.models.patient.replaybg:model",
        "replaybg-everyday": "gemel.models.patient.replaybg:everyday",
        "hovorka": "gemel.models.patient.hovorka:model",
        "exercise": "gemel.models.patient.exercise:model",
        "topp": "gemel.models.patient.topp:model",
        "body-weight": "gemel.models.patient.body_weight:model",
        "mmc": "gemel.models.hospital.mmc:model",
        "hospital": "gemel.models.hospital.declared:model",
    },
    "engines": {
        "enkf": "gemel.engines.enkf:EnsembleKalman",
        "particle": "gemel.engines.particle:TemperedParticle",
        "laplace": "gemel.engines.laplace:MapLaplace",
        "nuts": "gemel.engines.nuts:Nuts",
        "nested": "gemel.engines.nested:NestedFilter",
    },
    "ingest": {
        "csv": "gemel.ingest.table:read",
        "t1d-uom": "gemel.ingest.t1d_uom:read",
        "fhir": "gemel.ingest.fhir:read",
    },
    "stores": {
        "sqlite": "gemel.store.sqlite:SqliteStore",
        "postgresql": "gemel.store.postgres:PostgresStore",
    },
}


def available(kind: Kind) -> dict[str, str]:
    """Every name of this kind with where it lives; importing none of them."""
    plugins = {e.name: e.value for e in entry_points(group=f"gemel.{kind}")}
    return plugins | BUILT_IN[kind]


def load(kind: Kind, name: str) -> Any:
    """The object of this name, or 'module:attribute' for one that is not registered."""
    target = name if ":" in name else BUILT_IN[kind].get(name) or available(kind).get(name)
    if target is None:
        raise RegistryError(
            f"no {kind} named '{name}': there are {sorted(available(kind))}, or give 'module:attribute'"
        )
    module, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] in ("jax", "numba", "scipy", "diffrax"):
            raise MissingExtraError(f"'{name}' needs '{error.name}': pip install 'gemel[twin]'") from error
        raise RegistryError(f"'{name}' points at module '{module}', which cannot be imported: {error}") from error
    except AttributeError as error:
        raise RegistryError(f"'{name}' points at '{target}', but the module has no '{attribute}'") from error


def load_model(name: str) -> Model:
    """The model of this name, checked against the contract."""
    model = load("models", name)
    if not isinstance(model, Model):
        kind: type[object] = type(model)  # pyright: ignore[reportUnknownVariableType] - anything may be registered
        missing = [m for m in ("card", "prior", "prepare", "init", "run", "smooth") if not hasattr(kind, m)]
        raise RegistryError(f"'{name}' is no Model: it lacks {missing or 'some of the contract in gemel.core.model'}")
    return model


def load_engine(name: str) -> Engine:
    """A new engine of this name with its default settings."""
    engine = load("engines", name)()
    if not isinstance(engine, Engine):
        raise RegistryError(f"'{name}' is no Engine: see gemel.core.model.Engine")
    return engine
