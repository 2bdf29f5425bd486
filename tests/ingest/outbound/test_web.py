"""Patience that ends, tokens that stay at home."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from gemel.core.errors import IngestError
from gemel.ingest.outbound.web import Manners, Web, origin


class Given:
    """Tokens numbered from 1; a fresh one is the next."""

    def __init__(self) -> None:
        self.number = 1

    def token(self, *, fresh: bool = False) -> str:
        self.number += fresh
        return f"t{self.number}"


def web(url: str, waits: list[float] | None = None, tokens: Any = None, tries: int = 4) -> Web:
    return Web(url, tokens, Manners(tries=tries, wait=(waits if waits is not None else []).append))


def test_a_busy_server_is_asked_again_after_the_time_it_names(loopback: Any) -> None:
    answers = iter([(429, {"Retry-After": "7"}, b""), (503, {}, b""), (200, {}, b"yes")])
    server = loopback(lambda _: next(answers))
    waits: list[float] = []
    with web(server.url, waits) as own:
        assert own.get(f"{server.url}/a", "text/plain").body == b"yes"
        assert (own.asked, own.repeated) == (3, 2)
    assert waits == [7.0, 1.0]


def test_a_date_in_retry_after_is_waited_for(loopback: Any) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    answers = iter([(503, {"Retry-After": then}, b""), (200, {}, b"")])
    server = loopback(lambda _: next(answers))
    waits: list[float] = []
    with web(server.url, waits) as own:
        own.get(server.url, "*/*")
    assert 10 < waits[0] <= 20


def test_patience_ends_after_so_many_tries(loopback: Any) -> None:
    server = loopback(lambda _: (503, {}, b""))
    with web(server.url) as own, pytest.raises(IngestError, match="503, 4 times"):
        own.get(server.url, "*/*")
    assert len(server.asked) == 4


def test_a_server_that_wants_to_be_left_alone_for_long_is(loopback: Any) -> None:
    server = loopback(lambda _: (429, {"Retry-After": "86400"}, b""))
    with web(server.url) as own, pytest.raises(IngestError, match="86400 s"):
        own.get(server.url, "*/*")
    assert len(server.asked) == 1


def test_where_nobody_listens_the_error_names_the_place(loopback: Any) -> None:
    with web("http://127.0.0.1:1/fhir") as own, pytest.raises(IngestError, match=r"127\.0\.0\.1:1/fhir/Patient: no"):
        own.get("http://127.0.0.1:1/fhir/Patient?name=secret", "*/*")


def test_a_refused_token_is_renewed_once(loopback: Any) -> None:
    server = loopback(lambda asked: (200 if asked.headers["authorization"] == "Bearer t2" else 401, {}, b""))
    with web(server.url, tokens=Given()) as own:
        assert own.get(server.url, "*/*").status == 200
    strict = loopback(lambda _: (401, {}, b"who are you"))
    with web(strict.url, tokens=Given()) as own, pytest.raises(IngestError, match="401: who are you"):
        own.get(strict.url, "*/*")
    assert len(strict.asked) == 2


def test_a_redirect_is_told_and_not_followed(loopback: Any) -> None:
    elsewhere = loopback(lambda _: (200, {}, b""))
    server = loopback(lambda _: (302, {"Location": elsewhere.url}, b""))
    with web(server.url, tokens=Given()) as own, pytest.raises(IngestError, match=elsewhere.url):
        own.get(server.url, "*/*")
    assert elsewhere.asked == []


def test_another_server_is_never_asked(loopback: Any) -> None:
    elsewhere, server = loopback(lambda _: (200, {}, b"")), loopback(lambda _: (200, {}, b""))
    with web(server.url) as own, pytest.raises(IngestError, match="another server"):
        own.get(elsewhere.url, "*/*")
    assert elsewhere.asked == []


def test_an_address_that_is_none_is_refused_by_name(loopback: Any) -> None:
    server = loopback(lambda _: (200, {}, b""))
    with web(server.url) as own:
        for url in ("http://127.0.0.1:port/", f"{server.url}/\x00"):
            with pytest.raises(IngestError, match="no address"):
                own.get(url, "*/*")


def test_an_answer_without_end_is_cut(loopback: Any) -> None:
    server = loopback(lambda _: (200, {}, bytes(100_000)))
    with Web(server.url, None, Manners(most_bytes=1000)) as own, pytest.raises(IngestError, match="1,000 bytes"):
        own.get(server.url, "*/*")


def test_what_a_refusal_says_is_told_without_what_was_asked(loopback: Any) -> None:
    server = loopback(lambda _: (403, {}, b"scope is missing"))
    with web(server.url) as own, pytest.raises(IngestError, match="scope is missing") as told:
        own.get(f"{server.url}/Patient?name=Meyer", "*/*")
    assert "Meyer" not in str(told.value)


def test_an_origin_knows_the_usual_ports() -> None:
    assert origin("https://a/x") == origin("https://a:443/y") != origin("http://a")


@pytest.mark.parametrize("url", ["", "ftp://a", "ehr.example/fhir", "https://a:port/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(IngestError, match="https://host/path"):
        Web(url)
