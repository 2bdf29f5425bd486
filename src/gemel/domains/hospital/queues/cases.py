"""Queueing questions as records: `type` says which model, its inputs stand beside it, every other key is an answer.

Types and inputs (rates per hour, times in hours) are listed in `TYPES`.  A case that has no answer, such as a steady
state under a load above capacity, says why under `refused`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ....core.errors import GemelError, ShapeError, SupportError
from .birth_death import abandonment, limited, reserved
from .delay import delay, erlang_b, single_server, wait_quantile
from .limits import natural, positive
from .network import network
from .occupancy import forecast
from .priority import preemptive_stays, priority_waits, priority_waits_many
from .shifts import Roster, shifted
from .stay import Stay
from .transient import transient

__all__ = ["TYPES", "Kind", "answer", "answer_all"]

Case = Mapping[str, Any]
Answers = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of question: the keys it needs and the function that answers them."""

    inputs: tuple[str, ...]
    solve: Callable[[Case], Answers]


def answer_all(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Every case of {"cases": [...]} answered, in order.  Raises ShapeError when there is no such list of objects."""
    cases = document.get("cases")
    if not isinstance(cases, list) or not all(isinstance(case, Mapping) for case in _items(cases)):
        raise ShapeError('a file of queues is an object {"cases": [{"type": ...}, ...]}')
    return {"cases": [answer(case) for case in _items(cases)]}


def _items(values: Any) -> list[Any]:
    return list(values)


def answer(case: Case) -> dict[str, Any]:
    """The case with its answers; where there are none, its inputs and under `refused` the reason."""
    kind = TYPES.get(str(case.get("type")))
    if kind is None:
        return {**case, "refused": f"no type '{case.get('type')}': there are {'; '.join(TYPES)}"}
    inputs = {key: value for key, value in case.items() if key in ("type", "note", *kind.inputs)}
    try:
        missing = [key for key in kind.inputs if key not in case and key not in _IMPLIED]
        if missing:
            raise ShapeError(f"'{case['type']}' needs {', '.join(kind.inputs)}: {', '.join(missing)} missing")
        return {**case, **kind.solve(case)}
    except GemelError as error:
        return {**inputs, "refused": str(error)}


_IMPLIED = ("cv", "los_cv")
"""Inputs that a family of service or stay may settle by itself."""
_CV = {"deterministic": 0.0, "exponential": 1.0}


def _number(case: Case, key: str) -> float:
    value = case.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ShapeError(f"{key} = {value!r} must be a number")
    return float(value)


def _whole(case: Case, key: str, least: int = 1) -> int:
    return natural(key, _number(case, key), least)


def _numbers(case: Case, key: str) -> list[float]:
    values = case[key]
    if not isinstance(values, list):
        raise ShapeError(f"{key} = {values!r} must be a list of numbers")
    return [_number({key: value}, key) for value in _items(values)]


def _rows(case: Case, key: str) -> list[Case]:
    rows = case[key]
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in _items(rows)):
        raise ShapeError(f"{key} must be a list of objects")
    return _items(rows)


def _spread(case: Case, family: str, key: str) -> float:
    """The coefficient of variation: as given, or what the family settles."""
    settled = _CV.get(str(case.get(family)))
    if key not in case:
        if settled is None:
            raise ShapeError(f"'{case[family]}' needs {key}: its coefficient of variation")
        return settled
    given = _number(case, key)
    if settled is not None and given != settled:
        raise SupportError(f"{case[family]} has {key} {settled:g}, not {given:g}: give one or the other")
    return given


def _delay(case: Case) -> Answers:
    lam, mu, c = _number(case, "lam"), _number(case, "mu"), _whole(case, "c")
    steady = delay(lam, mu, c)
    return {
        "rho": steady.load, "P_wait": steady.waits, "Wq": steady.wait, "Lq": steady.queue, "W": steady.stay,
        "L": steady.present, "Wq_q90": wait_quantile(lam, mu, c, 0.9),  # structure: the 90 % quantile
    }  # fmt: skip


def _loss(case: Case) -> Answers:
    offered = positive("lam", _number(case, "lam")) / positive("mu", _number(case, "mu"))
    blocked = erlang_b(offered, _whole(case, "c"))
    return {"P_block": blocked, "mean_occupancy": offered * (1.0 - blocked)}


def _limited(case: Case) -> Answers:
    found = limited(_number(case, "lam"), _number(case, "mu"), _whole(case, "c"), places=_whole(case, "K"))
    return {"P_block": found.blocked, "L": found.present, "Lq": found.queue, "Wq_accepted": found.wait}


def _single(case: Case) -> Answers:
    found = single_server(_number(case, "lam"), _number(case, "mean"), _spread(case, "service", "cv"))
    return {"rho": found.load, "Wq": found.wait, "L": found.present}


def _cobham(case: Case) -> Answers:
    waits = priority_waits(_numbers(case, "lam"), _numbers(case, "mean"), _numbers(case, "cv"))
    return {"Wq_by_class": waits.tolist()}


def _preemptive(case: Case) -> Answers:
    return {"W_by_class": preemptive_stays(_numbers(case, "lam"), _numbers(case, "mu")).tolist()}


def _priority(case: Case) -> Answers:
    return {"Wq_by_class": priority_waits_many(_numbers(case, "lam"), _number(case, "mu"), _whole(case, "c")).tolist()}


def _network(case: Case) -> Answers:
    routing = [_numbers({"routing": row}, "routing") for row in _items(case["routing"])]
    servers = [natural("c", value) for value in _numbers(case, "c")]
    found = network(_numbers(case, "external"), routing, _numbers(case, "mu"), servers)
    return {
        "lam": list(found.arrivals), "Wq": [s.wait for s in found.stations], "L": [s.present for s in found.stations],
        "total_L": found.present, "mean_sojourn": found.sojourn,
    }  # fmt: skip


def _reserved(case: Case) -> Answers:
    lam1, lam2, mu = (_number(case, key) for key in ("lam1", "lam2", "mu"))
    found = reserved(lam1, lam2, mu, beds=_whole(case, "beds"), kept=_whole(case, "reserved", 0))
    return {"P_block1": found.blocked_first, "P_block2": found.blocked_second, "mean_occupancy": found.present}


def _abandonment(case: Case) -> Answers:
    found = abandonment(_number(case, "lam"), _number(case, "mu"), _number(case, "theta"), c=_whole(case, "c"))
    return {"P_abandon": found.abandons, "Lq": found.queue, "P_wait": found.waits}


def _transient(case: Case) -> Answers:
    rows = _rows(case, "at")
    times = [_number(row, "t") for row in rows]
    found = transient(
        _number(case, "lam"), _number(case, "mu"), _whole(case, "c"), start=_whole(case, "n0", 0), times=times
    )
    return {
        "at": [
            {**row, "mean_n": ahead.mean, "P_all_busy": ahead.all_busy, "q95": ahead.q95}
            for row, ahead in zip(rows, found, strict=True)
        ]
    }


def _occupancy(case: Case) -> Answers:
    stay = Stay(str(case["los"]), _number(case, "los_mean_h"), _spread(case, "los", "los_cv"))
    elapsed, rates, start = _numbers(case, "elapsed_h"), _numbers(case, "lam_by_hour"), _number(case, "start_hour")
    answered: list[Answers] = []
    for row in _rows(case, "forecast"):
        found = forecast(stay, elapsed, rates, start=start, ahead=_number(row, "t_h"))
        levels = {"q05": 0.05, "q50": 0.5, "q95": 0.95}  # structure: the quantiles asked for
        answered.append({
            **row, "mean": found.mean, "mean_stayers": found.stayers, "mean_newcomers": found.newcomers,
            "sd": found.sd, **{key: found.quantile(share) for key, share in levels.items()},
            "P_gt_beds": {beds: found.exceeds(_beds(beds)) for beds in row.get("P_gt_beds", {})},
        })  # fmt: skip
    return {"forecast": answered}


def _beds(key: str) -> int:
    if not key.isdecimal():
        raise ShapeError(f"P_gt_beds has the key '{key}': give numbers of beds")
    return int(key)


def _shifts(case: Case) -> Answers:
    entries = [_numbers({"capacity_schedule": row}, "capacity_schedule") for row in _items(case["capacity_schedule"])]
    if any(len(entry) != 2 for entry in entries):
        raise ShapeError("capacity_schedule must list pairs of hour and servers, such as [[0, 4], [8, 8]]")
    roster = Roster(tuple((hour, natural("servers", servers, 0)) for hour, servers in entries))
    found = shifted(_numbers(case, "lam_by_hour"), _number(case, "mu"), roster, semantics=str(case["semantics"]))
    return {
        "mean_number_in_system": found.present, "mean_queue": found.queue, "mean_wait_h": found.wait,
        "mean_n_at_hour_start": list(found.by_hour), "tail_prob_at_truncation": found.tail,
    }  # fmt: skip


TYPES: dict[str, Kind] = {
    "M/M/c": Kind(("lam", "mu", "c"), _delay),
    "M/G/c/c (Erlang B; insensitive to LOS shape)": Kind(("lam", "mu", "c"), _loss),
    "M/M/c/K": Kind(("lam", "mu", "c", "K"), _limited),
    "M/G/1": Kind(("service", "lam", "mean", "cv"), _single),
    "M/G/1 non-preemptive priority (Cobham)": Kind(("lam", "mean", "cv"), _cobham),
    "M/M/1 preemptive-resume priority": Kind(("lam", "mu"), _preemptive),
    "M/M/c non-preemptive priority, equal mu": Kind(("lam", "mu", "c"), _priority),
    "open Jackson network": Kind(("stations", "external", "routing", "mu", "c"), _network),
    "loss bed pool with r beds reserved for class 1 (trunk reservation)": Kind(
        ("lam1", "lam2", "mu", "beds", "reserved"), _reserved
    ),
    "M/M/c+M (Erlang A, left without being seen)": Kind(("lam", "mu", "theta", "c"), _abandonment),
    "M/M/c transient from a known census (warm start)": Kind(("lam", "mu", "c", "n0", "at"), _transient),
    "occupancy forecast from live census, infinite beds: exact Poisson-binomial + Poisson": Kind(
        ("los", "los_mean_h", "los_cv", "elapsed_h", "lam_by_hour", "start_hour", "forecast"), _occupancy
    ),
    "M(t)/M/c(t) periodic, shift roster": Kind(("semantics", "lam_by_hour", "mu", "capacity_schedule"), _shifts),
}
"""What can be asked, by the name in the file."""
