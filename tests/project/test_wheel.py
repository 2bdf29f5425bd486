"""What a user installs: the wheel in a clean environment, with the base packages alone and with the `twin` extra."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.wheel import BASE_LIMIT, Install, build, install

pytestmark = pytest.mark.slow
LIGHT = "import gemel, sys; sys.exit(any(m in sys.modules for m in ('jax', 'numba', 'scipy', 'fastapi')))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Install:
    return install(wheel, "base", tmp_path_factory.mktemp("base") / "env")


@pytest.fixture(scope="module")
def twin(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Install:
    return install(wheel, "twin", tmp_path_factory.mktemp("twin") / "env")


def _run(installed: Install, *command: str) -> str:
    done = installed.run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_base_install_imports_and_lists_models(base: Install) -> None:
    _run(base, "python", "-W", "error", "-c", LIGHT)
    assert "0.1.0" in _run(base, "gemel", "--version")
    assert "replaybg" in _run(base, "gemel", "models")


def test_base_install_is_small(base: Install) -> None:
    assert 40.0 < base.megabytes <= BASE_LIMIT


def test_wheel_holds_the_package_its_licence_and_no_tests(base: Install) -> None:
    (site,) = (base.home / "lib").glob("python*/site-packages")
    assert (site / "gemel" / "py.typed").is_file()
    (info,) = site.glob("gemel-*.dist-info")
    assert (info / "licenses" / "LICENSE").read_text().lstrip().startswith("Apache License")
    assert not (site / "tests").exists()


def test_twin_install_loads_every_model(twin: Install) -> None:
    from gemel.core.registry import BUILT_IN

    code = "; ".join(f"load_model({name!r})" for name in BUILT_IN["models"])
    _run(twin, "python", "-c", f"from gemel.core.registry import load_model; {code}")
