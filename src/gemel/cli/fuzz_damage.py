"""Damage done to right inputs: bits, bytes, separators, splices, repeats, and for JSON values that nobody expects.

An input is made from its format, the seed and its number alone, so every one can be made again.
"""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

from .fuzz_samples import mended_fit, samples

__all__ = ["damaged"]

Json = dict[str, Any] | list[Any] | str | float | bool | None
_TOKENS = {
    "hl7v2": (b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"\x0b", b"\x1c\r", b'""', b"MSH|^~\\&|", b"PID|", b"OBX|",
              b"MRG|", b"\\X0\\", b"\\.br\\", b"-", b"99999999999999", b"1e999", b"NaN", b"\xff", b"ADT^A40"),
    "fhir": (b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"1e999", b"-0", b"1" * 40, b"\\ud800",
             b"\\u0000", b'"resourceType":"Bundle",', b'"entry":', b"\n", b"\xff", b"Patient/", b"urn:uuid:", b'""',
             b"[[[[[[[["),
    "vcf": (b"\t", b"\n", b"##", b"#CHROM", b".", b"/", b"|", b";", b"=", b",", b"<", b">", b"-1", b"1e400", b"\x00",
            b"\xff"),
    "fit": (b"\x40", b"\x00", b"\xff", b"\x80", b".FIT", b"\x0e", b"\x20"),
    "dicom": (b"DICM", b"\xff\xff\xff\xff", b"\x00", b"SQ", b"OB", b"UL", b"\xfe\xff\x00\xe0", b"\x7f" * 4, b"1.2.840"),
}  # fmt: skip


@cache
def _samples(format: str) -> tuple[bytes, ...]:
    return tuple(samples(format))


def damaged(format: str, seed: int, number: int) -> bytes:
    """A right input with one to eight damages.

    Of FHIR every other one is damaged as JSON, and stays JSON; of FIT every other one has its check sums put right, so
    that the damage is met where the data is read.
    """
    draw = Random(f"{format}/{seed}/{number}")  # noqa: S311 - not a secret
    whole = _samples(format)
    data = bytearray(draw.choice(whole))
    if format == "fhir" and number % 2:
        return _damaged_json(bytes(data), draw)
    for _ in range(draw.choice((1, 1, 2, 3, 5, 8))):
        _damage(data, draw, _TOKENS[format], whole)
    hurt = bytes(data[:200_000])
    return mended_fit(hurt) if format == "fit" and number % 2 else hurt


def _damage(data: bytearray, draw: Random, tokens: tuple[bytes, ...], whole: tuple[bytes, ...]) -> None:
    """Change the input in one way."""
    at = draw.randrange(len(data) + 1)
    end = min(len(data), at + int(draw.paretovariate(0.7)))
    match draw.randrange(9):
        case 0 if data:
            data[at - 1] ^= 1 << draw.randrange(8)
        case 1 if data:
            data[at - 1] = draw.randrange(256)
        case 2:
            del data[at:end]
        case 3:
            data[at:at] = data[at:end] * draw.choice((1, 2, 50))
        case 4:
            data[at:at] = draw.choice(tokens)
        case 5:
            data[at:end] = draw.choice(tokens)
        case 6:
            del data[at if draw.random() < 0.5 else end :]
        case 7:
            other = draw.choice(whole)
            cut = draw.randrange(len(other) + 1)
            data[at:end] = other[cut : cut + end - at + draw.randrange(200)]
        case _:
            data[at:at] = draw.randbytes(draw.choice((1, 4, 64)))


def _damaged_json(data: bytes, draw: Random) -> bytes:
    """The document with values, here and there, that nobody expects; NDJSON by its first line."""
    try:
        document: Json = json.loads(data)
    except ValueError:
        document = json.loads(data.splitlines()[0])
    for _ in range(draw.choice((1, 1, 2, 4))):
        _misplace(document, draw)
    return json.dumps(document).encode()


def _misplace(document: Json, draw: Random) -> None:
    """Walk down at random and put something odd where the walk ends."""
    here = document
    while isinstance(here, (dict, list)) and here:
        keys: list[Any] = list(here) if isinstance(here, dict) else list(range(len(here)))
        holder: Any = here
        key = draw.choice(keys)
        below: Json = holder[key]
        if draw.random() < 0.3 or not isinstance(below, (dict, list)) or not below:
            odd: list[Json] = [*_ODD, [below], {"value": below}, [below, below]]
            holder[key] = draw.choice(odd)
            if draw.random() < 0.2:
                del holder[key]
            return
        here = below


_ODD: tuple[Json, ...] = (
    None, True, 0, -1, 1e300, -1e-300, 10**25, "", " ", "0", "-", "2026-13-45", "9999-12-31T23:59:60Z", "0001-01-01",
    "\u00e9\u0000", "Patient/", "urn:uuid:", "#", "http://", "x" * 3000, [], {}, [[]], [None], [{}], "Bundle",
    "Observation", "final",
)  # fmt: skip
"""Values of every JSON type, and words at the edges of what FHIR allows."""
