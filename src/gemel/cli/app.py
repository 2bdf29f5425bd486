"""The commands and their options.  Each loads its work when it runs, so that `gemel --help` stays quick."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import GemelError, RegistryError
from . import app_health, app_scores, app_twins, hospital
from . import simulate_hospital as hospital_study
from .app_device import DeviceKind, Minutes, Mqtt, Speed, device_command
from .app_glucose import advise_app, error_grid, glucose_report, trial
from .app_import import import_command
from .app_pull import pull_app
from .app_quality import quality_command
from .options import (
    Doses,
    Hours,
    Html,
    Json,
    Members,
    Params,
    Rates,
    ScheduleJson,
    Seed,
    Virtual,
)
from .serve import serve
from .store_commands import store_app

__all__ = ["app", "run", "spread"]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Digital twins in healthcare: records in, a twin, forecasts, plans compared, and a score of how right it was.",
)  # fmt: skip


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    from .console import complain

    debug = "--debug" in arguments
    given = spread([a for a in arguments if a != "--debug"], "--subject")
    given = spread(given, "--at") if given[:1] == ["census"] else given
    try:
        app(given, prog_name="gemel", standalone_mode=True)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 1
    except GemelError as error:
        if debug:
            raise
        complain(str(error))
        return 2
    return 0


def spread(arguments: Sequence[str], flag: str) -> list[str]:
    """Arguments in which `flag A B C` is written out as `flag A flag B flag C`."""
    written: list[str] = []
    open_flag, taken = False, 0
    for argument in arguments:
        if argument == flag:
            open_flag, taken = True, 0
        elif argument.startswith("-"):
            open_flag = False
        elif open_flag:
            written += [flag] if taken else []
            taken += 1
        written.append(argument)
    return written


def _version(wanted: bool) -> bool:
    if wanted:
        from .. import __version__

        typer.echo(f"gemel {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="show the trace of an error")] = False,
) -> None:
    warnings.filterwarnings("ignore", message="compiled kernels are not kept")


@app.command()
def models(json: Json = False) -> None:
    """List the models there are."""
    from ..runtime.answers.cards import models as registered
    from . import console

    found = registered()
    if json:
        return console.emit(found)
    rows = [[m.name, m.kind, m.title or f"cannot be loaded: {m.problem}", m.version, m.causal] for m in found.models]
    console.show("", ("name", "kind", "title", "version", "rests on"), rows)


@app.command()
def card(
    model: str,
    framework: Annotated[
        str | None, typer.Option("--framework", help="show the card as this form: chai, hti-1, tripod-ai or vv40")
    ] = None,
    html: Html = None,
    json: Json = False,
) -> None:
    """Show a model's card: for whom, not for whom, on what grounds, how well it did, and every number it declares."""
    from ..runtime.answers.cards import card as card_of
    from . import catalogue, console

    shape = card_of(model)
    if framework is not None and not json:
        form = shape.frameworks.get(framework)
        if form is None:
            raise RegistryError(f"no framework '{framework}': there are {', '.join(shape.frameworks)}")
        title = f"{shape.title}: {form.title}, {form.stated} of {len(form.items)} items stated"
        return console.show(title, ("item", "asks", "answer"), catalogue.form_rows(form))
    if html is not None:
        html.write_text(catalogue.card_page(shape), encoding="utf-8")
        console.error_console().print(f"written: {html}", soft_wrap=True)
    if json:
        return console.emit(shape)
    console.show(shape.title, ("", ""), [[a, b] for a, b in catalogue.facts(shape)])
    console.show("Sources", ("locator", "note"), [[s.locator, s.note] for s in shape.sources])
    for title, rows in (("Inputs", shape.inputs), ("Observables", shape.observables),
                        ("Covariates", shape.covariates), ("Parameters", shape.parameters)):  # fmt: skip
        if rows:
            console.show(title, catalogue.COLUMNS, catalogue.rows(rows))
    for name, choices in shape.settings.items():
        console.say(f"setting {name}: {', '.join(choices)}")
    if shape.validated:
        console.show("Validated", ("figure", "value", "n", "data", "command", "date"), catalogue.evidence(shape))
    else:
        console.say("Validated: no figure is claimed yet.")


@app.command()
def new(
    name: str,
    into: Annotated[Path, typer.Option("--into", help="folder in which the project folder is made")] = Path("."),
    json: Json = False,
) -> None:
    """Start a model of your own: a plug-in project with one model file and a test that passes."""
    from . import console
    from .scaffold import scaffold

    made = scaffold(name, into)
    if json:
        return console.emit(made)
    console.say("\n".join(made.files))
    console.say(f"next:  cd {made.folder} && pip install -e . pytest && pytest   (then read README.md)")


