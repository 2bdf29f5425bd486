/** Alerts: who is called for, why, and what was done about it; what alerting costs those who are called. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "../live/link";
import { useNews } from "../live/news";
import { useBoard, useEverybody } from "../live/use";
import { Cost } from "../panels/alerts-burden";
import { Card } from "../panels/alerts-card";
import { sought, type Alert, type Listing, type Sought } from "../panels/alerts-data";
import "../panels/alerts.css";
import { Answer, useAsked } from "../parts/ask";
import { words } from "../words";

const say = words.alerts;
const STATES = ["open", "closed", "all"] as const;

interface Filters extends Sought {
  state: (typeof STATES)[number];
  silent: boolean;
}

export default function Alerts() {
  const [filters, set] = useState<Filters>({ state: "open", silent: false, severity: "", text: "" });
  const [done, tell] = useState("");
  const everybody = useEverybody();
  const known = useQueryClient();
  const told = useAsked<Listing>(`/api/alerts?state=${filters.state}&silent=${filters.silent}`, { every: 30_000 });
  const anew = () => void known.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith("/api/alerts?") });
  const link = useNews({ kinds: ["alert"] }, anew, anew);
  return (
    <div className="stack">
      <div className="overview-head row">
        <h1>{say.title}</h1>
        <Link link={link} />
      </div>
      <Choose filters={filters} choose={(part) => set({ ...filters, ...part })} />
      <p role="status" className={done ? "" : "hidden"}>{done}</p>
      <Answer of={told}>{(data) => <Shown alerts={sought(data.alerts, filters, everybody)} everybody={everybody} done={tell} />}</Answer>
      <Cost />
    </div>
  );
}

interface Given {
  alerts: Alert[];
  everybody: ReturnType<typeof useEverybody>;
  done: (text: string) => void;
}

function Shown({ alerts, everybody, done }: Given) {
  const rules = useBoard().board?.rules ?? [];
  if (!alerts.length) return <div className="sheet stack"><h2>{say.none.title}</h2><p>{say.none.text}</p></div>;
  return (
    <ul className="alerts-list">
      {alerts.map((alert) => <Card key={alert.id} alert={alert} who={everybody.get(alert.subject)} rules={rules} done={done} />)}
    </ul>
  );
}

function Choose({ filters, choose }: { filters: Filters; choose: (part: Partial<Filters>) => void }) {
  const own = say.filters;
  return (
    <div className="row alerts-filters" role="group" aria-label={own.label}>
      <label>{own.state}
        <select value={filters.state} onChange={(event) => choose({ state: event.target.value as Filters["state"] })}>
          {STATES.map((state) => <option key={state} value={state}>{own[state]}</option>)}
        </select>
      </label>
      <label>{own.severity}
        <select value={filters.severity} onChange={(event) => choose({ severity: event.target.value as Filters["severity"] })}>
          <option value="">{own.any}</option>
          {(["critical", "warning", "info"] as const).map((one) => <option key={one} value={one}>{say.severity[one]}</option>)}
        </select>
      </label>
      <label>{own.rule}<input type="search" value={filters.text} onChange={(event) => choose({ text: event.target.value })} /></label>
      <label className="tick"><input type="checkbox" checked={filters.silent} onChange={(event) => choose({ silent: event.target.checked })} />{own.silent}</label>
    </div>
  );
}
