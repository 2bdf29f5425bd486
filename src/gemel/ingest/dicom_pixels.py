"""Pixels of a DICOM file as an array: by pydicom, and by own code for run-length encoded segmentations of one bit.

Run lengths are those of PS3.5 Annex G: a header of 16 little-endian numbers, how many segments and where each begins;
in a segment a byte n < 128 is followed by n + 1 literal bytes, n > 128 by one byte to be repeated 257 - n times.
Bits are packed from the least significant one on (PS3.5 section 8.1.1).
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemel.core.errors import IngestError, MissingExtraError
from gemel.core.extra import require

__all__ = ["pixels", "run_lengths"]

_RLE = "1.2.840.10008.1.2.5"
_PACKAGES = {
    "1.2.840.10008.1.2.4.50": "pillow", "1.2.840.10008.1.2.4.51": "pillow",
    "1.2.840.10008.1.2.4.57": "pylibjpeg-libjpeg",
    "1.2.840.10008.1.2.4.70": "pylibjpeg-libjpeg", "1.2.840.10008.1.2.4.80": "pyjpegls or pylibjpeg-libjpeg",
    "1.2.840.10008.1.2.4.81": "pyjpegls or pylibjpeg-libjpeg", "1.2.840.10008.1.2.4.90": "pylibjpeg-openjpeg or pillow",
    "1.2.840.10008.1.2.4.91": "pylibjpeg-openjpeg or pillow", "1.2.840.10008.1.2.4.201": "pylibjpeg-openjpeg",
    "1.2.840.10008.1.2.4.202": "pylibjpeg-openjpeg", "1.2.840.10008.1.2.4.203": "pylibjpeg-openjpeg",
}  # fmt: skip
"""By transfer syntax (PS3.6 Annex A): the package that decodes it, as pydicom 3 names them."""
_MOST = 1 << 31
"""Bytes of decoded pixels: 2 GiB, against a header that promises more than memory holds."""

Pixels = NDArray[Any]


def pixels(dataset: Any) -> Pixels:
    """Rows, columns, frames and samples as pydicom orders them.

    MissingExtraError names the package that would decode a transfer syntax; IngestError says what else is wrong.
    """
    syntax: Any = dataset.file_meta.TransferSyntaxUID
    size = int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("NumberOfFrames") or 1)
    if size * max(1, int(dataset.BitsAllocated) // 8) * int(dataset.get("SamplesPerPixel", 1)) > _MOST:
        raise IngestError(f"its pixels would take more than {_MOST >> 30} GiB: {size} of {dataset.BitsAllocated} bits")
    if str(syntax) == _RLE and dataset.BitsAllocated == 1:
        return _segmentation(dataset)
    try:
        return dataset.pixel_array
    except RuntimeError as error:
        package = _PACKAGES.get(str(syntax))
        if package is None or "missing dependencies" not in str(error):
            raise IngestError(f"its pixels ({syntax.name}) cannot be decoded: {error}") from error
        raise MissingExtraError(f"pixels in {syntax.name} need {package}, which pip installs") from error


def _segmentation(dataset: Any) -> Pixels:
    frames = int(dataset.get("NumberOfFrames") or 1)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    encoded = require("pydicom.encaps", "dicom").generate_frames(dataset.PixelData, number_of_frames=frames)
    wanted = -(-rows * columns // 8)
    decoded = [np.frombuffer(_frame(bytes(frame), wanted), np.uint8) for frame in encoded]
    if len(decoded) != frames:
        raise IngestError(f"{len(decoded)} of {frames} frames are there: the file may be cut short")
    bits = [np.unpackbits(packed, bitorder="little")[: rows * columns].reshape(rows, columns) for packed in decoded]
    return bits[0] if frames == 1 else np.stack(bits)


def _frame(encoded: bytes, wanted: int) -> bytes:
    """The bytes of a frame of one segment."""
    if len(encoded) < 64:
        raise IngestError(f"a run-length frame has {len(encoded)} bytes; its header alone has 64")
    count, first = struct.unpack_from("<2L", encoded)
    if count != 1:
        raise IngestError(f"a frame of one bit has one segment, not {count}")
    found = run_lengths(encoded[first:], wanted)
    if len(found) < wanted:
        raise IngestError(f"a frame breaks off after {len(found)} of {wanted} bytes")
    return found


def run_lengths(encoded: bytes, wanted: int) -> bytes:
    """The first `wanted` bytes of a segment, decoded; fewer when it ends before."""
    found, at = bytearray(), 0
    while at < len(encoded) and len(found) < wanted:
        n = encoded[at]
        if n < 128:
            found += encoded[at + 1 : at + 2 + n]
            at += n + 2
        elif n > 128:
            found += encoded[at + 1 : at + 2] * (257 - n)
            at += 2
        else:
            at += 1
    return bytes(found[:wanted])
