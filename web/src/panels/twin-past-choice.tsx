/** Which past forecasts are shown: those made a fixed time ahead, or the one that was made at a moment (a scrubber). */
import { clock } from "../parts/time";
import { words } from "../words";

const say = words.twin.course.past;

export interface Look {
  minutes: number;
  past: boolean;
  then: number | null;
}

interface Shown {
  said: { issued: number[]; horizons: number[] } | undefined;
  look: Look;
  set: (look: Look) => void;
  zone: string;
  tally: [number, number] | null;
}

export function Past({ said, look, set, zone, tally }: Shown) {
  if (!said?.issued.length) return <p className="small soft no-print">{say.none}</p>;
  const { issued } = said;
  const place = look.then === null ? issued.length : issued.indexOf(look.then);
  const told = look.then === null ? say.off : say.at(clock(new Date(look.then), zone));
  return (
    <fieldset className="past no-print">
      <legend className="hidden">{say.show}</legend>
      <label className="row small">
        <input type="checkbox" checked={look.past} onChange={(event) => set({ ...look, past: event.target.checked })} />
        {say.show}
      </label>
      <label className="row small choice">
        {say.ahead}
        <select value={look.minutes} onChange={(event) => set({ ...look, minutes: Number(event.target.value), past: true, then: null })}>
          {said.horizons.map((n) => <option key={n} value={n}>{say.before(say.minutes(n))}</option>)}
        </select>
      </label>
      <label className="scrub small">
        <span>{say.then}</span>
        <input
          type="range" min={0} max={issued.length} value={place < 0 ? issued.length : place} aria-valuetext={told}
          onChange={(event) => set({ ...look, then: issued[Number(event.target.value)] ?? null })}
        />
        <output>{told}</output>
      </label>
      {tally && tally[1] > 0 && look.then === null && <p className="small soft">{say.kept(...tally)}</p>}
    </fieldset>
  );
}
