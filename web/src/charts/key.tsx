/** What each mark of a chart means. */
export interface Meaning {
  kind: string;
  shape: "line" | "dot" | "band";
  says: string;
}

export function Key({ of }: { of: readonly Meaning[] }) {
  return (
    <ul className="key small">
      {of.map(({ kind, shape, says }) => (
        <li key={says}>
          <svg width="28" height="14" aria-hidden="true">
            {shape === "band" && <rect className={`band ${kind}`} x="0" y="1" width="28" height="12" />}
            {shape === "line" && <path className={`line ${kind}`} d="M0 7H28" />}
            {shape === "dot" && <><path className="line measured" d="M0 7H28" /><circle className="reading" cx="14" cy="7" r="2.8" /></>}
          </svg>
          {says}
        </li>
      ))}
    </ul>
  );
}
