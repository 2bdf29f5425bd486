"""`gemel new`: a plug-in project with one model in one file, a test that passes, and an entry point gemel finds."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from ..core.errors import RegistryError
from ..core.registry import available
from .shapes import Scaffolded

__all__ = ["scaffold"]

_FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "readme.md.txt",
    "src/{name}/__init__.py": "package.py.txt",
    "src/{name}/model.py": "model.py.txt",
    "tests/test_model.py": "test_model.py.txt",
}


def scaffold(name: str, parent: Path) -> Scaffolded:
    """Write the project folder `name` under `parent`; RegistryError for an unusable name or a folder in use."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise RegistryError(f"'{name}' is no model name: lower-case letters, digits and underscores, such as my_drug")
    if name in available("models"):
        raise RegistryError(f"a model named '{name}' is registered already: choose another name")
    folder = parent / name
    if folder.exists():
        raise RegistryError(f"'{folder}' exists already: choose another name or --into another folder")
    class_name = "".join(part.capitalize() for part in name.split("_"))
    written: list[str] = []
    for target, template in _FILES.items():
        path = folder / target.format(name=name)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = files("gemel.cli").joinpath("templates", template).read_text(encoding="utf-8")
        path.write_text(text.replace("@name@", name).replace("@Class@", class_name), encoding="utf-8")
        written.append(str(path.relative_to(parent)))
    return Scaffolded(folder=str(folder), files=written)
