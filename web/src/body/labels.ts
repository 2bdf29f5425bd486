/** Where labels stand beside the figure: in two columns, each at its organ's height where there is room. */
import { SHAPES } from "./shapes";

export interface Label {
  id: string;
  side: "left" | "right";
  /** The label's own height, and the spot on the figure that its line leads to. */
  y: number;
  spot: readonly [number, number];
}

export const GAP = 27;

/** Labels of these regions, none of them closer than `gap`, in order of height; none above `top` or below `bottom`. */
export function labels(ids: readonly string[], top = 4, bottom = 816, gap = GAP): Label[] {
  return (["left", "right"] as const).flatMap((side) => column(ids, side, top, bottom, gap));
}

function column(ids: readonly string[], side: "left" | "right", top: number, bottom: number, gap: number): Label[] {
  const own = ids
    .flatMap((id) => { const drawn = SHAPES[id]; return drawn?.side === side ? [{ id, side, spot: drawn.spot, y: drawn.spot[1] }] : []; })
    .sort((a, b) => a.y - b.y);
  let least = top;
  for (const label of own) {
    label.y = Math.max(label.y, least);
    least = label.y + gap;
  }
  let most = bottom;
  for (const label of own.toReversed()) {
    label.y = Math.min(label.y, most);
    most = label.y - gap;
  }
  return own;
}
