"""Tables by a mapping: what becomes a fact, what is rejected and why, and that nothing is lost."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.core.clock import HOUR, MINUTE, instant
from gemel.core.errors import IngestError, TimelineError
from gemel.core.fact import Above, Below, Exact, Intervention, Level, Observation, Rejected
from gemel.ingest.feed import Item
from gemel.ingest.mapping import TableMapping, from_toml, load
from gemel.ingest.report import collect
from gemel.ingest.table import read

LONDON = "Europe/London"
GLUCOSE = {
    "name": "test glucose",
    "time": {"columns": ["t"]},
    "value": [{"column": "mgdl", "code": "loinc:99504-3", "unit": "mg/dL", "levels": {"LOW": "<40", "HIGH": ">400"}}],
}
PLAN = from_toml(GLUCOSE, "test")


def items(text: str | bytes, plan: TableMapping = PLAN, zone: str = "UTC") -> list[Item]:
    return list(read(text if isinstance(text, bytes) else text.encode(), plan, zone=zone))


def reasons(found: Sequence[Item]) -> list[str]:
    return [item.reason for item in found if isinstance(item, Rejected)]


def times(found: Sequence[Item]) -> list[str]:
    return [
        datetime.fromtimestamp(item.at / 1e6, UTC).strftime("%m-%d %H:%M")
        for item in found
        if not isinstance(item, Rejected)
    ]


def test_a_row_becomes_an_observation_with_its_source_and_local_time_as_utc() -> None:
    (fact,) = items("t,mgdl\n2024-07-01T08:00:00,123.4\n", zone=LONDON)
    assert isinstance(fact, Observation)
    assert (fact.code, fact.unit, fact.value) == ("loinc:99504-3", "mg/dL", Exact(123.4))
    assert fact.at == fact.recorded == instant("2024-07-01T07:00:00Z")
    assert fact.source == "bytes"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("LOW", Below(40)),
        ("high", Above(400)),
        ("<40", Below(40)),
        (">=400", Above(400)),
        ("≤ 40", Below(40)),
        ("1.2e2", Exact(120)),
    ],
)
def test_levels_and_bounds_are_censored_values(written: str, meant: object) -> None:
    (fact,) = items(f"t,mgdl\n2024-01-01T00:00:00,{written}\n")
    assert isinstance(fact, Observation) and fact.value == meant


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2024-01-01T00:00:00,6000", "impossible value: mgdl 6000 mg/dL is above 1000 mg/dL"),
        ("2024-01-01T00:00:00,5.5", "impossible value: mgdl 5.5 mg/dL is below 10 mg/dL"),
        ("2024-01-01T00:00:00,-1", "impossible value: mgdl -1 mg/dL is below 10 mg/dL"),
        ("2024-01-01T00:00:00,abc", "not a number: mgdl is 'abc'"),
        ("2024-01-01T00:00:00,nan", "not a number: mgdl is 'nan'"),
        ("2024-01-01T00:00:00,1_00", "not a number: mgdl is '1_00'"),
        ("2024-01-01T00:00:00,", "no value: mgdl is empty"),
        ("2024-13-01T00:00:00,100", "bad time: '2024-13-01T00:00:00' is not an ISO 8601 time"),
        ("0001-01-01T00:00:00+05:00,100", "bad time: '0001-01-01T00:00:00+05:00' is beyond the calendar"),
        ("2024-01-01,100", "bad time: '2024-01-01' has no time of day"),
        ("2024-01-01T00:00:00", "bad row: 1 of 2 fields"),
        ("2024-01-01T00:00:00,100,5", "bad row: 3 fields where the header has 2"),
        ('2024-01-01T00:00:00,"100', "bad row: a quote is opened and not closed"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason_and_place_and_the_rest_is_read(row: str, reason: str) -> None:
    found = items(f"t,mgdl\n2024-01-01T00:05:00,100\n{row}\n2024-01-01T00:10:00,101\n")
    assert [type(item) for item in found] == [Observation, Rejected, Observation]
    bad = found[1]
    assert isinstance(bad, Rejected)
    assert bad.reason.startswith(reason)
    assert (bad.source, bad.raw) == ("bytes:3", row)


def test_a_skipped_local_time_is_rejected_by_name() -> None:
    (reason,) = reasons(items("t,mgdl\n2024-03-31T01:30:00,100\n", zone=LONDON))
    assert "2024-03-31T01:30:00 does not exist in Europe/London" in reason


def test_a_repeated_hour_is_placed_by_the_order_of_the_rows() -> None:
    clock = ["00:55", "01:00", "01:55", "01:00", "01:55", "02:00"]
    rows = "".join(f"2024-10-27T{c}:00,100\n" for c in clock)
    expected = ["10-26 23:55", "10-27 00:00", "10-27 00:55", "10-27 01:00", "10-27 01:55", "10-27 02:00"]
    feed = read(f"t,mgdl\n{rows}".encode(), PLAN, zone=LONDON)
    assert times(list(feed)) == expected
    assert [(count, note[:19]) for note, count in feed.notes.items()] == [(4, "local times that th")]


def test_a_repeated_hour_is_placed_in_a_file_that_runs_backward() -> None:
    clock = ["02:00", "01:55", "01:00", "01:55", "01:00", "00:55"]
    rows = "".join(f"2024-10-27T{c}:00,100\n" for c in clock)
    expected = ["10-27 02:00", "10-27 01:55", "10-27 01:00", "10-27 00:55", "10-27 00:00", "10-26 23:55"]
    assert times(items(f"t,mgdl\n{rows}", zone=LONDON)) == expected


def test_a_repeated_hour_without_order_is_its_first_pass() -> None:
    assert times(items("t,mgdl\n2024-10-27T01:30:00,100\n", zone=LONDON)) == ["10-27 00:30"]
    unordered = "t,mgdl\n2024-10-29T00:00:00,100\n2024-10-30T00:00:00,100\n2024-10-27T01:30:00,100\n"
    assert times(items(unordered, zone=LONDON))[2] == "10-27 00:30"


def test_an_offset_in_the_text_or_in_the_mapping_wins_over_the_zone() -> None:
    assert times(items("t,mgdl\n2024-07-01T08:00:00+05:30,100\n", zone=LONDON)) == ["07-01 02:30"]
    fixed = from_toml(GLUCOSE | {"time": {"columns": ["t"], "offset": "+02:00"}}, "test")
    assert times(items("t,mgdl\n2024-07-01T08:00:00,100\n", fixed, LONDON)) == ["07-01 06:00"]


def test_equal_rows_have_equal_ids_and_are_counted_as_repeated() -> None:
    row = "2024-01-01T00:00:00,100\n"
    facts, report = collect(read(f"t,mgdl\n{row}{row}2024-01-01T00:00:00,100.0\n".encode(), PLAN, zone="UTC"))
    assert len(facts) == 1
    assert (report.items, report.used, report.repeated) == (3, 1, 2)


def test_ids_are_the_same_on_every_run_and_differ_between_scopes() -> None:
    text = b"t,mgdl\n2024-01-01T00:00:00,100\n"
    (a,), (b,), (c,) = (list(read(text, PLAN, zone="UTC", scope=s)) for s in ("p1", "p1", "p2"))
    assert not isinstance(a, Rejected) and not isinstance(b, Rejected) and not isinstance(c, Rejected)
    assert a == b and a.id != c.id
    assert a.id == "fbae9d882f733d7094d932ae"


def test_a_row_with_a_record_name_amends_the_earlier_one() -> None:
    plan = from_toml(GLUCOSE | {"table": {"id": "n"}}, "test")
    first, second = items("n,t,mgdl\n7,2024-01-01T00:00:00,100\n7,2024-01-01T00:00:00,110\n", plan)
    assert isinstance(first, Observation) and isinstance(second, Observation)
    assert first.id == second.id and first.value != second.value


@pytest.mark.parametrize(
    ("text", "truncated"),
    [
        ("t,mgdl\n2024-01-01T00:00:00,100\n2024-01-01T00:05", True),
        ("t,mgdl\n2024-01-01T00:00:00,100\n2024-01-01T00:05:00,12", True),
        ('t,mgdl\n2024-01-01T00:00:00,100\n"2024-01-01T00:05:00', True),
        ("t,mgdl,note\n2024-01-01T00:00:00,100,\n2024-01-01T00:05:00,120,ok", False),
    ],
)
def test_a_half_written_last_line_is_rejected_as_truncated(text: str, truncated: bool) -> None:
    found = items(text)
    assert len(found) == 2
    assert [r.split(":")[0] for r in reasons(found)] == (["truncated"] if truncated else [])


def test_a_gzip_file_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    noise = random.Random(1)
    rows = "".join(f"2024-01-01T00:{i % 60:02d}:00,{100 + noise.random()}\n" for i in range(2_000))
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(f"t,mgdl\n{rows}".encode())[:-4000])
    found = list(read(path, PLAN, zone="UTC"))
    assert len(found) > 1000
    assert isinstance(found[-1], Rejected) and found[-1].reason.startswith("truncated: the compressed file")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        ("t,mgdl\n".encode("utf-16"), "not UTF-8"),
        (b"\xff\xfa\n1,2\n", "should be the header, but the row is not UTF-8"),
        (b"\n\n", "has no header row"),
        (b"time;value\n", "has no column ['mgdl', 't']"),
        (b"t,mgdl,t\n", "column ['t'] twice"),
        (b"\x1f\x8bnot gzip", "damaged gzip"),
    ],
)
def test_a_source_without_a_readable_header_is_an_error(content: bytes, says: str) -> None:
    with pytest.raises(IngestError) as caught:
        read(content, PLAN, zone="UTC")
    assert says in str(caught.value)


def test_a_missing_file_and_an_unknown_zone_are_errors_at_once(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"'none.csv' cannot be opened"):
        read(tmp_path / "none.csv", PLAN, zone="UTC")
    with pytest.raises(TimelineError, match="no IANA time zone"):
        read(b"t,mgdl\n", PLAN, zone="Mars/Base")


def test_a_header_alone_is_a_table_without_rows() -> None:
    assert items("\ufefft,mgdl\r\n") == []


def test_a_row_that_is_not_utf8_is_rejected_alone() -> None:
    found = items(b"t,mgdl\n2024-01-01T00:00:00,\xb5\n2024-01-01T00:05:00,100\n")
    assert [r.split(":")[0] for r in reasons(found)] == ["not UTF-8"] and len(found) == 2


def test_quoted_fields_may_hold_delimiters_and_line_breaks() -> None:
    text = 't,note,mgdl\r\n2024-01-01T00:00:00,"a, ""b""\nc",100\r\n2024-01-01T00:05:00,x,101\r\n'
    found = items(text)
    assert [f.value for f in found if isinstance(f, Observation)] == [Exact(100), Exact(101)]


WIDE = {
    "name": "wide",
    "time": {"columns": ["day", "clock"], "format": "%d/%m/%Y %H:%M"},
    "table": {"delimiter": ";", "decimal": ",", "preamble": 1},
    "value": [
        {"column": "bg", "code": "loinc:99504-3", "unit_column": "unit", "empty": "skip"},
        {"column": "n", "code": "gemel:rapid-insulin", "unit": "[IU]", "kind": "dose", "where": {"what": "bolus"}},
        {"column": "n", "code": "gemel:rapid-insulin", "unit": "[IU]/h", "kind": "rate", "where": {"what": "basal"}},
        {
            "column": "mood",
            "code": "local:mood",
            "unit": "1",
            "levels": {"bad": "bad", "good": "good"},
            "empty": "skip",
        },
    ],
}


def test_a_wide_table_gives_one_item_per_rule_that_applies() -> None:
    text = (
        "exported by a meter\nday;clock;bg;unit;what;n;mood\n"
        "31/12/2023;08:05;5,5;mmol/L;bolus;2,5;good\n"
        "31/12/2023;09:00;;;basal;0;\n"
        "31/12/2023;10:00;;;bolus;0;\n"
        "31/12/2023;11:00;5,5;mg/mL;;;\n"
        "31/12/2023;12:00;5,5;furlong;;;\n"
        "31/12/2023;13:00;;;bolus;1.000;\n"
        "31/12/2023;14:00;;;bolus;<3;\n"
        "31/12/2023;15:00;;;basal;900;\n"
    )
    feed = read(text.encode(), from_toml(WIDE, "wide"), zone="UTC")
    found = list(feed)
    facts = [f for f in found if not isinstance(f, Rejected)]
    assert [(f.value, f.unit) for f in facts if isinstance(f, Observation)] == [
        (Exact(5.5), "mmol/L"),
        (Level("good"), "1"),
        (Exact(5.5), "mg/mL"),  # 550 mg/dL: possible
    ]
    assert [(f.dose, f.rate, f.unit) for f in facts if isinstance(f, Intervention)] == [
        (2.5, None, "[IU]"),
        (None, 0.0, "[IU]/h"),
    ]
    assert [r.split(":")[0] for r in reasons(found)] == [
        "wrong unit",
        "not a number",
        "not a number",
        "impossible value",
    ]
    assert feed.items == len(found) + feed.skipped.total()
    assert feed.skipped["n is zero: a dose of nothing"] == 1


def test_a_unit_of_another_dimension_is_rejected() -> None:
    plan = from_toml(GLUCOSE | {"value": [{"column": "v", "code": "loinc:99504-3", "unit_column": "u"}]}, "t")
    (reason,) = reasons(items("t,v,u\n2024-01-01T00:00:00,100,mm[Hg]\n", plan))
    assert reason.startswith("wrong unit: v in 'mm[Hg]' where mg/dL is expected")


def test_limits_convert_between_mass_and_amount() -> None:
    plan = from_toml(GLUCOSE | {"value": [{"column": "v", "code": "loinc:99504-3", "unit": "mmol/L"}]}, "t")
    assert reasons(items("t,v\n2024-01-01T00:00:00,5.5\n", plan)) == []
    assert reasons(items("t,v\n2024-01-01T00:00:00,100\n", plan))[0].startswith("impossible value: v 100 mmol/L")


def test_a_rows_kind_without_a_rule_is_counted() -> None:
    plan = from_toml(GLUCOSE | {"value": [GLUCOSE["value"][0] | {"where": {"kind": "cgm"}}]}, "t")  # type: ignore[index]
    feed = read(b"t,mgdl,kind\n2024-01-01T00:00:00,100,bgm\n\n", plan, zone="UTC")
    assert list(feed) == []
    assert feed.skipped == {"no rule for 'bgm'": 1, "blank line": 1} and feed.items == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"value": []}, "at least one time column and one value"),
        ({"value": [{"column": "a", "code": "b"}]}, "needs either a 'unit'"),
        ({"value": [{"column": "a", "code": "b", "unit": "mg/dl/"}]}, "is not UCUM"),
        ({"value": [{"column": "a", "code": "b", "unit": "g", "levels": {"LOW": "<x"}}]}, "is no bound"),
        ({"value": [{"column": "a", "code": "b", "unit": "g", "colour": 1}]}, "colour"),
        ({"table": {"delimiter": "::"}}, "one character"),
        ({"table": {"decimal": "'"}}, "decimal mark"),
        ({"time": {"columns": ["t"], "offset": "noon"}}, "offset 'noon'"),
    ],
)
def test_a_wrong_mapping_is_refused_with_the_reason(change: dict[str, object], says: str) -> None:
    with pytest.raises(IngestError) as caught:
        from_toml(GLUCOSE | change, "test.toml")
    assert says in str(caught.value) and "test.toml" in str(caught.value)


def test_a_mapping_is_a_toml_file(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(
        'name = "m"\n[time]\ncolumns = ["t"]\n[[value]]\ncolumn = "mgdl"\ncode = "x"\nunit = "mg/dL"\nhigh = 90.0\n'
    )
    assert len(list(read(b"t,mgdl\n2024-01-01T00:00:00,100\n", path, zone="UTC"))) == 1
    assert load(path).rules[0].limits is not None
    with pytest.raises(IngestError, match="is not TOML"):
        path.write_text("name = ")
        load(path)


@given(st.binary(max_size=400), st.sampled_from([b"", b"t,mgdl\n", b"t,mgdl\n2024-01-01T00:00:00,100\n"]))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_give_items_or_an_ingest_error(tail: bytes, head: bytes) -> None:
    try:
        feed = read(head + tail, PLAN, zone=LONDON)
    except IngestError:
        return
    found = list(feed)
    assert feed.items == len(found) + feed.skipped.total()


CELL = st.sampled_from(
    [
        "2024-01-01T00:00:00",
        "2024-10-27T01:30:00",
        "100",
        "",
        "x",
        '"a"',
        '"',
        "9999",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59-09:00",
        "<40",
    ]
)


@given(st.lists(st.tuples(CELL, CELL), max_size=30))
@settings(max_examples=200, deadline=None)
def test_no_row_is_lost(cells: list[tuple[str, str]]) -> None:
    lines = [f"{a},{b}" for a, b in cells]
    feed = read(("t,mgdl\n" + "".join(f"{line}\n" for line in lines)).encode(), PLAN, zone=LONDON)
    facts, report = collect(feed)
    lone = sum(line.count('"') % 2 for line in lines)
    assert len(facts) + report.repeated + report.rejected + sum(report.skipped.values()) == feed.items == report.items
    if lone == 0:
        assert feed.items == len(lines)


@pytest.mark.slow
def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path, rows, note = tmp_path / "large.csv", 4_000, "x" * 12_500
    start = instant("2020-01-01T00:00:00Z")
    with path.open("w") as stream:
        stream.write("t,mgdl,note\n")
        for i in range(rows):
            at = datetime.fromtimestamp((start + i * 5 * MINUTE) / 1e6, UTC)
            stream.write(f"{at:%Y-%m-%dT%H:%M:%S},{40 + i % 300},{note}\n")
    assert path.stat().st_size > 45e6
    tracemalloc.start()
    count = sum(1 for item in read(path, PLAN, zone="UTC") if not isinstance(item, Rejected))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == rows
    assert peak < 8e6  # a few blocks of 1 MiB and the caches, not 50 MB of file


def test_gaps_are_reported_where_readings_are_dense() -> None:
    rows = "".join(f"2024-01-0{1 + i // 12}T{i % 12:02d}:00:00,100\n" for i in range(24))
    _, report = collect(read(f"t,mgdl\n{rows}".encode(), PLAN, zone="UTC"), gap_hours=2.0)
    count = report.codes["loinc:99504-3"]
    assert count.gaps == 1 and count.dense
    assert count.longest_gaps[0].end - count.longest_gaps[0].start == 13 * HOUR
    assert "1 gaps of more than 2 h; the longest, 13.0 h, from 2024-01-01 11:00" in report.render()
