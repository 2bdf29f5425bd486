"""The lock check finds what a lock leaves open: a missing package, a wrong version, no hash, a lock that disagrees."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools import lock

LINUX = next(lock.environments())


@pytest.fixture
def copy(tmp_path: Path, root: Path) -> Path:
    shutil.copytree(root / "requirements", tmp_path / "requirements")
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def _edit(root: Path, name: str, old: str, new: str) -> None:
    path = root / "requirements" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_locks_hold_on_every_python_and_platform(copy: Path) -> None:
    assert lock.problems(copy) == []


def test_missing_package_is_found(copy: Path) -> None:
    _edit(copy, "base.txt", "\nmdurl==", "\nother==")
    assert any("markdown-it-py needs mdurl" in p for p in lock.problems(copy))


def test_version_outside_the_range_is_found() -> None:
    (found,) = lock.unmet({"simpy": "3.0"}, [Requirement("simpy>=4.1")], LINUX)
    assert found.endswith("the lock has 3.0")


def test_lock_that_disagrees_with_the_larger_one_is_found(copy: Path) -> None:
    version = lock.pins(copy / "requirements" / "base.txt")["rich"]
    _edit(copy, "base.txt", f"rich=={version}", "rich==14.9.9")
    assert f"base.txt: rich==14.9.9, the larger lock has {version}" in lock.problems(copy)


def test_pin_without_hash_is_found(copy: Path) -> None:
    (copy / "requirements" / "base.txt").write_text("numpy==2.4.6\n")
    assert "base.txt: no hash: numpy==2.4.6" in lock.problems(copy)


def test_locks_hold_no_address(root: Path) -> None:
    for path in (root / "requirements").iterdir():
        lines = path.read_text().splitlines()
        assert all(line.startswith("    --hash=sha256:") or "==" in line for line in lines), path
