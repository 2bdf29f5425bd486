"""`__all__` is the whole truth: what a core module defines in public, no more and no less."""

from __future__ import annotations

import ast
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import gemel
import gemel.core

ALIASES = {"Array", "Instant", "State", "Namespace", "Fact", "Value", "Plan", "Kind", "BUILT_IN"}
"""Public names that are assigned, not defined: type aliases and tables."""


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(gemel.core.__path__)])
def test_all_lists_every_public_definition(name: str) -> None:
    module = import_module(f"gemel.core.{name}")
    tree = ast.parse(Path(str(module.__file__)).read_text())
    public = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.name.startswith("_")}
    assert set(module.__all__) - public <= {n for n in vars(module) if n.isupper()} | ALIASES
    assert public <= set(module.__all__), f"{name} does not export {public - set(module.__all__)}"
    assert len(set(module.__all__)) == len(module.__all__)


def test_the_public_api_loads_name_by_name() -> None:
    for name in gemel.__all__:
        assert getattr(gemel, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        gemel.nothing  # noqa: B018
