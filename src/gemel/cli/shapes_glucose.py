"""What the commands about glucose print with --json, as types."""

from __future__ import annotations

import msgspec

from ..runtime.answers.shapes import DataShape, DifferenceRow

__all__ = [
    "ArmShape",
    "BenchDiabetesShape",
    "BolusRow",
    "BolusShape",
    "DayShape",
    "EquivalenceShape",
    "ErrorGridShape",
    "EstimateShape",
    "GlucoseReportShape",
    "PairShape",
    "ProfilePoint",
    "RangeShape",
    "TherapyRow",
    "TherapyShape",
    "TrialShape",
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
    """`gemel bench diabetes`: figures of the 13-compartment structure; the peer's where it could be timed; and of a fit
    to two weeks of a record: seconds on the wall, the same with compilation, and of CPU."""

    members: int
    patient_days_per_cpu_s_13: float
    fit_14_days_s: float | None = None
    fit_14_days_cold_s: float | None = None
    fit_14_days_cpu_s: float | None = None
    fit_record: str | None = None
    fit_readings: int | None = None
    fit_of: str | None = None
    trial_100x14d_s: float | None = None
    trial_100x14d_cpu_s: float | None = None
    trial_of: str | None = None
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


class BolusRow(msgspec.Struct, kw_only=True):
    """One dose: chances from 0 to 1 of ever being below or above before the end; lowest glucose in mg/dL, its median
    and 5th percentile; expected utility with its 90 % interval over possible courses; the chance of being best."""

    plan: str
    dose: float
    below_70: float
    below_54: float
    above_180: float
    above_250: float
    lowest_median: float
    lowest_q05: float
    expected: float
    expected_q05: float
    expected_q95: float
    probability_best: float


class BolusShape(msgspec.Struct, kw_only=True):
    """`gemel advise bolus`: what the standard calculator says, and how it compares.  `winner` is null where no dose is
    clearly best; glucose is null where no reading was fresh, and then the calculator did not correct."""

    subject: str
    model: str
    personal: bool
    zone: str
    issued: str
    until: str
    carbs_g: float
    glucose: float | None
    on_board: float
    calculator_dose: float
    utility: str
    utility_unit: str
    utility_about: str
    confidence: float
    winner: str | None
    verdict: str
    doses: list[BolusRow]
    differences: list[DifferenceRow]
    caution: str
    data: DataShape


class EstimateShape(msgspec.Struct, kw_only=True):
    """A mean with its 95 % interval over persons."""

    mean: float
    low: float
    high: float


class ArmShape(msgspec.Struct, kw_only=True):
    """One arm of a trial: each outcome by name, and insulin [IU] and carbohydrate [g] a day."""

    name: str
    outcomes: dict[str, EstimateShape]
    insulin_a_day: float
    carbs_a_day: float


class EquivalenceShape(msgspec.Struct, kw_only=True):
    """Two one-sided tests: whether the paired difference lies within the margin, with its 90 % interval."""

    measure: str
    margin: float
    mean: float
    low: float
    high: float
    p: float
    equivalent: bool


class PairShape(msgspec.Struct, kw_only=True):
    """One arm minus the first, person by person."""

    arm: str
    against: str
    differences: dict[str, EstimateShape]
    equivalence: list[EquivalenceShape]


class TrialShape(msgspec.Struct, kw_only=True):
    """`gemel trial diabetes`: outcomes of every arm and paired differences from the first; units as the outcomes'."""

    model: str
    persons: int
    failed: int
    days: int
    seed: int
    scenario: dict[str, float]
    units: dict[str, str]
    arms: list[ArmShape]
    pairs: list[PairShape]
    wall_s: float
    cpu_s: float


class TherapyRow(msgspec.Struct, kw_only=True):
    """One therapy lived through the record: shares of time in %, each the mean over possible persons with its 90 %
    interval."""

    name: str
    basal: list[list[float]]
    ratio: float
    factor: float
    time_in_range: list[float]
    below_70: list[float]
    below_54: list[float]
    above_180: list[float]


class TherapyShape(msgspec.Struct, kw_only=True):
    """`gemel advise therapy`: the present therapy and the proposed one on the same record, and the chance that the
    proposed is better; `changed` is false where nothing within the limits was better."""

    subject: str
    model: str
    zone: str
    first: str
    last: str
    days: float
    steps: dict[str, float]
    tried: int
    changed: bool
    present: TherapyRow
    proposed: TherapyRow
    probability_better: float
    probability_below_70: float
    gain: list[float]
    limit_below_70: float
    words: list[str]
    caution: str
    data: DataShape
