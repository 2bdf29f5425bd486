from __future__ import annotations

from datetime import date

import pytest

from gemel.core.card import Card
from gemel.core.clock import instant
from gemel.core.quantity import Source
from gemel.core.subject import Subject
from gemel.runtime.coverage import covers

NOW = instant("2026-03-01T12:00:00Z")


def card(kind="patient", population="Adults with type 1 diabetes") -> Card:
    return Card(
        title="t", version="1", kind=kind, intended_use="u", not_for="n", population=population, causal="mechanistic",
        sources=(Source("here"),), limits="l",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("born", "outside", "unchecked"),
    [
        (date(1980, 1, 1), 0, 0),
        (date(2008, 3, 1), 0, 0),  # eighteen today
        (date(2008, 3, 2), 1, 0),  # tomorrow
        (None, 0, 1),
    ],
)
def test_adults_are_eighteen_or_older_by_the_calendar(born, outside, unchecked):
    found = covers(card(), Subject(id="p", born=born), NOW)
    assert (len(found.outside), len(found.unchecked)) == (outside, unchecked)


def test_the_day_is_that_of_the_subjects_zone():
    eve = instant("2026-03-01T11:30:00Z")  # already the second of March at +13
    who = {"id": "p", "born": date(2008, 3, 2)}
    assert covers(card(), Subject(**who), eve).outside
    assert not covers(card(), Subject(**who, zone="Pacific/Auckland"), eve).outside


@pytest.mark.parametrize(
    ("kind", "subject", "covered"),
    [
        ("patient", "person", True), ("patient", "ward", False), ("hospital", "person", False),
        ("hospital", "ward", True), ("device", "person", True), ("population", "city", True),
    ],
)  # fmt: skip
def test_a_model_of_a_person_is_of_no_ward_and_the_other_way_round(kind, subject, covered):
    found = covers(card(kind, "Everybody"), Subject(id="s", kind=subject), NOW)
    assert (not found.outside) == covered
