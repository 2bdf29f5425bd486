/** One stop for the Tab key in a grid of links, arrows within it: the nearest in that direction by where things stand. */
import type { FocusEvent, KeyboardEvent } from "react";

const ARROWS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const roving = { onKeyDown, onFocus };

const items = (within: Element) => [...within.querySelectorAll<HTMLElement>("[data-roving]")];

function onFocus(event: FocusEvent<HTMLElement>) {
  const target = event.target as HTMLElement;
  if (!target.matches("[data-roving]")) return;
  for (const item of items(event.currentTarget)) item.tabIndex = item === target ? 0 : -1;
}

function onKeyDown(event: KeyboardEvent<HTMLElement>) {
  const all = items(event.currentTarget);
  const from = all.indexOf(event.target as HTMLElement);
  if (from < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
  const to = event.key === "Home" ? all[0] : event.key === "End" ? all.at(-1) : nearest(all, all[from]!, ARROWS[event.key]);
  if (!to) return;
  event.preventDefault();
  to.focus();
}

function nearest(all: HTMLElement[], own: HTMLElement, direction: [number, number] | undefined): HTMLElement | undefined {
  if (!direction) return undefined;
  const at = middle(own);
  const [dx, dy] = direction;
  let best: [number, HTMLElement] | undefined;
  for (const item of all) {
    const to = middle(item);
    const along = (to.x - at.x) * dx + (to.y - at.y) * dy;
    const across = Math.abs((to.x - at.x) * dy) + Math.abs((to.y - at.y) * dx);
    if (item === own || along < 4 || (dx !== 0 && across > at.height / 2)) continue;
    const far = along + 3 * across;
    if (!best || far < best[0]) best = [far, item];
  }
  return best?.[1];
}

function middle(item: HTMLElement) {
  const box = item.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.top + box.height / 2, height: box.height };
}
