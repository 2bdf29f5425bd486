/** How to choose: by touch and keys, by resting on a button, with one switch or with two; how the mark moves, how fast. */
import type { useScan } from "../help/use-scan";
import { SPEEDS, WAYS, type Choice } from "../help/ways";
import { words } from "../words";

const own = words.me.ways;

interface Given { choice: Choice; change: (to: Partial<Choice>) => void; scan: ReturnType<typeof useScan> }

export function MeWays({ choice, change, scan }: Given) {
  const switches = choice.way === "one" || choice.way === "two";
  return (
    <details className="ways" open={scan.scan !== null || undefined}>
      <summary>{own.label} <b>{own[choice.way]}</b></summary>
      <div className="stack tight">
        <fieldset className="row">
          <legend className="hidden">{own.label}</legend>
          {WAYS.map((way) => (
            <label key={way} className="pick">
              <input type="radio" name="way" checked={choice.way === way} onChange={() => change({ way })} />{own[way]}
            </label>
          ))}
        </fieldset>
        <p className="soft">{own.about[choice.way]}</p>
        <div className="row">
          {switches && (
            <label>{own.order}{" "}
              <select value={choice.order} onChange={(event) => change({ order: event.target.value === "each" ? "each" : "rows" })}>
                <option value="rows">{own.rows}</option><option value="each">{own.each}</option>
              </select>
            </label>
          )}
          {(choice.way === "one" || choice.way === "dwell") && (
            <label>{own.speed}{" "}
              <select value={choice.seconds} onChange={(event) => change({ seconds: Number(event.target.value) })}>
                {SPEEDS.map((seconds) => <option key={seconds} value={seconds}>{own.seconds(seconds)}</option>)}
              </select>
            </label>
          )}
          {switches && (
            <label className="pick"><input type="checkbox" checked={choice.auto} onChange={(event) => change({ auto: event.target.checked })} />{own.auto}</label>
          )}
          {switches && <button className="main" onClick={scan.scan ? scan.stop : scan.start}>{scan.scan ? own.stop : own.start}</button>}
        </div>
        {scan.scan && choice.way === "one" && <button className="pad" onClick={scan.press}>{own.pad}</button>}
        {scan.scan && choice.way === "two" && (
          <div className="pads"><button className="pad" onClick={scan.step}>{own.step}</button><button className="pad" onClick={scan.press}>{own.select}</button></div>
        )}
      </div>
    </details>
  );
}
