from __future__ import annotations

import asyncio
import re

from gemel.server.api import screen


def built(folder, monkeypatch):
    """A build of three files, in place of ours."""
    (folder / "assets").mkdir()
    (folder / "index.html").write_text('<script type="module" src="/assets/a-1.js"></script>')
    (folder / "assets" / "a-1.js").write_text("1")
    (folder / "mark.svg").write_text("<svg/>")
    monkeypatch.setattr(screen, "BUILT", folder)


def test_every_page_of_the_screen_is_the_same_file_under_a_policy_without_exceptions(serving, tmp_path, monkeypatch):
    built(tmp_path, monkeypatch)

    async def run():
        async with serving() as served:
            for path in ("/", "/alerts", "/twins/ann.replaybg", "/models/replaybg"):
                page = await served.client.get(path)
                assert page.status_code == 200 and "/assets/a-1.js" in page.text
                policy = page.headers["content-security-policy"]
                assert "default-src 'none'" in policy and "script-src 'self'" in policy
                assert "unsafe" not in policy and "http" not in policy and "*" not in policy
            asset = await served.client.get("/assets/a-1.js")
            assert asset.text == "1" and "immutable" in asset.headers["cache-control"]

    asyncio.run(run())


def test_no_file_outside_the_build_can_be_asked_for(serving, tmp_path, monkeypatch):
    (tmp_path / "screen").mkdir()
    built(tmp_path / "screen", monkeypatch)
    (tmp_path / "secret.txt").write_text("secret")

    async def run():
        async with serving() as served:
            for name in ("..%2Fsecret.txt", "..%2Findex.html", "%2e%2e%2fsecret.txt", "none.js", "."):
                answer = await served.client.get(f"/assets/{name}")
                assert answer.status_code == 404 and "secret" not in answer.text.replace("secret.txt", "")

    asyncio.run(run())


def test_without_a_build_the_first_page_is_that_of_the_service(serving, tmp_path, monkeypatch):
    monkeypatch.setattr(screen, "BUILT", tmp_path / "none")

    async def run():
        async with serving() as served:
            first = await served.client.get("/")
            assert first.status_code == 307 and first.headers["location"] == "/service"
            told = await served.client.get("/alerts")
            assert told.status_code == 404 and "make web" in told.json()["detail"]

    asyncio.run(run())


def test_what_the_front_end_draws_and_what_the_service_leaves_to_it_are_the_same_pages():
    source = (screen.BUILT.parents[3] / "web" / "src" / "app.tsx").read_text()
    drawn = {path.strip("/").split("/")[0] for path in re.findall(r'(?:path=|at === )"([^"]+)"', source)} - {""}
    assert drawn == set(screen.PAGES)


def test_who_can_read_it_gets_a_file_compressed_and_the_others_as_it_is(serving, tmp_path, monkeypatch):
    built(tmp_path, monkeypatch)
    script = "let a = 1;\n" * 1000
    (tmp_path / "assets" / "a-1.js").write_text(script)

    async def run():
        async with serving() as served:
            plain = await served.client.get("/assets/a-1.js", headers={"accept-encoding": "identity"})
            small = await served.client.get("/assets/a-1.js", headers={"accept-encoding": "gzip"})
            assert "content-encoding" not in plain.headers and plain.text == small.text == script
            assert small.headers["content-encoding"] == "gzip" and "javascript" in small.headers["content-type"]
            assert int(small.headers["content-length"]) < len(script) / 20
            (tmp_path / "assets" / "a-1.js").write_text("let b;")
            again = await served.client.get("/assets/a-1.js", headers={"accept-encoding": "gzip"})
            assert again.text == "let b;" and "accept-encoding" in again.headers["vary"].lower()

    asyncio.run(run())
