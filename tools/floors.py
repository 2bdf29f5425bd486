"""Walk every import of src/gemel, in functions too, and compare it with the floors of the design.

    core  <- numerics <- models | engines | coupling      (siblings do not import one another)
          <- ingest | store | govern                      (see core only)
    models, engines, coupling <- verbs <- domains/{...}   (domains do not import one another)
    everything above <- runtime <- server <- cli

`core`, `ingest`, `store` and `govern` import no numerical or web framework.  Loading by name counts when the name is
written out: `import_module("gemel.server")`, `require("jax", "twin")`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_SCIENCE = ("core", "numerics", "models", "engines", "coupling", "verbs", "domains")
_BELOW_RUNTIME = (*_SCIENCE, "ingest", "store", "govern")

# floor: the floors it may import besides itself
FLOORS: dict[str, tuple[str, ...]] = {
    "core": (),
    "numerics": ("core",),
    "models": ("core", "numerics"),
    "engines": ("core", "numerics"),
    "coupling": ("core", "numerics"),
    "ingest": ("core",),
    "store": ("core",),
    "govern": ("core",),
    "verbs": ("core", "numerics", "models", "engines", "coupling"),
    "domains": ("core", "numerics", "models", "engines", "coupling", "verbs"),
    "runtime": (*_BELOW_RUNTIME, "__init__"),
    "server": (*_BELOW_RUNTIME, "runtime", "__init__"),
    "cli": (*_BELOW_RUNTIME, "runtime", "server", "__init__"),
    "__main__": ("cli",),
    "__init__": (*_BELOW_RUNTIME, "runtime"),
}
LIGHT = ("core", "ingest", "store", "govern", "__init__")
HEAVY = {
    "jax",
    "jaxlib",
    "diffrax",
    "equinox",
    "blackjax",
    "optax",
    "numba",
    "llvmlite",
    "scipy",
    "fastapi",
    "starlette",
}
_LOADERS = {"import_module", "require", "__import__"}


def imports(path: Path, package: str) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of everything the file imports; `package` is the package it lies in."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                parts = package.split(".")
                above = ".".join(parts[: len(parts) - level + 1]) if level else ""
                base = ".".join(part for part in (above, module) if part)
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in names)
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(target)), *_]
            ):
                if name in _LOADERS:
                    yield node.lineno, target.partition(":")[0]
            case _:
                pass


def _fault(floor: str, domain: str, target: str) -> str | None:
    """Why code of this floor (and domain) may not import `target`; None when it may."""
    top, *rest = target.split(".")
    if top != "gemel":
        return f"{floor} is light: it must not import {top}" if floor in LIGHT and top in HEAVY else None
    other = rest[0] if rest and rest[0] in FLOORS else "__init__"
    if floor == "domains" == other and domain != "__init__" and len(rest) > 1 and rest[1] != domain:
        return f"domain '{domain}' must not import its sibling '{rest[1]}'"
    if other not in (floor, *FLOORS[floor]):
        return f"{floor} must not import {target}: it sees {', '.join(FLOORS[floor]) or 'no other floor'}"
    return None


def problems(root: Path = ROOT) -> list[str]:
    """Every import that goes up or sideways, as 'file:line: reason'."""
    package = root / "src" / "gemel"
    found: list[str] = []
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package)
        floor = inside.parts[0].removesuffix(".py")
        if floor not in FLOORS:
            found.append(f"{path.relative_to(root)}: '{floor}' is on no floor: add it to FLOORS in tools/floors.py")
            continue
        domain = inside.parts[1].removesuffix(".py") if floor == "domains" else ""
        dotted = ".".join(("gemel", *inside.parts[:-1]))
        for line, target in imports(path, dotted):
            if fault := _fault(floor, domain, target):
                found.append(f"{path.relative_to(root)}:{line}: {fault}")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or 0)
