/** Bars drawn with CSS: a share of one, or a number to either side of zero; the number stands beside it in words. */
import "./bars.css";

export function Share({ part }: { part: number }) {
  return <span className="bar" aria-hidden="true"><i style={{ width: `${Math.max(1, 100 * Math.min(1, part))}%` }} /></span>;
}

export function Signed({ value, most }: { value: number; most: number }) {
  const width = most > 0 ? (50 * Math.abs(value)) / most : 0;
  return (
    <span className="bar signed" aria-hidden="true">
      <i className={value < 0 ? "less" : "more"} style={{ width: `${width}%`, left: value < 0 ? `${50 - width}%` : "50%" }} />
    </span>
  );
}
