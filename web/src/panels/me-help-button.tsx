/** One thing to ask for: a picture and a word; where the pointer rests on it long enough, that counts as a press. */
import { useEffect, useRef, useState } from "react";
import type { Category } from "../help/requests";
import { words } from "../words";

/** Own line drawings, 24 by 24. */
const PICTURES: Record<Category, string> = {
  emergency: "M12 3 22 20H2Z M12 9v5 M12 17v.5",
  breathing: "M3 9h11a3 3 0 1 0-3-3 M3 13h15a3 3 0 1 1-3 3 M3 17h7a2 2 0 1 1-2 2",
  pain: "M13 2 5 13h6l-1 9 9-12h-6Z",
  toilet: "M6 3h9v8H6Z M4 11h14c0 4-3 6-5 6v4H8v-4c-2-1-4-3-4-6Z",
  drip: "M9 2h6v7l-2 2h-2L9 9Z M12 11v4 M12 15c3 3 3 7 0 7s-3-4 0-7Z",
  drink: "M6 4h12l-2 17H8Z M7 9h10",
  position: "M12 2v20 M2 12h20 M12 2 9 5 M12 2l3 3 M12 22l-3-3 M12 22l3-3 M2 12l3-3 M2 12l3 3 M22 12l-3-3 M22 12l-3 3",
  comfort: "M10 3a2 2 0 0 1 4 0v11a4 4 0 1 1-4 0Z M12 8v9",
  question: "M8 8a4 4 0 1 1 6 3.5c-1.500 1-2 1.500-2 3.500 M12 19v.5",
};

interface Given { category: Category; lit: boolean; reach: boolean; dwell: number; choose: () => void }

export function HelpButton({ category, lit, reach, dwell, choose }: Given) {
  const [resting, rest] = useState(false);
  const chosen = useRef(choose);
  chosen.current = choose;
  useEffect(() => {
    if (!resting || dwell === 0) return;
    const beat = setTimeout(() => { rest(false); chosen.current(); }, dwell * 1000);
    return () => clearTimeout(beat);
  }, [resting, dwell]);
  return (
    <button data-category={category} className={`cell ${category} ${lit ? "lit" : ""}`} tabIndex={reach ? 0 : -1} onClick={choose}
      onPointerEnter={() => rest(true)} onPointerLeave={() => rest(false)}>
      <svg viewBox="0 0 24 24" width="36" height="36" aria-hidden="true"><path d={PICTURES[category]} /></svg>
      {words.me.help.category[category]}
      {resting && dwell > 0 && <span className="fill" style={{ animationDuration: `${dwell}s` }} aria-hidden="true" />}
    </button>
  );
}
