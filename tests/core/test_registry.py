"""Built-ins load by name, third parties by 'module:attribute', and what is missing is said."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gemel.core.errors import MissingExtraError, RegistryError
from gemel.core.extra import require
from gemel.core.model import Engine, Model
from gemel.core.registry import BUILT_IN, available, load, load_engine, load_model


@pytest.mark.parametrize("name", BUILT_IN["models"])
def test_every_built_in_model_keeps_the_contract(name: str) -> None:
    assert isinstance(load_model(name), Model)


@pytest.mark.parametrize("name", BUILT_IN["engines"])
def test_every_built_in_engine_keeps_the_contract(name: str) -> None:
    engine = load_engine(name)
    assert isinstance(engine, Engine) and engine == load_engine(name)


def test_a_name_with_a_colon_is_an_address() -> None:
    from tests.laws.conformance.lag import model

    assert load("models", "tests.laws.conformance.lag:model") is model


@pytest.mark.parametrize(("name", "says"), [
    ("unheard-of", "no models named 'unheard-of': there are"), ("gemel.nowhere:model", "cannot be imported"),
    ("gemel.core.card:nothing", "has no 'nothing'"),
])  # fmt: skip
def test_what_is_not_there_is_said(name: str, says: str) -> None:
    with pytest.raises(RegistryError, match=says):
        load("models", name)


def test_what_breaks_the_contract_is_refused() -> None:
    with pytest.raises(RegistryError, match="is no Model: it lacks"):
        load_model("gemel.core.clock:HOUR")
    with pytest.raises(RegistryError, match="is no Engine"):
        load_engine("builtins:dict")


def test_listing_imports_nothing() -> None:
    code = (
        "import sys; from gemel.core.registry import available; available('models');"
        "bad = [m for m in sys.modules if m.startswith(('gemel.models', 'gemel.engines')) or m in ('jax', 'numba')];"
        "assert not bad, bad"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(BUILT_IN["models"]) <= set(available("models"))


def test_a_missing_extra_names_its_remedy() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'gemel\[twin\]'"):
        require("no_such_package_at_all", "twin")
    assert require("json", "twin").dumps([1]) == "[1]"
