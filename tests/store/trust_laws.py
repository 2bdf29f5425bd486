"""What every store must do for the trust layer, and as a whole."""

from __future__ import annotations

import msgspec
import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import (
    Rejected,
)
from gemel.core.ports import Store
from tests.store.toys import (
    ANN,
    OTHER,
    SUBJECT,
    ChainSpy,
    ForbiddenError,
    LockedCipher,
    OnlySubject,
    Reopen,
    checkpoint,
    forecast,
    reading,
    score,
    scores,
    switch,
)


class TrustLaws:
    """Laws of every store; a subclass provides `reopen` and `store`."""

    def test_every_write_leaves_one_audit_entry_and_a_failed_one_leaves_none(self, reopen: Reopen) -> None:
        ticks = iter(range(1000, 2000))
        store = reopen(now=lambda: next(ticks))
        store.enrol(SUBJECT, ANN)
        store.append("s-1", [reading(1)], ANN)
        with pytest.raises(StoreError):
            store.append("nobody", [reading(1)], ANN)
        store.reject(None, [Rejected(reason="r", source="s", raw="x")], ANN)
        store.save(checkpoint(1), ANN)
        store.issue([forecast(1)], ANN)
        store.score("t-1", scores((1, 1.0)), ANN)
        store.switch(switch(1), ANN)
        entries = store.journal(ANN)
        assert [entry.action for entry in entries] == ["enrol", "append", "reject", "save", "issue", "score", "switch"]
        assert [entry.subject for entry in entries] == ["s-1", "s-1", "", "s-1", "s-1", "s-1", ""]
        assert all(entry.caller == ANN for entry in entries)
        assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
        assert store.journal(ANN, "s-1") == [entry for entry in entries if entry.subject == "s-1"]

    def test_reads_are_journalled_when_asked_for(self, store: Store, reopen: Reopen) -> None:
        assert [entry.action for entry in store.journal(ANN)] == ["enrol"]
        store.facts("s-1", ANN)
        store = reopen(audit_reads=True)
        store.facts("s-1", ANN)
        store.subjects(ANN)
        assert [entry.action for entry in store.journal(ANN)] == ["enrol", "facts", "subjects"]

    def test_each_audit_record_is_chained_to_the_one_before(self, reopen: Reopen) -> None:
        spy = ChainSpy()
        store = reopen(journal=spy)
        store.enrol(SUBJECT, ANN)
        store.append("s-1", [reading(1)], ANN)
        store = reopen(journal=spy)
        store.append("s-1", [reading(2)], ANN)
        assert [previous for _, previous in spy.seen] == [b"", b"1", b"2"]
        assert [entry for entry, _ in spy.seen] == store.journal(ANN)

    def test_a_forbidden_subject_is_neither_read_written_nor_listed(self, store: Store, reopen: Reopen) -> None:
        store.enrol(OTHER, ANN)
        for subject, twin in (("s-1", "t-1"), ("s-2", "t-2")):
            store.append(subject, [reading(1)], ANN)
            store.save(checkpoint(1, subject=subject, twin=twin), ANN)
            store.issue([forecast(int(twin[-1]), subject=subject, twin=twin)], ANN)
            store.reject(subject, [Rejected(reason="r", source=subject, raw="x")], ANN)
        store = reopen(access=OnlySubject("s-1"))
        for refused in (
            lambda: store.enrol(OTHER, ANN),
            lambda: store.append("s-2", [reading(2)], ANN),
            lambda: store.facts("s-2", ANN),
            lambda: store.reject("s-2", [], ANN),
            lambda: store.rejected(ANN, "s-2"),
            lambda: store.save(checkpoint(2, subject="s-2", twin="t-2"), ANN),
            lambda: store.latest("t-2", ANN),
            lambda: store.twins(ANN, "s-2"),
            lambda: store.issue([forecast(9), forecast(3, subject="s-2", twin="t-2")], ANN),
            lambda: store.ledger("t-2", ANN),
            lambda: store.waiting("t-2", ANN, since=0),
            lambda: store.score("t-2", scores((2, 1.0)), ANN),
            lambda: store.scores("t-2", ANN),
            lambda: store.journal(ANN, "s-2"),
        ):
            with pytest.raises(ForbiddenError):
                refused()
        assert store.subjects(ANN) == [SUBJECT]
        assert store.twins(ANN) == ["t-1"]
        assert [row.source for row in store.rejected(ANN)] == ["s-1"]
        assert store.ledger("t-1", ANN) == [forecast(1)]
        assert "append refused" in [entry.action for entry in store.journal(ANN)]

    def test_a_cipher_guards_everything_and_all_of_it_comes_back(self, reopen: Reopen) -> None:
        cipher = LockedCipher()
        store = reopen(cipher=cipher)
        store.enrol(SUBJECT, ANN)
        store.append("s-1", [reading(n) for n in range(3)], ANN)
        store.reject("s-1", [Rejected(reason="r", source="s", raw="x")], ANN)
        store.save(checkpoint(1), ANN)
        store.issue([forecast(1)], ANN)
        store.score("t-1", scores((1, 1.0)), ANN)
        store.switch(switch(1), ANN)
        scored = msgspec.structs.replace(forecast(1), score=score(1.0))
        store = reopen(cipher=cipher)
        assert store.subjects(ANN) == [SUBJECT]
        assert [fact for _, fact in store.facts("s-1", ANN)] == [reading(n) for n in range(3)]
        assert store.append("s-1", [reading(1)], ANN).repeated == 1
        assert store.latest("t-1", ANN) == checkpoint(1)
        assert (store.twins(ANN), store.ledger("t-1", ANN)) == (["t-1"], [scored])
        assert len(store.rejected(ANN)) == 1 and len(store.journal(ANN)) == 8
        del cipher.keys["s-1"]
        for gone in (
            lambda: store.facts("s-1", ANN),
            lambda: store.latest("t-1", ANN),
            lambda: store.ledger("t-1", ANN),
            lambda: store.scores("t-1", ANN),
        ):
            with pytest.raises(StoreError, match="key is gone"):
                gone()
        assert store.switches(ANN) == [switch(1)]
        assert len(store.journal(ANN)) == 8

    def test_it_meets_the_contract_and_says_what_it_is(self, store: Store) -> None:
        assert isinstance(store, Store)
        store.append("s-1", [reading(n) for n in range(7)], ANN)
        store.enrol(OTHER, ANN)
        store.append("s-2", [reading(n) for n in range(5)], ANN)
        info = store.info()
        assert info.keys() >= {"kind", "location", "schema"}
        assert (info["subject"], info["fact"]) == (2, 12)
        assert msgspec.json.encode(info)

    def test_a_closed_store_refuses_and_closing_twice_is_harmless(self, store: Store) -> None:
        store.close()
        store.close()
        with pytest.raises(StoreError, match="closed"):
            store.append("s-1", [reading(1)], ANN)
        with pytest.raises(StoreError, match="closed"):
            store.facts("s-1", ANN)
