"""A plan is what might be done: a schedule fixed in advance, or a policy that reacts to readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float

from .array import Array
from .errors import PlanError
from .fact import Instant, Intervention
from .quantity import Quantity

__all__ = ["Action", "Plan", "Policy", "Schedule"]


@dataclass(frozen=True, slots=True)
class Action:
    """A dose at an instant, or a rate from it (until `until`, or for good), of a named input.

    `unit` defaults to the input's own dose unit or rate unit.
    """

    at: Instant
    input: str
    dose: float | None = None
    rate: float | None = None
    until: Instant | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Actions fixed in advance."""

    name: str
    actions: tuple[Action, ...] = ()

    def interventions(self, inputs: Sequence[Quantity]) -> list[Intervention]:
        """The actions as interventions in their inputs' units; PlanError for an input the model lacks."""
        by_name = {q.name: q for q in inputs}
        acts: list[Intervention] = []
        for k, a in enumerate(self.actions):
            quantity = by_name.get(a.input)
            if quantity is None:
                raise PlanError(f"plan '{self.name}' sets '{a.input}', but the model's inputs are {sorted(by_name)}")
            if (a.dose is None) == (a.rate is None):
                raise PlanError(f"plan '{self.name}': action {k} on '{a.input}' needs either a dose or a rate")
            unit = a.unit or (quantity.unit if a.dose is None else quantity.dose_unit or quantity.unit)
            acts.append(
                Intervention(
                    id=f"{self.name}#{k}", code=a.input, at=a.at, recorded=a.at, unit=unit,
                    dose=a.dose, rate=a.rate, until=a.until,
                )
            )  # fmt: skip
        return acts


@runtime_checkable
class Policy(Protocol):
    """A rule that turns noisy readings into inputs: a pump, an adaptive dose, a surge trigger, a trial rule.

    Every `every` hours `act` gets readings (r c), its own memory and the clock row (see `CLOCK`), and returns rates
    (r m, NaN leaves a rate as it is), doses (r m) and the new memory.  `schedule` holds what happens regardless.
    """

    @property
    def name(self) -> str:
        """What the plan is called."""
        ...

    @property
    def every(self) -> float:
        """Hours between decisions."""
        ...

    @property
    def schedule(self) -> Schedule:
        """What happens regardless."""
        ...

    def start(self, rows: int) -> Any:
        """Memory before the first decision."""
        ...

    def act(
        self, reading: Float[Array, "r c"], memory: Any, clock: Float[Array, "4"]
    ) -> tuple[Float[Array, "r m"], Float[Array, "r m"], Any]:
        """Rates, doses and memory after one look."""
        ...


Plan = Schedule | Policy
