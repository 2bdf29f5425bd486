"""`gemel validate` on the records of the demo's virtual person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gemel.cli.validate import event_of
from gemel.core.errors import CapabilityError

SMALL = ("--members", "64", "--every", "3", "--ahead", "1", "--train", "0.6")


def test_validate_scores_twin_and_baselines_and_writes_a_page(valid, records: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    found = valid("validate", "validate", "--data", records, "--subject", "demo-1", *SMALL, "--event", ">180",
                  "--html", page)  # fmt: skip
    (hour,) = found["horizons"]
    assert set(hour["scores"]) == {"twin", "persistence", "linear", "climatology", "ridge_ar"}
    counts = {s["n"] for s in hour["scores"].values()}
    assert len(counts) == 1 and counts.pop() > 3
    assert sum(b["seen"] for b in hour["pit"]) == pytest.approx(1.0)
    assert "glucose > 180" in hour["events"] and 0.0 <= hour["brier"]["glucose > 180"] <= 1.0
    text = page.read_text()
    assert found["words"][0].split(",")[0] in text and "<svg" in text and "http" not in text.split("</style>")[1]


def test_an_event_is_a_sign_and_a_number() -> None:
    assert event_of("glucose", "<70").of(np.array([69.0, 70.0])).tolist() == [True, False]
    assert event_of("glucose", "> 180").of(np.array([180.0, 181.0])).tolist() == [False, True]
    with pytest.raises(CapabilityError, match="write '<70'"):
        event_of("glucose", "low")
