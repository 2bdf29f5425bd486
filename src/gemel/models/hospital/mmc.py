"""M/M/c: patients come at random, wait in one line for c beds, and stay an exponential time (Kendall 1953).

The textbook queue with an exact answer (Erlang 1917; Kleinrock 1975, section 3.5), here to teach the lifter and to test
it: three counters and a ring of arrival times.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

from gemel.core.card import Card
from gemel.core.draws import purpose
from gemel.core.prior import JointPrior
from gemel.core.quantity import Noise, Prior, Quantity, Source
from gemel.numerics.jump import Jump, Leaf, Rules, after, exponential, fail, hours

__all__ = ["MMC", "model"]

ERLANG = Source("Kleinrock 1975, Queueing Systems vol. 1, ISBN 0-471-49110-1", "section 3.5, eq. 3.40 (Erlang C)")
CHOSEN = Source("gemel:models/hospital/mmc.py", "chosen so that ten beds are 80 % full; no data")
COUNT = Noise("poisson", CHOSEN)
ARRIVE, LEAVE = 0, 1
ARRIVAL, STAY = purpose("arrival"), purpose("stay")


def start(ward: Any) -> None:
    """An empty ward, and the first patient on the way."""
    after(ward, exponential(ward, ARRIVAL, 0) / ward.p.arrivals, ARRIVE, 0)


def handle(ward: Any, kind: int, patient: int) -> None:
    """A patient comes or leaves; then free beds are filled."""
    if kind == ARRIVE:
        join(ward)
        after(ward, exponential(ward, ARRIVAL, patient + 1) / ward.p.arrivals, ARRIVE, patient + 1)
    else:
        ward.left += 1
    fill(ward)


def join(ward: Any) -> None:
    """One more patient at the end of the line; more than it holds fail the member."""
    if ward.arrived - ward.admitted == ward.came.size:
        fail(ward)
    else:
        ward.came[ward.arrived % ward.came.size] = ward.now
        ward.arrived += 1


def fill(ward: Any) -> None:
    """First come, first served, while a bed is free."""
    while ward.admitted < ward.arrived and ward.admitted - ward.left < ward.u.beds:
        patient = ward.admitted
        ward.waited += ward.now - ward.came[patient % ward.came.size]
        after(ward, exponential(ward, STAY, patient) * ward.p.stay, LEAVE, patient)
        ward.admitted += 1


def surge(ward: Any, d: Any) -> None:
    """`d.surge` extra patients at once."""
    for _ in range(round(d.surge)):
        join(ward)
    fill(ward)


def emit(ward: Any, y: Any) -> None:
    """Line and census now; totals since the start."""
    y.waiting = ward.arrived - ward.admitted
    y.census = ward.admitted - ward.left
    y.admitted, y.left, y.waited = ward.admitted, ward.left, hours(ward.waited)


@dataclass(frozen=True)
class MMC:
    """One ward of `beds` beds with a line of at most `line` patients."""

    line: int = 4096
    calendar: int = 256

    card = Card(
        title="M/M/c ward",
        version="1.0.0",
        kind="hospital",
        intended_use="Teaching, and testing the discrete-event lifter against exact results.",
        not_for="Planning a real ward: stays are not exponential, arrivals are not steady, patients are not alike.",
        population="No patients: a mathematical queue.",
        causal="mechanistic",
        sources=(ERLANG,),
        limits="A bed taken away while occupied is lost only when its patient leaves.",
        statements=(
            ("users", "Teachers, students and developers."),
            ("question", "Does the simulator give the waits that the exact theory gives?"),
            ("consequence", "None for patients: it is not for planning."),
            ("risk", "None: no decision about a patient or a ward rests on it."),
            ("inclusion", "No data of people."),
        ),
    )
    parameters = (
        Quantity("arrivals", "/h", low=0.0, prior=Prior("lognormal", (2.08, 0.1), CHOSEN), about="arrivals per hour"),
        Quantity("stay", "h", low=0.0, prior=Prior("lognormal", (0.0, 0.1), CHOSEN), about="mean stay"),
    )
    prior = JointPrior(parameters)
    covariates = ()
    observables = (
        Quantity("waiting", "{patients}", low=0.0, noise=COUNT),
        Quantity("census", "{patients}", low=0.0, noise=COUNT),
        Quantity("admitted", "{patients}", low=0.0, noise=COUNT, span="interval"),
        Quantity("left", "{patients}", low=0.0, noise=COUNT, span="interval"),
        Quantity("waited", "h", low=0.0, noise=Noise("normal", CHOSEN, sd=0.1), span="interval"),
    )
    inputs = (
        Quantity("beds", "{beds}", low=0.0, high=inf, about="beds in use; a level, not an amount per hour"),
        Quantity("surge", "{patients}/h", low=0.0, dose_unit="{patients}", about="extra patients at once (a dose)"),
    )
    settings = ()
    rules = Rules(start=start, handle=handle, emit=emit, change=fill, dose=surge)

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """Patients so far, hours waited so far [us], and when those in line came [us]."""
        return (Leaf("arrived"), Leaf("admitted"), Leaf("left"), Leaf("waited"), Leaf("came", (self.line,)))

    def tables(self, settings: Any, assets: Any) -> dict[str, Any]:
        """None."""
        return {}


model = Jump(MMC())
