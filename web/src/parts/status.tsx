/** The four states anything can be in: a shape, a word and a colour, never colour alone. */
import { words } from "../words";
import "./status.css";

export type State = "calm" | "watch" | "act" | "none";
const SHAPES: Record<State, string> = {
  calm: "M3 8.5 6.5 12 13 4.5",
  watch: "M8 2 14.5 13.5H1.5Z",
  act: "M5 1.5h6L14.5 5v6L11 14.5H5L1.5 11V5Z",
  none: "M3 8h10",
};

export function Mark({ state }: { state: State }) {
  return (
    <svg className={`mark ${state}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={SHAPES[state]} />
    </svg>
  );
}

export function Status({ state, says }: { state: State; says?: string }) {
  return (
    <span className={`status ${state}`}>
      <Mark state={state} />
      {says ?? words.status[state]}
    </span>
  );
}
