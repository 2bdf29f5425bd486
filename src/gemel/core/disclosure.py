"""What a model discloses of itself, topic by topic: the one set of answers that every framework's form is filled from.

Some answers follow from the declaration (what goes in, what comes out, for whom, validated how well); some only the
author can give (`Card.statements`); some hold for every model because the platform does them (`PLATFORM`).  A topic
that nobody has answered is shown as not stated, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .card import Evidence
from .model import Declared
from .quantity import Quantity

__all__ = ["PLATFORM", "answers"]

PLATFORM: Mapping[str, str] = {
    "developer": "The gemel authors, unless the model comes from a plug-in, whose package names its own.",
    "decision_role": "Informs a clinician, who decides; never acts on its own, never replaces clinical judgement.",
    "oversight": "Every model starts silent at a site: forecasts are written and scored, not shown. A site's record "
    "makes it advisory under a written change-control plan, and an alarm silences it again; each switch is on record.",
    "missing_data": "A missing covariate is a distribution, drawn once for the subject; a missing reading simply does "
    "not narrow the belief.",
    "uncertainty": "Every answer is an ensemble: intervals come from parameters, hidden state, process noise and "
    "measurement error together, and their coverage is scored.",
    "monitoring": "Every issued forecast is kept with model version and facts' hash and scored when the truth arrives: "
    "CRPS, coverage, PIT, skill over persistence, by observable, horizon, model and site; an e-process raises a drift "
    "alarm.",
    "updating": "A change of model or constant is a new version in the changelog, with numbers before and after; its "
    "figures are recomputed by `make evidence`, and the suite fails while they are older than the model.",
    "rollback": "The ledger names the version of every forecast; an earlier version can be installed and promoted as "
    "the challenger of the present one.",
    "security": "Runs where the data are; nothing is sent anywhere. Store payloads pass through a cipher, and every "
    "call carries its caller and leaves an audit entry.",
    "code": "Open source; the model is one file, its card is in it.",
    "software_quality": "Strict types, checks of floors, provenance and licences, laws over every model and engine "
    "with planted breakages that they must notice; all run on each change.",
    "numerical_verification": "Lifted models are run against a slow interpreter of the same equations, against exact "
    "solutions where they exist, and by two solvers; cutting a run in two changes no bit of it.",
    "solver_error": "Each member's first step of every segment is checked against a second-order step; one that "
    "differs by more than the declared tolerance fails, is counted and reported.",
    "use_error": "Units are converted or refused, impossible values are rejected with a reason, inputs outside the "
    "plan's horizon are refused.",
}
"""Answers that hold for every model because the platform sees to them."""


def answers(model: Declared, figures: Sequence[Evidence] = ()) -> dict[str, str]:
    """Every topic that is answered for this model; `figures` are its validated ones beyond those on its card."""
    card, known = model.card, [*model.card.validated, *figures]
    outside = [f for f in known if f.n > 0]
    derived = {
        "title": f"{card.title} {card.version}", "version": card.version, "licence": card.licence,
        "intended_use": card.intended_use, "not_for": card.not_for, "population": card.population,
        "limits": card.limits, "rests_on": _RESTS[card.causal], "kind": f"{card.kind} model",
        "sources": "; ".join(s.locator for s in card.sources),
        "outputs": "Prediction with uncertainty: " + _listed(model.observables),
        "inputs": _listed((*model.covariates, *model.inputs)) or "none",
        "specification": f"{len(model.parameters)} parameters with sourced priors, {len(model.observables)} "
        "observables; equations in the model's file.",
        "figures": "; ".join(_figure(f) for f in outside),
    }  # fmt: skip
    return {k: v for k, v in {**PLATFORM, **derived, **dict(card.statements)}.items() if v}


_RESTS = {
    "mechanistic": "Mechanism: answers to 'what if' rest on equations of the process.",
    "trial": "Trials: answers to 'what if' rest on randomised comparisons.",
    "association": "Association: it predicts, but cannot say what a plan would cause.",
}


def _listed(quantities: Sequence[Quantity]) -> str:
    return ", ".join(f"{q.name.replace('_', ' ')} [{q.unit}]" for q in quantities)


def _figure(f: Evidence) -> str:
    error = "" if f.standard_error is None else f" ± {f.standard_error:.2g}"
    return f"{f.metric}: {f.value:.3g}{error} {f.unit} (n = {f.n}, {f.dataset})".replace(" 1 (", " (")
