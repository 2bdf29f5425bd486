"""Waveforms as bytes: differences of neighbours, low bytes apart from high ones, by Zstandard.

An ECG's neighbouring samples are close, so most differences fit one byte and the high bytes are nearly all alike.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from gemel.core.errors import StoreError
from gemel.core.fact import Instant
from gemel.core.writing import Waveform

from .packing import pack, unpack
from .vault import Vault, canonical

__all__ = ["Stretch", "bound", "stretch", "waveform_of"]

SECOND = 1_000_000
"""Microseconds."""

INT64 = range(-(2**63), 2**63)
"""What an integer of a database holds."""

_ENCODE = msgspec.msgpack.Encoder().encode
_WAVEFORM = msgspec.msgpack.Decoder(Waveform)


class Stretch(NamedTuple):
    """A waveform ready to be kept: the blind of its code, the instants of its first and last sample, its bytes."""

    code: bytes
    at: Instant
    ends: Instant
    packed: bytes


def stretch(vault: Vault, subject: str, waveform: Waveform) -> Stretch:
    """A waveform made ready; StoreError for one without samples, or whose samples have no instants."""
    count, odd = divmod(len(waveform.samples), 2)
    if odd or not count:
        raise StoreError(f"waveform '{waveform.code}' has {len(waveform.samples)} bytes of samples: give int16, some")
    if not (math.isfinite(waveform.rate) and waveform.rate > 0.0):
        raise StoreError(f"waveform '{waveform.code}' has a rate of {waveform.rate} Hz: give one above 0")
    ((kept, _),) = canonical([waveform], Waveform)
    ends = kept.at + round((count - 1) * SECOND / kept.rate)
    if kept.at not in INT64 or ends not in INT64:
        raise StoreError(f"waveform '{kept.code}' has a time beyond 64 bits: give microseconds UTC")
    clear = _ENCODE(msgspec.structs.replace(kept, samples=_differences(kept.samples)))
    return Stretch(vault.blind(subject, "waveform", kept.code), kept.at, ends, pack(clear))


def bound(key: int, code: bytes, at: Instant, ends: Instant) -> bytes:
    """What the payload of a waveform's row is bound to."""
    return f"waveform/{key}/{code.hex()}/{at}/{ends}".encode()


def waveform_of(
    vault: Vault, subject: str, place: tuple[int, bytes, Instant, Instant], key_id: str, payload: bytes
) -> Waveform:
    """The waveform of a row, `place` being its subject's key, code and ends; StoreError if it cannot be read."""
    packed = vault.cipher.open(subject, key_id, payload, bound(*place))
    try:
        kept = _WAVEFORM.decode(unpack(packed))
        return msgspec.structs.replace(kept, samples=_sums(kept.samples))
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreError(f"a waveform cannot be read ({error}): damaged; restore a copy") from error


def _differences(samples: bytes) -> bytes:
    values = np.frombuffer(samples, dtype="<i2")
    steps = np.empty_like(values)
    steps[0] = values[0]
    np.subtract(values[1:], values[:-1], out=steps[1:])  # wraps around, and back again in `_sums`
    return steps.view(np.uint8).reshape(-1, 2).T.tobytes()


def _sums(planes: bytes) -> bytes:
    steps = np.frombuffer(planes, dtype=np.uint8).reshape(2, -1).T.copy().view("<i2").reshape(-1)
    return np.cumsum(steps, dtype="<i2").tobytes()
