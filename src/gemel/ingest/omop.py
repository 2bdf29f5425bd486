"""OMOP Common Data Model 5.4 as a zip of CSV tables: measurements and conditions of every person in it.

Each PERSON is a subject, known by the number that the data set gives it.  A concept number becomes the code that
CONCEPT.csv has for it; one that is not there is rejected.  Other tables are counted as passed over.
Tables and columns: OHDSI CommonDataModel, version 5.4.
"""

from __future__ import annotations

import csv
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path

from gemel.core.clock import instant
from gemel.core.errors import GemelError, IngestError, UnitError
from gemel.core.fact import Above, Below, Exact, Instant, Level, Observation, Rejected, Value
from gemel.core.subject import Subject
from gemel.core.units import parse
from gemel.core.writing import Write

from .account import Account
from .feed import Item, content_id, reject
from .portions import portions
from .source import Source, name_of
from .terms import Terms
from .values import check, number

__all__ = ["read"]

Row = Mapping[str, str]
_VOCABULARIES = {"LOINC": "loinc", "SNOMED": "snomed", "RxNorm": "rxnorm", "UCUM": "ucum"}
_SEXES = {"8507": "male", "8532": "female"}
"""Concepts of gender, as the person table of the conventions names them."""
_READ = ("person", "measurement", "condition_occurrence", "concept")
_BOUNDS = {"<": Below, "<=": Below, ">": Above, ">=": Above}


def read(source: Source, terms: Terms, account: Account) -> Iterator[Write]:
    """Persons in order of their number, each with all that the tables say.  Memory holds one table of facts."""
    if isinstance(source, bytes):
        raise IngestError("an OMOP data set is a zip: give it as a file")
    try:
        with zipfile.ZipFile(source) as archive:
            yield from _Tables(archive, name_of(source), terms, account).writes()
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, csv.Error, UnicodeDecodeError) as error:
        raise IngestError(f"'{name_of(source)}' is damaged: {error}; what came before is read") from error


