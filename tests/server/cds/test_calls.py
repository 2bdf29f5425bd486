"""Calls over a real connection: cards that say what the twin says, and silence where nothing should be said."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gemel.core.clock import HOUR, MINUTE
from gemel.core.ports import Caller
from gemel.runtime import Site
from gemel.server.cds.feedback import CARD, FEEDBACK
from tests.server.cds import sugar
from tests.server.cds.conftest import MODEL, NOW, bundle, ordered, prefetch, settle, speak, viewed
from tests.server.cds.shape import DISCOVERY, cards_of

Open = Callable[..., Any]


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


def percentages(words: str) -> list[int]:
    """'<1%' counts as 0, '>99%' as 100."""
    words = words.replace("<1%", "0%").replace(">99%", "100%")
    return [int(n) for n in re.findall(r"(\d+)%", words)]


def test_discovery_names_each_service_with_its_hook_and_prefetch(hospital: Open) -> None:
    async def story() -> None:
        async with hospital() as h:
            answer = await h.client.get("/cds-services")
            told = answer.json()
            jsonschema.validate(told, DISCOVERY)
            assert {(s["id"], s["hook"]) for s in told["services"]} == {
                ("gemel-glucose-forecast", "patient-view"), ("gemel-whatif", "order-select"),
                ("gemel-whatif", "order-sign"),
            }  # fmt: skip
            for service in told["services"]:
                for template in service["prefetch"].values():
                    assert set(re.findall(r"{{(.*?)}}", template)) == {"context.patientId"}

    run(story)


def test_a_patient_with_a_twin_gets_a_card_that_says_what_the_ledger_says(hospital: Open, tmp_path: Path) -> None:
    settle(tmp_path)

    async def story() -> None:
        async with hospital() as h:
            (card,) = cards_of(await h.call(**viewed()))
            (row,) = [r for r in h.service.site.ledger("twin-1") if r.target - r.issued == HOUR]
            q = row.quantiles
            said = f"Glucose in 60 min: {q['0.5']:.0f} mg/dL ({q['0.05']:.0f} to {q['0.95']:.0f})"
            assert card["summary"].startswith(said)
            assert card["indicator"] == "info" and card["source"]["label"] == "gemel: sugar"
            assert "no track record yet" in card["detail"] or "Track record" in card["detail"]
            assert [link["label"] for link in card["links"]] == ["Model card", "Track record"]

    run(story)


def test_a_low_ahead_makes_the_card_as_urgent_as_the_alert_rule_is(hospital: Open, tmp_path: Path) -> None:
    settle(tmp_path, level=50.0)

    async def story() -> None:
        async with hospital() as h:
            (card,) = cards_of(await h.call(**viewed()))
            assert card["indicator"] in ("warning", "critical")
            low, _ = percentages(card["summary"])
            assert low >= 90  # it is low already

    run(story)


def test_a_silent_model_says_nothing(hospital: Open, tmp_path: Path) -> None:
    settle(tmp_path, advisory=False)

    async def story() -> None:
        async with hospital() as h:
            assert cards_of(await h.call(**viewed())) == []
            assert cards_of(await h.call("gemel-whatif", **ordered(4.0))) == []
            assert cards_of(await h.call(**viewed("guest", prefetch=prefetch()))) == []
            assert h.service.site.ledger("twin-1") == []

    run(story)


def test_readings_of_half_an_hour_ago_make_no_forecast(hospital: Open, tmp_path: Path) -> None:
    settle(tmp_path, last=NOW - 31 * MINUTE)

    async def story() -> None:
        async with hospital() as h:
            assert cards_of(await h.call(**viewed())) == []
            assert cards_of(await h.call(**viewed("guest", prefetch=prefetch(last=NOW - 31 * MINUTE)))) == []
            news = prefetch(160.0, "known", last=NOW - MINUTE, n=3)
            (card,) = cards_of(await h.call(**viewed(prefetch=news)))  # the client knows more than the store
            assert "As of 11:59 (1 min ago)" in card["detail"]

    run(story)


def test_a_patient_nobody_knows_gets_a_twin_for_the_call_from_what_was_prefetched(
    hospital: Open, tmp_path: Path
) -> None:
    with Site.open(tmp_path / "gemel.db", now=lambda: NOW) as site:
        speak(site)

    async def story() -> None:
        async with hospital() as h:
            (card,) = cards_of(await h.call(**viewed("guest", prefetch=prefetch(120.0))))
            assert "made for this card" in card["detail"]
            middle = int(re.findall(r"min: (\d+) mg/dL", card["summary"])[0])
            assert abs(middle - 120) < 25  # the rest of the made-up patient is drawn from 100 +- 20
            assert h.service.site.twins() == [] and h.service.store.subject("guest", Caller(id="t")) is None
            told = h.service.store.document(CARD, card["uuid"], Caller(id="t"))
            assert told is not None and told[0] == "" and b"mg/dL" not in told[1][0].body
            child = prefetch(120.0) | {"patient": {"resourceType": "Patient", "id": "guest", "birthDate": "2020-01-01"}}
            assert cards_of(await h.call(**viewed("guest", prefetch=child))) == []  # the card is for adults
            short = prefetch(120.0) | {"glucose": bundle(120.0, n=11)}
            assert cards_of(await h.call(**viewed("guest", prefetch=short))) == []
            others = prefetch(120.0, "somebody-else")
            assert cards_of(await h.call(**viewed("guest", prefetch=others))) == []

    run(story)


def test_nothing_sent_and_nothing_known_is_a_failed_precondition(hospital: Open) -> None:
    async def story() -> None:
        async with hospital() as h:
            for more in ({}, {"prefetch": {}}, {"prefetch": {"glucose": None}}):
                answer = await h.call(**viewed("guest", **more))
                assert answer.status_code == 412 and "prefetch" in answer.json()["detail"]

    run(story)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hookInstance": "7"}, "hookInstance|badly formed"), ({"hook": "order-sign"}, "hook"),
        ({"context": {"userId": "Practitioner/7"}}, "patientId"), ({"context": None}, "context"),
        ({"fhirAuthorization": {"access_token": "x"}}, "cds-r-1"),
    ],
)  # fmt: skip
def test_a_call_that_breaks_the_specification_is_refused_by_name(hospital: Open, change: Any, reason: str) -> None:
    async def story() -> None:
        async with hospital() as h:
            answer = await h.call(**{**viewed(), **change})
            assert answer.status_code == 400 and re.search(reason, answer.json()["detail"])
            assert (await h.client.post("/cds-services/gemel-whatif", content=b"{")).status_code == 400
            assert (await h.call("nothing", **viewed())).status_code == 404

    run(story)


def test_the_what_if_card_knows_what_a_dose_does(hospital: Open, tmp_path: Path) -> None:
    settle(tmp_path, level=100.0)

    async def story() -> None:
        async with hospital() as h:
            big = cards_of(await h.call("gemel-whatif", **ordered(4.0)))[0]  # 80 mg/dL down: surely below 70
            low, low_without, *_ = percentages(big["summary"])
            assert low == 100 and low_without < 20 and big["indicator"] == "warning"
            rows = [line for line in big["detail"].splitlines() if line.startswith(("| as", "| half", "| none"))]
            assert [row.split("|")[1].strip() for row in rows] == ["as ordered (4 [IU])", "half of it (2 [IU])", "none"]
            lows = [percentages(row)[0] for row in rows]
            assert lows == sorted(lows, reverse=True)
            assert sum(percentages(row)[-1] for row in rows) == pytest.approx(100, abs=1)

    run(story)


def test_another_dose_is_offered_only_where_it_clearly_wins_and_never_applied(hospital: Open, tmp_path: Path) -> None:
    settle(tmp_path, level=100.0)

    async def story() -> None:
        async with hospital() as h:
            answer = await h.call("gemel-whatif", **ordered(4.0, hook="order-sign"))
            (card,) = cards_of(answer)
            assert "systemActions" not in answer.json()
            (offer,) = card["suggestions"]
            assert card["selectionBehavior"] == "at-most-one" and "isRecommended" not in offer
            (action,) = offer["actions"]
            assert (action["type"], action["resourceId"]) == ("delete", "MedicationRequest/rx-1")

    run(story)


def test_an_offered_dose_changes_the_order_and_nothing_else(hospital: Open, tmp_path: Path) -> None:
    settle(tmp_path, level=180.0)

    async def story() -> None:
        async with hospital() as h:
            asked = ordered(180.0 / sugar.PER_UNIT)  # would take it all away; half of it would do
            (card,) = cards_of(await h.call("gemel-whatif", **asked))
            order = asked["context"]["draftOrders"]["entry"][0]["resource"]
            for offer in card.get("suggestions", []):
                for action in offer["actions"]:
                    if action["type"] == "update":
                        changed = action["resource"]
                        quantity = changed["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]
                        assert quantity["value"] == pytest.approx(4.5)
                        quantity["value"] = 9.0
                        assert changed == order
                        return
            pytest.fail(f"half the dose was not offered: {card['detail']}")

    run(story)


def test_orders_that_the_model_knows_nothing_of_make_no_card(hospital: Open, tmp_path: Path) -> None:
    settle(tmp_path)

    async def story() -> None:
        async with hospital() as h:
            other = ordered(4.0)
            resource = other["context"]["draftOrders"]["entry"][0]["resource"]
            resource["medicationCodeableConcept"]["coding"][0]["code"] = "amoxicillin"
            assert cards_of(await h.call("gemel-whatif", **other)) == []
            unselected = ordered(4.0)
            unselected["context"]["selections"] = ["MedicationRequest/another"]
            assert cards_of(await h.call("gemel-whatif", **unselected)) == []
            empty = ordered(4.0)
            del empty["context"]["draftOrders"]["entry"][0]["resource"]["dosageInstruction"]
            assert cards_of(await h.call("gemel-whatif", **empty)) == []

    run(story)


def test_feedback_is_kept_with_the_card_and_unknown_cards_are_refused(hospital: Open, tmp_path: Path) -> None:
    settle(tmp_path)
    caller = Caller(id="t")

    async def story() -> None:
        async with hospital() as h:
            (card,) = cards_of(await h.call(**viewed()))
            own = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-03-01T12:00:05Z",
                   "overrideReason": {"reason": card["overrideReasons"][0], "userComment": "seen"}}  # fmt: skip
            path = "/cds-services/gemel-glucose-forecast/feedback"
            for _ in range(2):
                assert (await h.client.post(path, json={"feedback": [own]})).status_code == 200
            told = h.service.store.document(FEEDBACK, card["uuid"], caller)
            assert told is not None and told[0] == "known" and [d.version for d in told[1]] == [1, 2]
            assert json.loads(told[1][0].body)["feedback"]["overrideReason"]["userComment"] == "seen"
            sent = h.service.store.document(CARD, card["uuid"], caller)
            assert sent is not None and json.loads(sent[1][0].body)["card"]["summary"] == card["summary"]
            for wrong, code in ((own | {"card": "x"}, 404), (own | {"outcome": "accepted"}, 400),
                                (own | {"outcome": "ignored"}, 400)):  # fmt: skip
                assert (await h.client.post(path, json={"feedback": [wrong]})).status_code == code

    run(story)


def test_model_is_the_one_the_settings_name() -> None:
    assert MODEL.endswith("sugar:model") and sugar.model.card.causal == "mechanistic"
