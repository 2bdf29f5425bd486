/** The wall display: large tiles that fill the screen by themselves, the most urgent first; nobody has to touch it. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type CSSProperties, type RefObject } from "react";
import { Link as Anchor, useSearch } from "wouter";
import { rowsNow, type Board } from "../live/board";
import { Link } from "../live/link";
import { useBoard, useOrder, useSecond } from "../live/use";
import { Asks } from "../panels/overview-asks";
import { filtered, ordered } from "../panels/overview-rank";
import { Big } from "../panels/overview-wall";
import "../panels/overview-wall.css";
import { Failed } from "../parts/ask";
import { clock, day } from "../parts/time";
import { words } from "../words";

const say = words.wall;

export default function Wall() {
  const { board, problem, link } = useBoard();
  const unit = new URLSearchParams(useSearch()).get("unit") ?? undefined;
  useDark();
  return (
    <div className="wall">
      <header>
        <h1>{unit ?? board?.site ?? say.title}</h1>
        <Link link={link} />
        <Clock />
        <Anchor href={unit ? `/?in=${encodeURIComponent(unit)}` : "/"} className="leave small">{say.leave}</Anchor>
      </header>
      {!board && problem && <Failed error={problem} again={() => location.reload()} />}
      {!board && !problem && <p className="soft" role="status">{words.loading}</p>}
      <Asks place={unit} still />
      {board && <Tiles board={board} unit={unit} />}
    </div>
  );
}

function Tiles({ board, unit }: { board: Board; unit: string | undefined }) {
  const turn = useOrder();
  const rows = useMemo(() => ordered(filtered([...rowsNow()], { place: unit }), "urgent"), [turn, board, unit]);
  const place = useRef<HTMLDivElement>(null);
  const columns = useColumns(place, rows.length);
  return (
    <div className="room" ref={place}>
      {rows.length === 0 && <p className="sheet">{say.empty}</p>}
      <ul className="big" style={{ "--columns": columns } as CSSProperties}>
        {rows.map((row) => <Big key={row.i} i={row.i} board={board} placed={unit === undefined} />)}
      </ul>
    </div>
  );
}

/** The fewest columns with which all tiles fit in one picture (a tile's words grow with its width); where none fit, tiles
 * as narrow as can be read. */
export function columnsFor(count: number, width: number, height: number): number {
  const most = Math.max(1, Math.min(count, Math.floor(width / NARROWEST)));
  for (let columns = 1; columns <= most; columns++) {
    const need = tileHeight(width / columns);
    if (Math.ceil(count / columns) * need <= height) return columns;
  }
  return most;
}

const NARROWEST = 170;

/** Height of a tile's words [px] by its width: they grow with it, up to a size. */
export const tileHeight = (width: number): number => 64 + Math.min(0.5 * width, 260);

/** For the room there is, which is less while somebody asks for help. */
function useColumns(place: RefObject<HTMLDivElement | null>, count: number): number {
  const [size, set] = useState<[number, number]>([innerWidth, innerHeight - 70]);
  useLayoutEffect(() => {
    const room = place.current;
    if (!room) return;
    const watch = new ResizeObserver(() => set([room.clientWidth, room.clientHeight]));
    watch.observe(room);
    return () => watch.disconnect();
  }, [place]);
  return columnsFor(count, size[0], size[1]);
}

function Clock() {
  const now = new Date(useSecond());
  return <p className="clock"><strong>{clock(now)}</strong> <span className="small">{day(now)}</span></p>;
}

/** Dark unless high contrast was chosen; as it was when the page is left. */
function useDark() {
  useEffect(() => {
    const { dataset } = document.documentElement;
    const before = dataset.theme;
    if (before !== "contrast") dataset.theme = "dark";
    return () => {
      dataset.theme = before;
    };
  }, []);
}
