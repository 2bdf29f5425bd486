/** The overview: everybody the service knows, the most urgent first; enter a ward or a patient, and come back. */
import { useEffect, useMemo, useRef, useState } from "react";
import { Link as Anchor, useLocation, useSearch } from "wouter";
import { rowsNow, type Board, type Row } from "../live/board";
import { Link } from "../live/link";
import { useBoard, useOrder } from "../live/use";
import { Asks } from "../panels/overview-asks";
import { Bar, type Choice } from "../panels/overview-bar";
import { List } from "../panels/overview-list";
import { called, filtered, ordered } from "../panels/overview-rank";
import { One, Wards } from "../panels/overview-wards";
import "../panels/overview.css";
import { Failed } from "../parts/ask";
import { words } from "../words";

const say = words.overview;

export default function Overview() {
  const { board, problem, link } = useBoard();
  return (
    <div className="stack">
      {!board && problem && <Failed error={problem} again={() => location.reload()} />}
      {!board && !problem && <p className="soft" role="status">{words.loading}</p>}
      {board && <Levels board={board} head={<Link link={link} />} />}
    </div>
  );
}

function Levels({ board, head }: { board: Board; head: React.ReactNode }) {
  const search = new URLSearchParams(useSearch());
  const place = search.get("in") ?? undefined;
  const who = board.subjects.find((row) => row.id === search.get("who"));
  const inside = who ? who.place : place;
  useEscape(who ? (who.place ? `/?in=${encodeURIComponent(who.place)}` : "/") : place === undefined ? undefined : "/");
  return (
    <>
      <div className="overview-head">
        <h1>{who ? called(who) : place === undefined ? say.title : place || say.unplaced}</h1>
        {inside !== undefined && <Crumbs site={board.site} place={inside} who={who} />}
        {head}
      </div>
      <Asks place={who ? undefined : place} />
      {board.subjects.length === 0 ? <Empty /> : who ? <One row={who} board={board} /> : <Everyone board={board} place={place} />}
    </>
  );
}

function Everyone({ board, place }: { board: Board; place: string | undefined }) {
  const [choice, set] = useState<Choice>({ sort: "urgent", text: "", list: false, state: undefined });
  const turn = useOrder();
  const rows = useMemo(() => filtered([...rowsNow()], { place }), [turn, board, place]);
  const shown = filtered(rows, choice);
  const held = useHeld(ordered(shown, choice.sort), `${place}|${JSON.stringify(choice)}`);
  return (
    <>
      <Bar rows={rows} place={place} choice={choice} choose={(part) => set({ ...choice, ...part })} />
      {shown.length === 0 && <Nothing all={() => set({ ...choice, text: "", state: undefined })} />}
      <div className="stack" {...held.holds}>
      {choice.list
        ? <List rows={held.rows} board={board} sort={choice.sort} choose={(sort) => set({ ...choice, sort })} />
        : <Wards rows={held.rows} board={board} whole={place === undefined} />}
      </div>
      {!choice.list && <p className="soft small">{say.keys}</p>}
    </>
  );
}

/** The order stays as it is while somebody points at the rows or moves among them: nothing runs away under a finger. */
function useHeld(rows: Row[], choice: string) {
  const [holding, hold] = useState(false);
  const kept = useRef({ choice, rows });
  const changed = kept.current.choice !== choice || kept.current.rows.length !== rows.length;
  if (!holding || changed) kept.current = { choice, rows };
  const own = new Map(rows.map((row) => [row.i, row]));
  const same = kept.current.rows.every((row) => own.has(row.i));
  const holds = {
    onPointerEnter: () => hold(true), onPointerLeave: () => hold(false), onFocus: () => hold(true), onBlur: () => hold(false),
  };
  return { rows: same ? kept.current.rows.map((row) => own.get(row.i)!) : rows, holds };
}

function Crumbs({ site, place, who }: { site: string; place: string; who: Row | undefined }) {
  return (
    <nav aria-label={say.path}>
      <ol className="crumbs small">
        <li><Anchor href="/">{say.all} ({site})</Anchor></li>
        {who ? <li><Anchor href={`/?in=${encodeURIComponent(place)}`}>{place || say.unplaced}</Anchor></li> : <li aria-current="page">{place || say.unplaced}</li>}
        {who && <li aria-current="page">{called(who)}</li>}
      </ol>
    </nav>
  );
}

function Nothing({ all }: { all: () => void }) {
  return <div className="sheet row"><p>{say.empty.found}</p><button onClick={all}>{say.empty.everybody}</button></div>;
}

function Empty() {
  return <div className="sheet stack"><h2>{say.empty.title}</h2><p>{say.empty.text}</p></div>;
}

/** Escape goes one level up, unless something else has used it. */
function useEscape(to: string | undefined) {
  const [, go] = useLocation();
  useEffect(() => {
    if (to === undefined) return;
    const press = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) go(to);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [to, go]);
}
