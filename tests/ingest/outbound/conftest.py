"""Servers for the clients to ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ingest.outbound.loopback import Servers


@pytest.fixture
def loopback() -> Iterator[Servers]:
    """`loopback(answer)` starts a server; `answer` gets each request and returns status, headers and body."""
    with Servers() as servers:
        yield servers
