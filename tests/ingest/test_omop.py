"""OMOP tables: concepts become codes, and nothing of a row goes missing."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

from gemel.core.clock import instant
from gemel.core.fact import Below, Exact, Level
from tests.ingest.reading import read

PERSON = "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth\n2,8532,2014,10,22\n4,8507,2000,,\n"
CONCEPT = (
    "concept_id,concept_name,vocabulary_id,concept_code\n3004249,Systolic,LOINC,8480-6\n8876,mmHg,UCUM,mm[Hg]\n"
    '4171756,<,SNOMED,276139006\n372328,"Otitis, media",SNOMED,65363002\n9191,Positive,SNOMED,10828004\n'
)
HEAD = (
    "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,operator_concept_id,"
    "value_as_number,value_as_concept_id,unit_concept_id,unit_source_value\n"
)
CONDITION = (
    "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_start_datetime,"
    "condition_end_date,condition_end_datetime\n7,2,372328,2015-12-16,,2015-12-30,\n"
)


def data_set(folder: Path, *rows: str) -> Path:
    path = folder / "omop.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("PERSON.csv", PERSON)
        archive.writestr("CONCEPT.csv", CONCEPT)
        archive.writestr("MEASUREMENT.csv", HEAD + "\n".join(rows) + "\n")
        archive.writestr("CONDITION_OCCURRENCE.csv", CONDITION)
        archive.writestr("DRUG_EXPOSURE.csv", "drug_exposure_id\n1\n2\n")
    return path


def test_a_measurement_is_a_fact_of_its_person_under_the_code_of_its_concept(tmp_path: Path) -> None:
    said = read(data_set(tmp_path, "1,2,3004249,2021-10-13,2021-10-13 08:30:00,0,113.0,0,8876,"))
    assert said.values("loinc:8480-6") == [(instant("2021-10-13T08:30:00Z"), Exact(113.0))]
    (owner,) = {write.subject for write in said.writes if write.facts}
    assert owner == "person of omop:omop.zip|2" and said.facts[0].unit == "mm[Hg]"
    assert said.account.skipped == {"rows of drug_exposure": 2}


def test_an_operator_makes_a_bound_and_a_concept_a_level(tmp_path: Path) -> None:
    said = read(data_set(tmp_path, "1,2,3004249,2021-10-13,,4171756,40,0,8876,", "2,2,3004249,2021-10-13,,0,,9191,0,"))
    assert [value for _, value in said.values("loinc:8480-6")] == [Below(40.0), Level("Positive")]


def test_a_condition_begins_and_ends(tmp_path: Path) -> None:
    said = read(data_set(tmp_path))
    assert said.values("gemel:condition") == [
        (instant("2015-12-16T00:00:00Z"), Level("active")),
        (instant("2015-12-30T00:00:00Z"), Level("resolved")),
    ]
    assert {getattr(fact, "entity", "") for fact in said.facts} == {"snomed:65363002"}


def test_what_cannot_be_a_fact_is_refused_or_counted(tmp_path: Path) -> None:
    rows = (
        "1,2,999,2021-10-13,,0,1,0,0,", "2,2,3004249,soon,,0,1,0,8876,", "3,2,3004249,2021-10-13,,0,x,0,8876,",
        "4,2,3004249,2021-10-13,,0,1,0,0,furlong", "5,9,3004249,2021-10-13,,0,1,0,8876,",
        "6,2,3004249,2021-10-13,,0,,0,0,", "7,2,3004249,2021-10-13,,0,9999,0,8876,",
    )  # fmt: skip
    said = read(data_set(tmp_path, *rows))
    kinds = [row.reason.partition(":")[0] for row in said.rejected]
    assert kinds == ["unknown concept", "bad time", "not a number", "wrong unit", "impossible value"]
    assert said.account.skipped["about a person who is not in the person table"] == 1
    assert said.account.skipped["a measurement without a value"] == 1


def test_people_are_described_as_far_as_is_known(tmp_path: Path) -> None:
    told = [write.enrol for write in read(data_set(tmp_path)).writes if write.enrol is not None]
    assert [(one.sex, str(one.born)) for one in told] == [("female", "2014-10-22"), ("male", "None")]


def test_every_measurement_of_the_sample_is_a_fact_or_counted(shared: Path) -> None:
    path = shared / "data/platform/omop/synthea27nj_omop54_half.zip"
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.TextIOWrapper(archive.open("MEASUREMENT.csv"))))
    said = read(path)
    facts = [fact for fact in said.facts if fact.code != "gemel:condition"]
    assert len(facts) + len(said.rejected) + said.account.skipped["a measurement without a value"] == len(rows)
    numbers = sorted(float(row["value_as_number"]) for row in rows if row["value_as_number"])
    assert sorted(fact.value.value for fact in facts if isinstance(fact.value, Exact)) == numbers  # type: ignore[union-attr]
