"""Figures that `make evidence` computed for a model, read from the file that ships beside it.

A figure that never changes may stand in the card itself (`Card.validated`); one that a command recomputes lives in
`evidence/<model>.json` of the package that holds the model, so that no number was typed in by hand.  A plug-in ships
its own folder `evidence` in the same way.
"""

from __future__ import annotations

from importlib.resources import files

import msgspec

from .card import Evidence
from .registry import available

__all__ = ["Check", "File", "evidence_of", "read"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """Figures computed together, with the SHA-256 of the model's source files and of the data they rest on."""

    model: str
    data: str
    figures: tuple[Evidence, ...]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """All checks of one model, by name."""

    model: str
    checks: dict[str, Check]


def read(text: bytes) -> File:
    """An evidence file.  Raises msgspec.ValidationError for one that is not of this form."""
    return msgspec.json.decode(text, type=File)


def evidence_of(model: str) -> tuple[Evidence, ...]:
    """Every computed figure of a registered model; none where no file ships with it."""
    target = available("models").get(model)
    if target is None:
        return ()
    file = files(target.partition(".")[0].partition(":")[0]).joinpath("evidence", f"{model}.json")
    if not file.is_file():
        return ()
    return tuple(figure for check in read(file.read_bytes()).checks.values() for figure in check.figures)
