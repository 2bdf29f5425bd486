"""Paging: everything once, on one server, and an end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gemel.core.clock import instant
from gemel.core.errors import IngestError
from gemel.ingest.outbound.fhir_search import found, read, searchable
from gemel.ingest.outbound.web import Web


def page(ids: list[str], following: str = "", **more: Any) -> tuple[int, dict[str, str], bytes]:
    entries = [{"resource": {"resourceType": "Observation", "id": id}} for id in ids]
    links = [{"relation": "next", "url": following}] if following else []
    told = {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries, **more}
    return 200, {}, json.dumps(told).encode()


def ids_of(url: str) -> list[str | None]:
    with Web(url) as web:
        return [r.about.id for p in found(web, "Observation", [("patient", "a b")]) for r in p.envelope.resources]


def test_pages_are_followed_to_the_end_absolute_or_relative(loopback: Any) -> None:
    def answer(asked: Any) -> Any:
        match asked.path:
            case "/fhir/Observation?patient=a+b":
                return page(["1", "2"], f"{server.url}/fhir?_getpages=x")
            case "/fhir?_getpages=x":
                return page(["3"], "/fhir?_getpages=y")
            case _:
                return page([])

    server = loopback(answer)
    assert ids_of(f"{server.url}/fhir") == ["1", "2", "3"]


def test_pages_in_a_circle_end(loopback: Any) -> None:
    server = loopback(lambda _: page(["1"], "?again"))
    with pytest.raises(IngestError, match="circle after 2"):
        ids_of(server.url)


def test_a_next_page_on_another_server_is_not_asked_for(loopback: Any) -> None:
    elsewhere = loopback(lambda _: page(["2"]))
    server = loopback(lambda _: page(["1"], f"{elsewhere.url}/Observation"))
    with pytest.raises(IngestError, match="another server"):
        ids_of(server.url)
    assert elsewhere.asked == []


def test_what_a_server_says_about_the_search_is_no_result(loopback: Any) -> None:
    aside = {"resource": {"resourceType": "OperationOutcome", "id": "w"}, "search": {"mode": "outcome"}}
    server = loopback(lambda _: page([], entry=[aside]))
    assert ids_of(server.url) == []


def test_total_and_the_servers_clock_are_told(loopback: Any) -> None:
    def answer(_: Any) -> Any:
        status, _, body = page(["1"], total=7)
        return status, {}, body

    server = loopback(answer)
    with Web(server.url) as web:
        (one,) = found(web, "Observation", [])
    assert one.total == 7
    assert one.asked is not None
    assert one.asked > instant("2024-01-01T00:00:00Z")


@pytest.mark.parametrize("body", [b"<html>", b'{"resourceType": "Patient"}', b"[]"])
def test_an_answer_that_is_no_bundle_is_refused(loopback: Any, body: bytes) -> None:
    server = loopback(lambda _: (200, {}, body))
    with pytest.raises(IngestError, match="search of Observation"):
        ids_of(server.url)


def test_a_resource_that_is_gone_is_none(loopback: Any) -> None:
    server = loopback(lambda _: (410, {}, b"{}"))
    with Web(server.url) as web:
        assert read(web, "Patient", "1") is None


def test_types_come_from_the_capability_statement(loopback: Any) -> None:
    told = {"rest": [{"mode": "server", "resource": [{"type": "Patient"}, {"type": "Observation"}]}]}
    server = loopback(lambda _: (200, {}, json.dumps(told).encode()))
    with Web(server.url) as web:
        assert searchable(web) == {"Patient", "Observation"}
    dumb = loopback(lambda _: (404, {}, b"no"))
    with Web(dumb.url) as web:
        assert searchable(web) == frozenset()
