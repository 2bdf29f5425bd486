"""Every number of a model says where it comes from.

In src/gemel/models and src/gemel/domains:

1. `Constant(...)`, `Prior(...)`, `Noise(...)` and `Drift(...)` carry a source: `Source("...")` with a locator, a name
   bound to one (in this module, or imported from another), or an argument annotated `Source`.
2. No bare number: a float, or an integer computed or compared with, stands only inside one of those calls (or
   `Quantity`, `Setting`, `Card`, `Evidence`, `Source`), in any other call given such a `source=`, or in a call to a
   helper that returns one.  Free are the small numbers that structure an equation, powers of ten and the conversions
   of time.  Any other number that truly is structure says so on its line:  `# structure: Simpson's rule`.

It reads the syntax tree and imports nothing.
"""

from __future__ import annotations

import ast
import math
import re
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("models", "domains")

SOURCED = {"Constant": 2, "Prior": 2, "Noise": 1, "Drift": 2}
"""Call to the position of its `source` argument."""
DECLARING = {*SOURCED, "Quantity", "Setting", "Card", "Evidence", "Source"}
STRUCTURE = {0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 24.0, 60.0, 168.0, 365.0, 365.25, 1440.0, 3600.0, 86400.0}
SMALL = 12
"""Integers up to here may be computed with: powers, counts, months."""
_REASON = re.compile(r"#\s*structure:\s*\S")


def _name(call: ast.expr) -> str:
    """The name of what is called: `Prior` in `Prior(...)`, `quantity.Prior(...)` and `Prior.lognormal(...)`."""
    match call:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=name)) if name in DECLARING:
            return name
        case ast.Attribute(attr=name):
            return name
        case _:
            return ""


@dataclass(frozen=True)
class File:
    """One module of the tree."""

    path: Path
    root: Path

    @cached_property
    def text(self) -> list[str]:
        """Its lines."""
        return self.path.read_text().splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.path.read_text(), str(self.path))

    @cached_property
    def assigned(self) -> dict[str, ast.expr]:
        """Names bound at module level, with what they are bound to."""
        bound: dict[str, ast.expr] = {}
        for node in self.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    bound[name] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    bound[name] = value
                case _:
                    pass
        return bound

    @cached_property
    def helpers(self) -> set[str]:
        """Module-level functions that return a declaring call (or another helper's)."""
        functions = [node for node in self.tree.body if isinstance(node, ast.FunctionDef)]
        known: set[str] = set()
        while True:
            more = {f.name for f in functions if f.name not in known and self._returns(f, DECLARING | known)}
            if not more:
                return known
            known |= more

    @staticmethod
    def _returns(function: ast.FunctionDef, names: set[str]) -> bool:
        returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
        return bool(returned) and all(isinstance(v, ast.Call) and _name(v.func) in names for v in returned)

    @cached_property
    def imported(self) -> dict[str, tuple[File, str]]:
        """Names taken from other modules of gemel: local name to (module, name there)."""
        taken: dict[str, tuple[File, str]] = {}
        here = self.path.relative_to(self.root / "src").with_suffix("").parts
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                above = here[: len(here) - node.level] if node.level else ()
                parts = (*above, *(node.module.split(".") if node.module else ()))
                for alias in node.names:
                    for inside, name in (((*parts, alias.name), ""), (parts, alias.name)):
                        found = self._module(inside)
                        if found and parts[:1] == ("gemel",):
                            taken[alias.asname or alias.name] = (found, name)
                            break
        return taken

    def _module(self, parts: tuple[str, ...]) -> File | None:
        base = self.root.joinpath("src", *parts)
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return File(path, self.root)
        return None


