"""The live stream over real sockets: resumed after a cut, begun anew after a restart; slow readers are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from uvicorn import Config, Server
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from gemel.server.hub import QUEUE, News
from gemel.server.run import free_port

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def listening(serving: Callable[..., Any]) -> Callable[..., Any]:
    """`async with listening() as (service, port)`: the service on a port of its own."""

    @asynccontextmanager
    async def listen() -> AsyncGenerator[tuple[Any, int]]:
        async with serving() as served:
            port = free_port("127.0.0.1", 0)
            app = served.client._transport.app
            server = Server(Config(app, port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1))
            running = asyncio.ensure_future(server.serve())
            while not server.started:
                await asyncio.sleep(0.005)
            try:
                yield served.service, port
            finally:
                served.service.stopping.set()
                server.should_exit = True
                await running

    return listen


def publish(service: Any, count: int, first: int = 0, twin: str = "") -> list[int]:
    """Events of as many twins, or of one; their numbers."""
    news = [News(kind="belief", subject="s", twin=twin or f"t{k}", at=k, data=k) for k in range(first, first + count)]
    return [event.number for event in service.hub.publish_all(news)]


async def events_of(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Server-sent events as (id, event, data)."""
    event: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        if not line:
            if "event" in event:
                yield event
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = json.loads(value) if name in ("data", "id") else value


