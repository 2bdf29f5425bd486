/** A tile: one link with everything one wants to know at a glance.  It is drawn anew only when its row has changed. */
import { Link } from "wouter";
import type { Board, Row } from "../live/board";
import { useRow } from "../live/use";
import { Status } from "../parts/status";
import { words } from "../words";
import { called, headline, leads, limitsOf } from "./overview-rank";
import { Age, Measured, nextOf, Trend, Voice, whyOf } from "./overview-said";
import { Spark } from "./overview-spark";
import "./overview-tile.css";

const say = words.overview;

export function Tile({ i, board, first }: { i: number; board: Board; first: boolean }) {
  const row = useRow(i);
  if (!row) return null;
  const twin = headline(row);
  return (
    <li className={`tile ${row.state}`}>
      <Link href={leads(row)} tabIndex={first ? 0 : -1} data-roving>
        <span className="top">
          <Status state={row.state} />
          {row.alerts > 0 && <Bell count={row.alerts} />}
          <span className="where small">{place(row)}</span>
        </span>
        <span className="name">{called(row)}</span>
        <span className="figures"><Measured row={row} board={board} /><Trend twin={twin} /></span>
        <Curve row={row} board={board} />
        <span className={twin?.standing === "silent" || row.why === "old" ? "next silent" : "next"}>
          {twin?.outlook && <span className="mark-forecast">{say.forecast}</span>} {nextOf(twin, board)}
          {twin?.outlook && twin.standing === "silent" && <em> ({say.silent})</em>}
        </span>
        {row.why !== "calm" && row.why !== "silent" && <span className="why small">{whyOf(row, board)}</span>}
        <span className="foot small soft"><Age row={row} board={board} /><Voice twin={twin} /></span>
      </Link>
    </li>
  );
}

function Curve({ row, board }: { row: Row; board: Board }) {
  const outlook = headline(row)?.outlook;
  if (!row.reading) return null;
  return <Spark reading={row.reading} outlook={outlook} limits={outlook ? limitsOf(board, outlook).map((rule) => rule.limit) : NONE} />;
}
const NONE: number[] = [];

function place(row: Row): string {
  const kind = row.kind === "person" ? "" : `${say.kinds[row.kind] ?? row.kind} `;
  return `${kind}${row.bed ? say.bed(row.bed) : ""}`.trim();
}

export function Bell({ count }: { count: number }) {
  return (
    <span className="bell small">
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d="M8 1.5a4 4 0 0 0-4 4V9l-1.5 2.5h11L12 9V5.5a4 4 0 0 0-4-4ZM6.5 13a1.5 1.5 0 0 0 3 0" fill="none" stroke="currentColor" strokeWidth="1.5" />
      </svg>
      {say.alerts(count)}
    </span>
  );
}
