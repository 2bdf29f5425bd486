"""A token endpoint that checks what SMART asks of a client: signature, names, audience, life, one use."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from gemel.ingest.outbound.smart import SigningKey

jwk = pytest.importorskip("joserfc.jwk", reason="joserfc (the extra 'serve') is not installed")
jwt = pytest.importorskip("joserfc.jwt")

CLIENT = "gemel-test"


class Registry:
    """A token endpoint as https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html describes it."""

    def __init__(self, key: SigningKey, life: float | None = 300, methods: Any = ("private_key_jwt",)) -> None:
        public = jwk.import_key({**key.key.as_dict(private=False), "kid": key.kid})
        self.keys = jwk.KeySet([public])
        self.algorithm, self.life, self.methods = key.algorithm, life, methods
        self.url, self.seen, self.given = "", set[str](), 0
        self.clock: Callable[[], float] = time.time

    def __call__(self, asked: Any) -> tuple[int, dict[str, str], bytes]:
        if asked.path.endswith("/.well-known/smart-configuration"):
            told = {"token_endpoint": f"{self.url}/token", "token_endpoint_auth_methods_supported": self.methods,
                    "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"]}  # fmt: skip
            return 200, {}, json.dumps(told).encode()
        fault = self.fault(asked)
        if fault:
            return 400, {}, json.dumps({"error": "invalid_client", "error_description": fault}).encode()
        self.given += 1
        told = {"access_token": f"token-{self.given}", "token_type": "Bearer", "scope": "system/*.rs"}
        return 200, {}, json.dumps(told | ({"expires_in": self.life} if self.life is not None else {})).encode()

    def fault(self, asked: Any) -> str:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if asked.method != "POST" or asked.headers["content-type"] != "application/x-www-form-urlencoded":
            return "a form is to be posted"
        if form["grant_type"] != "client_credentials" or not form["scope"].startswith("system/"):
            return "grant or scope"
        if form["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            return "assertion type"
        token = jwt.decode(form["client_assertion"], self.keys, algorithms=[self.algorithm])
        claims, now = token.claims, self.clock()
        if token.header["typ"] != "JWT" or not token.header["kid"]:
            return "header"
        if claims["iss"] != CLIENT or claims["sub"] != CLIENT or claims["aud"] != f"{self.url}/token":
            return "names"
        if not now < claims["exp"] <= now + 300:
            return "life"
        if claims["jti"] in self.seen:
            return "used before"
        self.seen.add(claims["jti"])
        return ""
