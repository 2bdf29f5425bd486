/** Everybody as a table, sorted by a press on a column's head; on a narrow screen each row becomes a small card. */
import { Link } from "wouter";
import type { Board, Row } from "../live/board";
import { useRow } from "../live/use";
import { Status } from "../parts/status";
import { words } from "../words";
import "./overview-list.css";
import { called, headline, leads, type Sort } from "./overview-rank";
import { Age, Measured, nextOf, riskOf, Trend, Voice } from "./overview-said";

const say = words.overview;
const COLUMNS = ["state", "who", "place", "now", "trend", "next", "risk", "age", "voice", "alerts"] as const;
const SORTED: Partial<Record<(typeof COLUMNS)[number], Sort>> = { state: "urgent", who: "name", place: "bed", age: "old" };

interface Shown {
  rows: Row[];
  board: Board;
  sort: Sort;
  choose: (sort: Sort) => void;
}

export function List({ rows, board, sort, choose }: Shown) {
  return (
    <table className="everyone sheet">
      <caption className="hidden">{say.title}</caption>
      <thead>
        <tr>{COLUMNS.map((name) => <Head key={name} name={name} sort={sort} choose={choose} />)}</tr>
      </thead>
      <tbody>{rows.map((row) => <Line key={row.i} i={row.i} board={board} />)}</tbody>
    </table>
  );
}

interface Named {
  name: (typeof COLUMNS)[number];
  sort: Sort;
  choose: (sort: Sort) => void;
}

function Head({ name, sort, choose }: Named) {
  const by = SORTED[name];
  if (!by) return <th scope="col">{say.columns[name]}</th>;
  return (
    <th scope="col" aria-sort={by === sort ? (by === "urgent" || by === "old" ? "descending" : "ascending") : "none"}>
      <button className="plain" onClick={() => choose(by)}>{say.columns[name]}<span aria-hidden="true">{by === sort ? " ▾" : ""}</span></button>
    </th>
  );
}

function Line({ i, board }: { i: number; board: Board }) {
  const row = useRow(i);
  if (!row) return null;
  const twin = headline(row);
  return (
    <tr>
      <td><Status state={row.state} /></td>
      <th scope="row"><Link href={leads(row)}>{called(row)}</Link></th>
      <td>{[row.place, row.bed].filter(Boolean).join(" ") || words.none}</td>
      <td data-head={say.columns.now}><Measured row={row} board={board} /></td>
      <td data-head={say.columns.trend}><Trend twin={twin} /></td>
      <td data-head={say.columns.next}>{twin?.outlook && <span className="mark-forecast">{say.forecast}</span>} {nextOf(twin, board, false)}{twin?.outlook && twin.standing === "silent" && <em className="soft"> ({say.silent})</em>}</td>
      <td data-head={say.columns.risk}>{riskOf(twin, board) || "–"}</td>
      <td data-head={say.columns.age}><Age row={row} board={board} /></td>
      <td data-head={say.columns.voice}><Voice twin={twin} /></td>
      <td data-head={say.columns.alerts}>{row.alerts || "–"}</td>
    </tr>
  );
}
