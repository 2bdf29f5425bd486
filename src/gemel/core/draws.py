"""Keyed random draws: a number is a function of (key, purpose, entity, index), never of what was drawn before.

Two plans that differ in one dose meet the same luck, a run cut in two meets the same luck as one whole run, and a
patient keeps their length of stay when another patient is added.  The hash is the finaliser of SplitMix64 (Steele,
Lea and Flood 2014, doi:10.1145/2660193.2660195), chained over the parts of the key.

The functions use only operators, so that the same code serves numpy, JAX (`xp=jax.numpy`) and numba.
"""

from __future__ import annotations

import math
import zlib

import numpy as np
from jaxtyping import Float, Int, UInt64

from .array import Array, Namespace

__all__ = ["member_keys", "mix", "normal", "normal_single", "purpose", "uniform"]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
SHIFT30, SHIFT27, SHIFT31, SHIFT12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)
SPACING = 2.0**-52


def mix(key: UInt64[Array, "..."], word: UInt64[Array, "..."] | np.uint64) -> UInt64[Array, "..."]:
    """One link of the chain: fold `word` into `key` and scramble all 64 bits."""
    z = (key ^ word) * GOLDEN + GOLDEN
    z = (z ^ (z >> SHIFT30)) * FIRST
    z = (z ^ (z >> SHIFT27)) * SECOND
    return z ^ (z >> SHIFT31)


def purpose(name: str) -> np.uint64:
    """The word that separates draws made for different reasons ('drift', 'noise:glucose', 'service')."""
    data = name.encode()
    return np.uint64(zlib.crc32(data) | (zlib.crc32(data[::-1]) << 32))


def member_keys(seed: int, rows: int) -> UInt64[Array, "r"]:
    """One key per member slot of a twin with this seed (any Python integer, hashed, so that neighbours differ)."""
    root = np.full(rows, np.uint64(seed & 0xFFFFFFFFFFFFFFFF))
    return mix(mix(root, purpose("member")), np.arange(rows, dtype=np.uint64))


def uniform(
    key: UInt64[Array, "..."], why: np.uint64, index: Int[Array, "..."] | UInt64[Array, "..."] | np.uint64
) -> Float[Array, "..."]:
    """A draw from (0, 1), both ends excluded; `index` (entity or tick number) broadcasts against `key`."""
    bits = mix(mix(key, why), index.astype(np.uint64)) >> SHIFT12
    return (bits.astype(np.float64) + 0.5) * SPACING


def normal(
    key: UInt64[Array, "..."],
    why: np.uint64,
    index: Int[Array, "..."] | UInt64[Array, "..."] | np.uint64,
    xp: Namespace = np,
) -> Float[Array, "..."]:
    """A standard normal draw by Box and Muller (1958, doi:10.1214/aoms/1177706645), from two keyed uniforms."""
    radius = xp.sqrt(-2.0 * xp.log(uniform(key, why, index)))
    return radius * xp.cos(2.0 * math.pi * uniform(mix(key, GOLDEN), why, index))


def normal_single(
    key: UInt64[Array, "..."],
    why: np.uint64,
    index: Int[Array, "..."] | UInt64[Array, "..."] | np.uint64,
    xp: Namespace = np,
) -> Float[Array, "..."]:
    """`normal` of the same uniforms in single precision, by what a processor does for many numbers at once.

    Within 3e-4 of it where the radius is next to nothing, else within 1e-5.  For forecasts of masses of twins, where
    logarithms and cosines one by one would be a fifth of the time; no belief is made with it.  cos(2 pi v) = 1 - 2 c^2
    with c = cos(pi (v - 1/2)) by its Taylor series to the tenth power; the rest is below 5e-7.
    """
    radius = xp.sqrt(-2.0 * xp.log(uniform(key, why, index).astype(np.float32)))
    angle = math.pi * (uniform(mix(key, GOLDEN), why, index).astype(np.float32) - 0.5)
    square, c = angle * angle, -1.0 / math.factorial(10)
    for power in (8, 6, 4, 2, 0):
        c = c * square + (-1.0) ** (power // 2) / math.factorial(power)
    return radius * (1.0 - 2.0 * c * c)
