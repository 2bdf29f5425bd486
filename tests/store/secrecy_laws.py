"""What every store must do with writes and documents under a cipher, an access filter and an audit trail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gemel.core.errors import StoreError
from gemel.core.fact import Exact, Level, Rejected
from gemel.core.ports import Caller, Store
from gemel.core.subject import Subject
from gemel.core.writing import Receipt, Write
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
    document,
    forecast,
    reading,
    signal,
)

ROWENA = "subject-of-rowena"


def planted() -> list[Write]:
    """A write about Rowena, and one about nobody; every word in them could give something away."""
    receipt = Receipt(channel="channel-of-rowena", id="message-of-rowena", reply=b"reply-to-rowena")
    fact = reading(1, value=Level("grade-of-rowena"), entity="bed-of-rowena", source="source-of-rowena")
    about_her = Write(
        subject=ROWENA, enrol=Subject(id=ROWENA, merged_into="twin-sister-of-rowena"),
        identifiers=("system-of-rowena|number-of-rowena",), facts=(fact, *(reading(n) for n in range(200))),
        rejected=(Rejected(reason="reason-of-rowena", source="file-of-rowena", raw="raw-of-rowena"),),
        documents=(
            document("document-of-rowena", kind="KindOfRowena", body=b"body-of-rowena" * 100),
            document("client-id-of-rowena", kind="KindOfRowena", shared=True),
        ),
        waveforms=(signal(code="code-of-rowena", source="lead-of-rowena", samples=b"samples-of-rowena!" * 50),),
        receipt=receipt,
    )  # fmt: skip
    nobody = Write(documents=(document("clinic-of-rowena", kind="Organization", body=b"address-of-rowena"),))
    return [about_her, nobody]


class SecrecyLaws:
    """Laws of every store; a subclass provides `reopen`, `store` and `at_rest`, every byte that it keeps."""

    def test_nothing_readable_is_at_rest_under_a_cipher(self, reopen: Reopen, at_rest: Callable[[], bytes]) -> None:
        store = reopen(cipher=LockedCipher())
        nurse = Caller(id="nurse-of-rowena")
        store.commit(planted(), nurse)
        assert store.commit(planted(), nurse)[0].receipt is not None
        store.save(checkpoint(1, subject=ROWENA, twin="forecaster-of-rowena"), nurse)
        store.issue([forecast(1, subject=ROWENA, twin="forecaster-of-rowena")], nurse)
        kept = at_rest()
        assert len(kept) > 1000
        assert [word for word in (b"rowena", b"Rowena", b"2339-0", b"mg/dL", b"Organization") if word in kept] == []

    def test_without_a_cipher_the_words_would_be_found(self, reopen: Reopen, at_rest: Callable[[], bytes]) -> None:
        """Else the law above could not fail."""
        store = reopen()
        store.commit(planted(), ANN)
        assert b"rowena" in at_rest()

    def test_all_of_it_comes_back_through_the_cipher_until_the_key_is_gone(self, reopen: Reopen) -> None:
        cipher = LockedCipher()
        reopen(cipher=cipher).commit(planted(), ANN)
        store = reopen(cipher=cipher)
        her, nobody = planted()
        assert [fact for _, fact in store.facts(ROWENA, ANN)] == list(her.facts)
        assert store.documents(ROWENA, ANN) == list(her.documents)
        assert store.waveforms(ROWENA, "code-of-rowena", -1, 10**9, ANN) == list(her.waveforms)
        assert store.find(her.identifiers[0], ANN) == ROWENA
        assert store.receipt("channel-of-rowena", "message-of-rowena", ANN) == her.receipt
        assert store.document("KindOfRowena", "client-id-of-rowena", ANN) == (ROWENA, [her.documents[1]])
        assert store.commit([Write(subject=ROWENA, facts=her.facts)], ANN)[0].repeated == len(her.facts)
        del cipher.keys[ROWENA]
        for gone in (
            lambda: store.facts(ROWENA, ANN),
            lambda: store.documents(ROWENA, ANN),
            lambda: store.waveforms(ROWENA, "code-of-rowena", -1, 10**9, ANN),
            lambda: store.subject(ROWENA, ANN),
            lambda: store.document("KindOfRowena", "client-id-of-rowena", ANN),
        ):
            with pytest.raises(StoreError, match="key is gone"):
                gone()
        assert store.document("Organization", "clinic-of-rowena", ANN) == ("", list(nobody.documents))

    def test_a_refused_write_leaves_nothing_but_its_audit_entry(self, store: Store, reopen: Reopen) -> None:
        store.enrol(OTHER, ANN)
        store = reopen(access=OnlySubject("s-1"))
        before = store.journal(ANN)
        mine = Write(subject="s-1", facts=(reading(1),), identifiers=("mrn|1",), documents=(document("s-1.a"),))
        hers = Write(subject="s-2", facts=(reading(1),), receipt=Receipt(channel="c", id="m", reply=b""))
        for writes in ([mine, hers], [hers, mine]):
            with pytest.raises(ForbiddenError):
                store.commit(writes, ANN)
        assert isinstance(store.submit([mine, hers], ANN).exception(60), ForbiddenError)
        entries = store.journal(ANN)[len(before) :]
        assert len(entries) == 3
        assert all("refused" in entry.action and entry.subject == "s-2" for entry in entries)
        assert (store.facts("s-1", ANN), store.documents("s-1", ANN)) == ([], [])
        assert (store.find("mrn|1", ANN), store.receipt("c", "m", ANN)) == (None, None)
        store = reopen()
        assert store.facts("s-2", ANN) == []

    def test_what_is_another_s_is_not_found_and_not_read(self, store: Store, reopen: Reopen) -> None:
        hers = Write(
            subject="s-2", enrol=OTHER, identifiers=("mrn|2",), waveforms=(signal(),),
            documents=(document("client-2", shared=True), document("s-2.a")),
        )  # fmt: skip
        store.commit([hers, Write(documents=(document("w", kind="Location"),))], ANN)
        store = reopen(access=OnlySubject("s-1"))
        for refused in (
            lambda: store.find("mrn|2", ANN),
            lambda: store.documents("s-2", ANN),
            lambda: store.document("Observation", "client-2", ANN),
            lambda: store.waveforms("s-2", "ecg", -1, 10**9, ANN),
            lambda: store.subject("s-2", ANN),
        ):
            with pytest.raises(ForbiddenError):
                refused()
        assert store.document("Location", "w", ANN) == ("", [document("w", kind="Location")])

    def test_the_new_reads_are_journalled_when_asked_for(self, store: Store, reopen: Reopen) -> None:
        store.commit([Write(subject="s-1", identifiers=("mrn|1",), documents=(document("c", shared=True),))], ANN)
        store = reopen(audit_reads=True)
        before = len(store.journal(ANN))
        store.documents("s-1", ANN)
        store.document("Observation", "c", ANN)
        store.waveforms("s-1", "ecg", 0, 1, ANN)
        store.subject("s-1", ANN)
        store.find("mrn|1", ANN)
        actions = [entry.action for entry in store.journal(ANN)[before:] if entry.action != "journal"]
        assert actions == ["documents", "document", "waveforms", "subject", "find"]

    def test_the_chain_of_the_audit_trail_runs_through_commits(self, reopen: Reopen) -> None:
        spy = ChainSpy()
        store = reopen(journal=spy)
        store.commit([Write(subject="s-1", enrol=SUBJECT), Write(subject="s-1", facts=(reading(1),)), Write()], ANN)
        store = reopen(journal=spy)
        store.commit([Write(subject="s-1", facts=(reading(2),))], ANN)
        assert [previous for _, previous in spy.seen] == [b"", b"1", b"2", b"3"]
        assert [entry for entry, _ in spy.seen] == store.journal(ANN)

    def test_a_closed_store_refuses_writes_and_the_new_reads(self, store: Store) -> None:
        store.close()
        for refused in (
            lambda: store.commit([Write(subject="s-1", facts=(reading(1),))], ANN),
            lambda: store.submit([Write(subject="s-1", facts=(reading(1),))], ANN).result(60),
            lambda: store.find("mrn|1", ANN),
            lambda: store.documents("s-1", ANN),
            lambda: store.subject("s-1", ANN),
        ):
            with pytest.raises(StoreError, match="closed"):
                refused()

    def test_numbers_that_are_not_numbers_are_facts_too(self, store: Store) -> None:
        """NaN is unequal to itself, but a repeated NaN is a repeat: facts are told apart by their bytes."""
        odd = reading(1, value=Exact(float("nan")))
        assert store.commit([Write(subject="s-1", facts=(odd, odd))], ANN)[0].accepted == 1
        assert store.commit([Write(subject="s-1", facts=(odd,))], ANN)[0].repeated == 1
