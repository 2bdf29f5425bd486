"""Which shape each command prints with `--json`, and its JSON Schema.

A new command adds its shape here; shapes of one area live in one module `shapes_<area>`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..runtime.answers.card_shapes import CardShape, Models
from ..runtime.answers.map_shapes import HealthMapShape
from ..runtime.answers.shapes import ComparisonShape, ExplanationShape, ForecastShape, Observed
from .bench_inference import BenchInferenceShape
from .bench_service import BenchServiceShape
from .demo_ward import WardShape
from .quality import QualityShape
from .serve import ServeShape
from .shapes import (
    BacktestShape,
    BenchShape,
    DemoShape,
    DoctorShape,
    Scaffolded,
    Simulated,
)
from .shapes_glucose import (
    BenchDiabetesShape,
    BolusShape,
    ErrorGridShape,
    GlucoseReportShape,
    TherapyShape,
    TrialShape,
    UvaShape,
)
from .shapes_health import RiskRow, ScoreRow
from .shapes_hospital import ArrivalsShape, CensusShape, HospitalDemoShape, MiningShape, QueuesShape, WhatIfShape
from .shapes_import import ImportShape
from .shapes_inference import ValidationShape
from .shapes_ledger import RecordShape, StatusShape
from .shapes_map import BenchHealthShape
from .shapes_pull import DeviceShape, DicomPulled, FhirPulled
from .store_commands import BackupShape, InfoShape, RestoreShape, VerifyShape

__all__ = ["SHAPES", "schema"]

SHAPES: dict[str, Any] = {
    "models": Models,
    "card": CardShape,
    "new": Scaffolded,
    "observe": Observed,
    "forecast": ForecastShape,
    "compare": ComparisonShape,
    "explain": ExplanationShape,
    "record": RecordShape,
    "status": StatusShape,
    "risk": list[RiskRow],
    "risk list": list[ScoreRow],
    "simulate": Simulated,
    "simulate uva-padova": UvaShape,
    "backtest": BacktestShape,
    "backtest arrivals": ArrivalsShape,
    "validate": ValidationShape,
    "bench inference": BenchInferenceShape,
    "bench": BenchShape,
    "bench service": BenchServiceShape,
    "bench health": BenchHealthShape,
    "bench diabetes": BenchDiabetesShape,
    "health-map": HealthMapShape,
    "glucose-report": GlucoseReportShape,
    "error-grid": ErrorGridShape,
    "advise bolus": BolusShape,
    "advise therapy": TherapyShape,
    "trial": TrialShape,
    "queues": QueuesShape,
    "mine": MiningShape,
    "census": CensusShape,
    "what-if": WhatIfShape,
    "demo hospital": HospitalDemoShape,
    "serve": ServeShape,
    "import": ImportShape,
    "quality": QualityShape,
    "simulate device": DeviceShape,
    "pull fhir": FhirPulled,
    "pull dicomweb": DicomPulled,
    "doctor": DoctorShape,
    "demo": DemoShape,
    "demo ward": WardShape,
    "store backup": BackupShape,
    "store restore": RestoreShape,
    "store verify": VerifyShape,
    "store info": InfoShape,
}
"""By command."""


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a command's output; RegistryError for a command without one."""
    from ..core.errors import RegistryError

    if name not in SHAPES:
        raise RegistryError(f"no output called '{name}': there are {sorted(SHAPES)}")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"gemel {name} --json"}
    return {**head, **msgspec.json.schema(SHAPES[name])}
