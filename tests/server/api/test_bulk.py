from __future__ import annotations

import asyncio

import msgspec
import pytest

from gemel.core.ports import Caller

AT = 1_760_000_000_000_000
WHO = Caller(id="test")
JSON, NDJSON, MSGPACK = "application/json", "application/x-ndjson", "application/msgpack"


def row(k: int, subject: str = "a", **more):
    return {"subject": subject, "code": "c", "unit": "mg/dL", "at": AT + k, "value": 100.0 + k} | more


def bodies(rows):
    return {
        JSON: msgspec.json.encode(rows),
        NDJSON: b"\n".join(msgspec.json.encode(r) for r in rows),
        MSGPACK: msgspec.msgpack.encode(rows),
    }


async def post(served, body, media=JSON, path="/api/bulk/observations", **headers):
    return await served.client.post(path, content=body, headers={"content-type": media} | headers)


async def enrol(served, *subjects):
    for own in subjects:
        assert (await served.client.post("/api/subjects", json={"id": own})).status_code == 201


@pytest.mark.parametrize("media", [JSON, NDJSON, MSGPACK])
def test_rows_of_several_subjects_are_durable_in_any_encoding(serving, media):
    async def run():
        async with serving() as served:
            await enrol(served, "a", "b")
            rows = [row(0), row(1, "b"), row(2)]
            told = (await post(served, bodies(rows)[media], media)).json()
            assert told == {"items": 3, "accepted": 3, "repeated": 0, "rejected": []}
            held = {own: served.service.store.facts(own, WHO) for own in ("a", "b")}
            assert [f.value.value for _, f in held["a"]] == [100.0, 102.0]
            assert [f.at for _, f in held["b"]] == [AT + 1]

    asyncio.run(run())


@pytest.mark.parametrize("media", [JSON, MSGPACK])
def test_columns_say_the_same_as_rows(serving, media):
    async def run():
        async with serving() as served:
            await enrol(served, "a")
            series = {"subject": "a", "code": "c", "unit": "mg/dL", "at": [AT, AT + 1], "value": [100.0, 101]}
            encode = msgspec.json.encode if media == JSON else msgspec.msgpack.encode
            told = (await post(served, encode({"series": [series]}), media)).json()
            assert told["accepted"] == 2
            columns = [f for _, f in served.service.store.facts("a", WHO)]
            await enrol(served, "b")
            await post(served, bodies([row(0, "b"), row(1, "b")])[media], media)
            rows = [f for _, f in served.service.store.facts("b", WHO)]
            assert [msgspec.structs.replace(f, recorded=0) for f in columns] == [
                msgspec.structs.replace(f, recorded=0) for f in rows
            ]

    asyncio.run(run())


FAULTY = [
    (row(1, value="high"), "Expected"),
    (row(1, value=None), "needs a 'value'"),
    (row(1, dose=3.0), "not both"),
    (row(1, "nobody"), "no subject 'nobody'"),
    (row(1, at="2026-01-01T00:00:00"), "no offset"),
    (row(1, at=10**18), "outside"),
    (row(1, code=""), "'code' is empty"),
    (row(1, subject=""), "whose it is"),
    (17, "Expected"),
]


@pytest.mark.parametrize("media", [JSON, NDJSON, MSGPACK])
@pytest.mark.parametrize(("faulty", "reason"), FAULTY)
def test_a_bad_row_comes_back_by_number_and_is_kept_and_the_others_are_durable(serving, media, faulty, reason):
    async def run():
        async with serving() as served:
            await enrol(served, "a")
            told = (await post(served, bodies([row(0), faulty, row(2)])[media], media)).json()
            assert (told["items"], told["accepted"], [r["row"] for r in told["rejected"]]) == (3, 2, [2])
            assert reason in told["rejected"][0]["reason"]
            kept = served.service.store.rejected(WHO)
            assert [k.reason for k in kept] == [told["rejected"][0]["reason"]]
            assert kept[0].source == "/api/bulk/observations#2"
            assert msgspec.json.decode(kept[0].raw) == faulty

    asyncio.run(run())


def test_bad_cells_of_columns_come_back_by_number(serving):
    async def run():
        async with serving() as served:
            await enrol(served, "a")
            series = [
                {"subject": "a", "code": "c", "at": [AT, AT + 1, 10**18], "value": [1.0, None, 2.0]},
                {"subject": "a", "code": "c", "at": [AT], "value": [1.0, 2.0]},
                {"subject": "x", "code": "c", "at": [AT], "value": [1.0]},
                {"subject": "a", "code": "d", "at": [AT], "value": [float("inf")]},
            ]
            told = (await post(served, msgspec.msgpack.encode({"series": series}), MSGPACK)).json()
            assert (told["items"], told["accepted"]) == (7, 1)
            assert [r["row"] for r in told["rejected"]] == [2, 3, 4, 5, 6, 7]
            assert len(served.service.store.rejected(WHO)) == 6

    asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "media"),
    [(b"{", JSON), (b"[1", JSON), (b"\xc1", MSGPACK), (b"", JSON), (b"[]", "text/csv"), (b"\xff", JSON)],
)
def test_a_body_that_cannot_be_read_is_a_problem(serving, body, media):
    async def run():
        async with serving() as served:
            told = await post(served, body, media)
            assert (told.status_code, told.headers["content-type"]) == (422, "application/problem+json")
            assert told.json()["title"] == "Unprocessable Entity" and told.json()["detail"]

    asyncio.run(run())


def test_the_same_key_writes_once_and_answers_as_before(serving):
    async def run():
        async with serving() as served:
            await enrol(served, "a")
            rows = bodies([row(0), row(1, "nobody")])[JSON]
            first = await post(served, rows, **{"Idempotency-Key": "k1"})
            again = await post(served, rows, **{"Idempotency-Key": "k1"})
            assert first.json()["accepted"] == 1 and "idempotent-replayed" not in first.headers
            assert again.headers["idempotent-replayed"] == "true" and again.status_code == first.status_code
            assert again.json() == {k: first.json()[k] for k in ("items", "rejected")}
            assert len(served.service.store.facts("a", WHO)) == len(served.service.store.rejected(WHO)) == 1
            other = await post(served, bodies([row(5)])[JSON], **{"Idempotency-Key": "k1"})
            assert other.status_code == 409 and "another request" in other.json()["detail"]

    asyncio.run(run())


def test_a_body_larger_than_allowed_is_refused_whether_announced_or_not(serving):
    async def run():
        async with serving(most_bytes=1000) as served:
            assert (await post(served, b"[" + b" " * 1000)).status_code == 413

            async def parts():
                for _ in range(20):
                    yield b" " * 100

            assert (await post(served, parts())).status_code == 413

    asyncio.run(run())
