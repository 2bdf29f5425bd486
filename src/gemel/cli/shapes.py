"""What every `--json` prints, as types; `schemas` says which command prints which.

Times are ISO 8601 with offset, in the subject's zone; a number that does not exist is null.
"""

from __future__ import annotations

import msgspec

from ..runtime.ledger.record import TrackRecord
from ..runtime.ledger.switchboard import Status

__all__ = [
    "BacktestShape",
    "BenchShape",
    "CardShape",
    "Check",
    "ComparisonShape",
    "DataShape",
    "DemoShape",
    "DifferenceRow",
    "DoctorShape",
    "EvidenceShape",
    "Fan",
    "ForecastShape",
    "Forecasters",
    "FormItem",
    "FormShape",
    "Horizons",
    "ModelRow",
    "Models",
    "Observed",
    "PlanOutcome",
    "PlanRow",
    "QuantityShape",
    "Scaffolded",
    "ScoreShape",
    "Simulated",
    "SourceShape",
    "SummaryRow",
    "Times",
]

Number = float | None


class ModelRow(msgspec.Struct, kw_only=True):
    """One registered model."""

    name: str
    kind: str
    title: str
    version: str
    causal: str
    problem: str | None = None


class Models(msgspec.Struct, kw_only=True):
    """`gemel models`."""

    models: list[ModelRow]


class SourceShape(msgspec.Struct, kw_only=True):
    """Where something comes from."""

    locator: str
    note: str = ""


class QuantityShape(msgspec.Struct, kw_only=True):
    """A declared number of a model."""

    name: str
    unit: str
    low: Number
    high: Number
    code: str | None
    about: str
    prior: str | None = None
    source: SourceShape | None = None


class EvidenceShape(msgspec.Struct, kw_only=True):
    """One validated figure."""

    metric: str
    value: float
    unit: str
    dataset: str
    n: int
    command: str
    standard_error: Number = None
    date: str = ""


class FormItem(msgspec.Struct, kw_only=True):
    """One line of a framework's form; `answer` is null where nothing is stated."""

    number: str
    asks: str
    answer: str | None


class FormShape(msgspec.Struct, kw_only=True):
    """A framework's form, filled from the card; `stated` of its items are answered."""

    title: str
    source: str
    stated: int
    items: list[FormItem]


class CardShape(msgspec.Struct, kw_only=True):
    """`gemel card`."""

    name: str
    title: str
    version: str
    kind: str
    intended_use: str
    not_for: str
    population: str
    causal: str
    limits: str
    licence: str
    sources: list[SourceShape]
    validated: list[EvidenceShape]
    parameters: list[QuantityShape]
    covariates: list[QuantityShape]
    inputs: list[QuantityShape]
    observables: list[QuantityShape]
    settings: dict[str, list[str]]
    frameworks: dict[str, FormShape]


class DataShape(msgspec.Struct, kw_only=True):
    """What became of the records, and how old the newest reading is."""

    source: str
    used: int
    rejected: int
    repeated: int
    skipped: int
    reasons: dict[str, int]
    newest_reading: str | None
    age_minutes: Number


class SummaryRow(msgspec.Struct, kw_only=True):
    """One parameter or hidden state: weighted mean and 90 % interval."""

    name: str
    unit: str
    mean: Number
    low: Number
    high: Number


class Observed(msgspec.Struct, kw_only=True):
    """`gemel observe`."""

    subject: str
    model: str
    zone: str
    at: str
    members: int
    facts_used: int
    effective_members: Number
    failed: int
    data: DataShape
    belief: list[SummaryRow]
    stored: str | None = None


class Fan(msgspec.Struct, kw_only=True):
    """Forecast of one observable: mean of the hidden value, quantiles of what an instrument would read."""

    name: str
    unit: str
    mean: list[Number]
    q05: list[Number]
    q25: list[Number]
    q50: list[Number]
    q75: list[Number]
    q95: list[Number]


