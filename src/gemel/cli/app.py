"""The commands and their options.  Each loads its work when it runs, so that `gemel --help` stays quick."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ..core.errors import GemelError, IngestError, RegistryError
from . import hospital
from . import simulate_hospital as hospital_study
from .app_glucose import error_grid, glucose_report
from .app_health import health_map
from .options import (
    At,
    Data,
    Days,
    Doses,
    Format,
    Hours,
    Html,
    Json,
    Mapping,
    Members,
    ModelName,
    Params,
    Rates,
    ScheduleJson,
    Seed,
    Store,
    Utility,
    Virtual,
    Weight,
    Who,
    Zone,
)

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
    from . import catalogue, console

    found = catalogue.models()
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
    from . import catalogue, console

    shape = catalogue.card(model)
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
def observe(
    data: Data, subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    model: ModelName = "replaybg", at: At = None, members: Members = 256, seed: Seed = 0, weight: Weight = None,
    days: Days = 7.0, store: Store = None, json: Json = False,
) -> None:  # fmt: skip
    """Read records and say what the twin believes now."""
    from . import console, speak
    from .records import Start, Wanted
    from .twin_commands import observe as work

    with console.bar(json) as progress:
        progress.add_task("reading and observing", total=None)
        shape = work(Wanted(data, subject, format, mapping, zone), Start(model, members, seed, weight, days, at), store)
    console.emit(shape) if json else speak.observed(shape)


@app.command()
def forecast(
    data: Data, subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    model: ModelName = "replaybg", at: At = None, members: Members = 256, seed: Seed = 0, weight: Weight = None,
    days: Days = 7.0, store: Store = None, hours: Hours = 4.0, dose: Doses = None, rate: Rates = None,
    every: Annotated[float | None, typer.Option("--every", help="hours between outputs")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="write a PNG, SVG or PDF (extra plots)")] = None,
    html: Html = None, json: Json = False,
) -> None:  # fmt: skip
    """Forecast under a plan: what will happen, and how sure are we?"""
    from . import console, speak
    from .records import Start, Wanted
    from .twin_commands import Asked
    from .twin_commands import forecast as work

    start = Start(model, members, seed, weight, days, at)
    with console.bar(json) as progress:
        progress.add_task("reading, observing, forecasting", total=None)
        asked = Asked(hours, tuple(dose or ()), tuple(rate or ()), every, plot, html)
        shape = work(Wanted(data, subject, format, mapping, zone), start, asked, store)
    console.emit(shape) if json else speak.forecasted(shape, [p for p in (plot, html) if p])


@app.command()
def compare(
    data: Data,
    plan: Annotated[list[str], typer.Option("--plan", help='"6 U: insulin=6@+0, carbs=50@+15min" or "nothing:"')],
    subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    model: ModelName = "replaybg", at: At = None, members: Members = 256, seed: Seed = 0, weight: Weight = None,
    days: Days = 7.0, hours: Hours = 4.0,
    utility: Utility = "glucose-risk",
    html: Html = None, json: Json = False,
) -> None:  # fmt: skip
    """Compare plans: which is better, by how much, with what probability; or no clear winner."""
    from . import console, speak
    from .records import Start, Wanted
    from .twin_commands import compare as work

    start = Start(model, members, seed, weight, days, at)
    with console.bar(json) as progress:
        progress.add_task("reading, observing, comparing", total=None)
        shape = work(Wanted(data, subject, format, mapping, zone), start, plan, hours, utility, html)
    console.emit(shape) if json else speak.compared(shape, html)


@app.command()
def explain(
    data: Data, subject: Who = None, format: Format = "auto", mapping: Mapping = None, zone: Zone = None,
    model: ModelName = "replaybg", at: At = None, members: Members = 256, seed: Seed = 0, weight: Weight = None,
    days: Days = 7.0, hours: Hours = 2.0,
    target: Annotated[str | None, typer.Option("--target", help="observable to explain (default: the first)")] = None,
    since: Annotated[float, typer.Option("--since", min=0.1, help="hours of facts whose effect is told")] = 4.0,
    json: Json = False,
) -> None:  # fmt: skip
    """Explain a forecast: what makes it uncertain, which facts moved it, what to measure next."""
    from . import console
    from .explain import explain as work
    from .explain import spoken
    from .records import Start, Wanted

    start = Start(model, members, seed, weight, days, at)
    with console.bar(json) as progress:
        progress.add_task("reading, observing, explaining", total=None)
        shape = work(Wanted(data, subject, format, mapping, zone), start, target, hours=hours, since=since)
    console.emit(shape) if json else spoken(shape)


@app.command()
def record(
    store: Annotated[Path, typer.Option("--store", help="SQLite file that keeps facts, belief and forecasts")],
    twin: Annotated[str | None, typer.Option("--twin", help="one twin (default: all)")] = None,
    json: Json = False,
) -> None:
    """Show how right each twin's forecasts have been."""
    from . import console
    from .ledger_commands import record as work
    from .ledger_commands import speak_record

    shape = work(store, twin)
    console.emit(shape) if json else speak_record(shape)


