"""A model's card for people: cells of tables, and a page."""

from __future__ import annotations

from ..runtime.answers import page
from ..runtime.answers.card_shapes import CardShape, FormShape, QuantityShape

__all__ = ["COLUMNS", "card_page", "evidence", "facts", "form_rows", "rows"]


def form_rows(form: FormShape) -> list[list[str]]:
    """Cells of a form: number, what it asks, the answer."""
    return [[item.number, item.asks, item.answer or "not stated"] for item in form.items]


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
