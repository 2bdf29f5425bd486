"""SMART Backend Services (SMART App Launch 2.2, "Backend Services" and "Client Authentication: Asymmetric").

The server says at `.well-known/smart-configuration` where tokens are given.  One proves who one is by a JWT of at most
five minutes' life, signed with RS384 or ES384 by a key whose public half the server knows, and gets an access token.
https://hl7.org/fhir/smart-app-launch/backend-services.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final, final
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import msgspec

from gemel.core.errors import IngestError
from gemel.core.extra import require

from .web import Manners, Web, origin

__all__ = ["Backend", "SigningKey", "read_key"]

LIFE_S: Final = 240
"""How long an assertion holds [s]: a minute less than the five that SMART allows, for clocks that differ."""
USUAL_S: Final = 300
"""How long a token holds whose server does not say [s]: what SMART recommends at most."""
EARLY_S: Final = 20.0
"""A token is renewed so long before it expires [s], or when a tenth of its life is left."""
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, its name in the key set that the server knows, and the algorithm that goes with it."""

    key: Any = field(repr=False)
    kid: str
    algorithm: str


class _Configuration(msgspec.Struct, frozen=True):
    token_endpoint: str = ""
    token_endpoint_auth_methods_supported: list[str] | None = None
    token_endpoint_auth_signing_alg_values_supported: list[str] | None = None


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    token_type: str = "bearer"  # noqa: S105 - a kind of token, none itself
    expires_in: float = USUAL_S


def read_key(path: Path | str, kid: str = "") -> SigningKey:
    """The private key of a file: a JWK, a set of them (the first that is private), or PEM.

    IngestError for anything but RSA of at least 2048 bits or EC P-384.
    """
    jwk = require("joserfc.jwk", "serve")
    name = Path(path).name
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise IngestError(f"the key '{name}' cannot be read: {error.strerror}") from error
    try:
        key = _pem(jwk, content) if content.lstrip().startswith(b"-----BEGIN") else _json(jwk, content)
    except (ValueError, TypeError, KeyError, require("joserfc.errors", "serve").JoseError) as error:
        raise IngestError(f"'{name}' holds no private key as JWK or PEM: {type(error).__name__}") from error
    if key is None or not key.is_private:
        raise IngestError(f"'{name}' holds no private key: the public half cannot sign")
    algorithm = _algorithm(key)
    if not algorithm:
        raise IngestError(f"'{name}': SMART signs with RSA of 2048 bits or more (RS384) or EC P-384 (ES384)")
    return SigningKey(key, kid or key.kid or key.thumbprint(), algorithm)


def _pem(jwk: Any, content: bytes) -> Any:
    try:
        return jwk.RSAKey.import_key(content)
    except require("joserfc.errors", "serve").InvalidKeyTypeError:
        return jwk.ECKey.import_key(content)


def _json(jwk: Any, content: bytes) -> Any:
    found = msgspec.json.decode(content, type=dict[str, Any])
    keys = [k for k in found.get("keys", [found]) if "d" in k and k.get("kty") in ("RSA", "EC")]
    return jwk.import_key(keys[0]) if keys else None


def _algorithm(key: Any) -> str:
    if key.key_type == "RSA" and key.raw_value.key_size >= 2048:
        return "RS384"
    return "ES384" if key.key_type == "EC" and key.curve_name == "P-384" else ""


@final
class Backend:
    """Access tokens for one FHIR server; threads may share it.  One is used until shortly before it expires."""

    def __init__(
        self, base: str, client_id: str, key: SigningKey, *, scope: str = "system/*.rs",
        manners: Manners | None = None, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._base, self._client_id, self._key, self._scope = base.rstrip("/"), client_id, key, scope
        self._manners, self._clock = manners or Manners(), clock
        self._endpoint, self._token, self._until = "", "", 0.0
        self._turn = Lock()

    def token(self, *, fresh: bool = False) -> str:
        """A token that holds for a while yet.  IngestError when none is given."""
        with self._turn:
            if fresh or not self._token or self._clock() >= self._until:
                self._ask()
            return self._token

    def assertion(self, endpoint: str) -> str:
        """The JWT that proves who asks, for one use."""
        claims = {
            "iss": self._client_id, "sub": self._client_id, "aud": endpoint, "jti": str(uuid4()),
            "exp": int(self._clock()) + LIFE_S,
        }  # fmt: skip
        header = {"alg": self._key.algorithm, "kid": self._key.kid, "typ": "JWT"}
        return require("joserfc.jwt", "serve").encode(
            header, claims, self._key.key, algorithms=[self._key.algorithm]
        )  # fmt: skip

    def _ask(self) -> None:
        self._endpoint = self._endpoint or self._discovered()
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        with Web(self._endpoint, manners=self._manners) as web:
            answer = web.post(
                self._endpoint, self._request, headers
            )  # a new assertion each time: none is accepted twice
        try:
            granted = msgspec.json.decode(answer.body, type=_Granted, strict=False)
        except msgspec.MsgspecError as error:
            raise IngestError(f"{self._endpoint} answered, but gave no access token: {error}") from error
        if granted.token_type.lower() != "bearer" or not granted.access_token:
            raise IngestError(f"{self._endpoint} gave a token of type '{granted.token_type}': 'bearer' is expected")
        self._token = granted.access_token
        self._until = self._clock() + max(0.0, granted.expires_in - min(EARLY_S, granted.expires_in / 10))

    def _request(self) -> bytes:
        return urlencode({
            "grant_type": "client_credentials", "scope": self._scope, "client_assertion_type": ASSERTION,
            "client_assertion": self.assertion(self._endpoint),
        }).encode()  # fmt: skip

    def _discovered(self) -> str:
        """Where tokens are given; IngestError where SMART Backend Services is not offered."""
        url = f"{self._base}/.well-known/smart-configuration"
        with Web(self._base, manners=self._manners) as web:
            answer = web.get(url, "application/json")
        try:
            told = msgspec.json.decode(answer.body, type=_Configuration)
        except msgspec.MsgspecError as error:
            raise IngestError(f"{url} is no SMART configuration: {error}") from error
        methods = told.token_endpoint_auth_methods_supported
        if methods is not None and "private_key_jwt" not in methods:
            raise IngestError(f"{url}: clients prove themselves by {methods} there, not by 'private_key_jwt'")
        known = told.token_endpoint_auth_signing_alg_values_supported
        if known is not None and self._key.algorithm not in known:
            raise IngestError(f"{url}: a key for one of {known} is needed, ours is for {self._key.algorithm}")
        if not _private(told.token_endpoint, self._base):
            raise IngestError(f"{url} names the token endpoint '{told.token_endpoint}': https is needed")
        return told.token_endpoint


def _private(endpoint: str, base: str) -> bool:
    """Whether nobody can listen: TLS, or this machine, where the FHIR server is here, too."""
    scheme, host, _ = origin(endpoint)
    return scheme == "https" or (scheme == "http" and host in _LOOPBACK and urlsplit(base).hostname in _LOOPBACK)
