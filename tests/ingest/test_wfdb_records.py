"""WFDB records: stretches that say the same as the samples, annotations as facts, and the published statistics."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gemel.core.clock import SECOND, instant
from gemel.core.errors import IngestError
from gemel.core.fact import Level
from gemel.core.writing import Waveform
from tests.ingest.reading import read, terms

wfdb = pytest.importorskip("wfdb", reason="the extra 'signals' is not installed")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # wfdb's own use of pandas, when we write
RATE = 50


def record(folder: Path, samples: np.ndarray[Any, Any], start: datetime | None = None) -> Path:
    wfdb.wrsamp(
        "one", fs=RATE, units=["mV", "NU"], sig_name=["II", "RESP"], p_signal=samples, fmt=["16", "16"],
        write_dir=str(folder), base_date=start.date() if start else None, base_time=start.time() if start else None,
    )  # fmt: skip
    return folder / "one.hea"


def values(stretches: list[Waveform]) -> np.ndarray[Any, Any]:
    parts = []
    for stretch in stretches:
        digits = np.frombuffer(stretch.samples, "<i2").astype(float)
        parts.append(np.where(digits == -32768, np.nan, stretch.gain * digits + stretch.offset))
    return np.concatenate(parts)


def noise(seconds: float) -> np.ndarray[Any, Any]:
    return np.random.default_rng(5).normal(size=(round(seconds * RATE), 2)) * [1.0, 30.0]


def test_the_stretches_say_what_the_recorder_wrote(tmp_path: Path) -> None:
    samples = noise(725.5)
    samples[100:103, 0] = np.nan
    said = read(record(tmp_path, samples))
    assert said.account.to_dict()["nan"] == 3
    for column, name in enumerate(("II", "RESP")):
        stretches = [one for one in said.waveforms if one.code == f"wfdb:{name}"]
        assert {len(one.samples) // 2 for one in stretches[:-1]} == {10 * RATE}
        assert np.allclose(values(stretches), samples[:, column], atol=stretches[0].gain, equal_nan=True)


def test_each_stretch_begins_where_the_one_before_ends(tmp_path: Path) -> None:
    path = record(tmp_path, noise(725.5), datetime(2024, 6, 1, 14))
    starts = [one.at for one in read(path, terms("Europe/Paris")).waveforms if one.code == "wfdb:II"]
    assert starts[0] == instant("2024-06-01T12:00:00Z")
    assert set(np.diff(starts)) == {10 * SECOND}


def test_a_record_that_names_no_day_stands_at_the_start_of_1970_and_says_so(tmp_path: Path) -> None:
    said = read(record(tmp_path, noise(20)))
    assert said.waveforms[0].at == 0 and "1970" in said.account.to_dict()["start"]


def test_mean_and_deviation_are_those_of_all_samples_though_read_in_parts(tmp_path: Path) -> None:
    samples = noise(725.5)
    samples[5, 0] = np.nan
    told = read(record(tmp_path, samples)).account.to_dict()
    written = wfdb.rdrecord(str(tmp_path / "one")).p_signal
    assert told["mean"] == pytest.approx(np.nanmean(written, axis=0), abs=1e-5)
    assert told["std"] == pytest.approx(np.nanstd(written, axis=0), abs=1e-5)


def test_beats_are_facts_and_a_rhythm_is_one_too(tmp_path: Path) -> None:
    path = record(tmp_path, noise(20))
    wfdb.wrann("one", "atr", np.array([0, 50, 125]), symbol=["+", "N", "V"], aux_note=["(AFIB", "", ""], fs=RATE,
               write_dir=str(tmp_path))  # fmt: skip
    said = read(path)
    assert said.values("gemel:rhythm") == [(0, Level("(AFIB"))]
    assert said.values("gemel:beat") == [(SECOND, Level("N")), (round(2.5 * SECOND), Level("V"))]
    assert said.account.to_dict()["atr"] == {"+": 1, "N": 1, "V": 1}


def test_a_record_without_its_signals_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = record(tmp_path, noise(20))
    (tmp_path / "one.dat").unlink()
    assert "are all of its files here" in read(path).error


def test_a_record_needs_its_files() -> None:
    with pytest.raises(IngestError, match="give the path"):
        from gemel.ingest.account import Account
        from gemel.ingest.wfdb_records import read as reader

        next(reader(b"100 1 360 10\n", terms(), Account("x")))


@pytest.mark.parametrize("name", ["100", "v102s"])
def test_the_statistics_of_the_samples_are_reproduced(shared: Path, name: str) -> None:
    expected = json.loads((shared / "data/platform/expected.json").read_text())["wfdb"][name]
    said = read(shared / f"data/platform/wfdb/{name}.hea")
    told = said.account.to_dict()
    assert not said.error
    assert {key: told[key] for key in expected} == expected
