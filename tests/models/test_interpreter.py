"""The kernel against the same rules written a second time: equal logs, event by event, to the microsecond."""

from __future__ import annotations

import numpy as np
import pytest

from gemel.core.clock import HOUR
from gemel.core.draws import member_keys
from gemel.models.hospital.compiled import compiled
from gemel.models.hospital.interpreter import interpret
from gemel.numerics.des.layout import LOGGED, WORDS, fresh
from gemel.numerics.des.run import run

from .hospitals import some_hospital

HOURS = 48


@pytest.mark.parametrize("seed", range(12))
def test_kernel_and_interpreter_write_the_same_log(seed: int) -> None:
    hospital, key = some_hospital(seed), member_keys(seed, 1)
    own = compiled(hospital)
    end = run(own.tables, key, [HOURS * HOUR], start=fresh(own.tables, patients=16, log=256), end=True).end
    assert end is not None
    written = [tuple(int(x) for x in entry) for entry in np.asarray(end.log)[0, : np.asarray(end.s)[0, LOGGED]]]
    expected = interpret(hospital, key[0], HOURS * HOUR)
    for n, (ours, theirs) in enumerate(zip(written, expected, strict=False)):
        assert ours == theirs, (
            n,
            [(e[0] / HOUR, *e[1:3], hospital.steps[e[3]].name, WORDS[e[4]]) for e in (ours, theirs)],
        )
    assert len(written) == len(expected)


def test_random_hospitals_use_every_word_of_the_log() -> None:
    words: set[int] = set()
    for seed in range(12):
        words |= {entry[4] for entry in interpret(some_hospital(seed), member_keys(seed, 1)[0], HOURS * HOUR)}
    assert words == set(range(len(WORDS)))
