"""A small language for equations as data: arithmetic, comparisons and a fixed list of functions over named columns.

    at_least(age, 0, 65, 1, 75, 2) + 2 * stroke + sex.female

A name is a column of n rows.  `sex.female` is 1 where the choice `sex` is `female`, else 0.  Comparisons and
and/or/not give 1 or 0, and a comparison with a missing value (NaN) is 0; arithmetic with NaN stays NaN.  The text is
parsed by Python and turned into closures over arrays; nothing in it is executed as Python, and a name, function or
construct that is not listed raises SupportError when the table is read.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.errors import SupportError
from .functions import FUNCTIONS

__all__ = ["Columns", "Expression", "Vocabulary", "compile_expression", "names_in"]

Columns = Mapping[str, Float[Array, "..."]]
Expression = Callable[[Columns], Float[Array, "..."]]
Vocabulary = Mapping[str, tuple[str, ...]]
"""Names an expression may use; a choice lists what it may be, a number has none."""

_ARITHMETIC: Final[Mapping[type[ast.operator], np.ufunc]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power,
}  # fmt: skip
_COMPARISON: Final[Mapping[type[ast.cmpop], np.ufunc]] = {
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal, ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}  # fmt: skip


def compile_expression(text: str, vocabulary: Vocabulary) -> Expression:
    """The function of the columns that the text means.  SupportError names what the text may not hold."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise SupportError(f"expression '{text}' cannot be read: {error.msg}") from None
    return _Reader(text, vocabulary).read(tree.body)


def names_in(text: str) -> frozenset[str]:
    """The columns an expression reads."""
    tree = ast.parse(text.strip(), mode="eval")
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called)


class _Reader:
    """Turns one syntax tree into closures."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text, self.vocabulary = text, vocabulary

    def read(self, node: ast.expr) -> Expression:
        """The closure of one node."""
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                number = np.float64(value)
                return lambda columns: number
            case ast.Name(id=name):
                self._known(name)
                return lambda columns: columns[name]
            case ast.Attribute(value=ast.Name(id=name), attr=choice):
                return self._choice(name, choice)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return _binary(_ARITHMETIC[type(op)], self.read(left), self.read(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.read(operand)
                return lambda columns: -inner(columns)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.read(operand)
                return lambda columns: 1.0 - _true(inner(columns))
            case ast.BoolOp(op=op, values=values):
                join = np.minimum if isinstance(op, ast.And) else np.maximum
                return _joined(join, [self.read(value) for value in values])
            case ast.Compare(left=left, ops=ops, comparators=rights):
                return self._comparison(left, ops, rights)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                return self._call(name, args, keywords)
            case _:
                raise SupportError(f"expression '{self.text}': {type(node).__name__} is not allowed in a score table")

    def _known(self, name: str) -> None:
        if name not in self.vocabulary:
            raise SupportError(f"expression '{self.text}': no column '{name}' (there are {sorted(self.vocabulary)})")

    def _choice(self, name: str, choice: str) -> Expression:
        self._known(name)
        choices = self.vocabulary[name]
        if choice not in choices:
            raise SupportError(f"expression '{self.text}': '{name}' is one of {choices}, never '{choice}'")
        code = choices.index(choice)
        return lambda columns: _real(np.equal(columns[name], code))

    def _comparison(self, left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr]) -> Expression:
        if any(type(op) not in _COMPARISON for op in ops):
            raise SupportError(f"expression '{self.text}': compare with < <= > >= == != only")
        sides = [self.read(side) for side in (left, *rights)]
        tests = [_binary(_COMPARISON[type(op)], sides[i], sides[i + 1]) for i, op in enumerate(ops)]
        present = [_binary(np.equal, side, side) for side in sides]  # false for NaN, which != would call true
        return _joined(np.minimum, [*tests, *present])

    def _call(self, name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> Expression:
        if name == "pick":
            return self._pick(args, keywords)
        if name not in FUNCTIONS or keywords:
            raise SupportError(f"expression '{self.text}': no function '{name}' (there are {sorted(FUNCTIONS)}, pick)")
        function, inner = FUNCTIONS[name], [self.read(arg) for arg in args]
        return lambda columns: function(*(argument(columns) for argument in inner))

    def _pick(self, args: list[ast.expr], keywords: list[ast.keyword]) -> Expression:
        """pick(choice, a=1, b=2): one value per choice, all choices named."""
        match args:
            case [ast.Name(id=name)]:
                self._known(name)
            case _:
                raise SupportError(f"expression '{self.text}': pick(choice, value per choice) starts with a choice")
        given = {keyword.arg: keyword.value for keyword in keywords}
        if set(given) != set(self.vocabulary[name]):
            raise SupportError(f"expression '{self.text}': pick names each of {self.vocabulary[name]} once")
        inner = [self.read(given[choice]) for choice in self.vocabulary[name]]

        def picked(columns: Columns) -> Float[Array, "..."]:
            codes = columns[name]
            values = np.stack([np.broadcast_to(value(columns), codes.shape) for value in inner])
            missing = np.isnan(codes)
            chosen = np.where(missing, 0, codes).astype(np.intp)
            return np.where(missing, np.nan, np.take_along_axis(values, chosen[None], 0)[0])

        return picked


def _real(truth: Array) -> Float[Array, "..."]:
    return np.asarray(truth, dtype=np.float64)


def _true(value: Array) -> Float[Array, "..."]:
    return _real((value != 0.0) & (value == value))


def _binary(function: np.ufunc, left: Expression, right: Expression) -> Expression:
    return lambda columns: _real(function(left(columns), right(columns)))


def _joined(join: np.ufunc, inner: list[Expression]) -> Expression:
    def joined(columns: Columns) -> Float[Array, "..."]:
        value = _true(inner[0](columns))
        for other in inner[1:]:
            value = join(value, _true(other(columns)))
        return value

    return joined
