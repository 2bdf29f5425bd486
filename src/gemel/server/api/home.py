"""The page about the service itself: what it is, how its parts fare, where its doors are, and every route it has.

Nothing is fetched from anywhere: the one style is inline and named by its digest, and the policy forbids scripts and
every request.  It is the documentation of the REST interface too, as FastAPI's own pages would load scripts from
elsewhere.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from ... import __version__
from ..context import Door, Part, service_of
from ..settings import Settings

__all__ = ["POLICY", "router"]

router = APIRouter(include_in_schema=False)

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --dim: #666; --fine: #187a3b; --off: #b3261e }
@media (prefers-color-scheme: dark) { :root { --dim: #aaa; --fine: #6fd08c; --off: #ff8a80 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem }
h1 { margin: 0 } h2 { margin: 2rem 0 .25rem; font-size: 1.15rem } p { margin: .25rem 0 }
table { border-collapse: collapse; width: 100% }
td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td:first-child { width: 24rem; overflow-wrap: anywhere }
code { font-size: .92em } .dim { color: var(--dim) } .fine { color: var(--fine) } .off { color: var(--off) }
.fine, .off { font-weight: 600 } details { margin: .25rem 0 } summary { cursor: pointer; padding: .25rem 0 }
"""
_DIGEST: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
LINKS: Final = (
    ("", "/api/subjects", "who is enrolled"),
    ("", "/api/twins", "their twins"),
    ("", "/api/models", "the models there are, with their cards"),
    ("alerts", "/api/alerts", "open alerts"),
    ("alerts", "/api/alerts/burden", "what alerting costs those who are called"),
    ("quality", "/api/quality", "how good the data is that comes in"),
    ("", "/fhir/metadata", "what FHIR offers (CapabilityStatement)"),
    ("cds", "/cds-services", "CDS Hooks: the services there are"),
    ("", "/openapi.json", "the REST interface as OpenAPI, for tools"),
    ("", "/readyz", "whether every part does its work"),
    ("", "/metrics", "figures for Prometheus"),
)
"""Which part must run, the address, what is there."""


@router.get("/service", response_class=HTMLResponse)
async def home(request: Request) -> HTMLResponse:
    """The page."""
    settings, parts = service_of(request).settings, request.app.state.parts
    running = {"", *(part.name for part in parts)}
    links = [[_link(address), escape(what)] for part, address, what in LINKS if part in running]
    body = [
        f'<h1>gemel <span class="dim">{escape(__version__)}</span></h1>',
        f"<p>Site <b>{escape(settings.site)}</b>; data in <code>{escape(_where(settings.data))}</code>.</p>",
        '<p class="dim">Supports clinical judgement and never replaces it; not a medical device. Whoever reaches '
        "these ports is answered: there is no log-in yet.</p>",
        _table("Parts", [[f"<b>{escape(part.name)}</b>", _health(part)] for part in parts]),
        _table("Doors", _doors(settings, parts, str(request.base_url).rstrip("/"))),
        _table("Look at", links),
        "<h2>Routes</h2>",
        *_routes(request.app.openapi()),
    ]
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>gemel</title><style>{_STYLE}</style><body><main>{''.join(body)}</main></body></html>"
    )
    headers = {
        "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }  # fmt: skip
    return HTMLResponse(page, headers=headers)


def _where(data: str) -> str:
    """The place of the data, without what may stand before an @ in an address."""
    scheme, found, rest = data.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else data


def _health(part: Part) -> str:
    health = part.health()
    word = '<span class="fine">works</span>' if health.fine else '<span class="off">does not do its work</span>'
    return f"{word} {escape(health.detail)}"


def _doors(settings: Settings, parts: Sequence[Part], base: str) -> list[list[str]]:
    """Where data comes in and answers go out."""
    rows = [["REST", f"{base}/api"], ["FHIR R4", f"{base}/fhir"],
            ["live stream: server-sent events or WebSocket", f"{base}/api/stream"]]  # fmt: skip
    rows += [["HL7 v2 (MLLP)", f"{settings.mllp_host}:{part.port}"] for part in parts if isinstance(part, Door)]
    rows += [["MQTT", _where(settings.mqtt)]] if settings.mqtt else []
    return [[escape(name), f"<code>{escape(address)}</code>"] for name, address in rows]


def _link(address: str) -> str:
    return f'<a href="{address}"><code>{address}</code></a>'


def _table(title: str, rows: list[list[str]]) -> str:
    return f"<h2>{escape(title)}</h2>{_rows(rows)}"


def _rows(rows: list[list[str]]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{lines}</table>"


def _routes(described: dict[str, Any]) -> list[str]:
    """Every route with what it says of itself, folded by what it is about."""
    found: defaultdict[str, list[list[str]]] = defaultdict(list)
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            words = _CODE.sub(r"<code>\1</code>", escape(route.get("description") or route.get("summary", "")))
            found[route.get("tags", ["other"])[0]].append([f"<code>{method.upper()} {escape(path)}</code>", words])
    return [
        f"<details><summary>{escape(tag)} ({len(rows)})</summary>{_rows(rows)}</details>" for tag, rows in found.items()
    ]


_CODE: Final = re.compile(r"`([^`]+)`")
