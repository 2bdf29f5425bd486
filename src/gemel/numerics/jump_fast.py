"""The fast path: numba's view of one member's row, and the compiler with its cache on disk.

`m.busy` becomes a load from leaf 'busy' at the member's row and `m.busy = x` a store: the view holds the arrays and the
row, and vanishes when the rules are inlined.  Imported only when a kernel is first needed.

Cache: each compiled loop gets a stamp file named by the fingerprint of all its code, and numba's ordinary file cache
keyed to that stamp; a second process finds it whatever file, class or test the rules were defined in.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

from numba import njit, types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
)

from .relink import relink
from .start import cache_folder

__all__ = ["compile_loop", "compiled_member"]

PARTS = ("p", "u", "clock", "key", "began")


class MemberType(types.Type):  # pyright: ignore[reportUntypedBaseClass]
    """One member: leaves (each with the row axis first), tables, and the parts that `jump_words` describes."""

    def __init__(self, names: tuple[str, ...], tables: tuple[str, ...], fields: dict[str, Any]) -> None:
        self.fields = fields
        self.place = {n: ("leaves", i) for i, n in enumerate(names)} | {n: ("tables", i) for i, n in enumerate(tables)}
        super().__init__(name=f"Member({names}, {tables}, {fields})")

    def array(self, attribute: str) -> Any:
        """The whole array type behind a leaf or table."""
        group, index = self.place[attribute]
        return self.fields[group][index]

    def seen(self, attribute: str) -> Any:
        """The type of `m.<attribute>`; None if there is no such attribute."""
        if attribute in PARTS:
            return self.fields[attribute]
        if attribute not in self.place:
            return None
        array = self.array(attribute)
        left = array.ndim - (self.place[attribute][0] == "leaves")
        return array.dtype if left == 0 else array.copy(ndim=left)


@register_model(MemberType)  # pyright: ignore[reportUntypedClassDecorator]
class MemberModel(models.StructModel):  # pyright: ignore[reportUntypedBaseClass]
    """The view in registers: the arrays, the row and the parts."""

    def __init__(self, manager: Any, member: MemberType) -> None:
        super().__init__(manager, member, list(member.fields.items()))


@infer_getattr  # pyright: ignore[reportUntypedClassDecorator]
class MemberAttributes(AttributeTemplate):  # pyright: ignore[reportUntypedBaseClass]
    """Types of the member's attributes, for reading and setting."""

    key = MemberType

    def generic_resolve(self, member: MemberType, attribute: str) -> Any:
        """See `MemberType.seen`."""
        return member.seen(attribute)


@lower_getattr_generic(MemberType)
def _read(context: Any, builder: Any, member: MemberType, value: Any, attribute: str) -> Any:
    view = cgutils.create_struct_proxy(member)(context, builder, value=value)
    if attribute in PARTS:
        return impl_ret_borrowed(context, builder, member.seen(attribute), getattr(view, attribute))
    group, index = member.place[attribute]
    array, seen = builder.extract_value(getattr(view, group), index), member.seen(attribute)
    if group == "tables":
        if isinstance(seen, types.Array):
            return impl_ret_borrowed(context, builder, seen, array)
        return context.compile_internal(builder, _number, seen(member.array(attribute)), (array,))
    return context.compile_internal(builder, _at, seen(member.array(attribute), types.uintp), (array, view.row))


@lower_setattr_generic(MemberType)
def _write(context: Any, builder: Any, signature: Any, values: Any, attribute: str) -> Any:
    member, kind = signature.args
    view = cgutils.create_struct_proxy(member)(context, builder, value=values[0])
    if member.place.get(attribute, ("", 0))[0] != "leaves" or member.array(attribute).ndim > 1:
        raise TypeError(f"'{attribute}' is no number of the state: set elements of arrays, and nothing else")
    array = builder.extract_value(view.leaves, member.place[attribute][1])
    returns = types.none(member.array(attribute), types.uintp, kind)
    return context.compile_internal(builder, _set, returns, (array, view.row, values[1]))


def _at(array: Any, row: Any) -> Any:
    return array[row]


def _number(array: Any) -> Any:
    return array[()]


def _set(array: Any, row: Any, value: Any) -> None:
    array[row] = value


def compiled_member(names: tuple[str, ...], tables: tuple[str, ...]) -> Any:
    """The intrinsic that views one row, for a member with these leaves and tables."""

    @intrinsic
    def member(typing: Any, leaves: Any, fixed: Any, row: Any, p: Any, u: Any, clock: Any, key: Any, began: Any) -> Any:
        fields = {"leaves": leaves, "tables": fixed, "row": types.uintp}
        fields |= {"p": p, "u": u, "clock": clock, "key": key, "began": types.int64}
        view = MemberType(names, tables, fields)
        given = (leaves, fixed, row, p, u, clock, key, began)

        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            struct = cgutils.create_struct_proxy(view)(context, builder)
            for (field, wanted), got, value in zip(fields.items(), given, values, strict=True):
                setattr(struct, field, context.cast(builder, value, got, wanted))
            return impl_ret_borrowed(context, builder, view, struct._getvalue())

        return view(*given), build

    return member


def compile_loop(
    loop: Callable[..., Any], given: dict[str, Any], digest: str, *, inlined: tuple[str, ...] | None = None
) -> Any:
    """The loop compiled with these rules; kept on disk under `digest` where there is a cache folder.

    Rules are inlined whole, or only those named in `inlined`: a call would otherwise pass every array of the state,
    event after event.  With `inlined`, only the outermost makes arrays, and no other counts references to them.
    """
    stamp, suffix = _stamp(digest), f"_{digest}"

    def finish(copy: FunctionType) -> Any:
        if copy.__name__ != loop.__name__:
            whole = copy.__name__ not in ("push", "pop") if inlined is None else copy.__name__ in inlined
            counts: dict[str, Any] = {} if inlined is None else {"_nrt": False}
            return njit(nogil=True, error_model="numpy", forceinline=whole, **counts)(copy)
        if stamp is not None:
            copy.__code__ = copy.__code__.replace(co_filename=str(stamp))
        return njit(nogil=True, error_model="numpy", cache=stamp is not None)(copy)

    return relink(loop, finish, given, suffix=suffix)


def _stamp(digest: str) -> Path | None:
    """The file numba's cache is tied to: written once, never changed; None where nothing can be kept."""
    folder = cache_folder()
    if folder is None:
        return None
    stamp = folder / "numba" / f"jump_{digest}.py"
    try:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        with stamp.open("x") as file:
            file.write(f"# Names the compiled event loop {digest} kept beside this file; safe to delete.\n")
    except FileExistsError:
        return stamp
    except OSError as error:
        warnings.warn(f"compiled kernels are not kept: {folder}: {error}", RuntimeWarning, stacklevel=2)
        return None
    return stamp
