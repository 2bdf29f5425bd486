from __future__ import annotations

import asyncio

from gemel.server.rows import exactly

AT = 1_760_000_000_000_000
MINUTE = 60_000_000


def test_a_subject_is_enrolled_found_and_not_enrolled_twice(serving):
    async def run():
        async with serving(zone="Europe/Paris") as served:
            made = await served.client.post(
                "/api/subjects", json={"born": "1980-02-29", "sex": "female", "identifiers": ["mrn|17"]}
            )
            own = made.json()
            assert made.status_code == 201 and made.headers["location"] == f"/api/subjects/{own['id']}"
            assert (own["born"], own["zone"], own["kind"]) == ("1980-02-29", "Europe/Paris", "person")
            assert (await served.client.get(made.headers["location"])).json() == own
            again = await served.client.post("/api/subjects", json={"id": own["id"]})
            assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
            taken = await served.client.post("/api/subjects", json={"identifiers": ["mrn|17"]})
            assert taken.status_code == 409 and own["id"] in taken.json()["detail"]
            for wrong in ({"id": "a b"}, {"zone": "Mars/One"}, {"identifiers": ["17"]}, {"born": "yesterday"}):
                assert (await served.client.post("/api/subjects", json=wrong)).status_code == 422, wrong

    asyncio.run(run())


def test_pages_of_subjects_hold_each_once_in_order(serving):
    async def run():
        async with serving() as served:
            for k in range(7):
                await served.client.post("/api/subjects", json={"id": f"s{k}"})
            seen: list[str] = []
            after: str | None = ""
            while after is not None:
                page = (await served.client.get("/api/subjects", params={"after": after, "limit": 3})).json()
                seen += [s["id"] for s in page["subjects"]]
                after = page["next"]
            assert seen == [f"s{k}" for k in range(7)]

    asyncio.run(run())


async def record(served):
    await served.client.post("/api/subjects", json={"id": "a"})
    rows = [
        {"id": "x", "code": "c", "value": 1, "at": AT, "recorded": AT, "status": "preliminary"},
        {"id": "y", "code": "d", "value": {"is": "below", "limit": 2}, "at": AT + MINUTE, "recorded": AT + MINUTE},
        {"id": "x", "code": "c", "value": 1.5, "at": AT, "recorded": AT + 2 * MINUTE},
        {"id": "z", "code": "c", "value": 9, "at": AT + 3 * MINUTE, "recorded": AT + 3 * MINUTE},
        {"id": "z", "code": "c", "value": 9, "at": AT + 3 * MINUTE, "recorded": AT + 4 * MINUTE,
         "status": "entered-in-error"},
        {"id": "o", "code": "m", "dose": 4, "unit": "mg", "at": AT, "recorded": AT, "status": "ordered"},
    ]  # fmt: skip
    told = await served.client.post("/api/subjects/a/observations", json=rows)
    assert told.json()["accepted"] == 6, told.text


def test_the_timeline_holds_what_holds_and_what_held_then(serving):
    async def run():
        async with serving() as served:
            await record(served)
            now = (await served.client.get("/api/subjects/a/timeline")).json()["facts"]
            assert [(f["id"], f["value"]) for f in now] == [
                ("x", {"is": "exact", "value": 1.5}), ("y", {"is": "below", "limit": 2.0}),
            ]  # fmt: skip
            told = await served.client.get("/api/subjects/a/timeline", params={"as_of": exactly(AT + MINUTE)})
            assert [(f["id"], f["value"]) for f in told.json()["facts"]] == [
                ("x", {"is": "exact", "value": 1.0}), ("y", {"is": "below", "limit": 2.0}),
            ]  # fmt: skip
            early = await served.client.get("/api/subjects/a/timeline", params={"until": exactly(AT)})
            assert [f["id"] for f in early.json()["facts"]] == ["x"]
            first = (await served.client.get("/api/subjects/a/timeline", params={"limit": 1})).json()
            rest = await served.client.get("/api/subjects/a/timeline", params={"after": first["next"]})
            assert [f["id"] for f in [*first["facts"], *rest.json()["facts"]]] == ["x", "y"]
            only = await served.client.get("/api/subjects/a/timeline", params={"code": "d"})
            assert [f["id"] for f in only.json()["facts"]] == ["y"]

    asyncio.run(run())


def test_records_come_in_order_of_arrival_page_by_page(serving):
    async def run():
        async with serving() as served:
            await record(served)
            seen, after = [], 0
            while after is not None:
                page = (await served.client.get("/api/subjects/a/facts", params={"after": after, "limit": 4})).json()
                seen += [(row["number"], row["fact"]["id"], row["fact"]["status"]) for row in page["facts"]]
                after = page["next"]
            assert [number for number, _, _ in seen] == [1, 2, 3, 4, 5, 6]
            assert [name for _, name, _ in seen] == ["x", "y", "x", "z", "z", "o"]
            held = (await served.client.get("/api/subjects/a/holdings")).json()
            assert (held["records"], held["codes"]) == (6, {"c": 4, "d": 1, "m": 1})

    asyncio.run(run())


def test_one_row_that_is_no_fact_is_refused_and_kept(serving):
    async def run():
        async with serving() as served:
            await served.client.post("/api/subjects", json={"id": "a"})
            told = await served.client.post("/api/subjects/a/observations", json={"code": "c", "at": 0})
            assert told.status_code == 422 and "needs a 'value'" in told.json()["detail"]
            other = await served.client.post(
                "/api/subjects/a/observations", json={"code": "c", "at": 0, "value": 1, "subject": "b"}
            )
            assert other.status_code == 422 and "send it there" in other.json()["detail"]
            assert (await served.client.get("/api/subjects/a/holdings")).json()["rejected"] == 2

    asyncio.run(run())


def test_nobody_is_404_on_every_route(serving):
    async def run():
        async with serving() as served:
            for path in ("", "/facts", "/timeline", "/holdings"):
                assert (await served.client.get(f"/api/subjects/nobody{path}")).status_code == 404
            told = await served.client.post(
                "/api/subjects/nobody/observations", json={"code": "c", "at": 0, "value": 1}
            )
            assert told.status_code == 404

    asyncio.run(run())
