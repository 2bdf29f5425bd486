"""Who may call: a token signed by a known client for this very address, once.  And what may be fetched from where."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from joserfc import jwk, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gemel.core.clock import SECOND
from gemel.runtime import Site
from gemel.server.cds.trust import CdsClient, CdsSettings, Gate, Untrusted, read_settings
from tests.server.cds.conftest import MODEL, NOW, bundle, speak, viewed
from tests.server.cds.shape import cards_of

ISS, HERE = "https://ehr.example/", "https://cds.example/cds-services/gemel-glucose-forecast"
KEY = jwk.generate_key("EC", "P-384", {"kid": "k1", "use": "sig"}, private=True, auto_kid=False)
OTHER = jwk.generate_key("EC", "P-384", {"kid": "k1", "use": "sig"}, private=True, auto_kid=False)


def token(key: Any = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A JWT as a client makes it; a claim of None is left out."""
    now = NOW // SECOND
    told = {"iss": ISS, "aud": HERE, "iat": now, "exp": now + 300, "jti": str(uuid4()), **claims}
    whole = {name: value for name, value in told.items() if value is not None}
    head = {"alg": "ES384", "typ": "JWT", "kid": "k1", **(header or {})}
    signed = jwt.encode({k: v for k, v in head.items() if v is not None}, whole, key, algorithms=["ES384", "HS256"])
    return f"Bearer {signed}"


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """A gate with one client on its list."""
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    return Gate(CdsSettings(client=(CdsClient(iss=ISS, keys=str(keys), jku="https://ehr.example/jwks"),)))


def test_a_token_signed_by_a_known_client_for_this_address_is_let_in(gate: Gate) -> None:
    assert gate.admit(token(), HERE, NOW) == ISS
    assert gate.admit(token(aud=["https://elsewhere.example", HERE]), HERE, NOW) == ISS
    assert gate.admit(token(header={"jku": "https://ehr.example/jwks"}), HERE, NOW) == ISS


SHARED = jwk.import_key("a-secret-of-both-sides-long-enough", "oct", {"kid": "k1"})


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: "", "send a JWT"), (lambda: "Bearer x.y", "three parts"),
        (lambda: "Basic " + token().partition(" ")[2], "send a JWT"),
        (lambda: token(key=OTHER), "cannot be verified"), (lambda: token(iss="https://other.example"), "not on this"),
        (lambda: token(iss=None), "not on this"), (lambda: token(aud="https://cds.example/cds-services"), "is for"),
        (lambda: token(aud=None), "is for"), (lambda: token(exp=NOW // SECOND - 61), "not valid now"),
        (lambda: token(iat=NOW // SECOND + 61), "not valid now"),
        (lambda: token(exp=NOW // SECOND + 3601), "more than"),
        (lambda: token(exp=None), "lacks 'exp'"), (lambda: token(exp="soon"), "exp"), (lambda: token(jti=None), "jti"),
        (lambda: token(header={"jku": "https://evil.example/jwks"}), "key set"),
        (lambda: token(key=SHARED, header={"alg": "HS256"}), "cannot be verified"),
        (lambda: token(header={"kid": "k2"}), "verified"), (lambda: token(header={"kid": None}), "verified|kid"),
    ],
)  # fmt: skip
def test_every_other_token_is_refused_with_its_reason(gate: Gate, made: Callable[[], str], reason: str) -> None:
    with pytest.raises(Untrusted, match=reason):
        gate.admit(made(), HERE, NOW)


def test_an_unsigned_token_is_refused(gate: Gate) -> None:
    from base64 import urlsafe_b64encode

    parts = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (
        {"alg": "none", "typ": "JWT", "kid": "k1"}, {"iss": ISS, "aud": HERE, "exp": NOW // SECOND + 9})]  # fmt: skip
    with pytest.raises(Untrusted, match="verified"):
        gate.admit(f"Bearer {parts[0]}.{parts[1]}.", HERE, NOW)


def test_a_token_is_good_for_one_call(gate: Gate) -> None:
    own = token()
    gate.admit(own, HERE, NOW)
    with pytest.raises(Untrusted, match="used before"):
        gate.admit(own, HERE, NOW + 10 * SECOND)


def test_without_a_list_everybody_is_let_in_and_a_bad_file_is_named(tmp_path: Path) -> None:
    assert Gate(read_settings(None)).admit("", HERE, NOW) == ""
    bad = tmp_path / "cds.toml"
    bad.write_text("clients = 3")
    with pytest.raises(Untrusted, match="clients"):
        read_settings(str(bad))
    with pytest.raises(Untrusted, match="no JWK set"):
        Gate(CdsSettings(client=(CdsClient(iss=ISS, keys=str(bad)),)))


def test_the_service_asks_for_a_token_on_every_address_once_there_is_a_list(
    hospital: Any, tmp_path: Path, gate: Gate
) -> None:
    cds = (
        f'model = "{MODEL}"\nbase = "https://cds.example"\n[[client]]\niss = "{ISS}"\n'
        f'keys = "{tmp_path / "keys.json"}"\n'
    )

    async def story() -> None:
        async with hospital(cds=cds) as h:
            for method, path in (("GET", ""), ("POST", "/gemel-whatif"), ("POST", "/gemel-whatif/feedback")):
                answer = await h.client.request(method, f"/cds-services{path}", json={})
                assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
            signed = {"Authorization": token(aud="https://cds.example/cds-services")}
            assert (await h.client.get("/cds-services", headers=signed)).status_code == 200

    asyncio.run(story())


@asynccontextmanager
async def ehr(asked: list[tuple[str, str]]) -> AsyncGenerator[str]:
    """A FHIR server that answers a search for readings, and notes who asked for what."""

    async def answer(request: Request) -> JSONResponse:
        asked.append((request.url.path, request.headers.get("authorization", "")))
        if request.url.path.endswith("/Observation"):
            return JSONResponse(bundle(120.0))
        return JSONResponse({"resourceType": "OperationOutcome"}, 404)

    app = Starlette(routes=[Route("/{path:path}", answer)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(30):
            while not server.started:
                await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/fhir"
    finally:
        server.should_exit = True
        await task


def test_missing_data_is_fetched_from_a_server_on_the_list_only(hospital: Any, tmp_path: Path) -> None:
    with Site.open(tmp_path / "gemel.db", now=lambda: NOW) as site:
        speak(site)

    async def story() -> None:
        asked: list[tuple[str, str]] = []
        async with ehr(asked) as server:
            leave = {"fhirServer": server, "fhirAuthorization": {"access_token": "t0", "token_type": "Bearer"}}
            async with hospital() as h:
                assert (await h.call(**viewed("guest", **leave))).status_code == 412
                assert asked == []
            cds = f'model = "{MODEL}"\nmembers = 64\nfhir_servers = ["{server}"]\n'
            async with hospital(cds=cds) as h:
                (card,) = cards_of(await h.call(**viewed("guest", **leave)))
                assert "made for this card" in card["detail"]
                assert {leave for _, leave in asked} == {"Bearer t0"} and len(asked) == 3
                gone = {**leave, "fhirServer": server.replace("/fhir", "/else")}
                assert (await h.call(**viewed("guest", **gone))).status_code == 412

    asyncio.run(story())
