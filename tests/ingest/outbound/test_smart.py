"""Tokens from a server that checks what SMART asks of a client: signature, names, audience, life, one use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gemel.core.errors import IngestError
from gemel.ingest.outbound.smart import Backend, read_key
from gemel.ingest.outbound.web import Manners
from tests.ingest.outbound.registry import CLIENT, Registry

jwk = pytest.importorskip("joserfc.jwk", reason="joserfc (the extra 'serve') is not installed")


def key_file(folder: Path, kind: str) -> Path:
    """A private key of each form that is read."""
    path = folder / f"{kind}.key"
    if kind.startswith("RSA"):
        key = jwk.RSAKey.generate_key(2048)
    else:
        key = jwk.ECKey.generate_key("P-384")
    if kind.endswith("pem"):
        path.write_bytes(key.as_pem(private=True))
    elif kind.endswith("set"):
        public = jwk.ECKey.generate_key("P-256").as_dict(private=False)
        path.write_text(json.dumps({"keys": [public, {**key.as_dict(private=True), "kid": "mine"}]}))
    else:
        path.write_text(json.dumps(key.as_dict(private=True)))
    return path


@pytest.mark.parametrize("kind", ["RSA pem", "RSA jwk", "EC pem", "EC jwk", "EC set"])
def test_a_key_of_any_form_gets_a_token_where_everything_is_checked(kind: str, loopback: Any, tmp_path: Path) -> None:
    key = read_key(key_file(tmp_path, kind))
    assert key.algorithm == ("RS384" if kind.startswith("RSA") else "ES384")
    assert key.kid == ("mine" if kind.endswith("set") else key.key.thumbprint())
    registry = Registry(key)
    registry.url = loopback(registry).url
    assert Backend(registry.url, CLIENT, key).token() == "token-1"


def test_a_token_is_used_until_shortly_before_it_ends(loopback: Any, tmp_path: Path) -> None:
    key = read_key(key_file(tmp_path, "EC jwk"))
    registry = Registry(key, life=300)
    registry.url = loopback(registry).url
    clock = [1e9]
    registry.clock = lambda: clock[0]
    backend = Backend(registry.url, CLIENT, key, clock=lambda: clock[0])
    told = []
    for at in (0, 100, 279, 281):
        clock[0] = 1e9 + at
        told.append(backend.token())
    assert told == ["token-1", "token-1", "token-1", "token-2"]
    assert backend.token(fresh=True) == "token-3"


def test_a_server_that_does_not_say_how_long_gets_five_minutes(loopback: Any, tmp_path: Path) -> None:
    key = read_key(key_file(tmp_path, "EC jwk"))
    registry = Registry(key, life=None)
    registry.url = loopback(registry).url
    backend = Backend(registry.url, CLIENT, key)
    assert [backend.token(), backend.token()] == ["token-1", "token-1"]


def test_a_wrong_client_is_told_what_the_server_says(loopback: Any, tmp_path: Path) -> None:
    key = read_key(key_file(tmp_path, "EC jwk"))
    registry = Registry(key)
    registry.url = loopback(registry).url
    with pytest.raises(IngestError, match="names"):
        Backend(registry.url, "somebody", key).token()


def test_a_busy_token_endpoint_never_sees_an_assertion_twice(loopback: Any, tmp_path: Path) -> None:
    key = read_key(key_file(tmp_path, "EC jwk"))
    registry = Registry(key)

    def busy_at_first(asked: Any) -> Any:
        answer = registry(asked)
        return (503, {}, b"") if asked.path == "/token" and registry.given == 1 else answer

    registry.url = loopback(busy_at_first).url
    backend = Backend(registry.url, CLIENT, key, manners=Manners(wait=lambda _: None))
    assert backend.token() == "token-2"
    assert len(registry.seen) == 2


def test_a_server_without_private_key_jwt_is_refused_by_name(loopback: Any, tmp_path: Path) -> None:
    key = read_key(key_file(tmp_path, "EC jwk"))
    registry = Registry(key, methods=["client_secret_basic"])
    registry.url = loopback(registry).url
    with pytest.raises(IngestError, match="private_key_jwt"):
        Backend(registry.url, CLIENT, key).token()


def test_a_token_endpoint_where_others_can_listen_is_refused(loopback: Any, tmp_path: Path) -> None:
    key = read_key(key_file(tmp_path, "EC jwk"))
    endpoint = "http://ehr.example/token"
    told = json.dumps({"token_endpoint": endpoint}).encode()
    server = loopback(lambda _: (200, {}, told))
    with pytest.raises(IngestError, match="https is needed"):
        Backend(server.url, CLIENT, key).token()


@pytest.mark.parametrize("content", ["", "{}", '{"keys": []}', "-----BEGIN RUBBISH-----", '{"kty": "oct", "k": "YQ"}'])
def test_what_holds_no_private_key_is_refused_by_name(content: str, tmp_path: Path) -> None:
    (tmp_path / "bad.key").write_text(content)
    with pytest.raises(IngestError, match=r"bad\.key"):
        read_key(tmp_path / "bad.key")


def test_a_key_that_smart_does_not_sign_with_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weak.key").write_text(json.dumps(jwk.ECKey.generate_key("P-256").as_dict(private=True)))
    with pytest.raises(IngestError, match="P-384"):
        read_key(tmp_path / "weak.key")


def test_a_key_does_not_show_itself(tmp_path: Path) -> None:
    key = read_key(key_file(tmp_path, "EC jwk"))
    assert key.key.as_dict(private=True)["d"] not in repr(key)