def _is_source(expression: ast.expr | None, file: File, typed: frozenset[str], depth: int = 5) -> bool:
    """Whether the expression is a Source with a locator, or a name that leads to one."""
    if depth == 0:
        return False
    match expression:
        case ast.Call(func=func, args=args, keywords=keywords) if _name(func) == "Source":
            locator = args[0] if args else next((k.value for k in keywords if k.arg == "locator"), None)
            return isinstance(locator, ast.JoinedStr) or (
                isinstance(locator, ast.Constant) and isinstance(locator.value, str) and bool(locator.value.strip())
            )
        case ast.Name(id=name) if name in typed:
            return True
        case ast.Name(id=name) if name in file.assigned:
            return _is_source(file.assigned[name], file, frozenset(), depth - 1)
        case ast.Name(id=name) if name in file.imported:
            other, there = file.imported[name]
            return bool(there) and _is_source(ast.Name(there), other, frozenset(), depth - 1)
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in file.imported:
            other, there = file.imported[module]
            return not there and _is_source(ast.Name(name), other, frozenset(), depth - 1)
        case ast.Attribute(value=value, attr="source"):
            return isinstance(value, ast.Name) and _declares(value.id, file)
        case ast.Subscript(value=ast.Name(id=table)):
            listed = file.assigned.get(table)
            return isinstance(listed, ast.Dict) and all(_is_source(v, file, typed, depth - 1) for v in listed.values)
        case _:
            return False


def _declares(name: str, file: File) -> bool:
    """Whether a name is bound to a sourced call, here or where it is imported from: its `.source` is then checked."""
    if name in file.imported:
        other, there = file.imported[name]
        return _declares(there, other)
    value = file.assigned.get(name)
    return isinstance(value, ast.Call) and _name(value.func) in SOURCED


@dataclass
class _Reader(ast.NodeVisitor):
    """Walks one file and collects what is wrong with it."""

    file: File
    problems: list[str] = field(default_factory=list[str])
    _typed: list[frozenset[str]] = field(default_factory=lambda: [frozenset[str]()])
    _declared: int = 0
    _arithmetic: bool = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Note which arguments are annotated Source."""
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        here = {a.arg for a in every if a.annotation is not None and ast.unparse(a.annotation).strip("'\"") == "Source"}
        self._typed.append(self._typed[-1] | here)
        self.generic_visit(node)
        self._typed.pop()

    def visit_Call(self, node: ast.Call) -> None:
        """Check the source of a declaring call, and let it hold numbers."""
        name, typed = _name(node.func), self._typed[-1]
        given = [k.value for k in node.keywords if k.arg == "source"]
        if name in SOURCED:
            given += node.args[SOURCED[name] : SOURCED[name] + 1]
        sourced = any(_is_source(value, self.file, typed) for value in given)
        if name in SOURCED and not sourced:
            self._add(
                node, f"{name}(...) without a source: give source=Source('doi:... table 2'), or a name bound to one"
            )
        declaring = name in DECLARING or sourced or self._helps(node.func)
        before, self._arithmetic = self._arithmetic, False
        self._declared += declaring
        self.generic_visit(node)
        self._declared -= declaring
        self._arithmetic = before

    def _helps(self, function: ast.expr) -> bool:
        if not isinstance(function, ast.Name):
            return False
        other, there = self.file.imported.get(function.id, (self.file, function.id))
        return there in other.helpers

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Integers count as numbers of the model when something is computed with them."""
        self._compute(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """... or compared with them."""
        self._compute(node)

    def _compute(self, node: ast.expr) -> None:
        before, self._arithmetic = self._arithmetic, True
        self.generic_visit(node)
        self._arithmetic = before

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Indices and shapes are no numbers of the model."""
        self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        """A number that stands bare."""
        number = node.value
        if isinstance(number, bool) or not isinstance(number, int | float) or self._declared:
            return
        if isinstance(number, float) or self._arithmetic:
            small = isinstance(number, int) and number <= SMALL
            if small or number in STRUCTURE or _power_of_ten(number) or _REASON.search(self.file.text[node.lineno - 1]):
                return
            self._add(node, f"bare number {number:g}: Constant({number:g}, unit, source), or  # structure: why")

    def _add(self, node: ast.expr, message: str) -> None:
        self.problems.append(f"{self.file.path.relative_to(self.file.root)}:{node.lineno}: {message}")


def _power_of_ten(number: float) -> bool:
    return math.isfinite(number) and number > 0 and number == float(f"1e{round(math.log10(number))}")


def problems(root: Path = ROOT) -> list[str]:
    """Every number without a source, as 'file:line: reason'."""
    found: list[str] = []
    for part in PARTS:
        for path in sorted((root / "src" / "gemel" / part).rglob("*.py")):
            reader = _Reader(File(path, root))
            reader.visit(reader.file.tree)
            found += reader.problems
    return found


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or 0)
