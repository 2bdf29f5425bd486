"""The screen: the built front end (`web/`) as files, under a policy that lets nothing leave this machine.

`make web` builds it into `server/screen/`; it ships in the wheel.  Without it the service works all the same, and `/`
leads to the page that says what there is.  Names under `/assets` change with their content, so they may be kept for
good; the one page is asked for anew each time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse, RedirectResponse, Response

from ..problem import Missing

__all__ = ["BUILT", "PAGES", "POLICY", "router"]

BUILT: Final = Path(__file__).resolve().parents[1] / "screen"
"""Where `make web` puts it."""
PAGES: Final = ("alerts", "body", "me", "models", "reports", "together", "twins", "wall")
"""First parts of the addresses that the front end draws itself (`web/src/app.tsx`)."""
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
async def first() -> Response:
    """The overview; where no screen was built, the page that says what there is."""
    return _page() if (BUILT / "index.html").is_file() else RedirectResponse("/service")


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """A script, a style or a picture of the screen."""
    return _file(BUILT / "assets", name, "public, max-age=31536000, immutable")


@router.get("/mark.svg")
async def mark() -> Response:
    """The mark in the corner."""
    return _file(BUILT, "mark.svg", "no-cache")


async def page(rest: str = "") -> Response:
    """A page that the front end draws."""
    if not (BUILT / "index.html").is_file():
        raise Missing("the screen is not built here: run 'make web', or install gemel from a wheel")
    return _page()


for _name in PAGES:
    router.add_api_route(f"/{_name}", page, methods=["GET"])
    router.add_api_route(f"/{_name}/{{rest:path}}", page, methods=["GET"])


def _page() -> Response:
    return FileResponse(BUILT / "index.html", headers={**_HEADERS, "Cache-Control": "no-cache"})


def _file(folder: Path, name: str, kept: str) -> Response:
    """A file of the build, by a name without folders; Missing (404) when there is none."""
    known = {path.name: path for path in folder.iterdir() if path.is_file()} if folder.is_dir() else {}
    if name not in known:
        raise Missing(f"the screen has no file '{name}'")
    return FileResponse(known[name], headers={**_HEADERS, "Cache-Control": kept})
