"""What `--json` prints, as types; `schemas` says which command prints which.  What is said of models and twins is said
in the form of `gemel.runtime.answers`.

Times are ISO 8601 with offset, in the subject's zone; a number that does not exist is null.
"""

from __future__ import annotations

import msgspec

from ..runtime.answers.shapes import DataShape, SummaryRow
from .shapes_service import ServiceSeen

__all__ = [
    "BacktestShape",
    "BenchShape",
    "Check",
    "DemoShape",
    "DoctorShape",
    "Forecasters",
    "Horizons",
    "PlanOutcome",
    "Scaffolded",
    "ScoreShape",
    "Simulated",
    "Times",
]

Number = float | None


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
    service: ServiceSeen
