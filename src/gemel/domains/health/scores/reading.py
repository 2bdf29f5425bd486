"""How the tables in `tables/*.toml` are written, and how one entry of them becomes a `Score`.

Inputs, answers, domain and steps are lines, so that a table reads like the paper's:

    name[?] [= covariate] [unit] [low..high] [<choice choice>] [flag] | about      an input; ? marks it optional
    name unit scale [years] [<label label>] | outcome                              an answer
    [@answer] test | words for outside                                             a rule of the domain
    name = expression                                                              a step

An input takes unit, kind, choices and codes from the canonical covariate of its name where it does not say otherwise.
`like = "other"` starts from another entry; `gdl = "Name v1"` cites a guideline of the openEHR collection with its test
cases, and `paper` the publication it transcribes.  SupportError names entry and line of what cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from ....core.errors import SupportError, UnitError
from ....core.quantity import Source
from ....core.units import parse
from .covariates import covariates
from .expression import Expression, Vocabulary, compile_expression, names_in
from .hazards import Hazards
from .score import Answer, Input, Kind, Linear, Rule, Score, Status
from .table_files import table_rows

__all__ = ["Entry", "read_score"]

Entry = Mapping[str, Any]
_RANGE = re.compile(r"(-?[\d.]+)?\.\.(-?[\d.]+)?")
GUIDELINES = "https://github.com/gdl-lang/common-clinical-models"
_SCALES = ("fraction", "percent", "points", "value", "class")


def read_score(name: str, entry: Entry) -> Score:
    """One entry of a table as a score."""
    try:
        return _read(name, entry)
    except (SupportError, UnitError, KeyError, ValueError) as error:
        raise SupportError(f"score table entry '{name}': {error}") from error


def _read(name: str, entry: Entry) -> Score:
    inputs = tuple(_input(line) for line in _lines(entry.get("inputs", "")))
    known: dict[str, tuple[str, ...]] = {i.name: i.choices for i in inputs}
    let = _steps(entry.get("let", ""), known)
    linear = tuple(_linear(key, spec, known) for key, spec in entry.get("linear", {}).items())
    for block in linear:
        known |= {block.name: (), **dict.fromkeys(block.constants, ())}
    steps = _steps(entry.get("steps", ""), known)
    hazards = _hazards(entry["hazards"]) if "hazards" in entry else None
    score = Score(
        name, entry["title"], entry["organ"], entry["outcome"], cast(Status, entry.get("status", "verified")),
        str(entry.get("version", "")), entry.get("doi", ""), entry.get("licence", ""), entry.get("reason", ""),
        entry.get("population", ""), inputs, (), (), _sources(entry),
        tuple(entry.get("vectors", [])) or (("examples",) if "gdl" in entry else ()), let, linear, hazards, steps,
    )  # fmt: skip
    answers = tuple(_answer(line, score.outcome) for line in _lines(entry.get("answers", "")))
    given = {*known, *([hazards.name] if hazards else [])}
    for lost in [a.name for a in answers if a.name not in given]:
        raise SupportError(f"answer '{lost}' is no step of it")
    return replace(score, answers=answers, domain=tuple(_rule(line, known) for line in _lines(entry.get("domain", ""))))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _sources(entry: Entry) -> tuple[Source, ...]:
    found = list(entry.get("sources", []))
    if "paper" in entry:
        found.append(f"{entry['paper']} | as the transcription cites it")
    if "gdl" in entry:
        found.append(f"{GUIDELINES} | gdl2, {entry['gdl']} and its test cases (Apache-2.0)")
    return tuple(Source(locator, note) for locator, _, note in (text.partition(" | ") for text in found))


def _steps(text: str, known: dict[str, tuple[str, ...]]) -> Mapping[str, Expression]:
    """Named expressions in order; each may use those before it, and `known` grows by their names."""
    steps: dict[str, Expression] = {}
    for line in _lines(text):
        name, separator, expression = line.partition(" = ")
        if not separator or not name.isidentifier():
            raise SupportError(f"step '{line}' is not 'name = expression'")
        steps[name] = compile_expression(expression, known)
        known[name] = ()
    return MappingProxyType(steps)


@dataclass
class _Words:
    """The parts of a line: the text after |, what stands in <>, a range, and the other words."""

    words: list[str]
    about: str
    options: tuple[str, ...]
    low: float = -inf
    high: float = inf

    @classmethod
    def of(cls, line: str) -> _Words:
        head, _, about = line.partition("|")
        options = re.search(r"<([^>]*)>", head)
        found = cls([], about.strip(), tuple(options[1].split()) if options else ())
        for word in re.sub(r"<[^>]*>", "", head).split():
            limits = _RANGE.fullmatch(word)
            if limits:
                found.low, found.high = float(limits[1] or -inf), float(limits[2] or inf)
            else:
                found.words.append(word)
        return found


def _input(line: str) -> Input:
    parts = _Words.of(line)
    name, *rest = parts.words
    required, name = not name.endswith("?"), name.removesuffix("?")
    covariate = name
    if rest[:1] == ["="]:
        covariate, rest = rest[1], rest[2:]
    flag = "flag" in rest
    unit = next((word for word in rest if word != "flag"), "")
    known = covariates().get(covariate)
    if known is None and rest and covariate != name:
        raise SupportError(f"input '{line}': no covariate '{covariate}'")
    kind = "flag" if flag else "choice" if parts.options else known.kind if known else "number"
    made = Input(
        name, unit or (known.unit if known else "1"), parts.low, parts.high, cast(Kind, kind),
        parts.options or (known.choices if known else ()), known.codes if known else (), required,
        known.name if known else "", parts.about or (known.about if known else name.replace("_", " ")),
    )  # fmt: skip
    parse(made.unit)
    if not name.isidentifier() or not made.low < made.high or not all(c.isidentifier() for c in made.choices):
        raise SupportError(f"input '{line}' has no proper name, range or choices")
    return made


def _answer(line: str, outcome: str) -> Answer:
    parts = _Words.of(line)
    name, unit, scale, *years = parts.words
    parse(unit)
    if scale not in _SCALES:
        raise SupportError(f"answer '{line}': scale is one of {_SCALES}")
    horizon = float(years[0]) if years else None
    return Answer(name, unit, parts.about or outcome, scale, horizon, parts.options)


def _rule(line: str, known: Vocabulary) -> Rule:
    test, separator, words = line.partition(" | ")
    answer = ""
    if test.startswith("@"):
        answer, _, test = test[1:].partition(" ")
    if not separator:
        raise SupportError(f"rule '{line}' needs words for outside: test | words")
    return Rule(compile_expression(test, known), names_in(test), words.strip(), answer)


def _linear(name: str, spec: Entry, known: Vocabulary) -> Linear:
    """Coefficients by stratum, from `rows` in the entry or from the rows of `file` that match `where`.

    'variant:model' in `by` is the step `variant` that counts the choices of `model`.
    """
    by, constants = tuple(b.partition(":")[0] for b in spec["by"]), tuple(spec.get("constants", []))
    choices = [known[b.partition(":")[2] or b] for b in spec["by"]]
    terms, rows = _coefficients(spec)
    index = np.full(tuple(map(len, choices)), -1)
    for row, key in enumerate(rows):
        words = key.split()
        if lost := [word for word, names in zip(words, choices, strict=True) if word not in names]:
            raise SupportError(f"linear '{name}': row '{key}' names {lost}, which is no choice of {spec['by']}")
        index[tuple(names.index(word) for word, names in zip(words, choices, strict=True))] = row
    table = np.array(list(rows.values()), dtype=np.float64)
    if table.shape[1] != len(terms) + len(constants):
        raise SupportError(f"linear '{name}' has {len(terms)} terms and {len(constants)} constants: {table.shape[1]}")
    return Linear(
        name, by, tuple(compile_expression(term, known) for term in terms), table[:, : len(terms)],
        MappingProxyType({c: table[:, len(terms) + i] for i, c in enumerate(constants)}), index,
    )  # fmt: skip


def _coefficients(spec: Entry) -> tuple[Sequence[str], Mapping[str, Sequence[float]]]:
    if "file" not in spec:
        return spec.get("terms", []), {key: [float(x) for x in row] for key, row in spec["rows"].items()}
    keys = [b.partition(":")[2] or b for b in spec["by"]]
    lines = [row for row in table_rows(spec["file"]) if all(row[k] == v for k, v in spec["where"].items())]
    terms = [name for name in lines[0] if name not in {*keys, *spec["where"]}]
    return terms, {" ".join(r[k] for k in keys): [float(r[t] or 0.0) for t in terms] for r in lines}


def _hazards(spec: Entry) -> Hazards:
    """Hazards per five-year band of a file, written out by single year of age."""
    rows, years = list(table_rows(spec["file"])), int(spec["band_years"])

    def by_year(quantity: str) -> Any:
        picked = {r["group"]: _numbers(r.values()) for r in rows if r["quantity"] == quantity}
        return np.repeat(np.array([picked[group] for group in spec["groups"]]), years, axis=1)

    incidence, mortality, baseline = (by_year(q) for q in ("incidence", "mortality", "baseline"))
    return Hazards(
        spec["name"], spec["by"], int(spec["first_age"]), int(spec["turn"]), incidence, mortality, baseline,
        spec["relative"], spec["late"], spec["start"], spec["end"],
    )  # fmt: skip


def _numbers(cells: Iterable[str]) -> list[float]:
    return [float(cell) for cell in list(cells)[2:]]
