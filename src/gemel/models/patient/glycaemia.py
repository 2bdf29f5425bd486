"""What every glucose model of this package shares: inputs, body weight, the long-acting depot and how glucose is read.

Long-acting insulin (glargine, degludec, ...) waits in a depot that empties at first order into the tissue where rapid
insulin is injected:  depot' = given - ln 2 / half_life * depot.  Degludec's half-life is published; one first-order
depot for every product is our assumption, so the half-life is a parameter to be learned.
"""

from __future__ import annotations

from math import log
from typing import Any, Final

from ...core.quantity import Constant, Noise, Prior, Quantity, Source

__all__ = ["GLUCOSE", "INPUTS", "INSULIN_CV_DAY", "INSULIN_CV_NIGHT", "LONG_HALF_LIFE", "MINUTES", "WEIGHT", "per_kg"]

MINUTES: Final = 60.0
"""Minutes in an hour: the papers count minutes, `field` hours."""

CAPPON: Final = Source("doi:10.1109/TBME.2023.3286856", "ReplayBG: measurement error, sd 5 mg/dL")
DEGLUDEC: Final = Source("doi:10.1111/dom.12052", "abstract: half-life of degludec exceeds 25 h")
WILINSKA: Final = Source("doi:10.1177/193229681000400117", "adult virtual population, mean 74.9 kg, sd 14.4 kg")
RUAN: Final = Source("doi:10.2337/dc15-2623", "abstract: 32 adults, 12 weeks of closed loop")

INSULIN_CV_NIGHT: Final = Constant(0.31, "1", RUAN)
"""Coefficient of variation of a person's insulin need from night to night."""
INSULIN_CV_DAY: Final = Constant(0.22, "1", RUAN)
"""The same from day to day, daytime only."""

WEIGHT: Final = Quantity(
    "weight", "kg", low=30.0, high=250.0, code="loinc:29463-7",
    prior=Prior("normal", (74.9, 14.4), WILINSKA), about="body weight",
)  # fmt: skip

INPUTS: Final = (
    Quantity("insulin", "[IU]/h", low=0.0, dose_unit="[IU]", code="gemel:rapid-insulin",
             about="rapid-acting insulin under the skin: pump rate, or a bolus as a dose"),
    Quantity("carbs", "g/h", low=0.0, dose_unit="g", code="gemel:carbohydrate",
             about="carbohydrate eaten: a dose enters the stomach at once; give a rate for a slow meal"),
    Quantity("long_acting", "[IU]/h", low=0.0, dose_unit="[IU]", code="gemel:long-acting-insulin",
             about="long-acting insulin as doses; a rate at the start is the mean daily dose / 24 h"),
)  # fmt: skip

LONG_HALF_LIFE: Final = Quantity(
    "long_half_life", "h", low=4.0, high=60.0,
    prior=Prior("lognormal", (log(17.0), 0.35), Source(
        "gemel:assumption first-order depot, median 17 h",
        f"one sd below is 12 h (glargine 100 U/mL, by memory), one above 24 h ({DEGLUDEC.locator}: degludec 25 h)")),
    about="half-life of long-acting insulin under the skin; the product is not an input",
)  # fmt: skip

GLUCOSE: Final = Quantity(
    "glucose", "mg/dL", low=0.0, code="loinc:99504-3",
    also=("loinc:105272-9", "loinc:2345-7", "loinc:2339-0", "loinc:41653-7", "loinc:15074-8", "loinc:14749-6"),
    analyte="glucose", noise=Noise("normal", CAPPON, sd=5.0),
    about="glucose in interstitial fluid, as a sensor reads it; blood and plasma readings are compared with it too",
)  # fmt: skip


def per_kg(amount: Any, weight: Any) -> Any:
    """[IU] or g of the whole body as m[IU]/kg or mg/kg (rates likewise)."""
    return 1000.0 * amount / weight
