"""Writes that cannot be right: refused with the reason, whatever is wrong with them, and nothing of them kept."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import Exact, Observation, Rejected
from gemel.core.ports import Store
from gemel.core.subject import Subject
from gemel.core.writing import Document, Receipt, Write
from gemel.store import SqliteStore
from tests.store.toys import ANN, SUBJECT, everything, reading

BROKEN = "half \ud800"
"""A lone surrogate: Python holds it, no encoding does."""


@pytest.mark.parametrize(
    "wrong",
    [
        Write(subject=BROKEN, enrol=Subject(id=BROKEN)),
        Write(subject=BROKEN, facts=(reading(1),)),
        Write(subject="s-1", identifiers=(BROKEN,)),
        Write(subject="s-1", facts=(Observation(id=BROKEN, code="c", value=Exact(1.0), unit="1", at=1, recorded=1),)),
        Write(subject="s-1", receipt=Receipt(channel=BROKEN, id="m", reply=b"")),
        Write(documents=(Document(kind=BROKEN, id="1", body=b"", recorded=1),)),
        Write(subject="s-1", documents=(Document(kind="a", id=BROKEN, body=b"", recorded=1, shared=True),)),
        Write(subject="s-1", rejected=(Rejected(reason=BROKEN, source="", raw=""),)),
        Write(subject="s-1", enrol=msgspec.structs.replace(SUBJECT, sex=BROKEN)),
        Write(subject="s-1", documents=(Document(kind="a", id=None, body=b"", recorded=1),)),  # type: ignore[arg-type]
        Write(subject="s-1", receipt=Receipt(channel="a", id="b", reply="text")),  # type: ignore[arg-type]
        Write(subject="s-1", enrol=msgspec.structs.replace(SUBJECT, sex=5)),
    ],
)
def test_a_write_that_could_not_be_read_back_is_refused_with_words_that_can_be_printed(wrong: Write) -> None:
    with SqliteStore() as store:
        store.enrol(SUBJECT, ANN)
        with pytest.raises(StoreError) as refused:
            store.commit([everything(1), wrong], ANN)
        assert str(refused.value).encode()
        assert store.find("mrn|1", ANN) is None and len(store.journal(ANN)) == 1
        store.commit([everything(1)], ANN)
        assert store.verify() == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.find(BROKEN, ANN),
        lambda store: store.facts(BROKEN, ANN),
        lambda store: store.subject(BROKEN, ANN),
        lambda store: store.document(BROKEN, "1", ANN),
        lambda store: store.receipt("a", BROKEN, ANN),
        lambda store: store.latest(BROKEN, ANN),
    ],
)
def test_a_question_in_no_encoding_is_refused_with_words_that_can_be_printed(ask: Callable[[Store], object]) -> None:
    with SqliteStore() as store, pytest.raises(StoreError, match="no Unicode") as refused:
        ask(store)
    assert str(refused.value).encode()
