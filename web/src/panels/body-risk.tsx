/** One risk: a bar from 0 with its 80 % interval, the number in words, what it rests on, where it comes from. */
import type { Risk } from "../body/region";
import { percent } from "../parts/time";
import { words } from "../words";

const own = words.body;

/** The end of a scale that holds all of these, a round number of per cent. */
export function scaleOf(risks: readonly Risk[]): number {
  const most = Math.max(0.01, ...risks.map((risk) => risk.high95));
  return [0.05, 0.1, 0.2, 0.3, 0.5].find((end) => most <= end) ?? 1;
}

export function BodyRisk({ risk, where, top }: { risk: Risk; where?: string; top: number }) {
  const at = (p: number) => `${(100 * Math.min(p, top)) / top}%`;
  const rests = [
    risk.imputed.length ? `${own.rests}: ${plain(risk.imputed)}` : "", risk.old.length ? `${own.oldInputs}: ${plain(risk.old)}` : "",
    risk.silent.length ? `${own.taken}: ${plain(risk.silent)}` : "",
  ].filter(Boolean);
  return (
    <li className="risk">
      <div className="row between">
        <span>{risk.outcome}{where ? ` (${where})` : ""}</span>
        <b>{percent(risk.median)} <span className="soft small">{own.within(risk.years)}</span></b>
      </div>
      <svg className="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect className="rail" x="0" y="3" width="100" height="2" />
        <rect className="wide" x={at(risk.low95)} y="2" width={`${((risk.high95 - risk.low95) / top) * 100}`} height="4" />
        <rect className="band" x={at(risk.low80)} y="1" width={`${((risk.high80 - risk.low80) / top) * 100}`} height="6" />
        <rect className="middle" x={at(risk.median)} y="0" width="0.9" height="8" />
      </svg>
      <div className="soft small row between scale" aria-hidden="true"><span>0 %</span><span>{percent(top)}</span></div>
      <div className="soft small">
        {own.band(percent(risk.low80), percent(risk.high80))} · {risk.title} {risk.version} · {risk.recommended ? own.recommended : own.also}
        {rests.length > 0 && <> · {rests.join(" · ")}</>}
      </div>
    </li>
  );
}

const plain = (names: readonly string[]): string => names.join(", ").replaceAll("_", " ");
