"""A small archive after PS3.18: what is asked of it and what is read from its answers."""

from __future__ import annotations

from typing import Any

import pytest

from gemel.core.errors import IngestError
from gemel.ingest.outbound.dicomweb import Instance, instances, metadata, retrieve, search, store, studies_of
from gemel.ingest.outbound.web import Web
from tests.ingest.outbound.archive import STUDY, Archive

FILES = {(STUDY, "9", f"9.{k}"): f"file {k}".encode() for k in range(5)} | {("7.7", "1", "1"): b"other"}


def test_every_instance_is_found_on_however_small_pages(loopback: Any) -> None:
    server = loopback(Archive(FILES, most=2))
    with Web(server.url) as web:
        assert [one.uid for one in instances(web, STUDY)] == [f"9.{k}" for k in range(5)]
        assert studies_of(web, "p 7") == [STUDY, "7.7"]


def test_an_archive_that_knows_no_pages_ends_too(loopback: Any) -> None:
    archive = Archive(FILES, most=100)
    archive.offset = False
    server = loopback(archive)
    with Web(server.url) as web:
        assert len(list(instances(web, STUDY))) == 5
    assert len(server.asked) == 2


@pytest.mark.parametrize("alone", [False, True])
def test_an_instance_comes_back_byte_for_byte(loopback: Any, alone: bool) -> None:
    server = loopback(Archive({(STUDY, "1", "2"): bytes(range(256))}, alone=alone))
    with Web(server.url) as web:
        assert retrieve(web, Instance(STUDY, "1", "2")) == bytes(range(256))


def test_a_part_of_an_instance_is_not_taken_for_it(loopback: Any) -> None:
    server = loopback(lambda _: (206, {"Content-Type": "application/dicom"}, b"half"))
    with Web(server.url) as web, pytest.raises(IngestError, match="only a part"):
        retrieve(web, Instance(STUDY, "1", "2"))


def test_a_page_for_people_is_no_instance(loopback: Any) -> None:
    server = loopback(lambda _: (200, {"Content-Type": "text/html"}, b"<html>sign in</html>"))
    with Web(server.url) as web:
        with pytest.raises(IngestError, match="text/html"):
            retrieve(web, Instance(STUDY, "1", "2"))
        with pytest.raises(IngestError, match="no DICOM JSON"):
            list(search(web, "studies", {}))


def test_metadata_of_a_study_is_told_without_pixels(loopback: Any) -> None:
    server = loopback(Archive(FILES))
    with Web(server.url) as web:
        assert [m["00080018"]["Value"] for m in metadata(web, STUDY)] == [[f"9.{k}"] for k in range(5)]


def test_what_is_stored_can_be_retrieved(loopback: Any) -> None:
    server = loopback(Archive({}))
    with Web(server.url) as web:
        done = store(web, [b"1.1", b"1.2"], STUDY)
        assert (done.stored, done.failed) == (["1.1", "1.2"], {})
        assert retrieve(web, Instance(STUDY, "1", "1.2")) == b"1.2"


@pytest.mark.parametrize(("full", "stored"), [(1, ["1.1"]), (0, [])])
def test_instances_that_the_archive_refuses_are_told_with_its_reason(loopback: Any, full: int, stored: Any) -> None:
    archive = Archive({})
    archive.full = full
    server = loopback(archive)
    with Web(server.url) as web:
        done = store(web, [b"1.1", b"1.2"])
    assert done.stored == stored
    assert done.failed == dict.fromkeys({"1.1", "1.2"} - set(stored), 0xA700)


@pytest.mark.parametrize("uid", ["../secret", "1.2/..", "", "1" * 65, "1..2"])
def test_what_is_no_uid_never_gets_into_an_address(loopback: Any, uid: str) -> None:
    server = loopback(Archive(FILES))
    with Web(server.url) as web, pytest.raises(IngestError, match="no DICOM UID"):
        list(instances(web, uid))
    assert server.asked == []
