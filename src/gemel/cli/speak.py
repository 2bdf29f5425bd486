"""Results as tables for people."""

from __future__ import annotations

from pathlib import Path

from ..runtime.answers.shapes import ComparisonShape, DataShape, ForecastShape, Observed, SummaryRow
from .backtest import rows as score_rows
from .console import number, say, show
from .ledger_commands import track_lines
from .shapes import BenchShape, DemoShape, Simulated
from .shapes_service import ServiceSeen

__all__ = ["benched", "compared", "demonstrated", "forecasted", "observed", "simulated"]

CAUTION = "Supports clinical judgement and never replaces it."


def _data(data: DataShape) -> None:
    age = "" if data.age_minutes is None else f"; newest reading {data.newest_reading}, {data.age_minutes:.0f} min old"
    say(f"{data.source}: {data.used:,} facts used, {data.rejected} rejected, {data.repeated} repeated{age}")
    for reason, count in data.reasons.items():
        say(f"  rejected {count}: {reason}")


def _summary(title: str, rows: list[SummaryRow]) -> None:
    cells = [[r.name, number(r.mean), number(r.low), number(r.high), r.unit] for r in rows]
    show(title, ("quantity", "mean", "5 %", "95 %", "unit"), cells, 1)


def observed(shape: Observed) -> None:
    """What is believed."""
    _data(shape.data)
    say(
        f"{shape.model} of {shape.subject} at {shape.at} ({shape.zone}): {shape.members} members, {shape.failed} failed"
    )
    _summary("Belief", shape.belief)
    if shape.stored:
        say(f"stored: {shape.stored}")


def forecasted(shape: ForecastShape, files: list[Path]) -> None:
    """Some ten lines of the fan."""
    _data(shape.data)
    zone = f"{shape.zone}; plan: {shape.plan}; {shape.members} members, {shape.failed} failed"
    say(f"{shape.model}, issued {shape.issued} ({zone})")
    step = max(1, len(shape.hours) // 8)
    for fan in shape.observables:
        cells = [
            [shape.times[j][11:16], f"+{shape.hours[j]:.2f} h", number(fan.q50[j]), *(number(q[j]) for q in
             (fan.q05, fan.q25, fan.q75, fan.q95))]
            for j in range(step - 1, len(shape.hours), step)
        ]  # fmt: skip
        show(f"{fan.name} [{fan.unit}]", ("time", "ahead", "middle", "5 %", "25 %", "75 %", "95 %"), cells, 1)
    if shape.scores:
        _summary("Over the forecast", list(shape.scores.values()))
    for line in track_lines(shape.record, shape.standing):
        say(line)
    for reason in shape.reasons:
        say(f"in doubt: {reason}")
    for path in files:
        say(f"written: {path}")
    if shape.stored:
        say(f"stored: {shape.stored}")
    say(CAUTION)


def compared(shape: ComparisonShape, html: Path | None) -> None:
    """The verdict and the numbers behind it."""
    _data(shape.data)
    say(f"{shape.model}, issued {shape.issued}, until {shape.until} ({shape.zone})")
    say(f"utility {shape.utility}: {shape.utility_about} (higher is better)")
    names = list(shape.plans[0].scores)[:2]
    columns = ("plan", f"expected [{shape.utility_unit}]", "chance of being best", *(f"{n} [%]" for n in names))
    cells = [
        [p.plan, number(p.expected), f"{p.probability_best:.0%}", *(number(p.scores[n]) for n in names)]
        for p in shape.plans
    ]
    show("", columns, cells, 1)
    say(shape.verdict)
    if html is not None:
        say(f"written: {html}")
    say(CAUTION)


def simulated(shape: Simulated) -> None:
    """Who was simulated."""
    say(f"{shape.model}: {shape.members} virtual subjects, {shape.hours:g} h from {shape.start}, {shape.failed} failed")
    _summary("Over subjects and time", list(shape.observables.values()))
    say(f"written: {shape.file} ({shape.rows:,} rows)" if shape.file else "give --out FILE.csv to keep the paths")


def benched(shape: BenchShape) -> None:
    """Every figure."""
    figures = [
        ("patient-days per CPU second", shape.patient_days_per_cpu_s), ("one reading [ms CPU]", shape.observe_ms_cpu),
        ("twins ticked per CPU second", shape.twins_tick_per_cpu_s),
        ("first forecast, nothing compiled [s]", shape.first_forecast_cold_s),
        ("first forecast, compiled before [s]", shape.first_forecast_warm_s), ("import [s]", shape.import_s),
        ("queue events per CPU second", shape.mmc_events_per_cpu_s), ("ratio to SimPy", shape.ratio_simpy),
        ("ratio to simglucose", shape.ratio_simglucose),
    ]  # fmt: skip
    show(f"gemel {shape.version}, Python {shape.python}, {shape.cpus} processors", ("figure", "value"),
         [[name, number(value, 4)] for name, value in figures], 1)  # fmt: skip
    waits = [
        [case, *(number(shape.mmc[f"{case}_wait_{k}"], 4) for k in ("wait", "se", "exact"))] for case in ("mm1", "mm10")
    ]
    show("Mean wait [h] beside Erlang C", ("queue", "simulated", "standard error", "exact"), waits, 1)
    if shape.simglucose_problem:
        say(f"simglucose was not measured: {shape.simglucose_problem}")


def demonstrated(shape: DemoShape) -> None:
    """The demo in one screen."""
    _data(shape.data)
    cells = [[p.plan, f"{p.probability_best:.0%}", number(-p.expected), number(-p.truth)] for p in shape.plans]
    columns = ("bolus for dinner", "chance of being best", "expected risk", "risk in truth")
    show("What if? (risk: LBGI + HBGI, lower is better)", columns, cells, 1)
    say(shape.verdict)
    hour = [row for row in score_rows(shape.backtest) if row[1:3] == ["60", "all"]]
    columns = ("mode", "forecaster", "RMSE", "CRPS", "in 50 %", "in 90 %", "n")
    show("Earlier forecasts, 60 min ahead [mg/dL]", columns, [[r[0], r[3], r[4], r[6], *r[7:]] for r in hour], 2)
    _service(shape.service)
    say(f"took {shape.seconds:.1f} s; {CAUTION}")
    say(f"report: {shape.report}")


def _service(seen: ServiceSeen) -> None:
    """What came back from the running service."""
    rows = [[d.door, d.sent, d.came_back, f"{d.seconds:.2f}"] for d in seen.doors]
    if rows:
        show("The service on loopback, from outside", ("door", "sent", "came back", "s"), rows, 3)
        told = ", ".join(f"{count} {kind}" for kind, count in seen.events.items())
        again = "the same" if seen.same_facts else "NOT the same"
        say(f"the stream told: {told}; {seen.facts} facts, {again} after a restart; data: {seen.data}")
    for door, why in seen.left_out.items():
        say(f"left out: {door}: {why}")
