/** What may come: the twin's course and forecast, its numbers, and the same in sentences. */
import { Key } from "../charts/key";
import { Answer } from "../parts/ask";
import { number } from "../parts/time";
import { Status } from "../parts/status";
import type { Shared } from "../together/shared";
import { words } from "../words";
import { TogetherPart } from "./together-part";
import { TwinChart } from "./twin-chart";
import { pathOf, plain, unitOf, useKept, type Course, type Fan, type Forecast } from "./twin-data";

const own = words.together;
const SHOWN = [0.5, 1, 2, 4];

interface Given { twin: string; shared: Shared; change: (to: Partial<Shared>) => void }

export function TogetherAhead({ twin, shared, change }: Given) {
  const course = useKept<Course>(pathOf(twin, "/course?hours=6"));
  const forecast = useKept<Forecast>(pathOf(twin, "/forecast?hours=4"));
  return (
    <Answer of={course}>
      {(known) => (
        <Answer of={forecast}>
          {(told) => known.read.map((read) => {
            const fan = told.observables.find((one) => one.name === read.name);
            return fan && (
              <TogetherPart key={read.name} id={`ahead-${read.name}`} title={`${own.forecast}: ${own.unit(plain(read.name), unitOf(read.unit))}`}
                point={shared.point} aim={(point) => change({ point })} level={shared.level}
                clinical={<>
                  <Standing told={told} />
                  <TwinChart course={known} read={read} forecast={told} fan={fan} past={null} then={null} levels={[]} />
                  <Key of={own.key} />
                  <Numbers told={told} fan={fan} />
                </>}
                plain={<Sentences told={told} fan={fan} />} />
            );
          })}
        </Answer>
      )}
    </Answer>
  );
}

function Standing({ told }: { told: Forecast }) {
  return (
    <p className="row small">
      {told.standing?.standing === "advisory" ? <Status state="calm" says={words.standing.advisory} /> : <Status state="none" says={own.silent} />}
      {told.stale && <span className="stale">{words.stale}: {told.stale}</span>}
    </p>
  );
}

/** The forecast's own times that lie nearest to those shown. */
export function picked(hours: readonly number[]): number[] {
  const last = hours.at(-1) ?? 0;
  return SHOWN.filter((hour) => hour <= last).map((hour) => hours.reduce((best, h, i) => (Math.abs(h - hour) < Math.abs((hours[best] ?? 0) - hour) ? i : best), 0));
}

function Numbers({ told, fan }: { told: Forecast; fan: Fan }) {
  return (
    <table>
      <thead><tr><th scope="col">{own.columns.when}</th><th scope="col">{own.columns.middle}</th><th scope="col">{own.columns.band}</th></tr></thead>
      <tbody>
        {picked(told.hours).map((i) => (
          <tr key={i}>
            <th scope="row">{own.row(told.hours[i] ?? 0)}</th><td>{number(fan.q50[i])} {unitOf(fan.unit)}</td><td>{number(fan.q05[i])} – {number(fan.q95[i])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Sentences({ told, fan }: { told: Forecast; fan: Fan }) {
  if (told.standing?.standing !== "advisory") return <p>{own.silentPlain}</p>;
  return (
    <>
      {told.stale && <p className="stale">{own.stalePlain}</p>}
      <ul className="plain rows forecast-words">
        {picked(told.hours).map((i) => (
          <li key={i}>{own.plainAhead(number(fan.q50[i]), unitOf(fan.unit), number(fan.q05[i]), number(fan.q95[i]), own.row(told.hours[i] ?? 0))}</li>
        ))}
      </ul>
    </>
  );
}
