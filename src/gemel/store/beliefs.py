"""Beliefs as bytes, without pickle: nothing in the bytes can run.

Layout: magic "gemel-belief\\x01", length of the body [8 bytes, little-endian], body compressed by zlib.
Body: length of the header [4 bytes], header as msgpack (instant, and name, dtype and shape of each array),
then the arrays.  Bytes of equal significance stand together (byte shuffle), which lets zlib find the
exponents that members share.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gemel.core.belief import Belief
from gemel.core.errors import StoreError

__all__ = ["pack", "unpack"]

MAGIC = b"gemel-belief\x01"

DTYPES = frozenset({"<f8", "<f4", "<i8", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1", "|b1"})
"""What an array of a belief may hold: plain numbers."""

LEVEL = 1
"""zlib level: higher ones cost much time for few bytes on floating-point numbers."""

MOST_SHRINK = 1032
"""zlib cannot shrink more than 1032:1 (zlib.net/zlib_tech.html): a longer body is a lie about its length."""

_PLAIN = ("theta", "covariates", "logw", "read")
_OPTIONAL = "inflation"
_DIMENSIONS = {"theta": 2, "covariates": 2, "logw": 1, "read": 2, _OPTIONAL: 1}


class _Leaf(msgspec.Struct, frozen=True, array_like=True):
    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


class _Header(msgspec.Struct, frozen=True):
    at: int
    leaves: tuple[_Leaf, ...]


_HEADER = msgspec.msgpack.Decoder(_Header)


def pack(belief: Belief) -> bytes:
    """The belief as bytes; StoreError for an array that holds no plain numbers, or whose rows do not fit."""
    arrays = {name: _plain(name, getattr(belief, name)) for name in _PLAIN}
    if belief.inflation is not None:
        arrays[_OPTIONAL] = _plain(_OPTIONAL, belief.inflation)
    arrays |= {f"state/{name}": _plain(name, leaf) for name, leaf in belief.state.items()}
    leaves = tuple(_Leaf(name, array.dtype.str, array.shape) for name, array in arrays.items())
    _check(leaves)
    header = msgspec.msgpack.encode(_Header(int(belief.at), leaves))
    body = b"".join([len(header).to_bytes(4, "little"), header, *map(_shuffled, arrays.values())])
    return MAGIC + len(body).to_bytes(8, "little") + zlib.compress(body, LEVEL)


def unpack(data: bytes) -> Belief:
    """The belief that `pack` wrote, with writable arrays; StoreError for any other bytes."""
    try:
        return _unpack(data)
    except (ValueError, zlib.error, msgspec.MsgspecError) as error:
        raise StoreError(f"{len(data)} bytes are no belief ({error}): replay from an earlier one") from error


def _unpack(data: bytes) -> Belief:
    start = len(MAGIC) + 8
    if data[: len(MAGIC)] != MAGIC or len(data) < start:
        raise ValueError("they do not start like one")
    body = _inflated(data[start:], int.from_bytes(data[len(MAGIC) : start], "little"))
    end = 4 + int.from_bytes(body[:4], "little")
    header = _HEADER.decode(body[4:end])
    _check(header.leaves)
    if end + sum(leaf.size for leaf in header.leaves) != len(body):
        raise ValueError("header and arrays differ in length")
    arrays: dict[str, NDArray[Any]] = {}
    for leaf in header.leaves:
        arrays[leaf.name] = _unshuffled(body[end : end + leaf.size], leaf)
        end += leaf.size
    theta, covariates, logw, read = (arrays.pop(name) for name in _PLAIN)
    inflation = arrays.pop(_OPTIONAL, None)
    state = {name.removeprefix("state/"): array for name, array in arrays.items()}
    return Belief(theta, covariates, state, logw, header.at, read, inflation)


def _inflated(compressed: bytes, length: int) -> bytes:
    """The body, never more than its stated length in memory."""
    if not 4 <= length <= MOST_SHRINK * len(compressed):
        raise ValueError(f"a length of {length} bytes cannot be true")
    inflater = zlib.decompressobj()
    body = inflater.decompress(compressed, length)
    inflater.decompress(inflater.unconsumed_tail, 1)  # reads the checksum
    if len(body) != length or not inflater.eof or inflater.unused_data:
        raise ValueError("they are cut short or run on")
    return body


def _plain(name: str, leaf: Any) -> NDArray[Any]:
    """A numpy array in little-endian order."""
    array = np.asarray(leaf)
    if array.dtype.kind not in "fiub":
        raise StoreError(f"'{name}' holds {array.dtype}: a belief can only store plain numbers")
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)


def _check(leaves: tuple[_Leaf, ...]) -> None:
    """StoreError unless these are the arrays of one belief."""
    known = {leaf.name: leaf for leaf in leaves}
    if len(known) != len(leaves) or not known.keys() >= set(_PLAIN):
        raise StoreError(f"a belief needs {', '.join(_PLAIN)} once each, got {sorted(known)}")
    rows = known["logw"].shape[:1]
    for leaf in leaves:
        if leaf.name not in _DIMENSIONS and not leaf.name.startswith("state/"):
            raise StoreError(f"'{leaf.name}' is no part of a belief")
        if leaf.dtype not in DTYPES:
            raise StoreError(f"'{leaf.name}' holds {leaf.dtype}: a belief stores {', '.join(sorted(DTYPES))}")
        dimensions = _DIMENSIONS.get(leaf.name, len(leaf.shape))
        if leaf.shape[:1] != rows or len(leaf.shape) != dimensions or min(leaf.shape) < 0:
            raise StoreError(f"'{leaf.name}' of shape {leaf.shape} does not fit a belief of {rows} rows")


def _shuffled(array: NDArray[Any]) -> bytes:
    return array.reshape(-1).view(np.uint8).reshape(-1, array.dtype.itemsize).T.tobytes()


def _unshuffled(data: bytes, leaf: _Leaf) -> NDArray[Any]:
    dtype = np.dtype(leaf.dtype)
    planes = np.frombuffer(data, dtype=np.uint8).reshape(dtype.itemsize, -1)
    return planes.T.copy().view(dtype).reshape(leaf.shape)
