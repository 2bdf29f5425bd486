"""Who may call: a bearer JWT of a client on the site's list (CDS Hooks 2.0, "Trusting CDS Clients").

    header   alg ES384, RS384 or ES256, RS256 (never none, never symmetric); kid; jku only if it is the client's own
    claims   iss on the list; aud = the address called; exp in the future, iat not, at most an hour apart; jti not used
             before

Public keys come from the client's JWK set, a file named in the settings: none is fetched from where a caller says.
Without a list everybody who reaches the port may call; the service says so when it starts.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Final, final

import msgspec

from ...core.clock import SECOND
from ...core.errors import GemelError
from ...core.extra import require
from ...core.fact import Instant

__all__ = ["CdsClient", "CdsSettings", "Gate", "Untrusted", "read_settings"]

ALGORITHMS: Final = ("ES384", "RS384", "ES256", "RS256")
LONGEST: Final = 3600.0
"""Seconds that a token may be valid."""
SKEW: Final = 60.0
"""Seconds by which clocks may differ."""


class Untrusted(GemelError):
    """The caller has not shown who it is (401)."""


class CdsClient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client: its issuer, the file of its public keys (a JWK set) and the address of that set, if it names one."""

    iss: str
    keys: str
    jku: str = ""


class CdsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What CDS Hooks can be told.  `base`: the address under which clients reach the service, if it is not the one
    they call.  `model` and `members` are of twins made for one call.  `fhir_servers`: from which servers missing data
    may be fetched with the token a client sends."""

    client: tuple[CdsClient, ...] = ()
    base: str = ""
    model: str = "replaybg"
    members: int = 128
    fhir_servers: tuple[str, ...] = ()


def read_settings(path: str | None) -> CdsSettings:
    """The settings of this file; the default ones without a file.  Raises Untrusted for a file that holds none."""
    if path is None:
        return CdsSettings()
    try:
        return msgspec.convert(tomllib.loads(Path(path).read_text(encoding="utf-8")), CdsSettings)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Untrusted(f"'{path}' does not say whom CDS Hooks answers: {error}") from error


@final
class Gate:
    """Lets clients in and remembers which tokens were used.  Used from one event loop."""

    def __init__(self, settings: CdsSettings) -> None:
        self._clients = {client.iss: client for client in settings.client}
        self._keys: dict[str, Any] = {}
        self._used: dict[tuple[str, str], float] = {}
        for client in settings.client:
            self._keys[client.iss] = _key_set(client)

    @property
    def open(self) -> bool:
        """Whether everybody may call."""
        return not self._clients

    def admit(self, authorization: str, address: str, now: Instant) -> str:
        """The issuer of the token in this header, for a call of this address; "" where everybody may call.  Raises
        Untrusted."""
        if self.open:
            return ""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Untrusted("send a JWT of a client known here: 'Authorization: Bearer ...'")
        claims = self._verified(token)
        self._check(claims, address, now / SECOND)
        return str(claims["iss"])

    def _verified(self, token: str) -> dict[str, Any]:
        """The claims of a token whose signature is of the client that it names."""
        jwt, errors = require("joserfc.jwt", "serve"), require("joserfc.errors", "serve")
        try:
            issuer = str(json.loads(_part(token, 1)).get("iss"))
            client = self._clients.get(issuer)
            if client is None:
                raise Untrusted(f"issuer '{issuer[:200]}' is not on this site's list of CDS clients")
            found = jwt.decode(token, self._keys[issuer], algorithms=list(ALGORITHMS))
        except (errors.JoseError, ValueError, AttributeError, RecursionError) as error:
            raise Untrusted(f"the JWT cannot be verified: {error}") from error
        if not found.header.get("kid"):
            raise Untrusted("the JWT does not say by which key ('kid') it is signed")
        if found.header.get("jku", client.jku) != client.jku:
            raise Untrusted("the JWT names another key set ('jku') than this client's")
        return found.claims

    def _check(self, claims: dict[str, Any], address: str, now: float) -> None:
        """The claims themselves; a token is used up by passing."""
        for name in ("exp", "iat"):
            if not isinstance(claims.get(name), (int, float)):
                raise Untrusted(f"the JWT lacks '{name}', a number of seconds")
        expires, issued, jti = claims["exp"], claims["iat"], claims.get("jti")
        audience = claims.get("aud")
        if address not in (audience if isinstance(audience, list) else [audience]):
            raise Untrusted(f"the JWT is for {audience!r}, and this is '{address}'")
        if expires < now - SKEW or issued > now + SKEW or expires - issued > LONGEST:
            raise Untrusted(f"the JWT is not valid now, or for more than {LONGEST:.0f} s")
        if not isinstance(jti, str) or not jti:
            raise Untrusted("the JWT lacks 'jti'")
        self._used = {key: end for key, end in self._used.items() if end >= now - SKEW}
        if (claims["iss"], jti) in self._used:
            raise Untrusted("this JWT has been used before ('jti')")
        self._used[claims["iss"], jti] = expires


def _part(token: str, place: int) -> bytes:
    from base64 import urlsafe_b64decode

    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("it has not three parts")
    return urlsafe_b64decode(parts[place] + "=" * (-len(parts[place]) % 4))


def _key_set(client: CdsClient) -> Any:
    jwk = require("joserfc.jwk", "serve")
    try:
        return jwk.KeySet.import_key_set(json.loads(Path(client.keys).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError) as error:
        raise Untrusted(f"'{client.keys}' is no JWK set of '{client.iss}': {error}") from error
