/** The plane a chart is drawn on: it fills the width it is given, writes the axes, and gives its scales to what is drawn
 * on it.  Colours come from the theme by class, so light, dark, contrast and print need nothing more. */
import { createContext, useContext, useEffect, useId, useRef, useState, type ReactNode } from "react";
import { clock, number } from "../parts/time";
import "./charts.css";
import { linear, ticks, timeTicks, type Scale } from "./scale";

export interface Plane {
  x: Scale;
  y: Scale;
  top: number;
  bottom: number;
  left: number;
  right: number;
  clip: string;
}

const Drawn = createContext<Plane | null>(null);

export function usePlane(): Plane {
  const plane = useContext(Drawn);
  if (!plane) throw new Error("a mark is drawn inside a Chart");
  return plane;
}

interface Asked {
  label: string;
  unit: string;
  span: [number, number];
  range: [number, number];
  zone: string;
  height?: number;
  lanes?: number;
  children: ReactNode;
  over?: ReactNode;
}

export function Chart({ label, unit, span, range, zone, height = 300, lanes = 0, children, over }: Asked) {
  const [box, width] = useWidth();
  const clip = useId();
  const left = 52;
  const right = width - 10;
  const [top, bottom] = [14, height - 26];
  const plane: Plane = {
    x: linear(span[0], span[1], left, right), y: linear(range[0], range[1], bottom, top), top, bottom, left, right, clip,
  };
  return (
    <div className="chart" ref={box}>
      <Drawn.Provider value={plane}>
        <svg width={width} height={height + lanes} viewBox={`0 0 ${width} ${height + lanes}`} role="img" aria-label={label}>
          <clipPath id={clip}><rect x={left} y={top} width={Math.max(0, right - left)} height={bottom - top} /></clipPath>
          <Axes plane={plane} unit={unit} zone={zone} />
          {children}
        </svg>
        {over}
      </Drawn.Provider>
    </div>
  );
}

function Axes({ plane, unit, zone }: { plane: Plane; unit: string; zone: string }) {
  const { x, y, top, bottom, left, right } = plane;
  return (
    <g aria-hidden="true">
      {ticks(y.from, y.to, (bottom - top) / 48).map((value) => (
        <g key={value}>
          <line className="grid" x1={left} x2={right} y1={y(value)} y2={y(value)} />
          <text className="tick" x={left - 6} y={y(value) + 4} textAnchor="end">{number(value, 4)}</text>
        </g>
      ))}
      {timeTicks(x.from, x.to, (right - left) / 72, zone).map((at) => (
        <g key={at}>
          <line className="grid faint" x1={x(at)} x2={x(at)} y1={top} y2={bottom} />
          <text className="tick" x={x(at)} y={bottom + 17} textAnchor="middle">{clock(new Date(at), zone)}</text>
        </g>
      ))}
      <text className="tick unit" x={left + 4} y={top - 3}>{unit}</text>
    </g>
  );
}

/** The width of an element, now and when it changes. */
export function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement | null>(null);
  const [width, set] = useState(720);
  useEffect(() => {
    const own = box.current;
    if (!own || typeof ResizeObserver === "undefined") return;
    const watch = new ResizeObserver(([entry]) => {
      if (entry && entry.contentRect.width > 0) set(Math.max(240, Math.floor(entry.contentRect.width)));
    });
    watch.observe(own);
    return () => watch.disconnect();
  }, []);
  return [box, width];
}
