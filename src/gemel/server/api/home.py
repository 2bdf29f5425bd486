"""The page to open: what this service is, how its parts fare, and every route it has.  Nothing is fetched from
anywhere: style is inline, and the policy forbids scripts and every request."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from ... import __version__
from ..context import Part, service_of

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
LINKS = (
    ("/openapi.json", "the description of the REST interface (OpenAPI)"),
    ("/fhir/metadata", "what FHIR offers"),
    ("/readyz", "whether every part does its work"),
    ("/metrics", "figures for Prometheus"),
)
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2rem }
td, th { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8884; vertical-align: top }
code { font-size: .92em } .off { color: #c33; font-weight: 600 }
"""


@router.get("/", response_class=HTMLResponse)
async def home(request: Request) -> HTMLResponse:
    """The page."""
    service, parts = service_of(request), request.app.state.parts
    where = escape(_where(service.settings.data))
    body = [
        f"<h1>gemel {escape(__version__)}</h1>",
        f"<p>Site <b>{escape(service.settings.site)}</b>; data in <code>{where}</code>. "
        "Supports clinical judgement and never replaces it.</p>",
        _table("Parts", [[escape(p.name), _health(p)] for p in parts]),
        _table("Look at", [[f'<a href="{at}"><code>{at}</code></a>', escape(what)] for at, what in LINKS]),
        _table("Routes", _routes(request.app.openapi())),
    ]
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>gemel</title><style>{_STYLE}</style><body><main>{''.join(body)}</main></body></html>"
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"})


def _where(data: str) -> str:
    """The place of the data, without what may stand before an @ in an address."""
    scheme, found, rest = data.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else data


def _health(part: Part) -> str:
    health = part.health()
    word = "fine" if health.fine else '<span class="off">does not do its work</span>'
    return f"{word} {escape(health.detail)}"


def _table(title: str, rows: list[list[str]]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table>{lines}</table>"


def _routes(described: dict[str, Any]) -> list[list[str]]:
    return [
        [f"<code>{method.upper()} {escape(path)}</code>", escape(route.get("description") or route.get("summary", ""))]
        for path, methods in described["paths"].items()
        for method, route in methods.items()
    ]
