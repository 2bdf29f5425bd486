"""Small models that the contract must carry with no special case in any verb, engine or runtime."""

from __future__ import annotations

from typing import Any, Literal

from gemel.core.card import Card
from gemel.core.quantity import Prior, Source

MADE = Source("gemel:tests/laws/conformance", "made up to test a law")
Kind = Literal["patient", "organ", "hospital", "device", "drug", "population"]


def card(title: str, kind: Kind = "patient", causal: Literal["mechanistic", "association"] = "mechanistic") -> Card:
    return Card(
        title=title, version="1", kind=kind, intended_use="Law tests.", not_for="Anything else.", population="None.",
        causal=causal, sources=(MADE,), limits="Not of this world.",
    )  # fmt: skip


def law(family: Any, *arguments: float) -> Prior:
    return Prior(family, arguments, MADE)
