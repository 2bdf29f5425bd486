/** Where we are, how much is shown, and the link that leads another person to the same view. */
import { useState } from "react";
import { LEVELS, STEPS, type Shared } from "../together/shared";
import { words } from "../words";

const own = words.together;

export function TogetherBar({ shared, change }: { shared: Shared; change: (to: Partial<Shared>) => void }) {
  const at = STEPS.indexOf(shared.step);
  const go = (by: number) => { const step = STEPS[at + by]; if (step) change({ step, point: null }); };
  return (
    <div className="sheet stack together-bar no-print">
      <nav aria-label={own.steps.label} className="row steps">
        {STEPS.map((step) => (
          <button key={step} aria-current={shared.step === step ? "step" : undefined} onClick={() => change({ step, point: null })}>{own.steps[step]}</button>
        ))}
        <span className="row after">
          <button onClick={() => go(-1)} disabled={at === 0}>{own.before}</button>
          <button className="main" onClick={() => go(1)} disabled={at === STEPS.length - 1}>{own.next}</button>
        </span>
      </nav>
      <div className="row">
        <label>{own.levels}{" "}
          <select value={shared.level} onChange={(event) => change({ level: LEVELS.find((level) => level === event.target.value) ?? "both" })}>
            {LEVELS.map((level) => <option key={level} value={level}>{own[level]}</option>)}
          </select>
        </label>
        <label className="pick"><input type="checkbox" checked={shared.big} onChange={(event) => change({ big: event.target.checked })} />{own.big}</label>
        <Copy />
      </div>
      <p className="soft small">{own.about}</p>
    </div>
  );
}

function Copy() {
  const [said, say] = useState("");
  async function copy() {
    try {
      await navigator.clipboard.writeText(location.href);
      say(own.copied);
    } catch {
      say(own.notCopied);
    }
  }
  return (
    <span className="row grow">
      <label className="row grow link"><span className="hidden">{own.link}</span><input readOnly value={location.href} onFocus={(event) => event.target.select()} /></label>
      <button onClick={() => void copy()}>{own.copy}</button>
      <span role="status" className="small">{said}</span>
    </span>
  );
}
