"""`twin`: a new twin of a subject, its members drawn from the model's prior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, UInt64

from ..core.array import Array
from ..core.belief import Belief
from ..core.draws import member_keys
from ..core.errors import CapabilityError, PlanError
from ..core.fact import Instant
from ..core.model import Engine, Model, settle
from ..core.prior import JointPrior
from ..core.quantity import names
from ..core.registry import load_engine, load_model
from ..core.subject import Subject
from ..core.twin import Cursor, Inference, Twin
from ..numerics.sample import draw

__all__ = ["twin"]


def twin(
    model: Model | str,
    subject: Subject,
    *,
    at: Instant,
    covariates: Mapping[str, float] | None = None,
    rates: Mapping[str, float] | None = None,
    settings: Mapping[str, str | int | float] | None = None,
    assets: Mapping[str, Any] | None = None,
    engine: Engine | str = "enkf",
    members: int = 512,
    seed: int = 0,
    prior: JointPrior | None = None,
    id: str | None = None,
) -> Twin:
    """A twin standing at instant `at`, in steady state under the input `rates` (by input name, in its rate unit).

    A covariate given is known; one not given is drawn from its prior, once for the subject, so that all models and
    scores of the subject agree on it.  `prior` replaces the model's own (what `learn` returns) and may depend on the
    covariates.  Raises
    CapabilityError when the engine needs what the model lacks, SupportError for an impossible covariate, PlanError
    for a rate of an input the model does not have.
    """
    chosen = load_model(model) if isinstance(model, str) else model
    worker = load_engine(engine) if isinstance(engine, str) else engine
    for need in worker.needs:
        if not isinstance(chosen, need):
            raise CapabilityError(
                f"{type(worker).__name__} needs {need.__name__}; '{chosen.card.title}' does not offer it"
            )
    keys = member_keys(seed, members)
    known = _covariates(chosen, covariates or {}, keys, subject)
    theta = draw(prior or chosen.prior, keys, known=chosen.covariates, covariates=known)
    start = _rates(chosen, rates or {})
    fixed = chosen.prepare(settle(chosen.settings, settings or {}), assets or {})
    state = chosen.init(theta, known, np.tile(start, (members, 1)), fixed, keys)
    read = np.zeros((members, len(chosen.observables)))
    belief = Belief(theta, known, dict(state), np.zeros(members), at, read)
    name = id or f"{subject.id}:{chosen.card.title}"
    return Twin(
        id=name, subject=subject, model=chosen, settings=settle(chosen.settings, settings or {}), fixed=fixed,
        belief=belief, inference=Inference(worker), cursor=Cursor(at, at, tuple(start.tolist())), seed=seed,
    )  # fmt: skip


def _covariates(
    model: Model, given: Mapping[str, float], keys: UInt64[Array, "r"], subject: Subject
) -> Float[Array, "r k"]:
    unknown = set(given) - set(names(model.covariates))
    if unknown:
        raise CapabilityError(f"'{model.card.title}' has no covariate {sorted(unknown)}: {names(model.covariates)}")
    missing = tuple(q for q in model.covariates if q.name not in given)
    if needed := [q.name for q in missing if q.prior is None]:
        raise CapabilityError(
            f"'{model.card.title}' assumes nothing about {needed}: give them as covariates of '{subject.id}'"
        )
    drawn = dict(zip(names(missing), draw(JointPrior(missing), keys).T, strict=True))
    columns = [
        np.full(keys.shape[0], q.check(float(given[q.name]), f"covariate of {subject.id}"))
        if q.name in given
        else drawn[q.name]
        for q in model.covariates
    ]
    return np.stack(columns, axis=1) if columns else np.zeros((keys.shape[0], 0))


def _rates(model: Model, given: Mapping[str, float]) -> Float[Array, "m"]:
    unknown = set(given) - set(names(model.inputs))
    if unknown:
        raise PlanError(f"'{model.card.title}' has no input {sorted(unknown)}: its inputs are {names(model.inputs)}")
    return np.array([q.check(float(given.get(q.name, 0.0)), "rate at the start") for q in model.inputs], dtype=float)
