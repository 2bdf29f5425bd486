from __future__ import annotations

import asyncio
import base64
import hashlib
import re

from gemel.server.parts import wanted
from gemel.server.settings import Settings

PARTS = wanted(Settings(data="", mllp_port=0))


def test_the_page_lists_every_route_and_asks_for_nothing_from_anywhere(serving):
    async def run():
        async with serving(parts=PARTS, mllp_port=0) as served:
            page = await served.client.get("/service")
            paths = (await served.client.get("/openapi.json")).json()["paths"]
            assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
            assert all(path in page.text for path in paths)
            assert "<script" not in page.text and not re.search(r'(src|href)="(?!/)', page.text)
            links = re.findall(r'href="([^"]+)"', page.text)
            assert {"/api/alerts", "/api/quality", "/cds-services", "/fhir/metadata", "/openapi.json"} <= set(links)
            for link in links:
                assert (await served.client.get(link)).status_code == 200, link
            for absent in ("/docs", "/redoc"):
                assert (await served.client.get(absent)).status_code == 404

    asyncio.run(run())


def test_the_policy_allows_this_style_and_nothing_else(serving):
    async def run():
        async with serving() as served:
            page = await served.client.get("/service")
            policy = page.headers["content-security-policy"]
            (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.S)
            digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            assert "default-src 'none'" in policy and f"style-src 'sha256-{digest}'" in policy
            assert "unsafe" not in policy and " style=" not in page.text

    asyncio.run(run())


def test_the_page_says_which_parts_run_and_links_only_to_what_they_answer(serving):
    async def run():
        async with serving(parts=PARTS, mllp_port=0) as served:
            page = (await served.client.get("/service")).text
            ports = [part.port for part in served.app.state.parts if part.name == "mllp"]
            assert all(f"<b>{part.name}</b>" in page for part in served.app.state.parts)
            assert f"127.0.0.1:{ports[0]}" in page and "works" in page and "does not do its work" not in page
        async with serving() as served:
            page = (await served.client.get("/service")).text
            assert 'href="/api/alerts"' not in page and 'href="/cds-services"' not in page

    asyncio.run(run())


def test_the_page_does_not_tell_the_password_of_a_database_or_a_broker(serving):
    from gemel.server.api.home import _where

    address = "postgresql://somebody:geheim@host:5432/gemel"  # not a secret: made up
    assert _where(address) == "postgresql://host:5432/gemel"
    assert _where("data") == "data"

    async def run():
        broker = "mqtt://ward:geheim@broker:1883"  # not a secret: made up
        async with serving(mqtt=broker) as served:
            page = (await served.client.get("/service")).text
            assert "mqtt://broker:1883" in page and "geheim" not in page

    asyncio.run(run())
