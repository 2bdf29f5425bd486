"""Beliefs as bytes: the same numbers come back, and no other bytes pass for a belief."""

from __future__ import annotations

import random
import zlib
from dataclasses import replace

import numpy as np
import pytest

from gemel.core.belief import Belief
from gemel.core.errors import StoreError
from gemel.store import pack, unpack


def belief(rows: int = 50, parameters: int = 4) -> Belief:
    rng = np.random.default_rng(1)
    logw = rng.normal(size=rows)
    logw[: rows // 10] = -np.inf
    return Belief(
        theta=rng.lognormal(size=(rows, parameters)),
        covariates=np.empty((rows, 0)),
        state={
            "gut": rng.normal(size=rows).astype(np.float32),
            "compartments": rng.normal(size=(rows, 3, 2)),
            "beds": rng.integers(0, 9, size=(rows, 7)),
            "key": rng.integers(0, 2**63, size=rows, dtype=np.uint64),
            "alive": rng.random(rows) > 0.5,
            "theta": np.full(rows, np.nan),
        },
        logw=logw,
        at=1_772_323_200_000_000,
        read=np.zeros((rows, 2)),
    )


def arrays(of: Belief) -> dict[str, np.ndarray]:
    state = {f"state {name}": np.asarray(leaf) for name, leaf in of.state.items()}
    return state | {name: np.asarray(getattr(of, name)) for name in ("theta", "covariates", "logw", "read")}


@pytest.mark.parametrize("rows", [0, 1, 50, 1000])
def test_every_array_comes_back_bit_for_bit(rows: int) -> None:
    before = belief(rows)
    after = unpack(pack(before))
    assert after.at == before.at and list(after.state) == list(before.state)
    for name, array in arrays(before).items():
        back = arrays(after)[name]
        assert (back.dtype, back.shape) == (array.dtype, array.shape), name
        assert back.tobytes() == array.tobytes(), name
        assert back.flags.writeable and back.flags.c_contiguous and back.flags.aligned


def test_equal_beliefs_have_equal_bytes_whatever_their_layout() -> None:
    plain = belief()
    strided = replace(plain, theta=np.asfortranarray(plain.theta), read=np.asarray(plain.read).astype(">f8"))
    assert pack(strided) == pack(plain)


def test_an_ensemble_whose_members_share_exponents_shrinks() -> None:
    before = belief(1000)
    assert len(pack(before)) < 0.85 * sum(array.nbytes for array in arrays(before).values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": {"note": np.array(["text"] * 50)}},
        {"state": {"thing": np.array([object()] * 50)}},
        {"state": {"half": np.zeros(50, dtype=np.float16)}},
        {"state": {"z": np.zeros(50, dtype=np.complex128)}},
        {"state": {"short": np.zeros(49)}},
        {"state": {"scalar": np.float64(1.0)}},
        {"theta": np.zeros(50)},
        {"logw": np.zeros(51)},
        {"read": np.zeros((50, 1, 1))},
    ],
)
def test_what_is_no_belief_is_not_packed(wrong: dict[str, object]) -> None:
    bent = belief()
    for name, value in wrong.items():
        object.__setattr__(bent, name, value)  # past the shape check that tests switch on
    with pytest.raises(StoreError):
        pack(bent)


def test_cut_or_lengthened_bytes_are_refused() -> None:
    data = pack(belief())
    for cut in (0, 5, 13, 20, 21, 30, len(data) // 2, len(data) - 4, len(data) - 1):
        with pytest.raises(StoreError, match="no belief"):
            unpack(data[:cut])
    with pytest.raises(StoreError, match="no belief"):
        unpack(data + b"\0")


def test_no_flipped_bit_passes() -> None:
    data, rng = pack(belief()), random.Random(7)
    for _ in range(500):
        position, bit = rng.randrange(len(data)), 1 << rng.randrange(8)
        flipped = bytearray(data)
        flipped[position] ^= bit
        with pytest.raises(StoreError):
            unpack(bytes(flipped))


def test_a_short_file_cannot_claim_a_huge_belief() -> None:
    bomb = zlib.compress(b"\0" * 50_000_000)
    for length in (2**40, 2**62, 10_000):
        with pytest.raises(StoreError):
            unpack(b"gemel-belief\x01" + length.to_bytes(8, "little") + bomb)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\xa3<f4", b"\xa3|O8"),
        (b"\xa3<f4", b"\xa3<f8"),
        (b"state/gut", b"stata/gut"),
        (b"state/gut", b"state/key"),
    ],
)
def test_a_header_that_lies_is_refused(old: bytes, new: bytes) -> None:
    data = pack(belief())
    body = zlib.decompress(data[21:])
    assert old in body
    with pytest.raises(StoreError):
        unpack(data[:21] + zlib.compress(body.replace(old, new, 1)))
