/** What is shown and how: counts by state that filter, order, search, wards or list, and the way to the wall display. */
import { Link as Anchor } from "wouter";
import type { Row } from "../live/board";
import { Mark } from "../parts/status";
import { words } from "../words";
import { counted, SORTS, STATES, type Sort } from "./overview-rank";

const say = words.overview;

export interface Choice {
  state?: Row["state"] | undefined;
  sort: Sort;
  text: string;
  list: boolean;
}

interface Bar {
  rows: Row[];
  place: string | undefined;
  choice: Choice;
  choose: (part: Partial<Choice>) => void;
}

export function Bar({ rows, place, choice, choose }: Bar) {
  return (
    <div className="bar row">
      <Counts rows={rows} chosen={choice.state} choose={(state) => choose({ state })} />
      <input
        type="search" className="search" aria-label={say.search} placeholder={say.search} value={choice.text}
        onChange={(event) => choose({ text: event.target.value })}
      />
      <select aria-label={say.sort.label} value={choice.sort} onChange={(event) => choose({ sort: event.target.value as Sort })}>
        {SORTS.map((sort) => <option key={sort} value={sort}>{say.sort[sort]}</option>)}
      </select>
      <div className="pair" role="group" aria-label={say.view.label}>
        <button aria-pressed={!choice.list} onClick={() => choose({ list: false })}>{say.view.map}</button>
        <button aria-pressed={choice.list} onClick={() => choose({ list: true })}>{say.view.list}</button>
      </div>
      <Anchor className="button" href={place ? `/wall?unit=${encodeURIComponent(place)}` : "/wall"}>{say.view.wall}</Anchor>
    </div>
  );
}

interface Counted {
  rows: Row[];
  chosen: Row["state"] | undefined;
  choose: (state: Row["state"] | undefined) => void;
}

function Counts({ rows, chosen, choose }: Counted) {
  const counts = counted(rows);
  return (
    <div className="pair" role="group" aria-label={say.counts.label}>
      {STATES.map((state) => (
        <button key={state} className={`count ${state}`} aria-pressed={chosen === state} onClick={() => choose(chosen === state ? undefined : state)}>
          <Mark state={state} /> {words.status[state]} <strong>{counts[state]}</strong>
        </button>
      ))}
    </div>
  );
}
