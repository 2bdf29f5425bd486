"""Write docs/reference: a map of the modules, and a page per package from signatures and docstrings.

It reads the source and imports nothing, so it needs none of the extras.  A name is public when the module lists it in
`__all__`; a module without `__all__`, or whose name starts with an underscore, is left out.
"""

from __future__ import annotations

import ast
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Module:
    """One public module: its dotted name, its docstring, and the definitions it exports."""

    name: str
    about: str
    exports: tuple[ast.stmt, ...]

    @property
    def package(self) -> str:
        """The page it goes on: `gemel.core`, `gemel.models.patient`."""
        return self.name.rpartition(".")[0]

    @property
    def summary(self) -> str:
        """The first sentence of its docstring, on one line."""
        return self.about.partition("\n\n")[0].replace("\n", " ")


def modules(root: Path = ROOT) -> Iterator[Module]:
    """Every public module of gemel."""
    source = root / "src"
    for path in sorted((source / "gemel").rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        tree = ast.parse(path.read_text(), str(path))
        exported = _all(tree)
        if exported is None or path.stem.startswith("_"):
            continue
        found = tuple(node for node in tree.body if _named(node) in exported)
        yield Module(".".join(parts), ast.get_docstring(tree) or "", found)


def _all(tree: ast.Module) -> set[str] | None:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=names) | ast.Tuple(elts=names)):
                return {name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, str)}
            case _:
                pass
    return None


def _named(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case _:
            return ""


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def entry(node: ast.stmt) -> str:
    """One exported name as Markdown: signature, docstring; of a class its fields and public methods too."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return f"### `{node.name}`\n\n```text\n{_signature(node)}\n```\n\n{ast.get_docstring(node) or ''}\n"
        case ast.ClassDef():
            fields = [ast.unparse(f) for f in node.body if isinstance(f, ast.AnnAssign)]
            block = "```text\n" + "\n".join(fields) + "\n```\n\n" if fields else ""
            methods = [f for f in node.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("_")]
            lines = "".join(f"- `{_signature(m)}`: {_first(m)}\n" for m in methods)
            return f"### `{node.name}`\n\n{ast.get_docstring(node) or ''}\n\n{block}{lines}"
        case _:
            return f"### `{_named(node)}`\n\n```text\n{ast.unparse(node)}\n```\n"


def _first(node: ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")


def write(target: Path, root: Path = ROOT) -> list[Path]:
    """Write the pages into `target`, replacing what is there; the paths written."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    pages: dict[str, list[Module]] = {}
    for module in modules(root):
        pages.setdefault(module.package, []).append(module)
    written = [target / "index.md"]
    index = "# Modules\n\n"
    for package, members in sorted(pages.items()):
        page = f"{package}.md"
        index += f"\n## [{package}]({page})\n\n" + "".join(f"- `{m.name}`: {m.summary}\n" for m in members)
        text = f"# {package}\n"
        for member in members:
            text += f"\n## {member.name}\n\n{member.about}\n\n" + "\n".join(map(entry, member.exports))
        (target / page).write_text(text)
        written.append(target / page)
    written[0].write_text(index)
    return written


if __name__ == "__main__":
    for path in write(ROOT / "docs" / "reference"):
        print(path.relative_to(ROOT), file=sys.stdout)
