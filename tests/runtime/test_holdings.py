"""What the store holds already: what says nothing new, what is a next version, and whom a subject turned out to be."""

from __future__ import annotations

from pathlib import Path

from gemel.core.ports import Caller
from gemel.core.subject import Subject
from gemel.core.writing import Document, Write
from gemel.runtime import Site
from gemel.runtime.holdings import Holdings, known, numbered

CALLER = Caller(id="test")


def document(id: str, body: bytes, **more: object) -> Document:
    return Document(**{"kind": "Observation", "id": id, "body": body, "recorded": 1} | more)


def commit(site: Site, write: Write, now: int) -> list[tuple[str, int, int]]:
    """What of a write is new, as id, version and time."""
    new = numbered(write, Holdings(site.store, CALLER), now)
    site.store.commit([new], CALLER)
    return [(d.id, d.version, d.recorded) for d in new.documents]


def test_a_document_is_written_once_and_a_changed_one_is_its_next_version(tmp_path: Path) -> None:
    with Site.open(tmp_path / "g.db") as site:
        first = Write(subject="s", enrol=Subject(id="s"), documents=(document("s.1", b"{}"), document("s.2", b"{}")))
        assert commit(site, first, 10) == [("s.1", 1, 10), ("s.2", 1, 10)]
        assert commit(site, first, 20) == []
        changed = Write(subject="s", documents=(document("s.1", b"[]"), document("s.2", b"{}")))
        assert commit(site, changed, 30) == [("s.1", 2, 30)]
        assert commit(site, first, 40) == [("s.1", 3, 40)]
        gone = Write(subject="s", documents=(document("s.2", b"{}", deleted=True, version=2),))
        site.store.commit([gone], CALLER)
        assert commit(site, first, 50) == [("s.2", 3, 50)]


def test_documents_of_nobody_and_those_with_names_of_their_own_are_recognised_too(tmp_path: Path) -> None:
    with Site.open(tmp_path / "g.db") as site:
        hospital = Write(documents=(document("h", b"{}", kind="Organization"),))
        named = Write(subject="s", enrol=Subject(id="s"), documents=(document("mine", b"{}", shared=True),))
        for write in (hospital, named):
            assert len(commit(site, write, 10)) == 1
            assert commit(site, write, 20) == []


def test_a_merged_subject_is_known_as_the_one_it_turned_out_to_be(tmp_path: Path) -> None:
    with Site.open(tmp_path / "g.db") as site:
        for subject in (Subject(id="a", merged_into="b"), Subject(id="b", merged_into="c"), Subject(id="c")):
            site.enrol(subject)
        site.enrol(Subject(id="x", merged_into="y"))
        site.enrol(Subject(id="y", merged_into="x"))
        assert [known(site.store, CALLER, name) for name in ("a", "b", "c", "none", "")] == ["c", "c", "c", "", ""]
        assert known(site.store, CALLER, "x") in ("x", "y")
        site.store.commit([Write(subject="c", documents=(document("a.1", b"{}"),))], CALLER)
        owner, versions = Holdings(site.store, CALLER).versions("a", document("a.1", b"{}"))
        assert owner == "c" and len(versions) == 1
