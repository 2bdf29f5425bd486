"""What is registered, and what a model says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from ...core.disclosure import answers
from ...core.errors import GemelError
from ...core.evidence import evidence_of
from ...core.frameworks import FRAMEWORKS, Framework
from ...core.model import Model
from ...core.quantity import Quantity, Source
from ...core.registry import available, load_model
from .card_shapes import (
    CardShape,
    EvidenceShape,
    FormItem,
    FormShape,
    ModelRow,
    Models,
    QuantityShape,
    SourceShape,
)

__all__ = ["card", "models"]


def models() -> Models:
    """Every registered model; one that cannot be loaded says why."""
    rows: list[ModelRow] = []
    for name in sorted(available("models")):
        try:
            own = load_model(name).card
        except GemelError as error:
            rows.append(ModelRow(name=name, kind="?", title="", version="", causal="", problem=str(error)))
            continue
        rows.append(ModelRow(name=name, kind=own.kind, title=own.title, version=own.version, causal=own.causal))
    return Models(models=rows)


def card(name: str) -> CardShape:
    """A model's card with its declared quantities."""
    model: Model = load_model(name)
    own, figures = model.card, evidence_of(name)
    said = answers(model, figures)
    return CardShape(
        name=name, title=own.title, version=own.version, kind=own.kind, intended_use=own.intended_use,
        not_for=own.not_for, population=own.population, causal=own.causal, limits=own.limits, licence=own.licence,
        sources=[_source(s) for s in own.sources],
        validated=[
            EvidenceShape(metric=e.metric, value=e.value, unit=e.unit, dataset=e.dataset, n=e.n, command=e.command,
                          standard_error=e.standard_error, date=e.date)
            for e in (*own.validated, *figures)
        ],
        parameters=[_quantity(q) for q in model.parameters], covariates=[_quantity(q) for q in model.covariates],
        inputs=[_quantity(q) for q in model.inputs], observables=[_quantity(q) for q in model.observables],
        settings={s.name: [str(c) for c in s.choices] for s in model.settings},
        frameworks={name: _form(f, said) for name, f in FRAMEWORKS.items()},
    )  # fmt: skip


def _form(framework: Framework, said: Mapping[str, str]) -> FormShape:
    items = [FormItem(number=i.number, asks=i.asks, answer=i.answer(said)) for i in framework.items]
    return FormShape(title=framework.title, source=framework.source, stated=framework.stated(said), items=items)


def _source(source: Source) -> SourceShape:
    return SourceShape(locator=source.locator, note=source.note)


def _quantity(q: Quantity) -> QuantityShape:
    prior = None if q.prior is None else f"{q.prior.family}({', '.join(f'{a:g}' for a in q.prior.arguments)})"
    found = q.prior.source if q.prior is not None else q.noise.source if q.noise is not None else None
    unit = q.unit if q.dose_unit is None else f"{q.unit}; dose {q.dose_unit}"
    return QuantityShape(
        name=q.name, unit=unit, low=q.low if isfinite(q.low) else None, high=q.high if isfinite(q.high) else None,
        code=q.code, about=q.about, prior=prior, source=None if found is None else _source(found),
    )  # fmt: skip
