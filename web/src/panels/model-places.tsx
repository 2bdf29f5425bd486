/** Where the audit trail and the consent matrix will stand: said plainly, with what is missing. */
import { words } from "../words";

const own = words.models;

export function ModelPlaces() {
  return (
    <div className="halves">
      <section className="sheet stack tight" aria-labelledby="audit"><h2 id="audit">{own.audit}</h2><p className="soft">{own.auditEmpty}</p></section>
      <section className="sheet stack tight" aria-labelledby="consent"><h2 id="consent">{own.consent}</h2><p className="soft">{own.consentEmpty}</p></section>
    </div>
  );
}
