"""What every glucose model of this package shares: inputs, body weight, the long-acting depot and how glucose is read.

Long-acting insulin (glargine, degludec, ...) waits in a depot that empties at first order into the tissue where rapid
insulin is injected:  depot' = given - ln 2 / half_life * depot.  Degludec's half-life is published; one first-order
depot for every product is our assumption, so the half-life is a parameter to be learned.
"""

from __future__ import annotations

from math import log
from typing import Any, Final

from ...core.quantity import Constant, Noise, Prior, Quantity, Source

__all__ = [
    "GLUCOSE",
    "INPUTS",
    "INSULIN_CV_DAY",
    "INSULIN_CV_NIGHT",
    "LONG_HALF_LIFE",
    "MINUTES",
    "STATEMENTS",
    "WEIGHT",
    "per_kg",
]

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


STATEMENTS: Final = (
    (
        "users",
        "Clinicians and diabetes educators who know the person, people with diabetes together with them, researchers.",
    ),
    (
        "how_to_use",
        "Feed it sensor glucose, insulin and meals; look at its record first, then at the middle course with its "
        "band; try a plan here before the person does, and let a clinician decide.",
    ),
    ("question", "How will this person's glucose move in the next hours, and how would it move under another plan?"),
    ("context", "Type 1 diabetes, day to day, between visits; decisions about insulin and meals within hours."),
    ("influence", "One source among sensor, logs, the person's own account and the clinician's knowledge."),
    (
        "consequence",
        "A wrong forecast that is followed can mean too much insulin (hypoglycaemia, at worst coma) or too "
        "little (ketoacidosis).",
    ),
    ("risk", "High if a dose followed a forecast without a clinician, which this model is not for."),
    ("input_source", "Continuous glucose sensor, pump or pen log, meal log; tables, FHIR R4, T1D-UOM."),
    (
        "inclusion",
        "Checked on four adults with type 1 diabetes, 28 days each, with sensor, insulin and meal logs; no one "
        "was left out of the four. Priors are those of the cited papers' subjects.",
    ),
    ("setting", "Free living; two pump users with 5-min sensors, two with injections and 15-min sensors."),
    ("sample_size", "Four people: too few for subgroups; figures say how many forecasts and carry errors by days."),
    ("demographics", "The records as used here tell neither sex, age, weight nor ethnicity of the four."),
    ("demographic_inputs", "None but body weight; weight is drawn from a published spread where it is not known."),
    (
        "biases",
        "People who wear a sensor and log meals are not all people with diabetes; skin, pregnancy, age and kidney "
        "function are not in the model.",
    ),
    ("data_sharing", "Real records: doi:10.5281/zenodo.15196914 (CC BY 4.0). Virtual ones: `gemel simulate`."),
    (
        "discretisation",
        "Solved by another program, the same equations differ by the figures named 'largest difference' on the cards "
        "of `replaybg` and `hovorka`.",
    ),
    ("next_steps", "Test on people whose records nobody here has seen; personal noise sizes; a model of the logs."),
)
"""What every glucose card states (topics of `gemel.core.frameworks`)."""


def per_kg(amount: Any, weight: Any) -> Any:
    """[IU] or g of the whole body as m[IU]/kg or mg/kg (rates likewise)."""
    return 1000.0 * amount / weight
