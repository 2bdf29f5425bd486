"""Acknowledgements: who gets which, in which mode, and that our own parser reads them."""

from __future__ import annotations

import pytest

from gemel.ingest.hl7v2 import Message, parse
from gemel.ingest.hl7v2.reply import ACCEPTED, Verdict, replies, reply_to_garbage

ERROR = Verdict("E", 101, "PID^1^3", "no patient | is named")


def asked(commit: str = "", application: str = "", version: str = "2.5.1") -> Message:
    return parse(f"MSH|^~\\&|APP|FAC|US|HERE|20260302||ADT^A01|C7|T|{version}|||{commit}|{application}".encode())


@pytest.mark.parametrize(
    ("commit", "application", "verdict", "codes"),
    [
        ("", "", ACCEPTED, ["AA"]), ("", "", ERROR, ["AE"]), ("", "", Verdict("R", 207), ["AR"]),
        ("AL", "", ACCEPTED, ["CA"]), ("AL", "NE", ERROR, ["CE"]), ("AL", "NE", Verdict("R", 207), ["CR"]),
        ("NE", "AL", ACCEPTED, ["AA"]), ("AL", "AL", ACCEPTED, ["CA", "AA"]), ("NE", "NE", ERROR, []),
        ("ER", "", ACCEPTED, []), ("ER", "", ERROR, ["CE"]), ("SU", "", ACCEPTED, ["CA"]), ("SU", "", ERROR, []),
        ("ER", "SU", ACCEPTED, ["AA"]),
    ],
)  # fmt: skip
def test_the_sender_gets_the_acknowledgements_it_asked_for(
    commit: str, application: str, verdict: Verdict, codes: list[str]
) -> None:
    answers = [parse(raw) for raw in replies(asked(commit, application), verdict, "N1")]
    assert [answer.get("MSA-1") for answer in answers] == codes
    assert len({answer.control_id for answer in answers}) == len(answers)
    for answer in answers:
        assert answer.get("MSA-2") == "C7" and answer.get("MSH-9") == "ACK^A01^ACK"
        assert [answer.get(f"MSH-{n}") for n in (3, 4, 5, 6, 11, 12)] == ["US", "HERE", "APP", "FAC", "T", "2.5.1"]


def test_an_error_is_told_in_the_form_of_the_senders_version() -> None:
    new = parse(replies(asked(), ERROR, "N1")[0])
    assert (new.get("ERR-2"), new.get("ERR-3.1"), new.get("ERR-4")) == ("PID^1^3", "101", "E")
    assert new.get("ERR-8") == "no patient  is named"  # a separator cannot stand in a field
    old = parse(replies(asked(version="2.3"), ERROR, "N1")[0])
    assert old.get("ERR-1.4") == "101&Required field missing&HL70357" and old.get("MSA-3") == "no patient  is named"


def test_an_accepted_message_may_carry_a_warning() -> None:
    told = parse(replies(asked(), Verdict("A", 205, "MSH^1^10", "used before"), "N1")[0])
    assert (told.get("MSA-1"), told.get("ERR-4"), told.get("ERR-3.1")) == ("AA", "W", "205")


def test_the_answer_is_written_with_the_senders_separators() -> None:
    raw = b"MSH#*@!%#APP#FAC#US#HERE#20260302##ADT*A01#C7#T#2.5"
    assert parse(replies(parse(raw), ERROR, "N1")[0]).get("ERR-2.3") == "3"


def test_even_garbage_is_refused_in_words() -> None:
    told = parse(reply_to_garbage("starts with b'PID|'", "N1"))
    assert (told.get("MSA-1"), told.get("MSH-9"), told.get("ERR-3.1")) == ("AR", "ACK", "102")