@app.command()
def simulate(
    model: str, file: hospital_study.File = None, hours: Hours = 24.0, dose: Doses = None, rate: Rates = None,
    covariate: Annotated[list[str] | None, typer.Option("--covariate", help="NAME=NUMBER, the same for all")] = None,
    setting: Annotated[list[str] | None, typer.Option("--setting", help="NAME=CHOICE")] = None,
    members: Annotated[int, typer.Option("--members", min=1, help="virtual subjects")] = 10, seed: Seed = 0,
    every: Annotated[float, typer.Option("--every", help="hours between outputs")] = 1 / 12,
    start: Annotated[str, typer.Option("--start", help="first instant")] = "2026-01-01T00:00:00Z",
    zone: Annotated[str, typer.Option("--zone", help="IANA zone of the subjects")] = "UTC",
    out: Annotated[Path | None, typer.Option("--out", help="CSV file, a row per subject and time")] = None,
    replications: hospital_study.Replications = None, warmup_days: hospital_study.WarmUp = None,
    days: hospital_study.ObservedDays = None, arrivals: hospital_study.Arrivals = "exact",
    shifts: hospital_study.Shifts = "finish", params: Params = None, subject: Virtual = None,
    schedule: ScheduleJson = None, mqtt: Mqtt = "mqtt://127.0.0.1:1883", kind: DeviceKind = "cgm",
    speed: Speed = 1.0, minutes: Minutes = 60.0, json: Json = False,
) -> None:  # fmt: skip
    """Simulate virtual subjects of a model, a hospital study, uva-padova with your parameters, or a device."""
    if model == "device":
        return device_command(mqtt, subject, kind, (minutes, speed), seed=seed, json=json)
    if model == "uva-padova":
        from .simulate_uva import simulate_uva

        return simulate_uva(params, subject, schedule, out=out, json=json)
    if file is not None:
        if model not in hospital_study.STUDIES:
            raise RegistryError(f"no study '{model}' reads a file: there are {', '.join(hospital_study.STUDIES)}")
        run = replications, warmup_days, days
        return hospital_study.simulate_hospital(
            model, file, run, seed=seed, arrivals=arrivals, shifts=shifts, json=json
        )
    from . import console, speak
    from .simulate import Cohort
    from .simulate import simulate as work

    cohort = Cohort(
        hours, tuple(dose or ()), tuple(rate or ()), tuple(covariate or ()), tuple(setting or ()), members, seed, every,
        start, zone,
    )  # fmt: skip
    shape = work(model, cohort, out)
    console.emit(shape) if json else speak.simulated(shape)


for command in (
    app_twins.observe, app_twins.forecast, app_twins.compare, app_twins.explain, app_twins.record, app_twins.status,
    app_scores.backtest, app_scores.validate, app_scores.bench, app_health.risk,
):  # fmt: skip
    app.command()(command)
app.command()(serve)
app.command("import")(import_command)
app.command("health-map")(app_health.health_map)
app.command("glucose-report")(glucose_report)
app.command("error-grid")(error_grid)
app.command("trial")(trial)
app.command("queues")(hospital.queues)
app.command("mine")(hospital.mine)
app.command("census")(hospital.census)
app.command("what-if")(hospital.what_if)
app.command("quality")(quality_command)

app.add_typer(store_app, name="store")
app.add_typer(pull_app, name="pull")
app.add_typer(advise_app, name="advise")


@app.command()
def doctor(json: Json = False) -> None:
    """Look whether everything needed is there; exit code 1 if something is broken."""
    from . import console
    from .doctor import examine

    found = examine()
    if json:
        console.emit(found)
    else:
        rows = [[c.status, c.name, c.detail, c.way_out] for c in found.checks]
        console.show("", ("", "what", "found", "way out"), rows)
    if not found.healthy:
        raise typer.Exit(1)


@app.command()
def demo(
    what: Annotated[str, typer.Argument(help="diabetes, health-map, hospital or ward")] = "diabetes",
    out: Annotated[Path, typer.Option("--out", "--folder", help="folder for records and report")] = Path("gemel-demo"),
    days: Annotated[int, typer.Option("--days", min=2, max=14, help="days of the virtual life")] = 5,
    members: Members = 384, seed: Seed = 1,
    stride: Annotated[int, typer.Option("--stride", min=1, help="scored forecasts: every so many 5 min")] = 6,
    open: Annotated[bool, typer.Option("--open/--no-open", help="show the report in a browser")] = True,
    service: Annotated[bool, typer.Option("--service/--no-service", help="run the service at the end")] = True,
    beds: Annotated[int, typer.Option("--beds", min=1, max=96, help="ward: virtual patients")] = 24,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="ward: HTTP; 0: one that is free")] = 0,
    once: Annotated[bool, typer.Option("--once", help="ward: end when it is filled")] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Records in, a twin, a forecast, tonight's bolus, a score, a report, the service; or a ward that lives on."""
    from . import console, speak
    from .demo import Script, open_in_browser
    from .demo import demo as work

    out.mkdir(parents=True, exist_ok=True)
    if what == "health-map":
        from .health_demo import health_demo

        return health_demo(out, show=open, json=json)
    if what == "ward":
        from .demo_ward import Ward, ward_command

        return ward_command(Ward(beds=beds, port=port, seed=seed, once=once), out, show=open, json=json)
    if what not in ("diabetes", "hospital"):
        raise RegistryError(f"no demo '{what}': there are 'diabetes', 'health-map', 'hospital' and 'ward'")
    with console.bar(json) as progress:
        task = progress.add_task("starting", total=None)
        if what == "hospital":
            from .hospital_demo import hospital_demo

            return hospital_demo(out, seed=seed, show=open, json=json)
        script = Script(days, members, seed, stride, service=service)
        shape = work(script, out, lambda name: progress.update(task, description=name))
    console.emit(shape) if json else speak.demonstrated(shape)
    open_in_browser(Path(shape.report), open)


@app.command()
def schema(name: str) -> None:
    """Print the JSON Schema of a command's --json output."""
    from . import console
    from .schemas import schema as of

    console.emit(of(name))
