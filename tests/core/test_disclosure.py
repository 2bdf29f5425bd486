"""Forms that others ask for are filled from what a model says, and gaps show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gemel.core.card import Evidence
from gemel.core.disclosure import PLATFORM, answers
from gemel.core.errors import CardError
from gemel.core.frameworks import FRAMEWORKS, TOPICS
from gemel.core.registry import BUILT_IN, load_model


def test_the_forms_have_the_items_their_makers_give_them() -> None:
    """31 source attributes in 45 CFR 170.315(b)(11)(iv)(B); 27 numbered items in TRIPOD+AI; 13 factors in V&V 40."""
    assert len(FRAMEWORKS["hti-1"].items) == 31
    assert {int(i.number.rstrip("abcdef")) for i in FRAMEWORKS["tripod-ai"].items} == set(range(1, 28))
    factors = [i for i in FRAMEWORKS["vv40"].items if i.number not in ("Question", "Context", "Risk")]
    assert len(factors) == 13


@pytest.mark.parametrize("name", sorted(BUILT_IN["models"]))
def test_every_model_answers_what_use_and_harm_hang_on(name: str) -> None:
    said = answers(load_model(name))
    for topic in ("intended_use", "not_for", "population", "users", "limits", "risk", "question", "decision_role"):
        assert said.get(topic), topic


def test_what_nobody_said_is_not_stated() -> None:
    model = load_model("mmc")
    said, form = answers(model), FRAMEWORKS["hti-1"]
    funding = next(i for i in form.items if i.number == "1.ii")
    assert funding.answer(said) is None and 0 < form.stated(said) < len(form.items)
    assert funding.answer({**said, "funding": "None."}) == "None."


def test_computed_figures_and_the_platforms_own_answers_are_told() -> None:
    said = answers(load_model("mmc"), [Evidence("mean wait", 1.25, "h", "exact", 400, "make evidence", 0.01)])
    assert said["figures"] == "mean wait: 1.25 ± 0.01 h (n = 400, exact)"
    assert set(PLATFORM) <= TOPICS and said["monitoring"] == PLATFORM["monitoring"]


def test_a_statement_on_no_topic_is_refused() -> None:
    card = load_model("mmc").card
    with pytest.raises(CardError, match="no topic 'weather'"):
        replace(card, statements=(("weather", "fine"),))
    with pytest.raises(CardError, match="'users' is empty"):
        replace(card, statements=(("users", " "),))
