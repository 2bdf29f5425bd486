"""Local time: clock changes, leap days and zones, from instants that are whole microseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.core.clock import CLOCK, DAY, HOUR, MINUTE, instant, local_clock, text, zone
from gemel.core.errors import TimelineError


def test_an_instant_counts_microseconds_since_1970() -> None:
    assert instant("1970-01-01T00:00:00Z") == 0
    assert instant("1970-01-02T01:00:00+01:00") == DAY
    assert instant(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))
def test_an_instant_and_its_text_are_inverse_to_the_second(moment: datetime) -> None:
    whole = moment.replace(microsecond=0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert instant(text(instant(whole), "Asia/Kolkata")) == instant(whole)


def test_a_naive_time_needs_a_zone() -> None:
    with pytest.raises(TimelineError, match="no offset"):
        instant("2026-03-01T08:30:00")
    assert instant("2026-07-01T08:30:00", tz="Europe/London") == instant("2026-07-01T07:30:00Z")


def test_text_that_is_no_time_is_named() -> None:
    with pytest.raises(TimelineError, match="'yesterday' is no ISO 8601 time"):
        instant("yesterday")


def test_a_skipped_hour_does_not_exist() -> None:
    with pytest.raises(TimelineError, match="does not exist"):
        instant("2026-03-29T01:30:00", tz="Europe/London")


def test_a_repeated_hour_must_be_told_apart() -> None:
    with pytest.raises(TimelineError, match="happens twice"):
        instant("2026-10-25T01:30:00", tz="Europe/London")
    first, second = (instant("2026-10-25T01:30:00", tz="Europe/London", repeated=k) for k in (0, 1))
    assert second - first == HOUR and first == instant("2026-10-25T00:30:00Z")


def test_the_local_hour_jumps_where_the_clocks_do() -> None:
    change = instant("2026-03-29T01:00:00Z")  # London: 00:59 GMT, then 02:00 BST
    hours = local_clock([change - MINUTE, change, change + 3 * HOUR], "Europe/London")[:, 0]
    np.testing.assert_allclose(hours, [1 - 1 / 60, 2.0, 5.0], rtol=1e-15)


def test_a_quarter_hour_zone_and_a_leap_day() -> None:
    row = local_clock([instant("2028-02-28T18:15:00Z")], "Asia/Kathmandu")[0]  # +05:45
    assert dict(zip(CLOCK, row, strict=True)) == {
        "hour": 0.0,
        "weekday": 1.0,
        "yearday": 60.0,
        "holiday": 0.0,
    }
    assert local_clock([instant("2027-03-01T00:00:00Z")], "UTC")[0, 2] == 60.0
    assert local_clock([instant("2028-12-31T23:59:59Z")], "UTC")[0, 2] == 366.0


def test_holidays_are_local_days() -> None:
    christmas = frozenset({date(2026, 12, 25)})
    eve, day = instant("2026-12-24T10:59:59Z"), instant("2026-12-24T11:00:00Z")  # Auckland is 13 hours ahead
    assert local_clock([eve, day], "Pacific/Auckland", christmas)[:, 3].tolist() == [0.0, 1.0]


@given(st.integers(instant("1950-01-01T00:00:00Z"), instant("2100-01-01T00:00:00Z")))
def test_the_clock_agrees_with_the_standard_library(moment: int) -> None:
    for name in ("UTC", "America/New_York", "Australia/Lord_Howe"):  # the last shifts by half an hour
        local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).astimezone(zone(name))
        hour, weekday, yearday, _ = local_clock([moment], name)[0]
        seconds = timedelta(
            hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
        assert round(hour * HOUR) == seconds // timedelta(microseconds=1)
        assert (weekday, yearday) == (local.weekday(), local.timetuple().tm_yday)


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(TimelineError, match="'Mars/Olympus' is no IANA time zone"):
        zone("Mars/Olympus")


def test_no_instants_give_no_rows() -> None:
    assert local_clock([], "UTC").shape == (0, 4)
