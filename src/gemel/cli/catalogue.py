"""`gemel models` and `gemel card`: what is registered, and what a model says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from ..core.disclosure import answers
from ..core.errors import GemelError
from ..core.evidence import evidence_of
from ..core.frameworks import FRAMEWORKS, Framework
from ..core.model import Model
from ..core.quantity import Quantity, Source
from ..core.registry import available, load_model
from . import page
from .shapes import CardShape, EvidenceShape, FormItem, FormShape, ModelRow, Models, QuantityShape, SourceShape

__all__ = ["card", "card_page", "models"]


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


def form_rows(form: FormShape) -> list[list[str]]:
    """Cells of a form: number, what it asks, the answer."""
    return [[item.number, item.asks, item.answer or "not stated"] for item in form.items]


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


def facts(shape: CardShape) -> list[tuple[str, str]]:
    """The card's text fields, in reading order."""
    rests = {
        "mechanistic": "on a mechanism: answers to 'what if' rest on the equations",
        "trial": "on trials: answers to 'what if' rest on randomised comparisons",
        "association": "on associations only: it predicts, but cannot say what a plan would cause",
    }
    return [
        ("Name", f"{shape.name}, version {shape.version}, {shape.licence}"),
        ("Kind", shape.kind),
        ("For", shape.intended_use),
        ("Not for", shape.not_for),
        ("Population", shape.population),
        ("Rests", rests[shape.causal]),
        ("Limits", shape.limits),
    ]


def _span(q: QuantityShape) -> str:
    low, high = ("−∞" if q.low is None else f"{q.low:g}", "∞" if q.high is None else f"{q.high:g}")
    return f"{low} to {high}"


def rows(quantities: list[QuantityShape]) -> list[list[str]]:
    """Cells of a table of quantities: name, unit, support, prior, about, source."""
    return [
        [q.name, q.unit, _span(q), q.prior or "–", q.about, q.source.locator if q.source else "–"] for q in quantities
    ]


COLUMNS = ("name", "unit", "support", "prior", "about", "source")


def evidence(shape: CardShape) -> list[list[str]]:
    """Cells of the table of validated figures."""
    return [
        [e.metric, f"{e.value:g} {e.unit}" + ("" if e.standard_error is None else f" ± {e.standard_error:g}"),
         str(e.n), e.dataset, e.command, e.date or "–"]
        for e in shape.validated
    ]  # fmt: skip


def card_page(shape: CardShape) -> str:
    """The card as an HTML page."""
    from html import escape

    def cells(table: list[list[str]]) -> list[list[str]]:
        return [[escape(c) for c in row] for row in table]

    body = [page.section("What it is", "", page.definitions(facts(shape)))]
    if shape.validated:
        columns = ("figure", "value", "n", "data", "recompute with", "date")
        body.append(page.section("Validated", "", page.table(columns, cells(evidence(shape)), words=True)))
    else:
        body.append(page.section("Validated", "No figure is claimed yet."))
    body.append(page.section("Sources", "", page.definitions([(s.locator, s.note or "–") for s in shape.sources])))
    for title, quantities in (
        ("Observables", shape.observables), ("Inputs", shape.inputs),
        ("Covariates", shape.covariates), ("Parameters", shape.parameters),
    ):  # fmt: skip
        if quantities:
            body.append(page.section(title, "", page.table(COLUMNS, cells(rows(quantities)), words=True)))
    for form in shape.frameworks.values():
        rows_of = page.table(("item", "asks", "answer"), cells(form_rows(form)), words=True)
        lead = f"{form.stated} of {len(form.items)} items stated ({form.source})."
        body.append(page.section(form.title, lead, f"<details><summary>Show the form</summary>{rows_of}</details>"))
    if shape.settings:
        pairs = [(name, ", ".join(choices)) for name, choices in shape.settings.items()]
        body.append(page.section("Settings", "", page.definitions(pairs)))
    caution = f'<p class="caution">{page.CAUTION}</p>'
    return page.page(shape.title, f"Model card · {shape.kind} · version {shape.version}", [caution, *body], "gemel")
