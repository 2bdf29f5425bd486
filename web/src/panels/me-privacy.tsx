/** Who may use the patient's data and who saw it: their places, until log-in and consent exist. */
import { words } from "../words";

const own = words.me.privacy;

export function MePrivacy() {
  return (
    <section className="sheet stack" aria-labelledby="privacy">
      <h2 id="privacy">{words.me.sections.privacy}</h2>
      <div className="stack tight">
        <h3>{own.consent}</h3>
        <p>{own.consentAbout}</p>
        <ul className="plain">
          {[own.care, own.research, own.family].map((use) => <li key={use} className="row"><b>{use}</b><span className="soft">{own.notYet}</span></li>)}
        </ul>
      </div>
      <div className="stack tight">
        <h3>{own.seen}</h3>
        <p>{own.seenAbout}</p>
      </div>
    </section>
  );
}
