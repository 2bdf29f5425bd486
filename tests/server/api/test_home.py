from __future__ import annotations

import asyncio
import re


def test_the_page_lists_every_route_and_asks_for_nothing_from_anywhere(serving):
    async def run():
        async with serving() as served:
            page = await served.client.get("/")
            paths = (await served.client.get("/openapi.json")).json()["paths"]
            assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
            assert all(path in page.text for path in paths)
            assert "default-src 'none'" in page.headers["content-security-policy"]
            assert "<script" not in page.text and not re.search(r'(src|href)="(?!/)', page.text)
            for link in re.findall(r'href="([^"]+)"', page.text):
                assert (await served.client.get(link)).status_code == 200, link
            for absent in ("/docs", "/redoc"):
                assert (await served.client.get(absent)).status_code == 404

    asyncio.run(run())


def test_the_page_does_not_tell_the_password_of_a_database():
    from gemel.server.api.home import _where

    address = "postgresql://somebody:hidden@host:5432/gemel"  # not a secret: made up
    assert _where(address) == "postgresql://host:5432/gemel"
    assert _where("data") == "data"