@asynccontextmanager
async def listener(url: str, after: int | None = None) -> AsyncGenerator[AsyncIterator[dict[str, Any]]]:
    headers = {} if after is None else {"last-event-id": str(after)}
    async with httpx.AsyncClient(timeout=20) as client, client.stream("GET", url, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events_of(answer)


async def some(source: AsyncIterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        return [await anext(source) for _ in range(count)]


async def test_events_come_as_they_happen_and_after_a_cut_from_where_it_was(listening: Any) -> None:
    async with listening() as (service, port):
        url = f"http://127.0.0.1:{port}/api/stream"
        async with listener(url) as source:
            (hello,) = await some(source, 1)
            first = publish(service, 3)
            seen = await some(source, 3)
        missed = publish(service, 4, 3)
        async with listener(url, seen[1]["id"]) as source:
            again = await some(source, 1 + 5)
            more = publish(service, 1, 7)
            again += await some(source, 1)
    assert hello["event"] == "hello" and hello["id"] == first[0] - 1 and 0.5 in hello["data"]["levels"]
    assert [event["id"] for event in seen] == first
    assert [event["id"] for event in again] == [seen[1]["id"], first[2], *missed, *more]
    assert [event["data"]["data"] for event in again[1:]] == [2, 3, 4, 5, 6, 7]


async def test_who_was_away_too_long_is_told_to_begin_anew(listening: Any) -> None:
    async with listening() as (service, port):
        async with listener(f"http://127.0.0.1:{port}/api/stream", 17) as source:
            (reset,) = await some(source, 1)
            numbers = publish(service, 1)
            (event,) = await some(source, 1)
    assert reset["event"] == "reset" and reset["data"]["after"] == 17 and reset["id"] == numbers[0] - 1
    assert event["id"] == numbers[0]


async def test_a_stream_is_narrowed_by_its_query(listening: Any) -> None:
    async with listening() as (service, port):
        async with listener(f"http://127.0.0.1:{port}/api/stream?twins=t2,t5&kinds=belief") as source:
            await some(source, 1)
            publish(service, 8)
            found = await some(source, 2)
    assert [event["data"]["twin"] for event in found] == ["t2", "t5"]


async def test_a_number_that_is_none_is_refused(listening: Any) -> None:
    async with listening() as (_, port), httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/api/stream?after=soon")
    assert answer.status_code == 422 and "soon" in answer.json()["detail"]


async def test_a_stream_ends_when_the_service_stops(listening: Any) -> None:
    async with listening() as (service, port):
        async with listener(f"http://127.0.0.1:{port}/api/stream") as source:
            await some(source, 1)
            service.stopping.set()
            async with asyncio.timeout(20):
                assert [event async for event in source] == []


@asynccontextmanager
async def talking(port: int, query: str = "") -> AsyncGenerator[tuple[Any, list[dict[str, Any]]]]:
    """A WebSocket, and what it was told so far."""
    async with connect(f"ws://127.0.0.1:{port}/api/stream{query}") as socket:
        yield socket, []


async def told(socket: Any, heard: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Read until so many events have been heard."""
    async with asyncio.timeout(20):
        while len(heard) < count:
            heard += json.loads(await socket.recv())
    return heard


async def test_a_socket_answers_a_ping_and_goes_on_after_a_number(listening: Any) -> None:
    async with listening() as (service, port), talking(port) as (socket, heard):
        await told(socket, heard, 1)
        numbers = publish(service, 4)
        await told(socket, heard, 5)
        await socket.send('{"ping": "x"}')
        await told(socket, heard, 6)
        await socket.send(json.dumps({"after": numbers[1]}))
        await told(socket, heard, 9)
    assert heard[0]["kind"] == "hello" and heard[5] == {"kind": "pong", "data": "x"}
    assert [event["number"] for event in heard[1:5]] == numbers
    assert heard[6]["kind"] == "hello" and [event["number"] for event in heard[7:]] == numbers[2:]


async def test_a_socket_with_credit_gets_no_more_than_it_allows(listening: Any) -> None:
    async with listening() as (service, port), talking(port) as (socket, heard):
        await told(socket, heard, 1)
        await socket.send('{"credit": 2}')
        await socket.send('{"ping": 1}')
        await told(socket, heard, 2)  # the credit was understood
        numbers = publish(service, 6)
        await told(socket, heard, 4)
        await socket.send('{"ping": 2}')
        assert (await told(socket, heard, 5))[4] == {"kind": "pong", "data": 2}  # and nothing else came before it
        await socket.send('{"credit": 3}')
        await told(socket, heard, 8)
    assert [event["number"] for event in heard if event["kind"] == "belief"] == numbers[:5]


async def test_a_slow_reader_gets_the_newest_is_told_what_it_missed_and_holds_up_nobody(listening: Any) -> None:
    async with listening() as (service, port), talking(port) as (slow, heard), talking(port) as (quick, others):
        for socket, own in ((slow, heard), (quick, others)):
            await told(socket, own, 1)
        await slow.send('{"credit": 0}')
        await slow.send('{"ping": 1}')
        await told(slow, heard, 2)
        publish(service, 1, twin="first")  # lies in the slow one's hands when the others come
        total, rounds = 1, 4 * QUEUE // 1000
        for k in range(rounds):
            total += len(publish(service, 1000, 1000 * k, twin=f"t{k % 3}"))
            await told(quick, others, 1 + total)
        await slow.send(json.dumps({"credit": 10 * QUEUE}))
        async with asyncio.timeout(20):
            while not any(event["kind"] == "skipped" for event in heard):
                heard += json.loads(await slow.recv())
            while sum(event["kind"] == "belief" for event in heard) + _skipped(heard) < total:
                heard += json.loads(await slow.recv())
    newest = {event["twin"]: event["data"] for event in heard if event["kind"] == "belief"}
    assert newest["first"] == 0 and _skipped(heard) > 0
    assert {newest[f"t{k % 3}"] for k in range(rounds - 3, rounds)} == {
        1000 * k - 1 for k in range(rounds - 2, rounds + 1)
    }
    assert len(others) == 1 + total


def _skipped(heard: list[dict[str, Any]]) -> int:
    return sum(event["data"]["skipped"] for event in heard if event["kind"] == "skipped")


async def test_a_frame_that_is_no_frame_ends_the_talk_with_a_reason(listening: Any) -> None:
    async with listening() as (_, port), talking(port) as (socket, heard):
        await told(socket, heard, 1)
        await socket.send("[[[")
        frame = json.loads(await socket.recv())
        assert frame["kind"] == "error"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


async def test_after_a_restart_of_the_real_service_a_watcher_begins_anew(spawned: Any, tmp_path: Any) -> None:
    folder = str(tmp_path / "data")
    with spawned(folder) as one:
        async with httpx.AsyncClient(base_url=one.url) as client, listener(f"{one.url}/api/stream") as source:
            await some(source, 1)
            await client.post("/api/subjects", json={"id": "s"})
            reading = {"code": "loinc:99504-3", "value": 101, "unit": "mg/dL", "at": 1_700_000_000_000_000}
            await client.post("/api/subjects/s/observations", json=reading)
            (event,) = await some(source, 1)
        assert event["event"] == "facts" and event["data"]["data"]["facts"][0]["value"]["value"] == 101.0
        assert await asyncio.to_thread(one.stop) == 0
    with spawned(folder) as two:
        async with listener(f"{two.url}/api/stream", event["id"]) as source:
            (reset,) = await some(source, 1)
        assert reset["event"] == "reset" and reset["id"] > event["id"]
