"""Adaptive and stiff segments by diffrax, each member at its own step sizes.

Always `throw=False`: a member the solver gives up on is a failed member, and the default would keep JAX from serving
the kernel from its disk cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.clock import HOUR
from ..core.extra import require

if TYPE_CHECKING:
    from .kernel import Pieces

__all__ = ["solve"]

MAX_STEPS = 16_384


def solve(pieces: Pieces, x: Any, p: Any, u: Any, hand: Any, span: Any) -> tuple[Any, Any]:
    """All rows through one segment of `span` microseconds; also which members the solver gave up on."""
    diffrax = require("diffrax", "twin")
    jax, flow = pieces.jax, pieces.flow
    solver = diffrax.Tsit5() if flow.solver == "tsit5" else diffrax.Kvaerno5()
    controller = diffrax.PIDController(rtol=flow.tolerance, atol=flow.tolerance * 1e-3)

    adjoint = diffrax.ForwardMode() if pieces.mode == "forward" else diffrax.RecursiveCheckpointAdjoint()

    def one(x: Any, p: Any, u: Any, hand: Any, hours: Any) -> tuple[Any, Any]:
        def slope(t: Any, y: Any, _: None) -> Any:
            return pieces.field_of_one(y, p, u, hand, t * HOUR)

        term = diffrax.ODETerm(slope)
        end = jax.numpy.maximum(hours, 1e-12)
        out = diffrax.diffeqsolve(
            term, solver, 0.0, end, None, x,
            stepsize_controller=controller, max_steps=MAX_STEPS, throw=False, adjoint=adjoint,
        )  # fmt: skip
        moved = jax.tree.map(lambda new, old: jax.numpy.where(hours > 0, new[-1], old), out.ys, x)
        return moved, out.result != diffrax.RESULTS.successful

    return pieces.over_rows(one, x, p, (u, hand, span / HOUR))
