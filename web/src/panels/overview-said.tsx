/** The words of a row: what was measured and how old it is, where it goes, what is expected, who says so. */
import type { Board, Row, Twin } from "../live/board";
import { useSecond } from "../live/use";
import { ago, number, percent } from "../parts/time";
import { unit } from "../parts/unit";
import { words } from "../words";
import { isOld } from "./overview-rank";

const say = words.overview;

/** The unit stands smaller; an old value is greyed and says so. */
export function Measured({ row, board }: { row: Row; board: Board }) {
  const now = useSecond() / 1000 - board.base;
  if (!row.reading) return <span className="measured soft">{say.noReading}</span>;
  const old = isOld(row, now);
  return (
    <span className={old ? "measured stale" : "measured"}>
      <span className="hidden">{row.reading.title}, {say.measured}: </span>
      <strong>{number(row.reading.value)}</strong> <small>{unit(row.reading.unit)}</small>
    </span>
  );
}

export function Age({ row, board }: { row: Row; board: Board }) {
  const now = useSecond() / 1000 - board.base;
  if (!row.reading) return null;
  const old = isOld(row, now);
  return <span className={old ? "age stale" : "age"}>{ago((now - row.reading.at) * 1000)}{old && ` · ${words.stale}`}</span>;
}

const TURNED: Record<string, number> = { "-2": 90, "-1": 45, "0": 0, "1": -45, "2": -90 };

export function Trend({ twin }: { twin: Twin | undefined }) {
  if (!twin?.outlook) return null;
  const trend = String(twin.outlook.trend);
  return (
    <span className="trend">
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d="M2 8h11M9 4l4 4-4 4" fill="none" stroke="currentColor" strokeWidth="2" transform={`rotate(${TURNED[trend] ?? 0} 8 8)`} />
      </svg>
      {say.trend[trend]}
    </span>
  );
}

/** What is expected next, in a sentence; always said to be a forecast. */
export function nextOf(twin: Twin | undefined, board: Board, risks = true): string {
  const own = twin?.outlook;
  if (!own) return say.noForecast;
  const rule = own.next ? board.rules[own.next.rule] : undefined;
  if (own.next && rule) return own.next.minutes < 1 ? say.already(limit(rule)) : say.next(limit(rule), own.next.minutes);
  const risk = risks ? riskOf(twin, board) : "";
  if (risk && own.risk && own.risk.probability >= 0.05) return risk;
  if (own.risk) return say.away;
  const last = own.ahead.at(-1);
  return last ? say.noRule(`${number(last[2])} ${unit(own.unit)}`, number(last[1]), number(last[3]), last[0] as number) : say.noForecast;
}

/** The rule nearest to calling: its limit, how probable, how far ahead. */
export function riskOf(twin: Twin | undefined, board: Board): string {
  const own = twin?.outlook?.risk;
  const rule = own ? board.rules[own.rule] : undefined;
  return own && rule ? say.risk(limit(rule), percent(Math.max(own.probability, 0.001)), own.minutes) : "";
}

const limit = (rule: Board["rules"][number]): string => `${rule.side.replace("-", " ")} ${number(rule.limit)} ${unit(rule.unit)}`;

/** Why it has the state it has. */
export function whyOf(row: Row, board: Board): string {
  if (row.why === "alert") return row.about;
  if (row.why === "risk") return board.rules[Number(row.about)]?.title ?? say.why.risk;
  return say.why[row.why];
}

export function Voice({ twin }: { twin: Twin | undefined }) {
  if (!twin) return <span className="voice">{say.noTwin}</span>;
  const silent = twin.standing === "silent";
  return <span className={silent ? "voice silent" : "voice"}>{silent ? words.standing.silent : words.standing.advisory}</span>;
}
