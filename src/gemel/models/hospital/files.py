"""A declared hospital as a file, JSON or TOML: the words of `pathway` and `durations`, by name.

    {"name": "clinic",
     "classes": [{"name": "adult", "priority": 1}],
     "resources": [{"name": "nurse", "roster": [[0, 1], [8, 3]]}],
     "sources": [{"name": "door", "mix": {"adult": 1}, "rates": [2.5]}],
     "steps": [{"do": "seize", "name": "triage", "needs": [{"resource": "nurse"}]},
               {"do": "delay", "name": "talk", "time": {"law": "lognormal", "mean": 0.2, "cv": 0.5}},
               {"do": "release", "name": "done", "needs": [{"resource": "nurse"}]},
               {"do": "exit", "name": "home"}]}

A duration is {"law": name of a function of `durations`, and its arguments}, or one of those for each class; hours.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from ...core.errors import IngestError
from . import durations
from .durations import Duration
from .pathway import (
    Batch,
    Branch,
    Breakdown,
    Choose,
    Delay,
    Exit,
    Hospital,
    PatientClass,
    Reclass,
    Release,
    Resource,
    Seize,
    Source,
    Unbatch,
)  # fmt: skip

__all__ = ["read_hospital"]

STEPS: dict[str, Any] = {
    "seize": Seize, "delay": Delay, "release": Release, "branch": Branch, "choose": Choose, "batch": Batch,
    "unbatch": Unbatch, "reclass": Reclass, "exit": Exit,
}  # fmt: skip
TIMES = ("time", "patience", "wait", "gap", "up", "repair")
"""Keys whose values are durations."""


def read_hospital(file: Path) -> Hospital:
    """The hospital a file declares.  Raises IngestError naming the part that cannot be read."""
    try:
        text = file.read_bytes()
        told = (
            tomllib.loads(text.decode()) if file.suffix == ".toml" else msgspec.json.decode(text, type=dict[str, Any])
        )
        return Hospital(
            name=str(told.get("name", file.stem)),
            classes=tuple(_made(PatientClass, part) for part in told["classes"]),
            resources=tuple(_made(Resource, _breaks(part)) for part in told["resources"]),
            sources=tuple(_made(Source, part) for part in told["sources"]),
            steps=tuple(_step(part) for part in told["steps"]),
        )
    except (msgspec.MsgspecError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise IngestError(
            f"'{file}' declares no hospital: {type(error).__name__} {error}; see models/hospital/files.py"
        ) from error


def _step(part: Mapping[str, Any]) -> Any:
    """A step by what it does."""
    return _made(STEPS[str(part["do"])], {key: value for key, value in part.items() if key != "do"})


def _breaks(part: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's part, its breakdowns read."""
    return {k: _made(Breakdown, v) if k == "breaks" else v for k, v in part.items()}


def _made(kind: Any, part: Mapping[str, Any]) -> Any:
    """One declared thing: durations first, the rest by its declared types."""
    read = {key: _duration(value) if key in TIMES else value for key, value in part.items()}
    kept = {key: value for key, value in read.items() if key in TIMES or key == "breaks"}
    others = {key: value for key, value in read.items() if key not in kept}
    unknown = {*part} - {*kind.__dataclass_fields__}
    if unknown:
        raise KeyError(f"unknown {sorted(unknown)} in {dict(part)}")
    types = get_type_hints(kind) | {"ways": dict[str, float | dict[str, float]]}
    return kind(**{key: msgspec.convert(value, types[key], strict=False) for key, value in others.items()}, **kept)


def _duration(value: Any) -> Duration | dict[str, Duration]:
    if not isinstance(value, Mapping):
        raise TypeError(f"a duration is a table with a law, not {value!r}")
    if "law" not in value:
        return {str(name): _one(own) for name, own in value.items()}
    return _one(value)


def _one(value: Mapping[str, Any]) -> Duration:
    laws: dict[str, Callable[..., Duration]] = {n: getattr(durations, n) for n in durations.__all__ if n != "Duration"}
    if value["law"] not in laws:
        raise KeyError(f"no law '{value['law']}': {', '.join(laws)}")
    return laws[str(value["law"])](**{key: _number(key, number) for key, number in value.items() if key != "law"})


def _number(key: str, value: Any) -> Any:
    """A file's whole numbers may be meant as any, all but a count of phases."""
    if isinstance(value, list):
        return [float(x) for x in value]
    return int(value) if key == "phases" else float(value)
