/** Asking for help, by touch, keyboard, a resting pointer, or one or two switches; with what became of each request, and
 * a line that says when the link is down.  It is never the only way. */
import { useRef, useState, type KeyboardEvent } from "react";
import { flat, rowsOf } from "../help/scan";
import { CATEGORIES, useMove, useRequests, useSend, type Category } from "../help/requests";
import { useScan } from "../help/use-scan";
import { useWays } from "../help/ways";
import { words } from "../words";
import { HelpButton } from "./me-help-button";
import { MeRequests } from "./me-requests";
import { MeWays } from "./me-ways";
import "./me-help.css";

const own = words.me.help;
const WIDE = 3;

export function MeHelp({ subject }: { subject: string }) {
  const [choice, change] = useWays();
  const [said, say] = useState("");
  const asked = useRequests(subject);
  const send = useSend(subject);
  const move = useMove(subject);
  const [here, go] = useState(0);
  const grid = useRef<HTMLDivElement>(null);
  const open = (asked.data?.requests ?? []).filter((one) => one.open);
  const extra = open.length > 0 ? 1 : 0;
  const scan = useScan(choice, rowsOf(CATEGORIES.length, WIDE).concat(extra ? [1] : []), (index) => {
    const category = CATEGORIES[index];
    if (category) request(category); else takeBack();
  });
  function request(category: Category) {
    const channel = choice.way === "one" || choice.way === "two" ? "switch" : choice.way === "dwell" ? "other" : "touch";
    send.mutate({ category, words: said, channel }, { onSuccess: () => say("") });
  }
  function takeBack() {
    const last = open[0];
    if (last) move.mutate({ id: last.id, state: "withdrawn", by: "patient" });
  }
  function arrows(event: KeyboardEvent) {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: WIDE, ArrowUp: -WIDE }[event.key];
    const to = here + (by ?? 0);
    if (by === undefined || to < 0 || to >= CATEGORIES.length) return;
    event.preventDefault();
    go(to);
    grid.current?.querySelectorAll<HTMLElement>("button[data-category]")[to]?.focus();
  }
  const marked = scan.scan ? flat(scan.scan) : null;
  const lit = (index: number) => scan.scan !== null && (marked === null ? Math.floor(index / WIDE) === scan.scan.row : marked === index);
  return (
    <section className="sheet stack help" aria-labelledby="help">
      <h2 id="help">{words.me.sections.help}</h2>
      <p className="never"><b>{own.never}</b></p>
      {asked.isError ? <p role="alert" className="down">{own.linkDown}</p> : <p className="soft small">{asked.isSuccess ? own.linkUp : words.loading}</p>}
      <MeWays choice={choice} change={change} scan={scan} />
      <div ref={grid} className="ask" role="group" aria-label={own.ask} onKeyDown={arrows}>
        {CATEGORIES.map((category, index) => (
          <HelpButton key={category} category={category} lit={lit(index)} reach={index === here} dwell={choice.way === "dwell" ? choice.seconds : 0}
            choose={() => { go(index); request(category); }} />
        ))}
        {extra > 0 && scan.scan && <span className={`cell back ${lit(CATEGORIES.length) ? "lit" : ""}`}>{words.me.ways.back}</span>}
      </div>
      <p role="status" className="told">
        {send.isPending ? own.sending : send.data && !send.isError ? own.sent(own.category[send.data.category]) : ""}
        {send.data?.category === "emergency" ? ` ${own.emergency}` : ""}
      </p>
      {send.isError && <p role="alert" className="down">{own.notSent(send.error.message)}</p>}
      <label className="stack tight">
        <span>{own.words} <span className="soft small">{own.wordsHelp}</span></span>
        <textarea rows={2} maxLength={500} value={said} onChange={(event) => say(event.target.value)} />
      </label>
      <MeRequests asked={asked.data?.requests ?? []} withdraw={(id) => move.mutate({ id, state: "withdrawn", by: "patient" })} />
    </section>
  );
}
