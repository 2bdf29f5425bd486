"""`gemel what-if` and `gemel demo hospital`, as somebody who runs a hospital meets them."""

from __future__ import annotations

import json

import pytest

from gemel.cli.question import asked
from gemel.core.errors import IngestError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory, alone):
    """The demo, played once as a user would: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("hospital")
    given = ["demo", "hospital", "--out", str(folder), "--no-open", "--json"]
    return folder, json.loads(alone(f"from gemel.cli import main; raise SystemExit(main({given!r}))"))


def test_the_demo_goes_from_a_feed_to_a_plan_and_a_page(demo):
    folder, told = demo
    answer = told["answer"]
    assert told["messages"] > 5000 and 150 < answer["patients"] < 350 and not answer["wards_left_out"]
    plans = {p["plan"]: p for p in answer["plans"]}
    # the doctor is the bottleneck of the invented hospital and the ward is not
    assert plans["two more doctors 16-24 h"]["difference"][2] < 0.0
    assert answer["winner"] in (None, "two more doctors 16-24 h", "two more ICU beds")
    page = (folder / "hospital.html").read_text()
    assert answer["verdict"].replace("'", "&#x27;") in page and "<script" not in page and 'src="http' not in page


def test_the_census_of_the_feed_is_what_the_life_held(demo, valid):
    folder, told = demo
    found = valid("census", "census", folder / "adt.hl7", "--at", told["answer"]["at"])
    assert found["census"][0]["total"] == told["answer"]["patients"]


def test_a_question_is_answered_again_with_the_same_figures(demo, valid):
    folder, told = demo
    found = valid("what-if", "what-if", folder / "question.json", "--members", "1000", "--seed", "1")
    assert found["plans"] == told["answer"]["plans"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"plans": []}, "plans"), ({"hours": -1}, "hours"), ({"colour": "red"}, "colour"),
        ({"plans": [{"name": "a"}, {"name": "b", "changes": [{"do": "wish"}]}]}, "wish"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_read_names_what_is_wrong(tmp_path, change, told):
    question = {"hospital": "h.json", "at": "2026-11-20T08:00:00Z", "plans": [{"name": "a"}, {"name": "b"}]}
    (tmp_path / "q.json").write_text(json.dumps(question | change))
    with pytest.raises(IngestError, match=told):
        asked(tmp_path / "q.json")
