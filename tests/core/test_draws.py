"""Keyed draws: uniform, independent between everything that tells them apart, the same for scalars, rows and JAX."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gemel.core.draws import GOLDEN, SHIFT12, SPACING, member_keys, mix, normal, normal_single, purpose, uniform

N = 200_000
ALARM = 1e-6
"""False-alarm rate of each statistical test; the keys are fixed, so a pass is a pass for good."""
WORDS = st.integers(0, 2**64 - 1).map(np.uint64)


def test_mix_is_splitmix64() -> None:
    """Published outputs of SplitMix64 seeded with 1234567 (rosettacode.org, Pseudo-random numbers/Splitmix64):
    `mix(state, 0)` is its finaliser at a state that a step of the golden ratio multiplies instead of adds, so the
    finaliser is checked on the state itself."""
    state = np.uint64(1234567)
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    with np.errstate(over="ignore"):
        inverse = np.uint64(pow(int(GOLDEN), -1, 2**64))
        for value in expected:
            state = state + GOLDEN
            key = np.array([(state - GOLDEN) * inverse])  # mix first multiplies by the golden ratio and adds it
            assert int(mix(key, np.uint64(0))[0]) == value


@given(a=WORDS, b=WORDS)
def test_one_flipped_bit_of_a_key_changes_about_half_of_the_bits(a: np.uint64, b: np.uint64) -> None:
    one = mix(np.array([a]), b)
    for bit in (0, 31, 63):
        other = mix(np.array([a ^ np.uint64(1 << bit)]), b)
        assert 8 <= int(one[0] ^ other[0]).bit_count() <= 56  # 32 +- 6 sd of 4; chance 1e-9 a draw


def test_draws_are_uniform() -> None:
    for key, index in (
        (member_keys(1, N), np.zeros(N, np.uint64)),
        (member_keys(1, 1), np.arange(N, dtype=np.uint64)),
    ):
        u = uniform(key, purpose("test"), index)
        assert stats.kstest(u, "uniform").pvalue > ALARM
        assert 0.0 < u.min() and u.max() < 1.0


def test_the_ends_are_excluded_even_for_the_worst_bits() -> None:
    top = (np.float64(np.uint64(2**64 - 1) >> SHIFT12) + 0.5) * SPACING
    assert top < 1.0 and 0.5 * SPACING > 0.0


def test_normal_draws_are_normal() -> None:
    assert stats.kstest(normal(member_keys(2, N), purpose("test"), np.uint64(0)), "norm").pvalue > ALARM


def test_draws_in_single_precision_are_the_same_draws() -> None:
    from gemel.numerics.start import jax_numpy

    keys, index, xp = member_keys(7, N), np.uint64(5), jax_numpy()
    off = np.abs(normal_single(keys, purpose("a"), index) - normal(keys, purpose("a"), index))
    assert off.max() < 3e-4 and np.quantile(off, 0.999) < 1e-5
    traced = np.asarray(normal_single(xp.asarray(keys), purpose("a"), index, xp))
    assert traced.dtype == np.float32
    assert np.abs(traced - normal(keys, purpose("a"), index)).max() < 3e-4


@pytest.mark.parametrize("other", ["purpose", "index", "seed", "member"])
def test_draws_that_differ_in_one_part_of_their_key_are_independent(other: str) -> None:
    key, index = member_keys(3, N), np.zeros(N, np.uint64)
    a = uniform(key, purpose("a"), index)
    b = {
        "purpose": uniform(key, purpose("b"), index),
        "index": uniform(key, purpose("a"), index + np.uint64(1)),
        "seed": uniform(member_keys(4, N), purpose("a"), index),
        "member": np.roll(a, 1),
    }[other]
    table = np.histogram2d(a, b, bins=8, range=((0, 1), (0, 1)))[0]
    assert stats.chisquare(table.ravel()).pvalue > ALARM


def test_neighbouring_seeds_and_members_never_collide() -> None:
    keys = np.concatenate([member_keys(seed, 1000) for seed in (0, 1, 2, 2**63, 2**64 - 1)])
    assert np.unique(keys).size == keys.size


def test_any_integer_is_a_seed() -> None:
    assert member_keys(-1, 2).tolist() == member_keys(2**64 - 1, 2).tolist()
    assert member_keys(10**30, 1).dtype == np.uint64


def test_purposes_are_told_apart_by_name() -> None:
    names = [f"{what}:{who}" for what in ("drift", "noise", "start", "prior") for who in "abcdefgh"]
    assert len({int(purpose(n)) for n in names}) == len(names)
    assert int(purpose("stay")) == int(purpose("stay")) != int(purpose("yats"))


def test_a_row_does_not_know_its_neighbours() -> None:
    many, few = member_keys(7, 64), member_keys(7, 1)
    index = np.uint64(9)
    assert normal(many, purpose("x"), index)[0] == normal(few, purpose("x"), index)[0]


def test_jax_draws_the_same_bits() -> None:
    from gemel.numerics.start import jax_numpy

    xp = jax_numpy()
    key, index = member_keys(5, 1000), np.arange(1000)
    np.testing.assert_array_equal(
        uniform(xp.asarray(key), purpose("x"), xp.asarray(index)), uniform(key, purpose("x"), index)
    )
    np.testing.assert_allclose(  # log and cos of two libraries: a few units in the last place
        normal(xp.asarray(key), purpose("x"), xp.asarray(index), xp),
        normal(key, purpose("x"), index),
        rtol=1e-12,
    )
