/** The figure: every region drawn and coloured by state, with a mark where something needs looking at, and labels that
 * are the buttons.  Whoever cannot see it has the same in the list beside it. */
import { useRef, useState, type KeyboardEvent } from "react";
import { Mark } from "../parts/status";
import { words } from "../words";
import "./figure.css";
import { labels, type Label } from "./labels";
import { DETAIL, FAINT, OUTLINE, PARTS, SHAPES, mirrored, type Part } from "./shapes";
import { named, said, type Region } from "./region";

interface Given {
  regions: readonly Region[];
  chosen: string | null;
  choose: (id: string | null) => void;
  part: Part;
  /** With labels at the sides, which need room. */
  labelled: boolean;
}

const LABELLED = "-186 -18 806 848";
const ALONE = "-4 -18 368 848";

export function Figure({ regions, chosen, choose, part, labelled }: Given) {
  const known = new Map(regions.map((region) => [region.id, region]));
  const drawn = regions.filter((region) => SHAPES[region.id]).map((region) => region.id);
  const skin = known.get("skin");
  const box = part === "whole" ? (labelled ? LABELLED : ALONE) : PARTS[part].join(" ");
  return (
    <svg className={`figure ${part}`} viewBox={box} role="group" aria-label={words.body.figure}>
      <g className="flesh" aria-hidden="true">{[OUTLINE, mirrored(OUTLINE)].map((path) => <path key={path} d={path} />)}</g>
      <g className="faint" aria-hidden="true">{FAINT.map((path) => <path key={path} d={path} />)}</g>
      {skin && <Shape region={skin} chosen={chosen === "skin"} choose={choose} />}
      {Object.keys(SHAPES).filter((id) => id !== "skin").map((id) => {
        const region = known.get(id);
        return region && <Shape key={id} region={region} chosen={chosen === id} choose={choose} />;
      })}
      {labelled && part === "whole" && <Labels at={labels(drawn)} known={known} chosen={chosen} choose={choose} />}
    </svg>
  );
}

interface One { region: Region; chosen: boolean; choose: (id: string | null) => void }

function Shape({ region, chosen, choose }: One) {
  const drawn = SHAPES[region.id];
  if (!drawn) return null;
  const [x, y] = drawn.spot;
  const loud = region.state === "watch" || region.state === "act";
  return (
    <g className={`organ ${region.state} ${drawn.line ? "line" : ""} ${chosen ? "chosen" : ""}`} aria-hidden="true" onClick={() => choose(region.id)}>
      <title>{named(region.title)}</title>
      {drawn.line && drawn.paths.map((path) => <path key={`hit ${path}`} className="hit" d={path} />)}
      {drawn.paths.map((path) => <path key={path} d={path} strokeWidth={drawn.line} fillRule="evenodd" />)}
      {(DETAIL[region.id] ?? []).map((path) => <path key={path} className="detail" d={path} />)}
      {loud && <g className="pin" transform={`translate(${x - 8} ${y - 8})`}><circle cx="8" cy="8" r="11" /><Mark state={region.state} /></g>}
    </g>
  );
}

interface Beside { at: readonly Label[]; known: ReadonlyMap<string, Region>; chosen: string | null; choose: (id: string | null) => void }

function Labels({ at, known, chosen, choose }: Beside) {
  const [here, go] = useState(0);
  const group = useRef<SVGGElement>(null);
  const order = [...at].sort((a, b) => a.spot[1] - b.spot[1]);
  function move(event: KeyboardEvent, index: number) {
    const to = step(event.key, index, order);
    if (to === null) return;
    event.preventDefault();
    go(to);
    group.current?.querySelector<SVGGElement>(`[data-region="${order[to]?.id}"]`)?.focus();
  }
  return (
    <g ref={group} className="labels">
      {order.map((label, index) => {
        const region = known.get(label.id);
        return region && (
          <Tag key={label.id} label={label} region={region} open={chosen === label.id} reach={index === Math.min(here, order.length - 1)}
            choose={() => { go(index); choose(chosen === label.id ? null : label.id); }} press={(event) => move(event, index)} />
        );
      })}
    </g>
  );
}

/** Where an arrow key leads: down and up by height, left and right to the nearest on the other side. */
export function step(key: string, from: number, order: readonly Label[]): number | null {
  if (key === "ArrowDown") return Math.min(from + 1, order.length - 1);
  if (key === "ArrowUp") return Math.max(from - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return order.length - 1;
  const own = order[from];
  const side = key === "ArrowLeft" ? "left" : key === "ArrowRight" ? "right" : null;
  if (!own || !side || own.side === side) return null;
  const there = order.filter((label) => label.side === side).sort((a, b) => Math.abs(a.y - own.y) - Math.abs(b.y - own.y))[0];
  return there ? order.indexOf(there) : null;
}

interface Tagged { label: Label; region: Region; open: boolean; reach: boolean; choose: () => void; press: (event: KeyboardEvent) => void }

function Tag({ label, region, open, reach, choose, press }: Tagged) {
  const left = label.side === "left";
  const edge = left ? -6 : 366;
  function key(event: KeyboardEvent) {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } else press(event);
  }
  return (
    <g className={`tag ${region.state} ${open ? "chosen" : ""}`} data-region={region.id} role="button" tabIndex={reach ? 0 : -1} aria-pressed={open}
      aria-label={`${region.title}: ${said(region)}`} onClick={choose} onKeyDown={key}>
      <path className="leader" d={`M${edge} ${label.y} L${label.spot[0]} ${label.spot[1]}`} />
      <rect x={left ? -184 : 366} y={label.y - 12.5} width={left ? 178 : 252} height="25" rx="6" />
      <g transform={`translate(${left ? -26 : 370} ${label.y - 8})`}><Mark state={region.state} /></g>
      <text x={left ? -32 : 392} y={label.y + 5} textAnchor={left ? "end" : "start"}>{named(region.title)}</text>
    </g>
  );
}
