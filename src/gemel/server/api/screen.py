"""The screen: the built front end (`web/`) as files, under a policy that lets nothing leave this machine.

`make web` builds it into `server/screen/`; it ships in the wheel.  Without it the service works all the same, and `/`
leads to the page that says what there is.  Names under `/assets` change with their content, so they may be kept for
good; the one page is asked for anew each time.
"""

from __future__ import annotations

import os
from functools import lru_cache
from gzip import compress
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from ..problem import Missing

__all__ = ["BUILT", "PAGES", "POLICY", "router"]

BUILT: Final = Path(os.environ.get("GEMEL_SCREEN") or Path(__file__).resolve().parents[1] / "screen")
"""Where `make web` puts it; GEMEL_SCREEN names another folder, for a build that is being worked on."""
PAGES: Final = ("alerts", "body", "me", "models", "reports", "together", "twins", "wall")
"""First parts of the addresses that the front end draws itself (`web/src/app.tsx`)."""
SQUEEZED: Final = frozenset({".css", ".html", ".js", ".svg"})
"""What is worth compressing."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}  # fmt: skip

router = APIRouter(include_in_schema=False)


@router.get("/")
async def first(request: Request) -> Response:
    """The overview; where no screen was built, the page that says what there is."""
    return _page(request) if (BUILT / "index.html").is_file() else RedirectResponse("/service")


@router.get("/assets/{name}")
async def asset(request: Request, name: str) -> Response:
    """A script, a style or a picture of the screen."""
    return _file(request, BUILT / "assets", name, "public, max-age=31536000, immutable")


@router.get("/mark.svg")
async def mark(request: Request) -> Response:
    """The mark in the corner."""
    return _file(request, BUILT, "mark.svg", "no-cache")


async def page(request: Request, rest: str = "") -> Response:
    """A page that the front end draws."""
    if not (BUILT / "index.html").is_file():
        raise Missing("the screen is not built here: run 'make web', or install gemel from a wheel")
    return _page(request)


for _name in PAGES:
    router.add_api_route(f"/{_name}", page, methods=["GET"])
    router.add_api_route(f"/{_name}/{{rest:path}}", page, methods=["GET"])


def _page(request: Request) -> Response:
    return _told(request, BUILT / "index.html", "no-cache")


def _file(request: Request, folder: Path, name: str, kept: str) -> Response:
    """A file of the build, by a name without folders; Missing (404) when there is none."""
    known = {path.name: path for path in folder.iterdir() if path.is_file()} if folder.is_dir() else {}
    if name not in known:
        raise Missing(f"the screen has no file '{name}'")
    return _told(request, known[name], kept)


def _told(request: Request, path: Path, kept: str) -> Response:
    """The file, compressed for who can read that."""
    headers = {**_HEADERS, "Cache-Control": kept, "Vary": "Accept-Encoding"}
    if path.suffix not in SQUEEZED or "gzip" not in request.headers.get("accept-encoding", ""):
        return FileResponse(path, headers=headers)
    kind = guess_type(path.name)[0] or "application/octet-stream"
    body = _squeezed(path, path.stat().st_mtime_ns)
    return Response(body, media_type=kind, headers={**headers, "Content-Encoding": "gzip"})


@lru_cache(maxsize=128)
def _squeezed(path: Path, changed: int) -> bytes:
    """A file's content, compressed once for as long as it has not `changed` [ns]."""
    return compress(path.read_bytes(), 9, mtime=0)
