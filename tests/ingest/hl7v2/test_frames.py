"""MLLP frames: the same messages come out however the stream is cut, and nothing that came is lost without a word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.ingest.hl7v2.frames import Broken, Frames

A, B = b"MSH|^~\\&|A\rPID|1", b"MSH|^~\\&|B\rPID|2\r"


def framed(*messages: bytes) -> bytes:
    return b"".join(b"\x0b" + message + b"\x1c\r" for message in messages)


def taken(stream: bytes, cuts: list[int], limit: int = 1000) -> list[bytes | Broken]:
    frames, found, last = Frames(limit), list[bytes | Broken](), 0
    for cut in [*sorted(cuts), len(stream)]:
        found += frames.feed(stream[last:cut])
        last = cut
    return [*found, *frames.close()]


@given(st.lists(st.integers(0, 120)))
def test_messages_come_out_whole_however_the_stream_is_cut(cuts: list[int]) -> None:
    assert taken(framed(A, B, A), cuts) == [A, B, A]


@pytest.mark.parametrize(
    ("stream", "reasons"),
    [
        (b"GET / HTTP/1.1\r\n" + framed(A), ["outside", A]),
        (b"\x0b" + A[:5] + framed(B), ["begins inside", B]),
        (framed(A) + b"\x0b" + B[:9], [A, "cut off"]),
        (framed(b"x" * 1001) + framed(A), ["longer than 1000", A]),
        (framed(A) + b"junk" + framed(B), [A, "outside", B]),
        (b"\x0b" + A + b"\x1c\x0b" + B + b"\x1c", [A, B]),
        (b"\r\n\x00 " + framed(A) + b"\r\n", [A]),
    ],
)
def test_what_is_no_frame_is_told_and_the_next_message_is_read(stream: bytes, reasons: list[str | bytes]) -> None:
    for cuts in ([], list(range(len(stream)))):
        found = taken(stream, cuts)
        assert len(found) == len(reasons), found
        for one, wanted in zip(found, reasons, strict=True):
            assert one == wanted if isinstance(wanted, bytes) else isinstance(one, Broken) and wanted in one.reason


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"MSH|", b"ab", b" ", b"\x00"])), st.lists(st.integers(0, 99))
)
def test_any_bytes_give_the_same_messages_whole_or_in_pieces(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    whole = [one for one in taken(stream, []) if isinstance(one, bytes)]
    assert [one for one in taken(stream, cuts) if isinstance(one, bytes)] == whole
    kept = b"".join(one if isinstance(one, bytes) else one.head for one in taken(stream, []))
    assert kept.count(b"ab") <= stream.count(b"ab") and (not stream.strip(b"\x0b\x1c\r\n \x00") or taken(stream, []))


def test_memory_is_bounded_by_the_limit_while_a_message_never_ends() -> None:
    frames = Frames(1000)
    found = frames.feed(b"\x0b")
    for _ in range(100):
        found += frames.feed(b"y" * 500)
        assert len(frames._held) <= 1500
    assert [one.reason for one in found if isinstance(one, Broken)] == ["the message is longer than 1000 bytes"]
    assert frames.open and frames.feed(b"\x1c\r" + framed(A)) == [A] and not frames.open
