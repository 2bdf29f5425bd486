"""Requests to one server: answers of bounded size, a token that is renewed, and patience that ends.

A server that is busy or away (429, 502, 503, 504, no connection) is asked again after the time it names in Retry-After
(RFC 9110, section 10.2.3), or after a time that doubles; a bounded number of times, then IngestError says so.
Redirects are not followed: a token must not go where nobody sent it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, final, runtime_checkable
from urllib.parse import urlsplit

from gemel.core.errors import IngestError
from gemel.core.extra import require

__all__ = ["Answer", "Manners", "Tokens", "Web", "origin"]

AGAIN: Final = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may succeed."""
_SHOWN: Final = 300


@runtime_checkable
class Tokens(Protocol):
    """Where access tokens come from."""

    def token(self, *, fresh: bool = False) -> str:
        """A token that holds for a while yet; with `fresh` a new one, since the server refused the last."""
        ...


@dataclass(frozen=True, slots=True)
class Manners:
    """How one asks: `tries` of a request, the longest wait between two [s], the longest silence of the server [s], and
    the largest answer [bytes]."""

    tries: int = 5
    longest_s: float = 60.0
    silence_s: float = 30.0
    most_bytes: int = 1 << 28
    wait: Callable[[float], object] = time.sleep


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@final
@dataclass(slots=True)
class Web:
    """Requests below one address, of one thread.  `asked` and `repeated` count them."""

    base: str
    tokens: Tokens | None = None
    manners: Manners = field(default_factory=Manners)
    asked: int = 0
    repeated: int = 0
    _client: Any = None

    def __post_init__(self) -> None:
        self.base = self.base.rstrip("/")
        try:
            scheme, host, _ = origin(self.base)
        except ValueError:
            scheme, host = "", ""
        if scheme not in ("http", "https") or not host:
            raise IngestError(f"'{self.base}' is no address of a server: give https://host/path")
        self._client = require("httpx", "serve").Client(timeout=self.manners.silence_s)

    def __enter__(self) -> Web:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, url: str, accept: str, *, absent: bool = False) -> Answer:
        """The answer to a GET, of status 2xx, or with `absent` also 404 and 410.  IngestError for any other."""
        return self._tried("GET", url, {"accept": accept}, None, absent=absent)

    def post(
        self, url: str, body: Callable[[], bytes], headers: Mapping[str, str], accepted: frozenset[int] = frozenset()
    ) -> Answer:
        """The answer to a POST that may be sent twice, of status 2xx or one that is `accepted`.

        `body` makes what is sent, anew each time.
        """
        return self._tried("POST", url, headers, body, accepted=accepted)

    def _tried(
        self, method: str, url: str, headers: Mapping[str, str], body: Callable[[], bytes] | None, *,
        absent: bool = False,
        accepted: frozenset[int] = frozenset(),
    ) -> Answer:  # fmt: skip
        self._check_origin(url)
        fresh, why = False, ""
        for attempt in range(self.manners.tries):
            self.asked += 1
            answer, why = self._once(method, url, dict(headers), body() if body is not None else None, fresh=fresh)
            if answer is not None:
                if answer.status < 300 or answer.status in accepted or (absent and answer.status in (404, 410)):
                    return answer
                if answer.status == 401 and self.tokens is not None and not fresh:
                    fresh = True
                    continue
                if answer.status not in AGAIN:
                    raise IngestError(f"{method} {_bare(url)}: {_complaint(answer)}")
                why = f"status {answer.status}"
            if attempt + 1 < self.manners.tries:
                self.repeated += 1
                self.manners.wait(self._pause(attempt, answer))
        raise IngestError(f"{method} {_bare(url)}: {why}, {self.manners.tries} times: is the server well?")

    def _once(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, *, fresh: bool
    ) -> tuple[Answer | None, str]:
        """An answer of whatever status, or None and why there is none."""
        httpx = require("httpx", "serve")
        if self.tokens is not None:
            headers["authorization"] = f"Bearer {self.tokens.token(fresh=fresh)}"
        try:
            with self._client.stream(method, url, headers=headers, content=body) as response:
                content = bytearray()
                for block in response.iter_bytes():
                    content += block
                    if len(content) > self.manners.most_bytes:
                        raise IngestError(f"{_bare(url)}: more than {self.manners.most_bytes:,} bytes: ask for less")
                told = {name.lower(): value for name, value in response.headers.items()}
                return Answer(url, response.status_code, told, bytes(content)), ""
        except (httpx.TransportError, httpx.DecodingError) as error:
            return None, f"no answer ({type(error).__name__}: {error})"
        except httpx.InvalidURL as error:
            raise IngestError(f"'{_bare(url)[:80]}' is no address: {error}") from error

    def _pause(self, attempt: int, answer: Answer | None) -> float:
        asked = None if answer is None else _retry_after(answer.headers.get("retry-after", ""))
        if asked is not None and asked > self.manners.longest_s:
            place = urlsplit(self.base).hostname
            raise IngestError(f"{place} asks to be left alone for {asked:.0f} s: come back then")
        return min(0.5 * 2**attempt, self.manners.longest_s) if asked is None else asked

    def _check_origin(self, url: str) -> None:
        try:
            elsewhere = origin(url) != origin(self.base)
        except ValueError as error:
            raise IngestError(f"{urlsplit(self.base).netloc} leads to '{url[:80]}', which is no address") from error
        if elsewhere:
            raise IngestError(
                f"{urlsplit(self.base).netloc} leads to another server, {urlsplit(url).netloc}, where its token must "
                "not go: correct the address that it gives out, or ask that server"
            )


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)


def _bare(url: str) -> str:
    """The address without what was asked: that may name a patient."""
    return url.partition("?")[0]


def _complaint(answer: Answer) -> str:
    said = answer.body[:_SHOWN].decode(errors="replace").strip()
    if 300 <= answer.status < 400:
        return f"status {answer.status}, to {answer.headers.get('location', 'nowhere')}: give that address"
    return f"status {answer.status}: {said or 'no reason given'}"


def _retry_after(told: str) -> float | None:
    """Seconds to wait; None where it says nothing that can be read."""
    if told.strip().isdigit():
        return float(told)
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
