"""The commands about glucose with their options; `app` registers them: `glucose-report`, `error-grid`, `advise bolus`,
`advise therapy` and `trial diabetes`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import At, Data, Days, Format, Hours, Html, Json, Mapping, Members, Seed, Utility, Weight, Who, Zone

__all__ = ["advise_app", "error_grid", "glucose_report", "trial"]

Ratio = Annotated[float, typer.Option("--ratio", help="carbohydrate [g] that 1 [IU] covers")]
Factor = Annotated[float, typer.Option("--factor", help="mg/dL by which 1 [IU] lowers glucose")]
Target = Annotated[float, typer.Option("--target", help="glucose the calculator aims at [mg/dL]")]

advise_app = typer.Typer(no_args_is_help=True, help="Doses and settings as comparisons of plans, for study.")


def glucose_report(
    data: Data, subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    days: Annotated[int, typer.Option("--days", min=1, help="local days up to the newest reading")] = 14,
    html: Html = None, json: Json = False,
) -> None:  # fmt: skip
    """Report a sensor's record: time in ranges, variability, risk, the ambulatory profile, day by day."""
    from .glucose_report import glucose_report as work
    from .records import Wanted

    work(Wanted(data, subject, format, mapping, zone), days, html, json=json)


def error_grid(
    pairs: Annotated[Path, typer.Argument(help="CSV with columns reference and value [mg/dL], a pair per row")],
    json: Json = False,
) -> None:
    """Sort pairs of true and read (or forecast) glucose into the zones of Clarke's and Parkes' error grids."""
    from .error_grid import error_grid as work

    work(pairs, json=json)


@advise_app.command("bolus")
def bolus(
    data: Data, ratio: Ratio, factor: Factor,
    carbs: Annotated[float, typer.Option("--carbs", min=0.0, help="g eaten; 0: a correction alone")],
    subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None, at: At = None,
    members: Members = 256, seed: Seed = 0, weight: Weight = None, days: Days = 7.0, hours: Hours = 4.0,
    utility: Utility = "glucose-risk", target: Target = 110.0,
    after: Annotated[float, typer.Option("--after", min=0.0, help="minutes from now to the meal")] = 0.0,
    dose: Annotated[list[float] | None, typer.Option("--try", help="a dose to compare [IU]; may be repeated")] = None,
    step: Annotated[float, typer.Option("--step", help="doses come in steps of [IU]: 0.05 pump, 0.5 or 1 pen")] = 0.05,
    fit: Annotated[bool, typer.Option(help="fit the person to the record as a whole first")] = True,
    json: Json = False,
) -> None:  # fmt: skip
    """Compare doses for a meal: the calculator's, none and others; chances of lows and highs, and no clear winner."""
    from ..domains.health.diabetes.bolus import Meal
    from ..domains.health.diabetes.therapy import Therapy
    from . import console
    from .bolus_advice import Asked, bolus_advice, spoken
    from .records import Start, Wanted

    therapy = Therapy(((0.0, 0.0),), ratio, factor, target)
    asked = Asked(Meal(carbs, after), therapy, tuple(dose or ()), hours, utility, step, fit)
    start = Start("replaybg", members, seed, weight, days, at)
    with console.bar(json) as progress:
        progress.add_task("reading, learning, comparing", total=None)
        shape = bolus_advice(Wanted(data, subject, format, mapping, zone), start, asked)
    console.emit(shape) if json else spoken(shape)


@advise_app.command("therapy")
def therapy(
    data: Data, ratio: Ratio, factor: Factor,
    basal: Annotated[
        str, typer.Option("--basal", help="present rates [IU]/h from each hour: '0:0.8,6:1.0,18:0.9'")
    ] = "0:0",
    subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None, at: At = None,
    members: Members = 32, seed: Seed = 0, weight: Weight = None, days: Days = 14.0, target: Target = 110.0,
    step: Annotated[float, typer.Option("--step", min=0.01, max=0.2, help="largest change at once, as a share")] = 0.1,
    below: Annotated[float, typer.Option("--below-70", help="% of time below 70 mg/dL not to be exceeded")] = 4.0,
    json: Json = False,
) -> None:  # fmt: skip
    """Propose basal rates, ratio and factor, one step at most, by living the days of the record again."""
    from ..domains.health.diabetes.adjust import Limits
    from ..domains.health.diabetes.therapy import Therapy, profile
    from . import console
    from .records import Start, Wanted
    from .therapy_advice import spoken, therapy_advice

    start = Start("replaybg", members, seed, weight, days, at)
    with console.bar(json) as progress:
        progress.add_task("reading, learning, living the days again", total=None)
        shape = therapy_advice(
            Wanted(data, subject, format, mapping, zone), start, Therapy(profile(basal), ratio, factor, target),
            Limits(step, below),
        )  # fmt: skip
    console.emit(shape) if json else spoken(shape)


def trial(
    what: Annotated[str, typer.Argument(help="diabetes")] = "diabetes",
    arm: Annotated[
        list[str] | None, typer.Option("--arm", help="open-loop, pid, mpc or oref; all are compared with the first")
    ] = None,
    persons: Annotated[int, typer.Option("--persons", min=2, help="virtual persons")] = 100,
    days: Annotated[int, typer.Option("--days", min=1, help="days each of them lives")] = 14,
    model: Annotated[str, typer.Option("--model", help="whose virtual persons")] = "hovorka",
    count_sd: Annotated[float, typer.Option("--count-sd", min=0.0, help="sd of the log of counted over eaten")] = 0.2,
    missed: Annotated[float, typer.Option("--missed", min=0.0, max=1.0, help="share of meals without a bolus")] = 0.05,
    silent: Annotated[float, typer.Option("--silent", min=0.0, max=0.9, help="share of time without readings")] = 0.02,
    seed: Seed = 1, html: Html = None, json: Json = False,
) -> None:  # fmt: skip
    """Try closed loops on virtual persons: the same people, meals and luck under every arm; time-in-range tables."""
    from ..core.errors import RegistryError
    from ..domains.health.diabetes.scenario import Scenario
    from . import console
    from .trial import CONTROLLERS, spoken, trial_page
    from .trial import trial as work

    if what != "diabetes":
        raise RegistryError(f"no trial '{what}': there is 'diabetes'")
    scenario = Scenario(days=days, count_sd=count_sd, missed=missed, silent=silent)
    with console.bar(json) as progress:
        task = progress.add_task("virtual days", total=scenario.slots)
        shape = work(model, persons, arm or list(CONTROLLERS), scenario, seed,
                     lambda done, total: progress.update(task, completed=done, total=total))  # fmt: skip
    if html is not None:
        trial_page(shape, html)
    console.emit(shape) if json else spoken(shape)
