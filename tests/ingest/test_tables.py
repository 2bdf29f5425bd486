"""Tables of T1D-UOM told by their columns."""

from __future__ import annotations

from pathlib import Path

from gemel.core.fact import Below, Exact
from tests.ingest.reading import read, terms

GLUCOSE = "t,glucose_mgdl\n2024-01-01 00:05:00,100\n2024-01-01 00:10:00,LOW\n2024-01-01 00:15:00,oops\n"


def test_a_table_is_of_the_person_whom_its_name_says(tmp_path: Path) -> None:
    path = tmp_path / "P7_glucose.csv"
    path.write_text(GLUCOSE)
    said = read(path)
    assert {write.subject for write in said.writes} == {"person of t1d-uom|P7"}
    assert [value for _, value in said.values("loinc:99504-3")] == [Exact(100.0), Below(40.0)]
    assert len(said.rejected) == 1
    assert {write.subject for write in read(path, terms(chosen=True)).writes} == {"someone"}


def test_a_table_of_another_name_is_of_the_subject_of_the_terms(tmp_path: Path) -> None:
    path = tmp_path / "readings.txt"
    path.write_text(GLUCOSE)
    assert {write.subject for write in read(path).writes} == {"someone"}
