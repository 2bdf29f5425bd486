"""A model's card, and the list of models, as values that travel; a number that does not exist is null."""

from __future__ import annotations

import msgspec

__all__ = [
    "CardShape",
    "EvidenceShape",
    "FormItem",
    "FormShape",
    "ModelRow",
    "Models",
    "QuantityShape",
    "SourceShape",
]

Number = float | None


class ModelRow(msgspec.Struct, kw_only=True):
    """One registered model."""

    name: str
    kind: str
    title: str
    version: str
    causal: str
    problem: str | None = None


class Models(msgspec.Struct, kw_only=True):
    """`gemel models`."""

    models: list[ModelRow]


class SourceShape(msgspec.Struct, kw_only=True):
    """Where something comes from."""

    locator: str
    note: str = ""


class QuantityShape(msgspec.Struct, kw_only=True):
    """A declared number of a model."""

    name: str
    unit: str
    low: Number
    high: Number
    code: str | None
    about: str
    prior: str | None = None
    source: SourceShape | None = None


class EvidenceShape(msgspec.Struct, kw_only=True):
    """One validated figure."""

    metric: str
    value: float
    unit: str
    dataset: str
    n: int
    command: str
    standard_error: Number = None
    date: str = ""


class FormItem(msgspec.Struct, kw_only=True):
    """One line of a framework's form; `answer` is null where nothing is stated."""

    number: str
    asks: str
    answer: str | None


class FormShape(msgspec.Struct, kw_only=True):
    """A framework's form, filled from the card; `stated` of its items are answered."""

    title: str
    source: str
    stated: int
    items: list[FormItem]


class CardShape(msgspec.Struct, kw_only=True):
    """`gemel card`."""

    name: str
    title: str
    version: str
    kind: str
    intended_use: str
    not_for: str
    population: str
    causal: str
    limits: str
    licence: str
    sources: list[SourceShape]
    validated: list[EvidenceShape]
    parameters: list[QuantityShape]
    covariates: list[QuantityShape]
    inputs: list[QuantityShape]
    observables: list[QuantityShape]
    settings: dict[str, list[str]]
    frameworks: dict[str, FormShape]
