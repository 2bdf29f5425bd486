/** The levels of the overview: everybody by ward; one ward; where there are many, each ward as a card with its counts. */
import { Link as Anchor } from "wouter";
import type { Board, Row } from "../live/board";
import { roving } from "../parts/roving";
import { Mark, Status } from "../parts/status";
import { words } from "../words";
import { called, counted, leads, STATES, urgency } from "./overview-rank";
import { whyOf } from "./overview-said";
import { Tile } from "./overview-tile";

const say = words.overview;
/** More rows than this at once are told ward by ward. */
export const MANY = 60;

interface Shown {
  /** In the order in which they are shown. */
  rows: Row[];
  board: Board;
  whole: boolean;
}

export function Wards({ rows, board, whole }: Shown) {
  const places = [...new Set(rows.map((row) => row.place))].sort((a, b) => Number(a === "") - Number(b === "") || a.localeCompare(b));
  if (whole && rows.length > MANY) return <Cards rows={rows} board={board} places={places} />;
  return (
    <div className="stack" {...roving}>
      {places.map((place, k) => (
        <section key={place} aria-label={place || say.unplaced}>
          {whole && <Heading place={place} rows={rows.filter((row) => row.place === place)} />}
          <Tiles rows={rows.filter((row) => row.place === place)} board={board} first={k === 0} />
        </section>
      ))}
    </div>
  );
}

function Tiles({ rows, board, first }: { rows: Row[]; board: Board; first: boolean }) {
  return <ul className="tiles">{rows.map((row, k) => <Tile key={row.i} i={row.i} board={board} first={first && k === 0} />)}</ul>;
}

function Heading({ place, rows }: { place: string; rows: Row[] }) {
  return (
    <div className="ward-head row">
      <h2>{place ? <Anchor href={`/?in=${encodeURIComponent(place)}`} aria-label={say.enter(place)}>{place}</Anchor> : say.unplaced}</h2>
      <Tally rows={rows} />
    </div>
  );
}

function Tally({ rows }: { rows: Row[] }) {
  const counts = counted(rows);
  return (
    <span className="tally small soft">
      {STATES.filter((state) => counts[state]).map((state) => (
        <span key={state} title={say.counts.of(counts[state], words.status[state])}>
          <Mark state={state} /><span className="hidden">{words.status[state]}: </span>{counts[state]}
        </span>
      ))}
    </span>
  );
}

function Cards({ rows, board, places }: { rows: Row[]; board: Board; places: string[] }) {
  return (
    <ul className="tiles" {...roving}>
      {places.map((place, k) => {
        const own = rows.filter((row) => row.place === place).sort(urgency);
        return (
          <li key={place} className={`tile ward-card ${own[0]?.state ?? "none"}`}>
            <Anchor href={`/?in=${encodeURIComponent(place)}`} data-roving tabIndex={k ? -1 : 0}>
              <span className="top"><strong>{place || say.unplaced}</strong><span className="where small">{say.people(own.length)}</span></span>
              <Tally rows={own} />
              {own.slice(0, 3).map((row) => (
                <span key={row.i} className="row small"><Status state={row.state} /> {called(row)}: {whyOf(row, board)}</span>
              ))}
            </Anchor>
          </li>
        );
      })}
    </ul>
  );
}

/** One of them: its twins, the devices where it is, and the pages about it. */
export function One({ row, board }: { row: Row; board: Board }) {
  const id = encodeURIComponent(row.id);
  const here = board.subjects.filter((other) => other !== row && other.place === row.place && other.bed === row.bed && other.kind !== "person");
  return (
    <div className="stack">
      <ul className="tiles" {...roving}><Tile i={row.i} board={board} first /></ul>
      <section className="sheet stack">
        <h2>{say.more.twins}</h2>
        {row.twins.length === 0 && <p className="soft">{say.more.none}</p>}
        <ul>
          {row.twins.map((twin) => (
            <li key={twin.id}><Anchor href={`/twins/${encodeURIComponent(twin.id)}`}>{twin.title}</Anchor> <span className="soft">{say.kinds[twin.kind] ?? twin.kind}, {twin.standing}</span></li>
          ))}
        </ul>
        {here.length > 0 && <h2>{say.more.devices}</h2>}
        <ul>{here.map((other) => <li key={other.i}><Anchor href={leads(other)}>{called(other)}</Anchor></li>)}</ul>
        {row.kind === "person" && (
          <nav className="row" aria-label={called(row)}>
            <Anchor className="button" href={`/body/${id}`}>{say.more.body}</Anchor>
            <Anchor className="button" href={`/me/${id}`}>{say.more.me}</Anchor>
            <Anchor className="button" href={`/together/${id}`}>{say.more.together}</Anchor>
          </nav>
        )}
      </section>
    </div>
  );
}
