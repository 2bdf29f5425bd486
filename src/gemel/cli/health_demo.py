"""`gemel demo health-map`: a Synthea patient where the shared data lie, else the synthetic person of the package."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from .console import emit, say
from .demo import open_in_browser
from .health_map import Outputs, make, shape, speak

__all__ = ["bundle", "health_demo"]

_SYNTHEA = "data/platform/fhir_synthea_r4"
_WHO = "Elvina_Lemke_*.json.gz"


def bundle() -> tuple[Path | bytes, str]:
    """The demo's bundle and what it is."""
    beside = Path(os.environ.get("GEMEL_SHARED", Path.cwd().parent / "shared")) / _SYNTHEA
    for found in sorted(beside.glob(_WHO)):
        return found, "a Synthea patient: a synthetic person, nobody real"
    return files("gemel.cli").joinpath("synthetic_patient.json").read_bytes(), "a made-up person, nobody real"


def health_demo(folder: Path, *, show: bool, json: bool) -> None:
    """Make the map, the page and the FHIR file in `folder`, and show the page where there is a display."""
    source, words = bundle()
    outputs = Outputs(folder / "health-map.html", folder / "risk-assessments.json")
    made = make(source, outputs)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    if json:
        emit(shape(made))
    else:
        say(f"Synthetic data: {words}.")
        speak(made, outputs)
    open_in_browser(folder / "health-map.html", show)
