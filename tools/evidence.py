"""Recompute the figures that model cards show: `make evidence`, or `python -m tools.evidence replaybg/backtest`.

Each check (tools/figures.py) writes its figures into src/gemel/evidence/<model>.json, from where `gemel card` reads
them, with two digests: of the model's source files (its own and those of `gemel.models` it imports) and of the data.
The suite compares them, so a figure is never older than its model or its data.  Engines and kernels are not in the
digest: laws hold them, and a change of theirs that moves a figure is a **Numbers** line in the changelog.

A check whose data are not at hand is left as it stands; the exit code says whether what is committed is still true.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import msgspec

from gemel.core.card import Evidence
from gemel.core.evidence import Check, File, read
from gemel.core.registry import BUILT_IN
from tools import figures

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "src" / "gemel" / "models"
WRITTEN = ROOT / "src" / "gemel" / "evidence"


@dataclass(frozen=True)
class Made:
    """How one check is computed, and from which files."""

    compute: Callable[[], list[Evidence]]
    data: tuple[Path, ...] = ()

    @property
    def at_hand(self) -> bool:
        """Whether all its data are there."""
        return all(path.is_file() for path in self.data)


def digest(paths: Iterable[Path]) -> str:
    """SHA-256 over names and contents, in order of name."""
    total = hashlib.sha256()
    for path in sorted(paths, key=lambda p: p.name):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def sources(model: str) -> list[Path]:
    """The model's file and the modules of `gemel.models` that it imports, however far."""
    module = BUILT_IN["models"][model].partition(":")[0]
    found: dict[Path, None] = {}
    waiting = [ROOT / "src" / Path(*module.split(".")).with_suffix(".py")]
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file() or MODELS not in path.parents:
            continue
        found[path] = None
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                base = path.parents[node.level - 1] if node.level else ROOT / "src"
                here = base.joinpath(*(node.module or "").split("."))
                waiting += [here.with_suffix(".py"), *(here / f"{alias.name}.py" for alias in node.names)]
    return list(found)


CHECKS: dict[str, dict[str, Made]] = {
    "hovorka": {"reference": Made(figures.hovorka_reference)},
    "mmc": {"erlang": Made(figures.mmc_waits)},
    "replaybg": {
        "reference": Made(figures.replaybg_reference, (figures.GOLD,)),
        "backtest": Made(partial(figures.glucose_backtest, "replaybg"), figures.RECORDS),
    },
    "replaybg-everyday": {
        "backtest": Made(partial(figures.glucose_backtest, "replaybg-everyday"), figures.RECORDS),
    },
}


def held(model: str) -> File:
    """The evidence file as it stands."""
    path = WRITTEN / f"{model}.json"
    return read(path.read_bytes()) if path.is_file() else File(model=model, checks={})


def problems(model: str) -> list[str]:
    """What is wrong with a model's evidence: older than the model or its data, or computed by nothing here."""
    found, now = [], digest(sources(model))
    for name, check in held(model).checks.items():
        made = CHECKS.get(model, {}).get(name)
        if made is None:
            found.append(f"{model}/{name}: no such check in tools/evidence.py")
        elif check.model != now:
            found.append(f"{model}/{name}: the model has changed since: make evidence")
        elif made.at_hand and check.data != digest(made.data):
            found.append(f"{model}/{name}: the data have changed since: make evidence")
    return found


def rounded(f: Evidence) -> Evidence:
    """The figure as a card shows it: five digits, three of its error, and today's date."""
    error = None if f.standard_error is None else float(f"{f.standard_error:.3g}")
    print(f"  {f.metric}: {f.value:.5g} {f.unit}{'' if error is None else f' ± {error:g}'} (n = {f.n})", flush=True)
    return replace(f, value=float(f"{f.value:.5g}"), standard_error=error, date=date.today().isoformat())


def main(*wanted: str) -> int:
    """Recompute the named models or checks, or all; 1 when something committed is out of date after that."""
    for model, checks in CHECKS.items():
        for name, made in checks.items():
            if wanted and not {model, f"{model}/{name}"} & {*wanted}:
                continue
            print(
                f"{model}/{name}" + ("" if made.at_hand else ": left as it stands, its data are not here"), flush=True
            )
            if made.at_hand:
                before = digest(sources(model))
                found = tuple(map(rounded, made.compute()))
                kept = held(model).checks | {name: Check(model=before, data=digest(made.data), figures=found)}
                text = msgspec.json.format(msgspec.json.encode(File(model=model, checks=kept)), indent=1)
                (WRITTEN / f"{model}.json").write_bytes(text + b"\n")
    wrong = [line for model in CHECKS for line in problems(model)]
    print("".join(f"{line}\n" for line in wrong), end="")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
