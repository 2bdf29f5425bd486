"""Parts come back as they were put in; the standard library reads what we write."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.errors import IngestError
from gemel.ingest.outbound.multipart import joined, parts

FILES = st.lists(st.binary(max_size=200) | st.sampled_from([b"\r\n", b"--", b"\r\n--gemel-", b"\r\n\r\n"]), max_size=5)


@given(FILES)
def test_what_was_joined_comes_apart_unchanged(files: list[bytes]) -> None:
    kind, body = joined(files, "application/dicom")
    assert list(parts(kind, body)) == [("application/dicom", file) for file in files]


def test_the_standard_library_reads_what_we_write() -> None:
    kind, body = joined([b"one", b"two"], "application/dicom")
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=HTTP)
    assert message.get_content_type() == "multipart/related"
    found = [part.get_payload(decode=True) for part in message.iter_parts()]  # type: ignore[attr-defined]
    assert found == [b"one", b"two"]


def test_a_preamble_an_epilogue_and_headers_in_any_case_are_read() -> None:
    body = b"for old readers\r\n--x  \r\ncontent-TYPE: application/dicom\r\nX: y\r\n\r\nfile\r\n--x--\r\nthe end"
    assert list(parts('multipart/related; boundary="x"', body)) == [("application/dicom", b"file")]


def test_a_message_that_is_cut_short_is_refused() -> None:
    kind, body = joined([b"one", b"two"], "application/dicom")
    with pytest.raises(IngestError, match="cut short"):
        list(parts(kind, body[:-20]))
    with pytest.raises(IngestError, match="boundary"):
        list(parts("multipart/related", body))
