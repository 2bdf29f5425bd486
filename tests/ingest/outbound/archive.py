"""A small image archive that answers as DICOM PS3.18 says."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gemel.ingest.outbound.multipart import joined, parts

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
