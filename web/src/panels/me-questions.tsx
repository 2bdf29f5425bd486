/** Questions the patient may want to ask, made from open alerts, organs that want looking at, what to measure next. */
import { useState } from "react";
import type { Body } from "../body/region";
import { words } from "../words";

const own = words.me.questions;
const MOST = 7;

/** At most seven: more would not be asked. */
export function questionsOf(body: Body): string[] {
  const alerts = [...new Set(body.regions.flatMap((region) => region.alerts.map((alert) => alert.title)))];
  const outside = body.regions.filter((region) => region.state === "act" || region.state === "watch").filter((region) => region.alerts.length === 0);
  const old = body.regions.filter((region) => region.state === "none" && region.markers.some((marker) => marker.value !== null));
  const wide = body.top.some((risk) => risk.high80 - risk.low80 > risk.median);
  return [
    ...alerts.map(own.alert),
    ...(outside.length > 0 ? [own.outside(outside.map((region) => region.title).join(", "))] : []),
    ...(old.length > 0 ? [own.old(old.map((region) => region.title).join(", "))] : []),
    ...body.measure_next.slice(0, 2).map((row) => own.measure(row.about)),
    ...(wide ? [own.wide] : []),
  ].slice(0, MOST);
}

export function MeQuestions({ body }: { body: Body }) {
  const asked = questionsOf(body);
  const [ticked, tick] = useState<readonly string[]>([]);
  return (
    <section className="sheet stack" aria-labelledby="questions">
      <h2 id="questions">{words.me.sections.questions}</h2>
      {asked.length === 0 ? <p className="soft">{own.none}</p> : <p className="soft no-print">{own.about}</p>}
      <ul className="plain">
        {asked.map((question) => (
          <li key={question} className={ticked.length > 0 && !ticked.includes(question) ? "no-print" : ""}>
            <label className="pick">
              <input type="checkbox" checked={ticked.includes(question)}
                onChange={() => tick((now) => (now.includes(question) ? now.filter((one) => one !== question) : [...now, question]))} />
              {question}
            </label>
          </li>
        ))}
      </ul>
      {asked.length > 0 && <div className="no-print"><button onClick={() => window.print()}>{own.print}</button></div>}
    </section>
  );
}
