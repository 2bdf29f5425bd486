"""Blocks: as many facts as fit, small, and bound to their row."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import pytest
import zstandard

from gemel.core.errors import StoreError
from gemel.core.writing import Document, Waveform, Write
from gemel.store import SqliteStore, packing
from gemel.store.blocks import LONGEST
from gemel.store.packing import LONGEST as MOST
from gemel.store.packing import pack, unpack
from gemel.store.prepare import CHUNK
from tests.store.toys import ANN, SUBJECT, reading, run_together


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    with SqliteStore() as store:
        store.enrol(SUBJECT, ANN)
        yield store


def rows(store: SqliteStore, query: str) -> list[tuple[int, ...]]:
    with store._database.read() as connection:
        return list(connection.rows(query))


@pytest.mark.parametrize("clear", [b"", b"x", b"facts " * 1000, bytes(range(256)) * 3])
def test_packed_bytes_come_back_and_are_never_more_than_one_byte_longer(clear: bytes) -> None:
    assert unpack(pack(clear)) == clear
    assert len(pack(clear)) <= len(clear) + 1


def test_noise_is_kept_as_it_is_and_repetition_shrinks() -> None:
    noise = np.random.default_rng(3).bytes(5000)
    assert len(pack(noise)) == 5001
    assert len(pack(b"Observation " * 1000)) < len(zlib.compress(b"Observation " * 1000)) * 2


@pytest.mark.parametrize(
    "damaged",
    [
        b"", b"\x02abc", b"\x01abc", pack(b"facts " * 1000)[:-3],
        b"\x01" + zstandard.ZstdCompressor().compress(b"")[:4] + b"\xff" * 12,
        b"\x01\x28\xb5\x2f\xfd\xe0" + (MOST + 1).to_bytes(8, "little") + b"\x01\x00\x00",
    ],
)  # fmt: skip
def test_damaged_bytes_are_an_error_that_says_so(damaged: bytes) -> None:
    with pytest.raises(StoreError, match="damaged"):
        unpack(damaged)


def test_threads_pack_beside_one_another() -> None:
    def work(seed: int) -> None:
        clear = np.random.default_rng(seed).integers(0, 4, 50_000, dtype=np.uint8).tobytes()
        for _ in range(20):
            assert unpack(pack(clear)) == clear

    run_together([lambda seed=seed: work(seed) for seed in range(4)])


def test_one_write_is_one_block_and_a_long_one_several(store: SqliteStore) -> None:
    facts = [reading(n) for n in range(2 * LONGEST + 5)]
    store.append("s-1", facts[:10], ANN)
    store.append("s-1", facts[10:], ANN)
    ends = rows(store, "SELECT first, last FROM fact_block ORDER BY first")
    assert ends == [(1, 10), (11, 10 + LONGEST), (11 + LONGEST, 2 * LONGEST + 5)]
    for after in (0, 9, 10, 11, LONGEST + 9, LONGEST + 10, LONGEST + 11, len(facts) - 1, len(facts)):
        assert store.facts("s-1", ANN, after=after) == list(enumerate(facts, start=1))[after:]


def test_writes_about_one_subject_that_are_committed_together_share_a_block(store: SqliteStore) -> None:
    writes = [Write(subject="s-1", facts=(reading(n), reading(n + 1))) for n in range(20)]
    done = store.commit(writes, ANN)
    assert [one.last for one in done] == list(range(2, 22))
    assert rows(store, "SELECT first, last FROM fact_block") == [(1, 21)]


def test_a_thousand_facts_take_less_than_forty_bytes_each(store: SqliteStore) -> None:
    store.append("s-1", [reading(n) for n in range(1000)], ANN)
    ((size,),) = rows(store, "SELECT length(payload) + length(digests) FROM fact_block")
    assert size < 40 * 1000


def test_documents_of_a_large_write_are_parted_and_stay_in_order(store: SqliteStore) -> None:
    body = np.random.default_rng(1).bytes(CHUNK // 3 + 1)
    given = tuple(Document(kind="Binary", id=f"s-1.{n}", body=body, recorded=n) for n in range(8))
    store.commit([Write(subject="s-1", documents=given)], ANN)
    assert rows(store, "SELECT first, last FROM document_block") == [(1, 3), (4, 6), (7, 8)]
    assert store.documents("s-1", ANN) == list(given)
    assert store.documents("s-1", ANN, as_of=4) == list(given[:5])


def test_a_smooth_signal_takes_less_than_half_its_bytes(store: SqliteStore) -> None:
    time = np.arange(250 * 60) / 250.0
    noise = np.random.default_rng(2).normal(0.0, 2.0, time.size)
    samples = (400.0 * np.sin(2 * np.pi * 1.2 * time) + noise).astype("<i2").tobytes()
    wave = Waveform(code="ecg", at=0, rate=250.0, unit="mV", gain=0.005, offset=0.0, samples=samples)
    store.commit([Write(subject="s-1", waveforms=(wave,))], ANN)
    ((size,),) = rows(store, "SELECT length(payload) FROM waveform")
    assert size < len(samples) / 2
    assert store.waveforms("s-1", "ecg", 0, 1, ANN) == [wave]


def test_without_zstandard_blocks_are_deflated_and_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clear = b"one fact and another " * 100
    monkeypatch.setattr(packing, "_HAS_ZSTANDARD", False)
    packed = pack(clear)
    assert packed[:1] == b"\x02" and len(packed) < 100 and unpack(packed) == clear
    for broken in (packed[:-3], packed + b"x", b"\x02nothing"):
        with pytest.raises(StoreError, match="damaged"):
            unpack(broken)
