"""What is written to a store in one piece: a message, a bundle, a batch of readings, with everything it says.

A `Write` is about one subject; several of them may be committed together, all or none.  A sender that repeats itself,
because it never heard our answer, is recognised by its `Receipt`: nothing is written a second time and it gets the
answer that it was given first.
"""

from __future__ import annotations

import msgspec

from .fact import Fact, Instant, Rejected
from .subject import Subject

__all__ = ["Committed", "Document", "Receipt", "Waveform", "Write"]


class Document(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One version of a clinical resource as it came: FHIR JSON in UTF-8, or another kind's bytes.

    `kind` is the resource type ('Observation'), or 'gemel/...' for our own.  Versions of an id count from 1; the last
    one holds.  `shared`: it is found by (kind, id) alone and not only through its subject; those of no subject always
    are.
    """

    kind: str
    id: str
    body: bytes
    recorded: Instant
    version: int = 1
    deleted: bool = False
    shared: bool = False


class Waveform(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stretch of one evenly sampled signal: value = gain * sample + offset [unit].

    `samples` are little-endian int16; -32768 is a missing one.  `rate` is in Hz; `at` is the first sample's instant.
    """

    code: str
    at: Instant
    rate: float
    unit: str
    gain: float
    offset: float
    samples: bytes
    source: str = ""
    recorded: Instant = 0


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a sender was told about a message: `channel` and `id` name the message, `reply` is the answer."""

    channel: str
    id: str
    reply: bytes


class Write(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything one message says about one subject ("": about nobody).

    `enrol` adds the subject or replaces its description.  `identifiers` ('system|value') lead to the subject from now
    on, whoever they led to before.
    """

    subject: str = ""
    enrol: Subject | None = None
    identifiers: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    documents: tuple[Document, ...] = ()
    waveforms: tuple[Waveform, ...] = ()
    receipt: Receipt | None = None


class Committed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a write: new facts, repeats of known ones, and the subject's last sequence number.

    `receipt`: the earlier one, where the sender had sent this before; then nothing was written.
    """

    subject: str
    accepted: int
    repeated: int
    last: int
    receipt: Receipt | None = None
