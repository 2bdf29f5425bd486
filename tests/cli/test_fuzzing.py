"""Damaged inputs are refused or read, never fatal; and the fuzzing notices a reader that is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from gemel.cli import fuzz_damage, fuzzing
from gemel.cli.fuzz_damage import damaged
from gemel.cli.fuzz_samples import samples
from gemel.cli.fuzzing import SHARES, judge
from gemel.core.errors import IngestError
from gemel.core.fact import Rejected
from gemel.core.writing import Write

NEEDS = {"fit": "fitdecode", "dicom": "pydicom"}


@pytest.fixture(autouse=True)
def _without_real_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMEL_SHARED", "/nowhere")
    fuzz_damage._samples.cache_clear()


@pytest.mark.parametrize("format", SHARES)
def test_our_own_samples_are_right(format: str) -> None:
    pytest.importorskip(NEEDS.get(format, "gemel"))
    assert [judge(format, sample) for sample in samples(format)] == ["accepted"] * len(samples(format))


@pytest.mark.parametrize(("format", "count"), [("hl7v2", 400), ("fhir", 400), ("vcf", 150), ("fit", 40), ("dicom", 60)])
def test_damaged_inputs_are_refused_or_read_and_never_fatal(format: str, count: int) -> None:
    pytest.importorskip(NEEDS.get(format, "gemel"))
    found = {number: judge(format, damaged(format, 3, number)) for number in range(count)}
    assert {n: what for n, what in found.items() if what not in ("accepted", "refused")} == {}
    assert len({damaged(format, 3, number) for number in range(count)}) > count // 2


def test_an_input_can_be_made_again_from_its_number() -> None:
    assert damaged("hl7v2", 7, 12) == damaged("hl7v2", 7, 12) != damaged("hl7v2", 8, 12)


def _crash(*_: Any) -> Iterator[Write]:
    raise KeyError("PID")
    yield


def _hang(*_: Any) -> Iterator[Write]:
    time.sleep(5)
    yield Write()


def _lose(*_: Any) -> Iterator[Write]:
    return iter(())


def _refuse(*_: Any) -> Iterator[Write]:
    yield Write(rejected=(Rejected(reason="r", source="s", raw=""),))
    raise IngestError("cut short")


@pytest.mark.parametrize(
    ("reader", "found"),
    [(_crash, "KeyError: 'PID'"), (_hang, "longer than 0.2 s"), (_lose, "nothing said"), (_refuse, "refused")],
)
def test_a_reader_that_crashes_hangs_or_loses_is_found_out(
    reader: Any, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzzing.formats, "reader", lambda _: reader)
    assert found in judge("vcf", b"##fileformat", longest_s=0.2)


def test_messages_that_the_import_drops_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fuzzing.formats.reader("hl7v2")
    monkeypatch.setattr(fuzzing.formats, "reader", lambda _: lambda *a: list(whole(*a))[1:])
    assert judge("hl7v2", samples("hl7v2")[0]) == "1 said, 0 kept"


@pytest.mark.slow
def test_every_input_that_was_asked_for_is_tried() -> None:
    found = fuzzing.fuzz(1200, seconds=60.0, seed=5, workers=1, only="vcf")
    assert found.inputs == {"vcf": 1200} and found.failures == []
