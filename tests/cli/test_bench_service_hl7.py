"""The HL7 figures of `gemel bench service`: what is timed is really read, and each message is one of its own."""

from __future__ import annotations

import pytest

from gemel.cli import bench_service_hl7 as bench
from gemel.cli.bench_service import Asked
from gemel.ingest.hl7v2 import parse


@pytest.mark.parametrize("real", [True, False])
def test_every_message_of_the_feed_is_right_and_has_its_own_number(real: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not real:
        monkeypatch.setenv("GEMEL_SHARED", "/nowhere")
    found = [parse(raw) for raw in bench.feed(600)]
    assert len({message.control_id for message in found}) == 600
    assert all(message.get("PID-3.1") for message in found)


def test_reading_is_timed_beside_the_peer_on_the_same_messages() -> None:
    (figure,) = bench.parsing(Asked(quick=True, sizes={"parsed": 60}))
    assert figure.key == "hl7v2_parse_per_s" and figure.measured > 0 and figure.details["messages"] == 60
    assert {key for measure in bench.MEASURES for key in measure.keys} == {
        "hl7v2_parse_per_s", "mllp_per_s", "fuzz_failures",
    }  # fmt: skip


@pytest.mark.parametrize("looking", [bench._look, bench._look_with_python_hl7])
def test_both_readers_look_at_the_same_fields(looking: object, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hl7")
    monkeypatch.setenv("GEMEL_SHARED", "/nowhere")
    assert callable(looking)
    assert [looking(raw) for raw in bench.feed(5)] == [bench._look(raw) for raw in bench.feed(5)]
