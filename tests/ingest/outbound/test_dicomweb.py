"""A small archive after PS3.18: what is asked of it and what is read from its answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gemel.core.errors import IngestError
from gemel.ingest.outbound.dicomweb import Instance, instances, metadata, retrieve, search, store, studies_of
from gemel.ingest.outbound.multipart import joined, parts
from gemel.ingest.outbound.web import Web

STUDY = "1.2.3"
JSON = {"Content-Type": "application/dicom+json"}


def tag(value: Any, vr: str = "UI") -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}


class Archive:
    """Files by (study, series, instance).  `most`: matches on a page, whatever the client asks for; `alone`: single
    files are sent without multipart, as some archives do; `full`: the number of files it takes."""

    def __init__(self, files: dict[tuple[str, str, str], bytes], most: int = 2, *, alone: bool = False) -> None:
        self.files, self.most, self.alone, self.full = files, most, alone, 10**6
        self.offset = True

    def __call__(self, asked: Any) -> tuple[int, dict[str, str], bytes]:
        parts_of = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(parts_of.query).items()}
        names = parts_of.path.strip("/").split("/")
        if asked.method == "POST":
            return self.stored(asked)
        match names:
            case ["studies"]:
                assert query["PatientID"] == "p 7"
                return self.page([{"0020000D": tag(study)} for study in sorted({s for s, _, _ in self.files})], query)
            case ["studies", study, "instances"]:
                found = [
                    {"0020000D": tag(s), "0020000E": tag(e), "00080018": tag(i)}
                    for s, e, i in sorted(self.files) if s == study
                ]  # fmt: skip
                return self.page(found, query)
            case ["studies", study, "metadata"]:
                return 200, JSON, json.dumps([{"00080018": tag(i)} for s, _, i in self.files if s == study]).encode()
            case ["studies", study, "series", series, "instances", uid]:
                return self.file(asked, self.files.get((study, series, uid)))
            case _:
                return 404, {}, b""

    def page(self, found: list[Any], query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        start = int(query["offset"]) if self.offset else 0
        page = found[start : start + min(self.most, int(query["limit"]))]
        return (200, JSON, json.dumps(page).encode()) if page else (204, {}, b"")

    def file(self, asked: Any, file: bytes | None) -> tuple[int, dict[str, str], bytes]:
        assert 'multipart/related; type="application/dicom"; transfer-syntax=*' in asked.headers["accept"]
        if file is None:
            return 404, {}, b"no such instance"
        if self.alone:
            return 200, {"Content-Type": "application/dicom"}, file
        kind, body = joined([file], "application/dicom")
        return 200, {"Content-Type": kind}, body

    def stored(self, asked: Any) -> tuple[int, dict[str, str], bytes]:
        assert asked.headers["content-type"].startswith('multipart/related; type="application/dicom"; boundary=')
        kept, failed = [], []
        for media, file in parts(asked.headers["content-type"], asked.body):
            assert media == "application/dicom"
            (failed if len(self.files) >= self.full else kept).append(file.decode())
            if not failed:
                self.files[STUDY, "1", file.decode()] = file
        told: dict[str, Any] = {}
        if kept:
            told["00081199"] = {"vr": "SQ", "Value": [{"00081155": tag(uid)} for uid in kept]}
        if failed:
            items = [{"00081155": tag(uid), "00081197": tag(0xA700, "US")} for uid in failed]
            told["00081198"] = {"vr": "SQ", "Value": items}
        return (200 if not failed else 202 if kept else 409), JSON, json.dumps(told).encode()


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
