"""`gemel new`: what it writes passes its own test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gemel.cli.scaffold import scaffold
from gemel.core.errors import RegistryError


@pytest.mark.slow
def test_scaffolded_test_passes(valid, tmp_path: Path) -> None:
    made = valid("new", "new", "my_drug", "--into", tmp_path)
    assert "my_drug/src/my_drug/model.py" in made["files"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=made["folder"], capture_output=True,
        text=True, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_scaffold_leaves_no_placeholder_and_declares_the_entry_point(tmp_path: Path) -> None:
    scaffold("my_drug", tmp_path)
    texts = {p.name: p.read_text() for p in (tmp_path / "my_drug").rglob("*") if p.is_file()}
    assert not [name for name, text in texts.items() if "@name@" in text or "@Class@" in text]
    assert 'my_drug = "my_drug.model:model"' in texts["pyproject.toml"]


@pytest.mark.parametrize("name", ["My-Drug", "replaybg", "9lives", ""])
def test_a_name_that_cannot_be_used_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RegistryError):
        scaffold(name, tmp_path)


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    scaffold("my_drug", tmp_path)
    with pytest.raises(RegistryError, match="exists"):
        scaffold("my_drug", tmp_path)
