/** A tile to be read from across a room: who, how, how much, where to. */
import type { Board } from "../live/board";
import { useRow } from "../live/use";
import { Status } from "../parts/status";
import { words } from "../words";
import { called, headline, limitsOf } from "./overview-rank";
import { Age, Measured, nextOf, Trend, Voice, whyOf } from "./overview-said";
import { Spark } from "./overview-spark";

const say = words.overview;

export function Big({ i, board, placed }: { i: number; board: Board; placed: boolean }) {
  const row = useRow(i);
  if (!row) return null;
  const twin = headline(row);
  const outlook = twin?.outlook;
  const [ward, silent] = [placed ? row.place : "", twin?.standing === "silent"];
  return (
    <li className={`big-tile ${row.state}`}>
      <p className="line"><Status state={row.state} /><span className="where">{[ward, row.bed].filter(Boolean).join(" ") || (say.kinds[row.kind] ?? row.kind)}</span></p>
      <p className="name">{called(row)}</p>
      <p className="line"><Measured row={row} board={board} /><Trend twin={twin} /></p>
      {row.reading && <div className="curve"><Spark reading={row.reading} outlook={outlook} limits={outlook ? limitsOf(board, outlook).map((rule) => rule.limit) : []} /></div>}
      {row.state !== "calm" && row.why !== "silent" && <p className="next"><strong>{whyOf(row, board)}</strong></p>}
      {outlook && (
        <p className={silent || row.why === "old" ? "next silent" : "next"}>
          <span className="mark-forecast">{say.forecast}</span> {nextOf(twin, board)}{silent && <em> ({words.standing.silent})</em>}
        </p>
      )}
      <p className="line foot"><Age row={row} board={board} /><Voice twin={twin} /></p>
    </li>
  );
}