class _Tables:
    """One data set."""

    def __init__(self, archive: zipfile.ZipFile, name: str, terms: Terms, account: Account) -> None:
        self._archive, self._name, self._terms, self._account = archive, name, terms, account
        self._files = {
            Path(entry).stem.lower(): entry for entry in archive.namelist() if entry.lower().endswith(".csv")
        }
        self._known: dict[str, tuple[str, str]] = {}
        self._subjects: dict[str, str] = {}

    def writes(self) -> Iterator[Write]:
        """Everything, persons first."""
        self._learn()
        for table in sorted(set(self._files) - set(_READ)):
            if rows := sum(1 for _ in self._rows(table)):
                self._account.skip(f"rows of {table}", rows)
        for row in self._rows("person"):
            self._account.count("persons")
            yield self._person(row)
        gathered: dict[str, list[Item]] = {}
        for table, convert in (("measurement", self._measurement), ("condition_occurrence", self._condition)):
            for row in self._rows(table):
                self._account.tally("rows", table)
                subject = self._subjects.get(row.get("person_id", ""))
                if subject is None:
                    self._account.skip("about a person who is not in the person table")
                    continue
                gathered.setdefault(subject, []).extend(convert(row, subject))
        for subject, items in gathered.items():
            yield from portions(subject, items)

    def _rows(self, table: str) -> Iterator[Row]:
        if table not in self._files:
            return
        with self._archive.open(self._files[table]) as raw:
            text = TextIOWrapper(raw, encoding="utf-8-sig", newline="")
            first = text.readline()
            marks = Counter(first)
            delimiter = "\t" if marks["\t"] > marks[","] else ","
            names = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), None) or []]
            yield from csv.DictReader(text, fieldnames=names, delimiter=delimiter, restval="")

    def _learn(self) -> None:
        """Codes and names of the concepts that the tables use."""
        used = {"0"}
        for row in self._rows("measurement"):
            used |= {row.get(f"{name}_concept_id", "") for name in ("measurement", "unit", "operator", "value_as")}
        used |= {row.get("condition_concept_id", "") for row in self._rows("condition_occurrence")}
        for row in self._rows("concept"):
            if row["concept_id"] in used:
                system = _VOCABULARIES.get(row["vocabulary_id"], row["vocabulary_id"].lower())
                self._known[row["concept_id"]] = (f"{system}:{row['concept_code']}", row["concept_name"])

    def _person(self, row: Row) -> Write:
        identifiers = (f"omop:{self._name}|{row['person_id']}",)
        subject = self._terms.who(identifiers)
        self._subjects[row["person_id"]] = subject
        try:
            born = date(int(row["year_of_birth"]), int(row["month_of_birth"]), int(row["day_of_birth"]))
        except ValueError:
            born = None  # month and day may be left out
        sex = _SEXES.get(row.get("gender_concept_id", ""))
        told = Subject(id=subject, zone=self._terms.zone, born=born, sex=sex)
        return Write(subject=subject, enrol=told, identifiers=identifiers)

    def _measurement(self, row: Row, subject: str) -> list[Item]:
        code = self._known.get(row["measurement_concept_id"], ("", ""))[0]
        if not code:
            return [self._refused("unknown concept", f"measurement concept {row['measurement_concept_id']}", row)]
        try:
            at = self._instant(row["measurement_datetime"] or row["measurement_date"])
        except (ValueError, GemelError) as error:
            return [self._refused("bad time", str(error), row, code)]
        category = self._known.get(row["value_as_concept_id"], ("", ""))[1]
        if row["value_as_number"] == "" and not category:
            self._account.skip("a measurement without a value")
            return []
        if row["value_as_number"] == "":
            return [self._fact(f"m{row['measurement_id']}", (code, ""), Level(category), "1", (subject, at))]
        return [self._number(row, code, (subject, at))]

    def _number(self, row: Row, code: str, whose: tuple[str, Instant]) -> Item:
        try:
            amount = number(row["value_as_number"])
        except ValueError:
            return self._refused("not a number", f"value_as_number is '{row['value_as_number'][:40]}'", row, code)
        unit = self._known.get(row["unit_concept_id"], ("", ""))[0].removeprefix("ucum:") or row["unit_source_value"]
        try:
            parse(unit or "1")
        except UnitError as error:
            return self._refused("wrong unit", str(error), row, code)
        bound = _BOUNDS.get(self._known.get(row["operator_concept_id"], ("", ""))[1])
        value: Value = Exact(amount) if bound is None else bound(amount)
        entry = self._terms.codes.get(code)
        if entry is not None and entry.limits is not None and (wrong := check(value, unit or "1", entry.limits, code)):
            return self._refused(*wrong, row, code)
        return self._fact(f"m{row['measurement_id']}", (code, ""), value, unit or "1", whose)

    def _condition(self, row: Row, subject: str) -> list[Item]:
        code = self._known.get(row["condition_concept_id"], ("", ""))[0]
        if not code:
            return [self._refused("unknown concept", f"condition concept {row['condition_concept_id']}", row)]
        found: list[Item] = []
        for name, level in (("start", "active"), ("end", "resolved")):
            text = row[f"condition_{name}_datetime"] or row[f"condition_{name}_date"]
            if not text:
                continue
            try:
                whose = subject, self._instant(text)
            except (ValueError, GemelError) as error:
                return [self._refused("bad time", str(error), row, code)]
            id = f"c{row['condition_occurrence_id']}{name}"
            found.append(self._fact(id, ("gemel:condition", code), Level(level), "1", whose))
        return found

    def _instant(self, text: str) -> Instant:
        return instant(datetime.fromisoformat(text), tz=self._terms.zone, repeated=0)

    def _fact(self, id: str, what: tuple[str, str], value: Value, unit: str, whose: tuple[str, Instant]) -> Observation:
        (code, entity), (subject, at) = what, whose
        recorded = at if self._terms.recorded is None else self._terms.recorded
        return Observation(
            id=content_id(subject, "omop", id), code=code, value=value, unit=unit, at=at, recorded=recorded,
            source="omop", entity=entity or None,
        )  # fmt: skip

    def _refused(self, kind: str, detail: str, row: Row, code: str = "") -> Rejected:
        return reject(
            kind, detail, source=f"{self._name}:{next(iter(row.values()), '')}", raw=str(dict(row)), code=code
        )
