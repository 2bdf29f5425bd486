/** Why it changed, as the patient's twins see it; only of a model that may speak here. */
import { part } from "../api/client";
import type { Told } from "../api/told";
import { useAsked } from "../parts/ask";
import { number } from "../parts/time";
import { unit } from "../parts/unit";
import { words } from "../words";

type Explained = Told<"/api/twins/{twin}/explain">;
type Twins = Told<"/api/twins">["twins"];

const own = words.me.changes;
const SHOWN = 4;

export function MeWhy({ twins }: { twins: Twins }) {
  return (
    <section className="sheet stack" aria-labelledby="why">
      <h2 id="why">{own.why}</h2>
      {twins.length === 0 ? <p className="soft">{own.noTwin}</p> : <p className="soft">{own.whyAbout}</p>}
      {twins.map((twin) => <Why key={twin.id} twin={twin.id} />)}
    </section>
  );
}

function Why({ twin }: { twin: string }) {
  const looked = useAsked<Told<"/api/twins/{twin}">>(`/api/twins/${part(twin)}`);
  const speaks = looked.data?.standing === "advisory";
  const asked = useAsked<Explained>(`/api/twins/${part(twin)}/explain?hours=2&since=4`, { enabled: speaks });
  if (looked.isPending || (speaks && asked.isPending)) return <p className="soft" role="status">{words.loading}</p>;
  if (!speaks) return <p>{looked.isError ? own.noAnswer : own.silent}</p>;
  if (!asked.data) return <p>{own.noAnswer}</p>;
  const told = asked.data;
  const moved = movers(told);
  return (
    <div className="stack tight">
      {looked.data?.believed.stale && <p className="stale">{own.stale}</p>}
      {moved.length === 0 ? <p>{own.noWhy}</p> : <ul className="plain">{moved.map((line) => <li key={line}>{line}</li>)}</ul>}
      <p className="forecast-words">{own.ahead(number(told.expected), number(told.q05), number(told.q95), unit(told.unit), 2)}</p>
    </div>
  );
}

/** What moved the expected value most, in words, largest first. */
export function movers(told: Pick<Explained, "contributions" | "unit">): string[] {
  return [...told.contributions]
    .filter((row) => row.acted && number(Math.abs(row.shift), 2) !== "0")
    .sort((a, b) => Math.abs(b.shift) - Math.abs(a.shift)).slice(0, SHOWN)
    .map((row) => {
      const what = row.names.join(", ");
      const amount = number(Math.abs(row.shift), 2);
      const line = row.shift > 0 ? own.up(what, amount, unit(told.unit)) : own.down(what, amount, unit(told.unit));
      return line.charAt(0).toUpperCase() + line.slice(1);
    });
}
