"""The parts of a coupling: which columns of the whole are each part's own, and what the wires between them carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int, UInt64

from ..core.array import Array, State
from ..core.card import Card
from ..core.draws import mix, purpose
from ..core.drive import grid_hours
from ..core.errors import PlanError, ShapeError
from ..core.model import Model
from ..core.prior import JointPrior, Slope
from ..core.quantity import Quantity, names
from ..core.units import factor

__all__ = ["Part", "Wire", "arranged", "connected", "gathered", "joint_card", "joint_prior", "prefixed"]


@dataclass(frozen=True)
class Part:
    """A model in a coupling: its columns among all parameters, covariates, planned inputs (with the own input each
    sets) and facts to absorb, and how many ticks of the coupling's grid make one of its own (0: nothing drifts)."""

    label: str
    model: Model
    theta: tuple[int, ...]
    covariates: tuple[int, ...]
    planned: tuple[int, ...]
    own: tuple[int, ...]
    absorbs: tuple[int, ...]
    stride: int

    def leaves(self, state: State) -> dict[str, Array]:
        """The part's own state."""
        start = f"{self.label}_"
        return {name.removeprefix(start): leaf for name, leaf in state.items() if name.startswith(start)}

    def labelled(self, state: State) -> dict[str, Array]:
        """The part's state among the others'."""
        return {f"{self.label}_{name}": leaf for name, leaf in state.items()}

    def key(self, key: UInt64[Array, "r"]) -> UInt64[Array, "r"]:
        """The part's own luck."""
        return mix(np.asarray(key), purpose(self.label))

    def inputs(self, planned: Float[Array, "q 1 m"]) -> Float[Array, "q 1 n"]:
        """The part's inputs as planned, with zero where a wire feeds it."""
        given = np.zeros((planned.shape[0], 1, len(self.model.inputs)))
        given[:, :, list(self.own)] = np.asarray(planned)[:, :, list(self.planned)]
        return given

    def ticks(self, tick: Int[Array, "q 1"]) -> Int[Array, "q 1"]:
        """The coupling's ticks on the part's own, coarser grid."""
        fine = np.asarray(tick)
        due = (fine >= 0) & (self.stride > 0) & (fine % max(self.stride, 1) == 0)
        return np.where(due, fine // max(self.stride, 1), -1)


@dataclass(frozen=True)
class Wire:
    """Input `input` of part `into` gets observable column `source` times `scale`; `interval`: its growth."""

    into: int
    input: int
    source: int
    scale: float
    interval: bool


def prefixed(label: str, q: Quantity) -> Quantity:
    """The quantity under its part's name."""
    noise = q.noise
    if noise is not None and noise.parameter is not None:
        noise = replace(noise, parameter=f"{label}_{noise.parameter}")
    return replace(q, name=f"{label}_{q.name}", noise=noise)


def gathered(parts: Mapping[str, Model], what: str) -> tuple[Quantity, ...]:
    """One kind of quantity of all parts, in order, prefixed; ShapeError where two get one name."""
    every = tuple(prefixed(label, q) for label, model in parts.items() for q in getattr(model, what, ()))
    if len(set(names(every))) < len(every):
        raise ShapeError(f"the parts {tuple(parts)} do not give their {what} distinct names: {sorted(names(every))}")
    return every


def arranged(parts: Mapping[str, Model], loose: list[tuple[str, int]]) -> tuple[Part, ...]:
    """Every part's columns; `loose` lists (part, own input) of each planned input of the coupling."""
    if any(b.startswith(f"{a}_") for a in parts for b in parts):
        raise ShapeError(f"part names {tuple(parts)}: none may be the beginning of another")
    whole = grid_hours((*gathered(parts, "parameters"), *gathered(parts, "smooth")))
    first = {"parameters": 0, "covariates": 0, "absorbs": 0}
    made: list[Part] = []
    for label, model in parts.items():
        columns = {w: tuple(range(n, n + len(getattr(model, w, ())))) for w, n in first.items()}
        first = {w: n + len(columns[w]) for w, n in first.items()}
        mine = [(n, i) for n, (part, i) in enumerate(loose) if part == label]
        grid = grid_hours((*model.parameters, *model.smooth))
        stride = round(grid / whole) if grid and whole else 0
        planned, own = tuple(n for n, _ in mine), tuple(i for _, i in mine)
        made.append(
            Part(
                label,
                model,
                columns["parameters"],
                columns["covariates"],
                planned,
                own,
                columns["absorbs"],
                stride,
            )
        )
    return tuple(made)


def connected(parts: Mapping[str, Model], into: tuple[str, str], source: tuple[str, str], exchange: float) -> Wire:
    """The wire from an observable to an input, with the factor between their units."""
    for label, name, what in ((*into, "inputs"), (*source, "observables")):
        if label not in parts or name not in names(getattr(parts[label], what)):
            known = {part: names(getattr(model, what)) for part, model in parts.items()}
            raise PlanError(f"wire {into} from {source}: there is no '{name}' among the {what} of '{label}': {known}")
    i = names(parts[into[0]].inputs).index(into[1])
    q = next(q for q in parts[source[0]].observables if q.name == source[1])
    interval = q.span == "interval"
    scale = factor(q.unit + ("/h" if interval else ""), parts[into[0]].inputs[i].unit)
    column = names(gathered(parts, "observables")).index("_".join(source))
    return Wire(list(parts).index(into[0]), i, column, scale / (exchange if interval else 1.0), interval)


def joint_prior(parts: Mapping[str, Model]) -> JointPrior:
    """The parts' priors, independent of one another."""
    pairs = [(label, model.prior) for label, model in parts.items()]
    return JointPrior(
        tuple(prefixed(label, q) for label, p in pairs for q in p.quantities),
        tuple((f"{label}_{a}", f"{label}_{b}") for label, p in pairs for a, b in p.order),
        tuple((f"{label}_{a}", f"{label}_{b}", rho) for label, p in pairs for a, b, rho in p.correlation),
        tuple(Slope(f"{label}_{s.parameter}", f"{label}_{s.covariate}", s.slope, s.centre)
              for label, p in pairs for s in p.slopes),
    )  # fmt: skip


def joint_card(cards: list[Card]) -> Card:
    """The parts' cards as one: their texts, one after another, and mechanistic only if all of them are."""

    def texts(field: str) -> str:
        return " | ".join(dict.fromkeys(getattr(card, field) for card in cards))

    return Card(
        title=" + ".join(card.title for card in cards),
        version="+".join(card.version for card in cards),
        kind=cards[-1].kind,
        intended_use=texts("intended_use"),
        not_for=texts("not_for"),
        population=texts("population"),
        causal="mechanistic" if all(card.causal == "mechanistic" for card in cards) else "association",
        sources=tuple(dict.fromkeys(source for card in cards for source in card.sources)),
        limits=texts("limits"),
    )