@app.command()
def status(
    store: Annotated[Path, typer.Option("--store", help="SQLite file that keeps facts, belief and forecasts")],
    model: Annotated[str | None, typer.Option("--model", help="one model (default: all with forecasts)")] = None,
    plan: Annotated[Path | None, typer.Option("--plan", help="change-control plan, TOML (default: ours)")] = None,
    review: Annotated[bool, typer.Option("--review", help="judge the records now, and put a switch on record")] = False,
    json: Json = False,
) -> None:
    """Say which models may speak here (advisory) and which are only scored (silent), why, and every switch."""
    from . import console
    from .ledger_commands import speak_status
    from .ledger_commands import standing as work

    shape = work(store, model, plan, review)
    console.emit(shape) if json else speak_status(shape)


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
    schedule: ScheduleJson = None, json: Json = False,
) -> None:  # fmt: skip
    """Simulate virtual subjects drawn from a model's prior, a hospital study, or uva-padova with your parameters."""
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


@app.command()
def backtest(
    what: Annotated[str, typer.Argument(help="diabetes or arrivals")],
    data: Annotated[Path | None, typer.Option("--data", help="diabetes: folder or file of records")] = None,
    subject: Annotated[list[str] | None, typer.Option("--subject", help="diabetes: one or more ids, pooled")] = None,
    train: hospital.Train = None, test: hospital.Test = None, holidays: hospital.Holidays = None,
    model: ModelName = "replaybg-everyday", members: Members = 256,
    stride: Annotated[int, typer.Option("--stride", min=1, help="forecast from every so many grid points")] = 1,
    window: Annotated[int, typer.Option("--window", min=2, help="days of records; the last 30 % are scored")] = 28,
    seed: Seed = 0, zone: Annotated[str, typer.Option("--zone", help="IANA zone of local times")] = "Europe/London",
    json: Json = False,
) -> None:  # fmt: skip
    """Score rolling forecasts on records, beside simple baselines, with standard errors."""
    if what == "arrivals":
        return hospital.backtest_arrivals(train, test, holidays, json)
    if what != "diabetes":
        raise RegistryError(f"no backtest '{what}': there are 'diabetes' and 'arrivals'")
    if data is None or not subject:
        raise IngestError("'backtest diabetes' needs records and whose: give --data and --subject")
    from ..domains.health.backtest import Settings
    from . import console
    from .backtest import Task, rows
    from .backtest import backtest as work

    with console.bar() as progress:
        tasks = {own: progress.add_task(f"subject {own}", total=1) for own in subject}
        task = Task(data, zone, Settings(model, members=members, seed=seed, stride=stride, days=window))
        shape = work(
            task,
            list(dict.fromkeys(subject)),
            lambda own, done, total: progress.update(tasks[own], completed=done, total=total),
        )
    if json:
        return console.emit(shape)
    columns = ("mode", "min", "cases", "forecaster", "RMSE", "MAE", "CRPS", "in 50 %", "in 90 %", "n")
    console.show("Glucose forecasts [mg/dL], ± standard error", columns, rows(shape), 4)


@app.command()
def validate(
    data: Data, subject: Annotated[list[str] | None, typer.Option("--subject", help="one or more ids, pooled")] = None,
    format: Format = "auto", mapping: Mapping = None, zone: Zone = None, model: ModelName = "replaybg-everyday",
    members: Members = 256, seed: Seed = 0, weight: Weight = None,
    observable: Annotated[str, typer.Option("--observable", help="what is forecast and read")] = "glucose",
    ahead: Annotated[list[float] | None, typer.Option("--ahead", help="horizons [h]; default 0.5, 1 and 2")] = None,
    every: Annotated[float, typer.Option("--every", min=0.01, help="hours between forecasts")] = 0.25,
    train: Annotated[float, typer.Option("--train", min=0.05, max=0.95, help="part of the record that teaches")] = 0.5,
    event: Annotated[list[str] | None, typer.Option("--event", help="'<70' or '>180': are its odds right?")] = None,
    html: Html = None, json: Json = False,
) -> None:  # fmt: skip
    """Validate a model on records: scores, skill against baselines, calibration, events, subgroups."""
    from . import console
    from .records import Start, Wanted
    from .validate import Validated, report_page, spoken
    from .validate import validate as work

    people = list(dict.fromkeys(subject)) if subject else [None]
    with console.bar() as progress:
        tasks = {own: progress.add_task(f"subject {own or ''}", total=1) for own in people}
        _, shape = work(
            Wanted(data, None, format, mapping, zone), people, Start(model, members, seed, weight),
            Validated(observable, tuple(ahead or (0.5, 1.0, 2.0)), every, train, tuple(event or ())),
            lambda own, done, total: progress.update(tasks.get(own, tasks[people[0]]), completed=done, total=total),
        )  # fmt: skip
    if html is not None:
        html.write_text(report_page(shape), encoding="utf-8")
    console.emit(shape) if json else spoken(shape, html)