class ForecastShape(msgspec.Struct, kw_only=True):
    """`gemel forecast`."""

    subject: str
    model: str
    plan: str
    zone: str
    issued: str
    members: int
    failed: int
    hours: list[float]
    times: list[str]
    observables: list[Fan]
    scores: dict[str, SummaryRow]
    data: DataShape
    stored: str | None = None
    record: list[TrackRecord] = []
    standing: Status | None = None


class PlanRow(msgspec.Struct, kw_only=True):
    """One plan under the utility."""

    plan: str
    expected: float
    probability_best: float
    scores: dict[str, float]


class DifferenceRow(msgspec.Struct, kw_only=True):
    """One plan minus another."""

    plan: str
    against: str
    mean: float
    low: float
    high: float
    probability: float


class ComparisonShape(msgspec.Struct, kw_only=True):
    """`gemel compare`."""

    subject: str
    model: str
    zone: str
    issued: str
    until: str
    utility: str
    utility_unit: str
    utility_about: str
    confidence: float
    winner: str | None
    verdict: str
    plans: list[PlanRow]
    differences: list[DifferenceRow]
    data: DataShape


class Simulated(msgspec.Struct, kw_only=True):
    """`gemel simulate`."""

    model: str
    members: int
    failed: int
    seed: int
    start: str
    hours: float
    file: str | None
    rows: int
    observables: dict[str, SummaryRow]


class ScoreShape(msgspec.Struct, kw_only=True):
    """Scores of one forecaster with standard errors by block bootstrap; null for what a point forecast lacks."""

    n: int
    rmse: Number
    rmse_se: Number
    mae: Number
    mae_se: Number
    crps: Number
    crps_se: Number
    cov50: Number
    cov50_se: Number
    cov90: Number
    cov90_se: Number


class Forecasters(msgspec.Struct, kw_only=True):
    """The twin beside its baselines on the same points."""

    twin: ScoreShape
    persistence: ScoreShape
    linear: ScoreShape
    ridge_ar: ScoreShape


class Times(msgspec.Struct, kw_only=True):
    """All forecasts, and those made within 3 h after a bolus."""

    overall: Forecasters
    post_bolus: Forecasters


class Horizons(msgspec.Struct, kw_only=True):
    """By horizon in minutes."""

    m30: Times = msgspec.field(name="30")
    m60: Times = msgspec.field(name="60")
    m120: Times = msgspec.field(name="120")


class BacktestShape(msgspec.Struct, kw_only=True):
    """`gemel backtest`: `past` knows nothing of the horizon, `announced` its meals and boluses."""

    past: Horizons
    announced: Horizons


class BenchShape(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`gemel bench core`; a ratio is absent where the peer is not installed."""

    version: str
    python: str
    cpus: int
    patient_days_per_cpu_s: float
    observe_ms_cpu: float
    twins_tick_per_cpu_s: float
    first_forecast_cold_s: float
    first_forecast_warm_s: float
    import_s: float
    mmc_events_per_cpu_s: float
    mmc_within_3_se: bool
    mmc: dict[str, float]
    ratio_simpy: float | None = None
    ratio_simglucose: float | None = None
    simglucose_s_per_patient_day: float | None = None
    simglucose_problem: str | None = None


class Check(msgspec.Struct, kw_only=True):
    """One thing `doctor` looked at; status ok, optional (missing, not needed) or broken."""

    name: str
    status: str
    detail: str
    way_out: str = ""


class DoctorShape(msgspec.Struct, kw_only=True):
    """`gemel doctor`."""

    healthy: bool
    checks: list[Check]


class Scaffolded(msgspec.Struct, kw_only=True):
    """`gemel new`."""

    folder: str
    files: list[str]


class PlanOutcome(msgspec.Struct, kw_only=True):
    """What the twin expected of a plan, and what the person, another model, did under it."""

    plan: str
    expected: float
    probability_best: float
    truth: float


class DemoShape(msgspec.Struct, kw_only=True):
    """`gemel demo`."""

    report: str
    records: str
    seconds: float
    steps: dict[str, float]
    data: DataShape
    plans: list[PlanOutcome]
    winner: str | None
    verdict: str
    backtest: BacktestShape
