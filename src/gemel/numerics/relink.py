"""Copies of plain functions that see other globals: how one loop serves many members, compiled or not.

`relink` walks from a function through the plain functions it names, unwraps run-time type checks, swaps what it is
told to and applies `finish` (numba's compiler, or nothing) to each copy.  So authors write undecorated functions, and a
model file loads no compiler.  `fingerprint` hashes all that walk meets, code and constants: it names the compiled
kernel on disk, so editing a rule, a helper or a constant can never bring back a stale one.
"""

from __future__ import annotations

import dis
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import CellType, CodeType, FunctionType
from typing import Any

from ..core.errors import CapabilityError

__all__ = ["fingerprint", "relink"]


def relink(
    function: Callable[..., Any],
    finish: Callable[[FunctionType], Any],
    given: Mapping[str, Any] | None = None,
    *,
    suffix: str = "",
    done: dict[FunctionType, Any] | None = None,
) -> Any:
    """A finished copy of `function`, in which the global names in `given` mean those values.

    `suffix` is added to every copy's qualified name.  Raises CapabilityError for a function that calls itself.
    """
    bare = inspect.unwrap(function)
    done = {} if done is None else done
    if bare in done:
        if done[bare] is None:
            raise CapabilityError(f"'{bare.__qualname__}' calls itself: a rule must be a loop, not a recursion")
        return done[bare]
    done[bare] = None

    def copied(value: Any) -> Any:
        return relink(value, finish, suffix=suffix, done=done) if isinstance(value, FunctionType) else value

    named = dict(_globals(bare)) | dict(given or {}) | {"__name__": bare.__module__}
    cells = tuple(CellType(copied(value)) for _, value in _closure(bare))
    seen = {name: copied(value) for name, value in named.items()}
    copy = FunctionType(bare.__code__, seen, bare.__name__, bare.__defaults__, cells)
    copy.__kwdefaults__ = bare.__kwdefaults__
    copy.__qualname__ = bare.__qualname__ + suffix
    done[bare] = finish(copy)
    return done[bare]


def fingerprint(*values: Any) -> str:
    """Sixteen hexadecimal digits of these values; a function counts with its code, defaults and all it uses."""
    seen: dict[FunctionType, int] = {}
    parts = [part for value in values for part in _parts(value, seen)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _parts(value: Any, seen: dict[FunctionType, int]) -> Iterator[str]:
    if not isinstance(value, FunctionType):
        yield repr(value)
        return
    bare = inspect.unwrap(value)
    if bare in seen:
        yield f"again {seen[bare]}"
        return
    seen[bare] = len(seen)
    yield from (bare.__module__, bare.__qualname__, repr(bare.__defaults__), repr(bare.__kwdefaults__))
    yield from _code_parts(bare.__code__)
    for name, used in [*_globals(bare), *_closure(bare)]:
        yield name
        yield from _parts(used, seen)


def _code_parts(code: CodeType) -> Iterator[str]:
    yield from (code.co_code.hex(), repr(code.co_names), repr(code.co_varnames))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_parts(constant)
        else:
            yield repr(constant)


def _globals(function: FunctionType) -> list[tuple[str, Any]]:
    """Name and value of every global the function or a function within it names, in a fixed order."""
    names: set[str] = set()
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        names.update(i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL")
        codes.extend(c for c in code.co_consts if isinstance(c, CodeType))
    return [(name, function.__globals__[name]) for name in sorted(names) if name in function.__globals__]


def _closure(function: FunctionType) -> list[tuple[str, Any]]:
    cells = function.__closure__ or ()
    return [(n, c.cell_contents) for n, c in zip(function.__code__.co_freevars, cells, strict=True)]
