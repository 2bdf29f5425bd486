import { Link } from "wouter";
import { words } from "../words";

export default function Lost() {
  return (
    <div className="stack">
      <h1>{words.lost.title}</h1>
      <p><Link href="/">{words.lost.back}</Link></p>
    </div>
  );
}
