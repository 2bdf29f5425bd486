"""Many twins as one batch, and apart again."""

from __future__ import annotations

import numpy as np

from gemel.core.belief import Evidence
from gemel.verbs.batch import split_evidence


def test_each_twin_gets_its_own_column_of_the_evidence() -> None:
    whole = Evidence(np.array([10.0, 20.0]), np.array([3, 4]), np.array([-1.0, -2.0]), np.array([0, 7]), clipped=5)
    parts = split_evidence(whole, 2)
    said = [(e.ess[0], e.ancestors[0], e.log_evidence[0], e.failed[0], e.clipped) for e in parts]
    assert said == [(10.0, 3, -1.0, 0, 5), (20.0, 4, -2.0, 7, 5)]
    assert all(column.shape == (1,) for e in parts for column in (e.ess, e.ancestors, e.log_evidence, e.failed))
