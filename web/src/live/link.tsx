/** Whether what is shown is live: a mark, a word, and how long it has been cut off. */
import { words } from "../words";
import "./link.css";
import type { LinkState } from "./socket";
import { useSecond } from "./use";

export function Link({ link }: { link: LinkState }) {
  return (
    <span className={`link ${link.is}`} role="status">
      <span className="dot" aria-hidden="true" />
      {link.is === "cut" ? <Cut since={link.since} /> : words.link[link.is]}
    </span>
  );
}

/** The seconds are not read out one by one: that it was cut off is said once. */
function Cut({ since }: { since: number }) {
  const now = useSecond();
  return <span aria-hidden={now - since > 2_000}>{words.link.cut(Math.max(0, Math.round((now - since) / 1000)))}</span>;
}
