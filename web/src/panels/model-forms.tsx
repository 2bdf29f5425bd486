/** The frameworks' forms, filled from the card: how much is stated, and every line. */
import { words } from "../words";
import type { Card } from "./model-card";

const own = words.models;

export function ModelForms({ card }: { card: Card }) {
  return (
    <section className="sheet stack tight" aria-labelledby="forms">
      <h2 id="forms">{own.forms}</h2>
      {Object.entries(card.frameworks).map(([key, form]) => (
        <details key={key}>
          <summary>
            {form.title}{" "}
            <svg className="meter" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width={(100 * form.stated) / form.items.length} height="10" /></svg>{" "}
            <b>{own.stated(form.stated, form.items.length)}</b> {own.answered}
          </summary>
          <p className="soft small">{form.source}</p>
          <div className="scroll" role="group" aria-label={form.title} tabIndex={0}>
            <table>
              <tbody>
                {form.items.map((item) => (
                  <tr key={item.number}><th scope="row">{item.number}</th><td>{item.asks}</td><td>{item.answer ?? <span className="soft">{own.open}</span>}</td></tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      ))}
    </section>
  );
}
