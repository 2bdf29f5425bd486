/** Every region as a list, worst first: the same as the figure, for those who cannot see it, and for phones. */
import { useRef, useState, type KeyboardEvent } from "react";
import { counts, named, ordered, said, type Region } from "../body/region";
import { Status } from "../parts/status";
import { words } from "../words";

interface Given { regions: readonly Region[]; choose: (id: string) => void }

export function BodyList({ regions, choose }: Given) {
  const rows = ordered(regions);
  const [here, go] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const n = counts(regions);
  function key(event: KeyboardEvent, index: number) {
    const to = event.key === "ArrowDown" ? index + 1 : event.key === "ArrowUp" ? index - 1
      : event.key === "Home" ? 0 : event.key === "End" ? rows.length - 1 : null;
    if (to === null || to < 0 || to >= rows.length) return;
    event.preventDefault();
    go(to);
    list.current?.querySelectorAll("button")[to]?.focus();
  }
  return (
    <section aria-labelledby="organs" className="sheet stack">
      <div>
        <h2 id="organs">{words.body.list}</h2>
        <p className="soft small">{words.body.counts(n.act, n.watch, n.calm, n.none)}. {words.body.grey}</p>
      </div>
      <ul className="organs" ref={list}>
        {rows.map((region, index) => (
          <li key={region.id}>
            <button data-region={region.id} tabIndex={index === here ? 0 : -1} onKeyDown={(event) => key(event, index)}
              onClick={() => { go(index); choose(region.id); }}>
              <span className="name">{named(region.title)}</span>
              <Status state={region.state} says={region.alerts.length > 0 ? words.body.alert : said(region)} />
              <span className="why soft small">{region.state === "none" ? "" : region.why}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
