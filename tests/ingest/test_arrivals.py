"""Arrivals as a table: times as the wall clock showed them, specialties by name, nothing lost without a word."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from gemel.core.errors import IngestError
from gemel.ingest.arrivals import UNKNOWN, read, read_days


def test_arrivals_keep_their_local_time_and_specialty(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "sex,specialty,arrival_datetime\nF,medical,2031-03-01 00:06:24\nM, ,2031-07-01T10:00:00+01:00\nF,x,then\nF,y\n"
    )
    found = read(path)
    assert found.at == [datetime(2031, 3, 1, 0, 6, 24), datetime(2031, 7, 1, 10)]
    assert found.specialty == ["medical", UNKNOWN]
    assert [(r.source, r.reason) for r in found.rejected] == [
        ("a.csv:4", "arrival: 'then' is no ISO 8601 time"), ("a.csv:5", "arrival: 'None' is no ISO 8601 time"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"when,what\n", "no column arrival_datetime and specialty"), (b"", "no column"), (b"\xff\xfe", "UTF-8"),
        (b"arrival_datetime,specialty\n", "holds no arrival"),
    ],
)  # fmt: skip
def test_files_without_arrivals_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(IngestError, match=words):
        read(path)
    with pytest.raises(IngestError, match="cannot be read"):
        read(tmp_path / "none.csv")


def test_holidays_are_dates_with_or_without_a_name(tmp_path: Path) -> None:
    path = tmp_path / "h.txt"
    path.write_text("2031-12-25 Christmas\n\n2032-01-01\n")
    assert read_days(path) == {date(2031, 12, 25), date(2032, 1, 1)}
    path.write_text("Christmas\n")
    with pytest.raises(IngestError, match=r"h.txt:1: 'Christmas'"):
        read_days(path)
