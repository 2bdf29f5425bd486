"""Every marker and every score of the catalogue has its place on the body."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from gemel.domains.health.healthmap.body import WHOLE, region_of_code, regions
from gemel.domains.health.healthmap.population import rows_of
from gemel.domains.health.healthmap.record import measured
from gemel.domains.health.scores import catalogue


def test_every_organ_marker_belongs_to_one_region() -> None:
    placed = Counter(name for region in regions() for name in region.markers)
    assert set(placed) == {row["covariate"] for row in rows_of("markers.csv")}
    assert set(placed.values()) == {1}


def test_every_score_has_a_region_under_the_organ_that_the_catalogue_names() -> None:
    placed = {organ for region in regions() for organ in region.organs}
    assert placed == {score.organ for score in catalogue().values()}


def test_a_reading_goes_where_its_marker_stands_and_an_unknown_one_to_the_whole_body() -> None:
    for region in regions():
        for code in (*region.codes, *(c for name in region.markers for c in measured()[name].codes)):
            assert region_of_code(code) == region.id
    assert region_of_code("text:mood") == WHOLE
    assert WHOLE in {region.id for region in regions()}


def test_the_figure_on_screen_draws_every_region_and_no_other() -> None:
    drawn = Path(__file__).parents[4].joinpath("web/src/body/shapes.ts").read_text()
    (shapes,) = re.findall(r"SHAPES[^=]*= \{\n(.*?)\n\};", drawn, re.DOTALL)
    assert set(re.findall(r"^  (\w+): \{", shapes, re.MULTILINE)) == {region.id for region in regions()}
