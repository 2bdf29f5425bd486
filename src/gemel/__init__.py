"""gemel: digital twins in healthcare.

A twin is a model of a subject, a belief about it, and a place in the subject's timeline.  `observe` narrows the belief
with facts, `forecast` runs it on under a plan, `compare` weighs plans against each other.  Names load on first use, so
that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Action": "core.plan",
    "Caller": "core.ports",
    "Card": "core.card",
    "Constant": "core.quantity",
    "Derived": "core.derived",
    "Drift": "core.quantity",
    "Exact": "core.fact",
    "Forecast": "core.forecast",
    "GemelError": "core.errors",
    "Intervention": "core.fact",
    "JointPrior": "core.prior",
    "Noise": "core.quantity",
    "Observation": "core.fact",
    "Prior": "core.quantity",
    "Quantity": "core.quantity",
    "Rejected": "core.fact",
    "Schedule": "core.plan",
    "Setting": "core.quantity",
    "Source": "core.quantity",
    "Status": "core.fact",
    "Subject": "core.subject",
    "Timeline": "core.timeline",
    "Twin": "core.twin",
    "Site": "runtime.site",
    "compare": "verbs.compare",
    "explain": "verbs.explain",
    "forecast": "verbs.forecast",
    "forecast_all": "verbs.forecast",
    "instant": "core.clock",
    "learn": "verbs.learn",
    "load_model": "core.registry",
    "observe": "verbs.observe",
    "observe_all": "verbs.observe",
    "optimise": "verbs.optimise",
    "smooth": "verbs.smooth",
    "twin": "verbs.create",
    "validate": "verbs.validate",
}

__all__ = [*sorted(_HOME), "__version__"]  # pyright: ignore[reportUnsupportedDunderAll] - checked in test_exports

if TYPE_CHECKING:
    from .core.card import Card as Card
    from .core.clock import instant as instant
    from .core.derived import Derived as Derived
    from .core.errors import GemelError as GemelError
    from .core.fact import Exact as Exact
    from .core.fact import Intervention as Intervention
    from .core.fact import Observation as Observation
    from .core.fact import Rejected as Rejected
    from .core.fact import Status as Status
    from .core.forecast import Forecast as Forecast
    from .core.plan import Action as Action
    from .core.plan import Schedule as Schedule
    from .core.ports import Caller as Caller
    from .core.prior import JointPrior as JointPrior
    from .core.quantity import Constant as Constant
    from .core.quantity import Drift as Drift
    from .core.quantity import Noise as Noise
    from .core.quantity import Prior as Prior
    from .core.quantity import Quantity as Quantity
    from .core.quantity import Setting as Setting
    from .core.quantity import Source as Source
    from .core.registry import load_model as load_model
    from .core.subject import Subject as Subject
    from .core.timeline import Timeline as Timeline
    from .core.twin import Twin as Twin
    from .runtime.site import Site as Site
    from .verbs.compare import compare as compare
    from .verbs.create import twin as twin
    from .verbs.explain import explain as explain
    from .verbs.forecast import forecast as forecast
    from .verbs.forecast import forecast_all as forecast_all
    from .verbs.learn import learn as learn
    from .verbs.observe import observe as observe
    from .verbs.observe import observe_all as observe_all
    from .verbs.optimise import optimise as optimise
    from .verbs.smooth import smooth as smooth
    from .verbs.validate import validate as validate


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gemel' has no attribute '{name}'")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
