/** One alert: how grave, what, of whom, why, since when; its evidence and steps when asked; what can be done about it. */
import { useRef, useState } from "react";
import { Link } from "wouter";
import { part } from "../api/client";
import type { Rule } from "../live/board";
import { useSecond, type Who } from "../live/use";
import { Mark, type State } from "../parts/status";
import { ago, clock, day, number, percent } from "../parts/time";
import { unit } from "../parts/unit";
import { words } from "../words";
import { Act } from "./alerts-act";
import { possible, type Action, type Alert } from "./alerts-data";

const say = words.alerts;
const MARKS: Record<Alert["severity"], State> = { critical: "act", warning: "watch", info: "none" };

interface Shown {
  alert: Alert;
  who: Who | undefined;
  rules: Rule[];
  done: (text: string) => void;
}

export function Card({ alert, who, rules, done }: Shown) {
  const [action, choose] = useState<Action>();
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    choose(undefined);
    opener.current?.focus();
  };
  const now = useSecond();
  const name = who?.name || `${alert.subject.slice(0, 8)}…`;
  return (
    <li className={`alert ${alert.severity} ${alert.state}`}>
      <article aria-label={`${alert.title}, ${name}`}>
        <header>
          <span className={`status ${MARKS[alert.severity]}`}><Mark state={MARKS[alert.severity]} /> {say.severity[alert.severity]}</span>
          <h2>{alert.title}</h2>
          <span className="state small">{alert.state === "escalated" ? say.rung(Math.max(1, alert.rung)) : say.state[alert.state]}</span>
        </header>
        <p className="who">
          {alert.twin ? <Link href={`/twins/${part(alert.twin)}`}>{name}</Link> : <Link href={`/?who=${part(alert.subject)}`}>{name}</Link>}
          <span className="soft"> {[who?.place, who?.bed].filter(Boolean).join(" ")}</span>
        </p>
        <p>{reasonOf(alert, rules)}</p>
        <p className="soft small">{say.raised(ago(now - Date.parse(alert.raised)))} · {clock(new Date(alert.raised))}</p>
        {alert.silent && <p className="soft"><em>{say.silentAbout}</em></p>}
        <div className="row acts">
          {possible(alert).map((one) => (
            <button key={one} className={one === "acknowledge" ? "main" : ""} aria-expanded={action === one} onClick={(event) => {
              opener.current = event.currentTarget;
              choose(action === one ? undefined : one);
            }}>
              {say.actions[one]}
            </button>
          ))}
        </div>
        {action && <Act alert={alert} action={action} close={close} done={(what) => done(say.changed(what, name))} />}
        <Details alert={alert} />
      </article>
    </li>
  );
}

function Details({ alert }: { alert: Alert }) {
  return (
    <details>
      <summary>{say.details}</summary>
      <h3>{say.reason}</h3>
      <p className="small">{alert.reason}</p>
      <h3>{say.evidence}</h3>
      <dl className="evidence">
        {Object.entries(alert.evidence).map(([name, value]) => (
          <div key={name}><dt>{say.evidenceNames[name] ?? name}</dt><dd>{told(name, value)}</dd></div>
        ))}
      </dl>
      <h3>{say.steps}</h3>
      <ol className="steps">
        {alert.steps.map((step) => (
          <li key={step.at + step.state}>
            <strong>{say.state[step.state]}</strong> <span className="soft">{day(new Date(step.at))} {clock(new Date(step.at))}, {say.answered(step.by)}</span>
            {step.why && <span className="why">{step.why}</span>}
          </li>
        ))}
      </ol>
    </details>
  );
}

/** A chance in words where the alert is about one; else as the service says it. */
function reasonOf(alert: Alert, rules: Rule[]): string {
  const rule = rules.find((one) => one.name === alert.rule);
  const { probability, horizon_minutes: ahead, median, unit: of } = alert.evidence;
  if (!rule || typeof probability !== "number" || typeof ahead !== "number" || typeof median !== "number") return alert.reason;
  const limit = `${rule.side.replace("-", " ")} ${number(rule.limit)} ${unit(rule.unit)}`;
  return say.chance(percent(Math.max(probability, 0.001)), limit, Math.round(ahead), `${number(median)} ${unit(String(of))}`);
}

const TIMES = new Set(["target", "last"]);

function told(name: string, value: number | string): string {
  if (typeof value === "string") return name === "unit" ? unit(value) : value;
  if (TIMES.has(name)) return clock(new Date(value / 1000));
  return name === "probability" || name.endsWith("_level") ? percent(value) : number(value);
}