@app.command()
def bench(
    what: Annotated[str, typer.Argument(help="core, diabetes, health, hospital or inference")] = "core",
    peer_python: Annotated[
        Path | None,
        typer.Option("--peer-python", envvar="GEMEL_PEER_PYTHON", help="an interpreter that has simglucose, or ciw"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="a tenth of the work: to see that it runs")] = False,
    json: Json = False,
) -> None:
    """Measure how fast the core, virtual persons with diabetes, the health map or the hospital is."""
    if what == "diabetes":
        from .bench_diabetes import report

        return report(peer_python, quick=quick, json=json)
    if what == "health":
        from . import console
        from .bench_health import bench_health

        return console.emit(bench_health(quick=quick))
    if what == "hospital":
        return hospital_study.bench(peer_python, quick, json)
    if what == "inference":
        from . import console
        from .bench_inference import bench_inference
        from .bench_inference import report as told

        with console.bar() as progress:
            task = progress.add_task("", total=None)
            found = bench_inference(lambda name: progress.update(task, description=name), quick=quick)
        return console.emit(found) if json else told(found)
    if what != "core":
        raise RegistryError(f"no bench '{what}': there are core, diabetes, health, hospital and inference")
    from . import console, speak
    from .bench import Sizes
    from .bench import bench as work

    with console.bar() as progress:
        task = progress.add_task("", total=None)
        sizes = Sizes(1000, 20, 256, 2, 0.2) if quick else Sizes()
        shape = work(sizes, peer_python, lambda name: progress.update(task, description=name))
    console.emit(shape) if json else speak.benched(shape)


@app.command()
def risk(
    score: Annotated[str, typer.Argument(help="a score's id, a family of scores, or 'list'")],
    input: Annotated[Path | None, typer.Option("--input", help="CSV or JSON file, a case per row")] = None,
    json: Json = False,
) -> None:
    """Work out a risk equation or score for every row of a file, or list what there is."""
    from . import console
    from . import risk as work

    if score == "list":
        found = work.entries()
        if json:
            return console.emit(found)
        console.show("", ("id", "title", "organ", "outcome", "status"), work.listing(found))
        return console.say(work.summary(found))
    if input is None:
        raise IngestError(f"risk {score} needs --input FILE (CSV or JSON, a case per row)")
    rows = work.answer(score, input)
    if json:
        return console.emit(rows)
    heads, cells = work.table(rows)
    console.show("", heads, cells)


app.command("health-map")(health_map)
app.command("glucose-report")(glucose_report)
app.command("error-grid")(error_grid)
app.command("queues")(hospital.queues)
app.command("mine")(hospital.mine)
app.command("census")(hospital.census)


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
    what: Annotated[str, typer.Argument(help="diabetes or health-map")] = "diabetes",
    out: Annotated[Path, typer.Option("--out", help="folder for records and report")] = Path("gemel-demo"),
    days: Annotated[int, typer.Option("--days", min=2, max=14, help="days of the virtual life")] = 5,
    members: Members = 384, seed: Seed = 1,
    stride: Annotated[int, typer.Option("--stride", min=1, help="scored forecasts: every so many 5 min")] = 6,
    open: Annotated[bool, typer.Option("--open/--no-open", help="show the report in a browser")] = True,
    json: Json = False,
) -> None:  # fmt: skip
    """Records in, a twin, a forecast, tonight's bolus, a score, a report: in under a minute."""
    from . import console, speak
    from .demo import Script, open_in_browser
    from .demo import demo as work

    out.mkdir(parents=True, exist_ok=True)
    if what == "health-map":
        from .health_demo import health_demo

        return health_demo(out, show=open, json=json)
    if what != "diabetes":
        raise RegistryError(f"no demo '{what}': there are 'diabetes' and 'health-map'")
    with console.bar() as progress:
        task = progress.add_task("starting", total=None)
        shape = work(Script(days, members, seed, stride), out, lambda name: progress.update(task, description=name))
    console.emit(shape) if json else speak.demonstrated(shape)
    open_in_browser(Path(shape.report), open)


@app.command()
def schema(name: str) -> None:
    """Print the JSON Schema of a command's --json output."""
    from . import console
    from .schemas import schema as of

    console.emit(of(name))
