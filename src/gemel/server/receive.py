"""A body of rows taken in: read beside the event loop, made durable, and answered; the same way for every REST door.

A request with the header `Idempotency-Key` is recognised when it comes again: nothing is written a second time and the
answer is the one given first, with the header `Idempotent-Replayed`.  The same key on another body is refused.
"""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ..core.errors import IngestError
from ..core.writing import Receipt, Write
from ..runtime.site import wall_clock
from .answer import subject_of
from .batch import Batch, Reader, Refused, read
from .context import caller_of, service_of
from .enrolled import Enrolled
from .problem import Conflict

__all__ = ["Taken", "enrolled_of", "media_type", "receive", "receive_for"]

CHANNEL: Final = "api"
LONGEST_KEY: Final = 255
SMALL: Final = 16_384
"""Bodies up to this many bytes are read on the event loop: handing them to a thread costs more."""


class Taken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of the rows: items = accepted + repeated + rejected.

    `accepted` and `repeated` are left out of an answer that is given again.
    """

    items: int
    accepted: int | None = None
    repeated: int | None = None
    rejected: list[Refused]


class Replied(msgspec.Struct, frozen=True, array_like=True):
    """What a receipt remembers: a digest of the request, and what was answered."""

    digest: bytes
    status: int
    answer: Taken


def enrolled_of(request: Request) -> Enrolled:
    """Who is enrolled with the service that a request has reached."""
    return request.app.state.enrolled


def media_type(request: Request) -> str:
    """The media type of a body, in small letters and without parameters."""
    return header(request, b"content-type").partition(";")[0].strip().lower()


def header(request: Request, name: bytes) -> str:
    """A header's first value, "" where there is none; quicker than Starlette's mapping."""
    return next((value.decode("latin-1") for key, value in request.scope["headers"] if key == name), "")


async def body_of(request: Request) -> bytes:
    """The body, most often in one piece."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def receive(request: Request, subject: str = "", *, status: int = 200) -> Response:
    """Take in a body of many rows; `subject` is whose they are where a row does not say."""
    body = await body_of(request)
    caller, who = caller_of(request), enrolled_of(request)
    reader = Reader(subject, lambda own: who.has(own, caller), wall_clock(), request.scope["path"])
    if len(body) <= SMALL and who.surely(subject):
        batch = read(body, media_type(request), reader)
    else:
        batch = await asyncio.to_thread(read, body, media_type(request), reader)
    return await answered(request, batch, body, status)


async def receive_for(request: Request, subject: str) -> Response:
    """The same for the address of a subject ("": of nobody in particular); Missing (404) when there is none."""
    if subject and not enrolled_of(request).surely(subject):
        await subject_of(request, subject)
    return await receive(request, subject)


async def answered(request: Request, batch: Batch, body: bytes, status: int) -> Response:
    """Make a batch durable and say what became of it."""
    answer = Taken(items=batch.items, rejected=batch.refused)
    writes, key = batch.writes(), header(request, b"idempotency-key")
    if batch.alone and batch.refused:
        await service_of(request).inbox.put(writes, caller_of(request))
        raise IngestError(batch.refused[0].reason)
    digest = b""
    if key:
        if len(key) > LONGEST_KEY:
            raise IngestError(f"'Idempotency-Key' has {len(key)} characters: give {LONGEST_KEY} at most")
        digest = blake2b(request.scope["path"].encode() + b"\0" + body, digest_size=16).digest()
        reply = msgspec.msgpack.encode(Replied(digest, status, answer))
        receipt = Receipt(channel=CHANNEL, id=key, reply=reply)
        first = writes[0] if writes else Write()
        writes[:1] = [msgspec.structs.replace(first, receipt=receipt)]
    done = await service_of(request).inbox.put(writes, caller_of(request)) if writes else []
    if done and done[0].receipt is not None:
        return replayed(done[0].receipt, digest)
    told = msgspec.structs.replace(
        answer, accepted=sum(d.accepted for d in done), repeated=sum(d.repeated for d in done)
    )
    return Response(msgspec.json.encode(told), status, media_type="application/json")


def replayed(receipt: Receipt, digest: bytes) -> Response:
    """The answer that was given first; Conflict (409) when it was given to another request."""
    before = msgspec.msgpack.decode(receipt.reply, type=Replied)
    if before.digest != digest:
        raise Conflict(f"'Idempotency-Key: {receipt.id}' was used for another request: choose a new key")
    headers = {"Idempotent-Replayed": "true"}
    return Response(msgspec.json.encode(before.answer), before.status, headers, "application/json")
