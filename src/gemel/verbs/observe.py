"""`observe`: what do we believe now?  Facts narrow the belief and time moves it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ..core.fact import Fact, Instant
from ..core.twin import Twin
from .batch import join, same_kind, split, split_evidence
from .news import known, moved, read, window_of

__all__ = ["observe", "observe_all"]


def observe(twin: Twin, facts: Iterable[Fact] = (), *, until: Instant | None = None) -> Twin:
    """The twin after these facts, standing at the last of them or at `until`.

    Facts no part of the model takes are left to the subject's other twins.  Raises TimelineError for a fact from
    before the twin's present (replay it with `gemel.runtime`), SupportError for an impossible value, UnitError for a
    unit that does not convert, CollapseError when the readings leave no belief to stand on.

    Give all readings of one instant in one call: luck is drawn by instant, so a second call would reuse the first's.
    """
    return observe_all([twin], [tuple(facts)], until=until)[0]


def observe_all(twins: Sequence[Twin], facts: Sequence[Sequence[Fact]], *, until: Instant | None = None) -> list[Twin]:
    """`observe` for many twins of one model in one call; `facts[i]` are those of twin i."""
    first = same_kind(twins)
    news = [read(t, f, until) for t, f in zip(twins, facts, strict=True)]
    if not any(n.moments for n in news):
        return [moved(t, t.belief, n) for t, n in zip(twins, news, strict=True)]
    belief = join(twins)
    covariates = np.concatenate([known(t, n) for t, n in zip(twins, news, strict=True)])
    belief = replace(belief, covariates=covariates)
    window = window_of(twins, news)
    keys = np.concatenate([t.keys for t in twins]) if len(twins) > 1 else first.keys
    posterior = first.inference.live.assimilate(first.model, belief, window, first.fixed, keys)
    beliefs = split(posterior.belief, [n.end for n in news])
    evidence = split_evidence(posterior.evidence, len(twins))
    return [replace(moved(t, b, n), evidence=e) for t, b, n, e in zip(twins, beliefs, news, evidence, strict=True)]
