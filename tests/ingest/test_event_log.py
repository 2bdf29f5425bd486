"""Event logs as tables: columns found, rows that cannot be used kept and told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemel.core.clock import instant
from gemel.core.errors import IngestError
from gemel.ingest.event_log import Columns, read


def _file(folder: Path, text: str) -> Path:
    path = folder / "log.csv"
    path.write_bytes(text.encode("utf-8"))
    return path


def test_rows_come_in_file_order_and_na_is_a_name(tmp_path: Path) -> None:
    rows = read(
        _file(tmp_path, "\ufeffcase_id,activity,timestamp\nNA,b,2026-01-01 10:00:00\nNA,NaN,2026-01-01 09:00:00\n")
    )
    assert (rows.case, rows.activity) == (["NA", "NA"], ["b", "NaN"])
    assert rows.at == [instant("2026-01-01T10:00:00Z"), instant("2026-01-01T09:00:00Z")]


def test_names_of_the_standard_other_separators_and_own_names_are_understood(tmp_path: Path) -> None:
    text = "concept:name;case:concept:name\nTriage;7\n"
    assert read(_file(tmp_path, text)).case == ["7"]
    own = read(
        _file(tmp_path, "who\twhat\twhen\n7\tTriage\t2026-07-01T10:00\n"),
        Columns("who", "what", "when", "Europe/London"),
    )
    assert own.at == [instant("2026-07-01T09:00:00Z")]


def test_rows_without_case_or_activity_are_rejected_and_lost_times_counted(tmp_path: Path) -> None:
    text = "case_id,activity,timestamp\n1,a,soon\n,b,\n2, ,\n3,c\n\n4,d,\n"
    rows = read(_file(tmp_path, text))
    assert rows.case == ["1", "4"] and rows.at == [None, None]
    assert [r.reason for r in rows.rejected] == [
        "event row: no case", "event row: no activity", "event row: 2 cells under 3 titles",
    ]  # fmt: skip
    assert rows.rejected[0].source == "log.csv:3"
    assert rows.times_lost.total() == 2 and rows.times_lost["no time"] == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a,b\n1,2\n", "no column 'case_id'"), (b"\xff\xfe\x00", "no table in UTF-8"), (b"", "no header")],
)
def test_files_that_are_no_event_log_say_why(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(IngestError, match=words):
        read(path)
    with pytest.raises(IngestError, match="cannot be read"):
        read(tmp_path / "none.csv")
