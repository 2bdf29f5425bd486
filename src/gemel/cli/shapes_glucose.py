"""What the commands about glucose print with --json, as types."""

from __future__ import annotations

import msgspec

__all__ = [
    "BenchDiabetesShape",
    "DayShape",
    "ErrorGridShape",
    "GlucoseReportShape",
    "ProfilePoint",
    "RangeShape",
    "UvaShape",
]


class UvaShape(msgspec.Struct, kw_only=True):
    """`gemel simulate uva-padova`: what was run; sensor glucose in mg/dL, carbohydrate in g, insulin in [IU]."""

    subject: str
    minutes: int
    rows: int
    file: str | None
    carbs_g: float
    insulin_units: float
    glucose_mean: float
    glucose_min: float
    glucose_max: float


class BenchDiabetesShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`gemel bench diabetes`: figures of the 13-compartment structure; the peer's where it could be timed."""

    members: int
    patient_days_per_cpu_s_13: float
    simglucose_s_per_patient_day: float | None = None
    ratio_simglucose: float | None = None
    simglucose_problem: str | None = None


class RangeShape(msgspec.Struct, kw_only=True):
    """Share of the readings in a range [%], and what the consensus asks of most adults ('above 70' or 'below 4' %)."""

    name: str
    share: float
    target: str
    met: bool


class ProfilePoint(msgspec.Struct, kw_only=True):
    """Percentiles of glucose [mg/dL] about a local hour of day; null where no reading was near."""

    hour: float
    readings: int
    p05: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p95: float | None


class DayShape(msgspec.Struct, kw_only=True):
    """One local day: glucose in mg/dL, share in range in %, what was logged in g and [IU]."""

    date: str
    readings: int
    mean: float
    time_in_range: float
    carbs_g: float
    rapid_units: float
    long_acting_units: float


class GlucoseReportShape(msgspec.Struct, kw_only=True):
    """`gemel glucose-report`: the record in numbers; coverage, cv, gmi and shares in %."""

    subject: str
    zone: str
    first: str
    last: str
    readings: int
    span_days: float
    coverage: float
    enough: bool
    mean: float
    sd: float
    cv: float
    stable: bool
    gmi: float
    lbgi: float
    hbgi: float
    adrr: float
    daily_risk: str
    ranges: list[RangeShape]
    profile: list[ProfilePoint]
    days: list[DayShape]
    rejected: int
    reasons: dict[str, int]


class ErrorGridShape(msgspec.Struct, kw_only=True):
    """`gemel error-grid`: share of the pairs in each zone [%] by grid, mean absolute relative difference [%]."""

    pairs: int
    rejected: int
    reasons: dict[str, int]
    mard: float
    grids: dict[str, dict[str, float]]
