"""MLLP over real sockets: answered once durable, in order, once; what is odd is told; nothing that came is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import Exact, Observation
from gemel.core.ports import Caller
from gemel.core.writing import Committed, Write
from gemel.ingest import hl7v2
from gemel.runtime import Site
from gemel.server.mllp import Bounds, MllpListener
from gemel.store import SqliteStore

ME = Caller(id="test")


def oru(
    control: str, value: float = 98.0, patient: str = "4711", sent: str = "20260302101500", mode: str = ""
) -> bytes:
    return (
        f"MSH|^~\\&|LAB|HOSP|TWIN|HOSP|{sent}||ORU^R01|{control}|P|2.5.1|||{mode}\r"
        f"PID|1||{patient}^^^HOSP^MR||TEST\rOBR|1||F{control}^LAB|24323-8^panel^LN|||20260302100000\r"
        f"OBX|1|NM|2345-7^glucose^LN||{value}|mg/dL|||||F\r"
    ).encode()


def merge(control: str, survivor: str, prior: str) -> bytes:
    return (
        f"MSH|^~\\&|PAS|HOSP|TWIN|HOSP|20260302101600||ADT^A40|{control}|P|2.5.1\rEVN|A40|20260302101600\r"
        f"PID|1||{survivor}^^^HOSP^MR\rMRG|{prior}^^^HOSP^MR\r"
    ).encode()


@dataclass
class Sender:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *messages: bytes) -> None:
        self.writer.write(b"".join(b"\x0b" + message + b"\x1c\r" for message in messages))
        await self.writer.drain()

    async def answers(self, count: int) -> list[hl7v2.Message]:
        async with asyncio.timeout(20):
            return [hl7v2.parse((await self.reader.readuntil(b"\x1c\r"))[1:-2]) for _ in range(count)]

    async def ask(self, *messages: bytes) -> list[tuple[str, str]]:
        await self.send(*messages)
        return [(one.get("MSA-1"), one.get("MSA-2")) for one in await self.answers(len(messages))]


@asynccontextmanager
async def calling(port: int) -> AsyncGenerator[Sender]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Sender(reader, writer)
    finally:
        writer.close()


def run(serving: Any, work: Callable[[Any, MllpListener], Any], bounds: Bounds | None = None, **options: Any) -> None:
    """Run the work on a served listener."""

    async def main() -> None:
        async with serving(parts=(), mllp_port=0, **options) as served:
            part = MllpListener(served.service, bounds)
            await part.start()
            try:
                await work(served.service, part)
            finally:
                await part.stop()

    asyncio.run(main())


def facts(service: Any) -> dict[str, list[Any]]:
    return {s.id: [fact for _, fact in service.store.facts(s.id, ME)] for s in service.store.subjects(ME)}


def test_a_message_is_answered_when_it_is_durable_and_by_its_number(serving: Any) -> None:
    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            assert await sender.ask(oru("C1", 101.0)) == [("AA", "C1")]
            (kept,) = facts(service).values()
            assert [fact.value for fact in kept] == [Exact(101.0)]
            (subject,) = facts(service)
            (document,) = service.store.documents(subject, ME)
            assert document.kind == "hl7v2/ORU^R01" and document.body == oru("C1", 101.0)

    run(serving, work)


def test_a_real_process_takes_messages_and_still_knows_them_after_a_restart(spawned: Any, tmp_path: Path) -> None:
    async def ask(port: int, *messages: bytes) -> list[tuple[str, str]]:
        async with calling(port) as sender:
            return await sender.ask(*messages)

    with spawned(str(tmp_path), "--mllp-port", "0") as process:
        sent = [oru(f"C{k}", patient=str(k % 3)) for k in range(30)]
        assert asyncio.run(ask(process.told["mllp_port"], *sent)) == [("AA", f"C{k}") for k in range(30)]
        assert process.stop() == 0
    with spawned(str(tmp_path), "--mllp-port", "0") as process:
        assert asyncio.run(ask(process.told["mllp_port"], *sent, oru("new"))) == [
            *(("AA", f"C{k}") for k in range(30)), ("AA", "new"),
        ]  # fmt: skip
        assert process.stop() == 0
    with SqliteStore(tmp_path / "gemel.db") as store:
        people = [s.id for s in store.subjects(ME) if s.kind == "person"]
        assert sum(len(store.facts(name, ME)) for name in people) == 31
        assert len(people) == 3 + 1


def test_several_messages_in_one_piece_and_one_in_many_pieces_are_answered_in_order(serving: Any) -> None:
    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            names = [f"C{k}" for k in range(40)]
            assert await sender.ask(*(oru(name, patient=name[-1]) for name in names)) == [("AA", n) for n in names]
            for byte in b"\x0b" + oru("slow") + b"\x1c\r":
                sender.writer.write(bytes([byte]))
                await sender.writer.drain()
            assert [a.get("MSA-2") for a in await sender.answers(1)] == ["slow"]
        assert len(facts(service)) == 10 + 1

    run(serving, work)


def test_a_message_sent_again_gets_the_same_answer_and_is_written_once(serving: Any) -> None:
    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender, calling(part.port) as other:
            await sender.send(oru("C1"), oru("C2"))
            first = await sender.answers(2)
            await other.send(oru("C2", sent="20260302111111"), oru("C3"), oru("C1"))
            again = await other.answers(3)
            assert [again[0].segments, again[2].segments] == [first[1].segments, first[0].segments]
            assert again[1].get("MSA-2") == "C3"
        ((_, kept),) = facts(service).items()
        assert len(kept) == 3 and "2 repeated" in part.health().detail

    run(serving, work)


def test_a_repeat_within_one_piece_is_written_once(serving: Any) -> None:
    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            assert await sender.ask(*[oru("C1")] * 5) == [("AA", "C1")] * 5
        ((subject, kept),) = facts(service).items()
        assert len(kept) == 1 and len(service.store.documents(subject, ME)) == 1

    run(serving, work)


def test_a_number_used_again_for_another_message_is_taken_in_and_told(serving: Any) -> None:
    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            await sender.send(oru("C1", 100.0), oru("C1", 200.0, patient="9"), oru("C1", 200.0, patient="9"))
            answers = await sender.answers(3)
            assert [a.get("MSA-1") for a in answers] == ["AA"] * 3
            assert [a.get("ERR-3.1") for a in answers] == ["", "205", "205"]
            assert answers[1].segments == answers[2].segments
        assert sorted(fact.value.value for kept in facts(service).values() for fact in kept) == [100.0, 200.0]
        assert "2 control ids reused" in part.health().detail

    run(serving, work)


def test_messages_of_one_patient_keep_their_order_across_connections(serving: Any) -> None:
    """A preliminary value and its correction, told by two senders at once: the later message wins each time."""

    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as one, calling(part.port) as two:
            for k in range(20):
                first = oru(f"C{k}", 100.0, sent="20260302101500").replace(b"|F\r", b"|P\r")
                await one.ask(first)
                await two.ask(
                    oru(f"C{k}", 200.0, sent="20260302101500").replace(f"|C{k}|".encode(), f"|D{k}|".encode())
                )
        ((_, kept),) = facts(service).items()
        last = {fact.id: fact for fact in kept}
        assert len(last) == 20 and all(fact.value == Exact(200.0) for fact in last.values())

    run(serving, work)


@pytest.mark.parametrize(
    ("frame", "code", "error"),
    [
        (b"GARBAGE", "AR", "102"), (b"MSH|^^^^|", "AR", "102"), (b"x" * 70_000, "AR", "104"),
        (b"MSH|^~\\&|A|B|C|D|20260302||ORU^R01||P|2.5.1\rPID|1||7", "AE", "101"),
        (b"MSH|^~\\&|A|B|C|D|20260302||ORU^R01|C1|P|2.5.1\rOBX|1|NM|x||1||||||F", "AE", "101"),
        (b"MSH|^~\\&|A|B|C|D|20260302||QRY^Q01|C1|P|2.5.1\rQRD|1", "AR", "200"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_in_words_and_kept(serving: Any, frame: bytes, code: str, error: str) -> None:
    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            await sender.send(frame, oru("after"))
            answer, after = await sender.answers(2)
            assert (answer.get("MSA-1"), answer.get("ERR-3.1"), after.get("MSA-1")) == (code, error, "AA")
        assert service.store.rejected(ME) or frame.startswith(b"MSH|^~\\&|A|B|C|D|20260302||ORU^R01||")

    run(serving, work, bounds=Bounds(message=60_000))


def test_noise_and_broken_connections_are_kept_and_harm_nobody(serving: Any) -> None:
    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            sender.writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert await sender.ask(oru("C1")) == [("AA", "C1")]
        async with calling(part.port) as sender:
            sender.writer.write(b"\x0b" + oru("C2")[:50])
            sender.writer.write_eof()
            assert [a.get("MSA-1") for a in await sender.answers(1)] == ["AR"]
            assert await sender.reader.read() == b""
        assert sorted(row.reason.partition(": ")[2] for row in service.store.rejected(ME)) == [
            "bytes outside a frame", "the frame is cut off",
        ]  # fmt: skip

    run(serving, work)


@pytest.mark.parametrize(("mode", "code"), [("AL|NE", "CA"), ("NE|AL", "AA"), ("", "AA")])
def test_the_sender_chooses_the_mode_of_the_answer(serving: Any, mode: str, code: str) -> None:
    async def work(_service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            assert await sender.ask(oru("C1", mode=mode)) == [(code, "C1")]

    run(serving, work)


def test_a_merge_waits_for_what_came_before_and_turns_what_comes_after(serving: Any) -> None:
    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            sent = [
                oru("C1", 101.0, "old"),
                oru("C2", 102.0, "new"),
                merge("C3", "new", "old"),
                oru("C4", 104.0, "old"),
            ]
            assert [code for code, _ in await sender.ask(*sent)] == ["AA"] * 4
            assert [code for code, _ in await sender.ask(sent[2], sent[3])] == ["AA"] * 2
        held = {s.merged_into: facts(service)[s.id] for s in service.store.subjects(ME)}
        (prior,) = (kept for survivor, kept in held.items() if survivor)
        assert [fact.value.value for fact in prior] == [101.0]
        assert sorted(fact.value.value for fact in held[""]) == [101.0, 102.0, 104.0]

    run(serving, work)


def test_a_merge_moves_what_another_door_is_still_writing(serving: Any) -> None:
    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            await sender.ask(oru("C1", 101.0, "old"), oru("C2", 102.0, "new"))
            old = next(s for s, kept in facts(service).items() if kept[0].value == Exact(101.0))
            late = [
                Observation(id=f"l{k}", code="x", value=Exact(k), unit="1", at=k, recorded=k) for k in range(50)
            ]  # fmt: skip
            puts = [service.inbox.put([Write(subject=old, facts=(fact,))], ME) for fact in late]
            await asyncio.gather(sender.ask(merge("C3", "new", "old")), *puts)
        survivor = next(s.id for s in service.store.subjects(ME) if not s.merged_into)
        assert {fact.id for fact in late} <= {fact.id for _, fact in service.store.facts(survivor, ME)}

    run(serving, work)


class Slow:
    """A store whose commits wait until they are let through, or fail when told to."""

    def __init__(self, own: SqliteStore) -> None:
        self._own, self.gate, self.broken = own, threading.Event(), False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def submit(self, writes: Sequence[Write], caller: Caller) -> Future[list[Committed]]:
        future: Future[list[Committed]] = Future()

        def later() -> None:
            self.gate.wait(20)
            try:
                if self.broken:
                    raise StoreError("the disk is full")
                future.set_result(self._own.commit(writes, caller))
            except StoreError as error:
                future.set_exception(error)

        threading.Thread(target=later, daemon=True).start()
        return future


def slow_site(held: list[Slow]) -> Any:
    def opened(settings: Any) -> Site:
        Path(settings.data).mkdir(exist_ok=True)
        held.append(Slow(SqliteStore(Path(settings.data) / "slow.db")))
        return Site(held[0], caller=ME)

    return opened


def test_nothing_is_answered_before_it_is_durable_and_reading_stops_meanwhile(serving: Any) -> None:
    held: list[Slow] = []

    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            padding = b"NTE|1||" + b"long " * 4000 + b"\r"
            many = [oru(f"C{k}", patient=str(k % 7)) + padding for k in range(400)]
            sending = asyncio.create_task(sender.send(*many))
            async with asyncio.timeout(20):
                while not (part._full and service.inbox.waiting):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            (line,) = part._lines
            assert line.waiting < 200 and not sending.done()  # TCP makes the sender wait
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(sender.reader.read(1), 0.1)
            held[0].gate.set()
            codes = [(a.get("MSA-1"), a.get("MSA-2")) for a in await sender.answers(400)]
            assert codes == [("AA", f"C{k}") for k in range(400)]
            await sending

    run(serving, work, bounds=Bounds(waiting=10), site=slow_site(held))


def test_a_store_that_fails_is_told_and_the_message_can_come_again(serving: Any) -> None:
    held: list[Slow] = []

    async def work(service: Any, part: MllpListener) -> None:
        held[0].gate.set()
        held[0].broken = True
        async with calling(part.port) as sender:
            await sender.send(oru("C1"), oru("C2"))
            refused = await sender.answers(2)
            assert [(a.get("MSA-1"), a.get("ERR-3.1")) for a in refused] == [("AR", "207")] * 2
            held[0].broken = False
            assert await sender.ask(oru("C1"), oru("C2")) == [("AA", "C1"), ("AA", "C2")]
        ((_, kept),) = facts(service).items()
        assert len(kept) == 2

    run(serving, work, site=slow_site(held))


def test_stopping_makes_durable_and_answers_what_has_come(serving: Any) -> None:
    held: list[Slow] = []

    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as sender:
            await sender.send(*(oru(f"C{k}") for k in range(100)))
            async with asyncio.timeout(20):
                while not service.inbox.waiting:
                    await asyncio.sleep(0.01)
            stopping = asyncio.create_task(part.stop())
            await asyncio.sleep(0.05)
            assert not stopping.done()
            held[0].gate.set()
            await stopping
            answered = (await sender.reader.read()).count(b"MSA|AA|")
            ((_, kept),) = facts(service).items()
            assert answered == len(kept) > 0
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", part.port)

    run(serving, work, site=slow_site(held))


def test_silent_and_unfinished_connections_are_closed(serving: Any) -> None:
    async def work(service: Any, part: MllpListener) -> None:
        async with calling(part.port) as silent, calling(part.port) as partial:
            partial.writer.write(b"\x0b" + oru("C1")[:30])
            async with asyncio.timeout(10):
                assert await silent.reader.read() == b""
                await partial.reader.read()
        async with asyncio.timeout(10):
            while len(service.store.rejected(ME)) < 1:
                await asyncio.sleep(0.01)

    run(serving, work, bounds=Bounds(silent_s=0.2, partial_s=0.2))


def test_more_connections_than_allowed_are_closed_and_the_others_work(serving: Any) -> None:
    async def work(_service: Any, part: MllpListener) -> None:
        async with calling(part.port) as first:
            assert await first.ask(oru("C1")) == [("AA", "C1")]
            async with calling(part.port) as second, asyncio.timeout(10):
                assert await second.reader.read() == b""
            assert await first.ask(oru("C2")) == [("AA", "C2")]

    run(serving, work, bounds=Bounds(connections=1))
