/** A part of the shared page: it can be pointed at, and says the same in clinical and in plain words side by side. */
import { useEffect, useRef, type ReactNode } from "react";
import type { Level } from "../together/shared";
import { words } from "../words";

const own = words.together;

interface Given {
  id: string;
  title: string;
  point: string | null;
  aim: (id: string | null) => void;
  level: Level;
  clinical: ReactNode;
  plain: ReactNode;
}

export function TogetherPart({ id, title, point, aim, level, clinical, plain }: Given) {
  const here = point === id;
  const place = useRef<HTMLElement>(null);
  useEffect(() => { if (here) place.current?.scrollIntoView({ block: "nearest" }); }, [here]);
  return (
    <section ref={place} className={`sheet stack part ${here ? "pointed" : ""}`} aria-labelledby={`part-${id}`}>
      <header className="row">
        <h2 id={`part-${id}`} className="grow">{title}</h2>
        {here && <b className="aim">{own.pointed}</b>}
        <button className="no-print" aria-pressed={here} onClick={() => aim(here ? null : id)} aria-label={here ? own.unpoint : own.point(title)}>
          <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"><path d="M5 3 19 12 12.500 13.500 9 20Z" /></svg>
        </button>
      </header>
      <div className={`levels ${level}`}>
        {level !== "plain" && <div className="stack tight clinical">{level === "both" && <h3 className="soft small">{own.clinical}</h3>}{clinical}</div>}
        {level !== "clinical" && <div className="stack tight plainly">{level === "both" && <h3 className="soft small">{own.plain}</h3>}{plain}</div>}
      </div>
    </section>
  );
}
