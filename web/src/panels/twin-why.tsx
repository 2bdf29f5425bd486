/** Why the forecast says what it says: words first, then what makes it uncertain and what each fact did, then what to
 * measure next.  Asked for when it comes into use, as it takes the service some seconds. */
import { useState } from "react";
import { Failed } from "../parts/ask";
import { clock, number, percent } from "../parts/time";
import { words } from "../words";
import { Share, Signed } from "./bars";
import { pathOf, plain, unitOf, useKept, type Explanation } from "./twin-data";

const say = words.twin.why;
const HOURS = 2;
/** A share below this is not worth a line of its own. */
const LEAST = 0.01;

interface Asked {
  twin: string;
  targets: readonly string[];
  main: string;
  issued: string;
}

export function Why({ twin, targets, main, issued }: Asked) {
  const [target, set] = useState(main);
  const asked = useKept<Explanation>(pathOf(twin, `/explain?hours=${HOURS}&target=${encodeURIComponent(target)}`), false, target !== "");
  return (
    <section className="sheet stack" id="why" aria-labelledby="why-title" tabIndex={-1}>
      <div className="row spread">
        <h2 id="why-title">{say.title}</h2>
        <div className="row no-print">
          {targets.length > 1 && (
            <label className="small choice">{say.about}
              <select value={target} onChange={(event) => set(event.target.value)}>
                {targets.map((name) => <option key={name} value={name}>{plain(name)}</option>)}
              </select>
            </label>
          )}
          {asked.data && asked.data.issued !== issued && !asked.isFetching && <button onClick={() => void asked.refetch()}>{say.again}</button>}
        </div>
      </div>
      {asked.isPending && <p className="soft" role="status">{say.asking}</p>}
      {asked.isError && <Failed error={asked.error} again={() => void asked.refetch()} />}
      {asked.data && <Told of={asked.data} />}
    </section>
  );
}

function Told({ of }: { of: Explanation }) {
  return (
    <>
      <div className="words">{of.words.map((line) => <p key={line}>{line}</p>)}</div>
      <p className="small soft">{say.at(clock(new Date(of.issued), of.zone))}</p>
      <Next of={of} />
      <details open><summary><h3>{say.shares}</h3></summary><Shares of={of} /></details>
      <details><summary><h3>{say.facts}</h3></summary><Facts of={of} /></details>
    </>
  );
}

function Shares({ of }: { of: Explanation }) {
  const shown = of.shares.filter((share) => share.part >= LEAST);
  const rest = of.shares.filter((share) => share.part < LEAST).reduce((sum, share) => sum + share.part, 0);
  return (
    <table className="bars">
      <caption className="hidden">{say.shares}</caption>
      <tbody>
        {shown.map((share) => <Row key={share.name} name={plain(share.name)} kind={share.kind} part={share.part} />)}
        {rest > 0.005 && <Row name={say.rest} kind="" part={rest} />}
      </tbody>
    </table>
  );
}

function Row({ name, kind, part }: { name: string; kind: string; part: number }) {
  return (
    <tr>
      <th scope="row">{name}{kind && <span className="soft"> · {kind}</span>}</th>
      <td><Share part={part} /></td>
      <td className="number">{percent(part)}</td>
    </tr>
  );
}

function Facts({ of }: { of: Explanation }) {
  if (!of.contributions.length) return <p className="soft">{say.young}</p>;
  const most = Math.max(...of.contributions.map((c) => Math.abs(c.shift)));
  const when = (time: string) => clock(new Date(time), of.zone);
  return (
    <table className="bars">
      <caption className="small soft">{say.moved(unitOf(of.unit))}</caption>
      <tbody>
        {of.contributions.map((c) => (
          <tr key={c.first + c.names.join()}>
            <th scope="row">
              {c.first === c.last ? when(c.first) : `${when(c.first)}–${when(c.last)}`} {say.count(c.facts, c.names.map(plain).join(", "))}
              <span className="soft"> · {c.acted ? say.done : say.read}</span>
            </th>
            <td><Signed value={c.shift} most={most} /></td>
            <td className="number">{c.shift > 0 ? "+" : ""}{number(c.shift)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Next({ of }: { of: Explanation }) {
  const useful = of.next.filter((gain) => gain.gain >= LEAST).slice(0, 4);
  return (
    <div className="next">
      <h3>{say.next}</h3>
      {useful.length === 0 && <p className="soft">{say.nothing}</p>}
      <ul>
        {useful.map((gain) => (
          <li key={gain.quantity + gain.hours}>
            <strong>{plain(gain.quantity)}</strong> {say.in(number(gain.hours))}: {say.removes(percent(gain.gain))}
            {gain.cost > 0 && ` (${number(gain.cost)} ${gain.currency})`}
          </li>
        ))}
      </ul>
    </div>
  );
}
