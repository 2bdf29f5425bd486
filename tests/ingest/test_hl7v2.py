"""HL7 v2: messages cut by their own separators, frames, character sets, times, and ADT events."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gemel.core.clock import SECOND, instant
from gemel.core.errors import IngestError, TimelineError
from gemel.core.fact import Rejected
from gemel.ingest import hl7v2
from gemel.ingest.hl7v2 import AdtEvent, Message

ADMIT = (
    b"MSH|^~\\&|PAS|HOSP|TWIN|HOSP|20260302000113||ADT^A01^ADT_A01|M1|P|2.5.1\r"
    b"EVN|A01|20260302000113||||20260302000001\r"
    b"PID|1||S9^^^SSA^SS~000039^^^HOSP&1.2.3&ISO^MR||TEST^PATIENT||19790101|F\r"
    b"PV1|1|I|MED1^40^A^HOSP|||ED^1||||||||||||| V7^^^HOSP"
)


def _all(data: bytes) -> list[Message | Rejected]:
    return list(hl7v2.messages(io.BytesIO(data), "feed"))


def _event(data: bytes, zone: str = "UTC") -> AdtEvent:
    (event,) = hl7v2.adt_events(hl7v2.parse(data), zone)
    assert isinstance(event, AdtEvent), event
    return event


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("MSH-1", "|"), ("MSH-2", "^~\\&"), ("MSH-9", "ADT^A01^ADT_A01"), ("MSH-9.2", "A01"), ("MSH-10", "M1"),
        ("PID-3", "S9^^^SSA^SS"), ("PID-3[2].1", "000039"), ("PID-3[2].4.2", "1.2.3"), ("PID-3[3]", ""),
        ("PV1-3.1", "MED1"), ("PV1-3.9", ""), ("PV1-99", ""), ("ZZZ-1", ""), ("PID[2]-3", ""), ("PID-8.1", "F"),
    ],
)  # fmt: skip
def test_a_path_finds_its_text_and_nothing_where_there_is_none(path: str, text: str) -> None:
    assert hl7v2.parse(ADMIT).get(path) == text


def test_every_repetition_is_found_and_repeated_segments_are_counted() -> None:
    message = hl7v2.parse(b"MSH|^~\\&|\rOBX|1||A||1~2\rOBX|2||B||3")
    assert hl7v2.parse(ADMIT).all("PID-3.1") == ["S9", "000039"]
    assert (message.all("OBX-5"), message.get("OBX[2]-5"), message.all("OBX-8")) == (["1", "2"], "3", [])


def test_a_message_is_cut_by_the_separators_it_declares() -> None:
    message = hl7v2.parse(b"MSH#*@!%#APP\rPID#1##7***H%I*MR@8\rNTE#1##!F!!S!!T!!R!!E!|^")
    assert [message.get(p) for p in ("PID-3.1", "PID-3.4.2", "PID-3[2]", "MSH-3")] == ["7", "I", "8", "APP"]
    assert message.get("NTE-3") == "#*%@!|^"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"a\T\b", "a&b"), (rb"\X48C3A9\x", "Héx"), (rb"one\.br\two", "one\ntwo"), (rb"\H\loud\N\ly", "loudly"),
        (rb"\Zx\ kept", r"\Zx\ kept"), (rb"open\end", r"open\end"), (rb"\E\E\E\ ", r"\E\ "), (b"", ""),
    ],
)  # fmt: skip
def test_escape_sequences_become_what_they_stand_for(written: bytes, text: str) -> None:
    assert hl7v2.parse(b"MSH|^~\\&|\rNTE|1||" + written).get("NTE-3") == text


@pytest.mark.parametrize(
    ("name", "codec", "word"),
    [
        ("UNICODE UTF-8", "utf-8", "Müller é"), ("8859/1", "iso8859-1", "Müller é"),
        ("8859/7", "iso8859-7", "Αθήνα"), ("8859/15", "iso8859-15", "Œuvre €"),
        ("", "utf-8", "Müller"), ("", "iso8859-1", "Müller"),
        ("~ISO IR87", "iso2022_jp", "表~山田"), ("GB 18030-2000", "gb18030", "張偉"), ("BIG-5", "big5", "功許"),
    ],
)  # fmt: skip
def test_names_survive_every_declared_character_set(name: str, codec: str, word: str) -> None:
    """Big-5 and JIS hold separators as halves of characters: these words do."""
    declared = name.removeprefix("~")
    text = f"MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5|||||||{declared}\rPID|1||7||".replace("|||||||", "||||||")
    message = hl7v2.parse(text.encode() + word.replace("~", "").encode(codec) + b"^X\r")
    assert message.get("PID-5.1") == word.replace("~", "")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"PID|1", "must start with MSH"), (b"", "must start with MSH"), (b"MSH|^^\\&|", "five different separators"),
        (b"MSH|\xff~\\&|", "five different separators"), (b"MSH|^~\x0b&|", "five different separators"),
        (b"MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5||||||EBCDIC\r", "EBCDIC"),
        (b"MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5||||||BIG-5\rPID|\xff\xff", "not in its character set"),
    ],
)  # fmt: skip
def test_what_is_no_message_is_named(raw: bytes, words: str) -> None:
    with pytest.raises(IngestError, match=words):
        hl7v2.parse(raw)
    with pytest.raises(IngestError, match="no HL7 path"):
        hl7v2.parse(ADMIT).get("PV1.3")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("between", [b"\r", b"\n", b"\r\n\r\n"])
def test_line_ends_of_every_kind_separate_segments_and_messages(end: bytes, between: bytes) -> None:
    data = between.join([ADMIT.replace(b"\r", end)] * 3) + end
    assert [m.get("PV1-3.1") for m in _all(data) if isinstance(m, Message)] == ["MED1"] * 3


def test_mllp_frames_and_batches_are_taken_off() -> None:
    framed = b"".join(b"\x0b" + ADMIT + b"\r\x1c\r" for _ in range(3))
    batch = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + ADMIT + b"\r" + ADMIT + b"\rBTS|2\rFTS|1\r"
    for data, count in ((framed, 3), (batch, 2), (b"\xef\xbb\xbf" + ADMIT, 1), (ADMIT.decode().encode("utf-16"), 1)):
        found = _all(data)
        assert len(found) == count
        assert all(isinstance(m, Message) and m.segments == hl7v2.parse(ADMIT).segments for m in found)
    assert _all(b"") == _all(b"\r\n\r\n") == []


def test_a_message_across_two_pieces_of_a_file_is_whole(tmp_path: Path) -> None:
    path, many = tmp_path / "big.hl7", 9_000
    path.write_bytes(b"\n".join(ADMIT.replace(b"|M1|", b"|M%d|" % k) for k in range(many)))
    assert path.stat().st_size > 2 << 20
    found = [m.control_id for m in hl7v2.read(path) if isinstance(m, Message) and m.get("PV1-19.1") == " V7"]
    assert found == [f"M{k}" for k in range(many)]
    with pytest.raises(IngestError, match="cannot be read"):
        list(hl7v2.read(tmp_path / "none.hl7"))


def test_noise_before_the_first_message_is_rejected_and_a_broken_line_stays_with_its_segment() -> None:
    noise, message = _all(b"hello\r" + ADMIT + b"\rNTE|1||first line\nsecond line\r")
    assert isinstance(noise, Rejected) and noise.source == "feed#1" and "must start with MSH" in noise.reason
    assert isinstance(message, Message) and message.get("NTE-3") == "first line\nsecond line"


@pytest.mark.parametrize(
    ("stamp", "zone", "moment"),
    [
        (b"20260302000113", "UTC", "2026-03-02T00:01:13Z"), (b"202607021530", "Europe/London", "2026-07-02T14:30:00Z"),
        (b"20260702153000-0500", "Europe/London", "2026-07-02T20:30:00Z"),
        (b"20260702153000+0130", "UTC", "2026-07-02T14:00Z"),
        (b"20261025013000", "Europe/London", "2026-10-25T00:30:00Z"),
    ],
)  # fmt: skip
def test_times_are_local_unless_they_say_their_offset(stamp: bytes, zone: str, moment: str) -> None:
    assert hl7v2.timestamp(stamp, zone) == instant(moment)
    assert hl7v2.timestamp(b"20260302000113.25", "UTC") == instant("2026-03-02T00:01:13Z") + SECOND // 4


@pytest.mark.parametrize("stamp", [b"20260302", b"yesterday", b"20261302000000", b"20260302000075", b"20260329013000"])
def test_times_that_are_none_or_that_the_clocks_skip_are_refused(stamp: bytes) -> None:
    with pytest.raises(TimelineError):
        hl7v2.timestamp(stamp, "Europe/London")


def test_adt_event_says_who_where_and_when_it_happened() -> None:
    event = _event(ADMIT)
    assert event.at == instant("2026-03-02T00:00:01Z") and event.sent == instant("2026-03-02T00:01:13Z")
    assert (event.trigger, event.control, event.patient, event.visit) == ("A01", "M1", "HOSP:000039", "V7")
    assert (event.ward, event.room, event.bed, event.prior_ward, event.patient_class) == ("MED1", "40", "A", "ED", "I")


def test_occurrence_falls_back_to_recording_and_to_sending() -> None:
    assert _event(ADMIT.replace(b"20260302000001", b'""')).at == instant("2026-03-02T00:01:13Z")
    bare = ADMIT.replace(b"EVN|A01|20260302000113||||20260302000001", b"EVN|A01")
    assert _event(bare).at == _event(bare).sent == instant("2026-03-02T00:01:13Z")


def test_merge_names_both_patients_and_a_swap_or_a_double_merge_gives_two_events() -> None:
    head = b"MSH|^~\\&|A|H|C|D|20260302000113||ADT^A40|M1|P|2.5\rEVN||20260302000113\r"
    groups = b"PID|1||1^^^H^MR\rMRG|9\rPID|2||2^^^H^MR\rMRG|8^^^G^MR"
    one, two = hl7v2.adt_events(hl7v2.parse(head + groups))
    assert isinstance(one, AdtEvent) and isinstance(two, AdtEvent)
    assert [(e.patient, e.merged) for e in (one, two)] == [("H:1", "H:9"), ("H:2", "G:8")]
    swap = head.replace(b"A40", b"A17") + b"PID|1||1\rPV1|1|I|A^1\rPID|2||2\rPV1|1|I|B^2"
    assert [(e.patient, e.ward) for e in hl7v2.adt_events(hl7v2.parse(swap)) if isinstance(e, AdtEvent)] == [
        ("1", "A"), ("2", "B"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((b"ADT^A01^ADT_A01", b"ORU^R01"), "'ORU' is no ADT"), ((b"|M1|", b"||"), "no MSH-10"),
        ((b"PID|1||S9^^^SSA^SS~000039^^^HOSP&1.2.3&ISO^MR", b"PID|1||"), "no patient id"),
        ((b"PID|", b"ZID|"), "no PID"), ((b"20260302000001", b"noon"), "'noon' is no HL7 time"),
    ],
)  # fmt: skip
def test_adt_message_that_cannot_be_placed_is_kept_with_its_reason(change: tuple[bytes, bytes], words: str) -> None:
    (found,) = hl7v2.events([hl7v2.parse(ADMIT.replace(*change))])
    assert isinstance(found, Rejected) and words in found.reason and "MSH" in found.raw
