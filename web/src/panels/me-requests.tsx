/** What the patient has asked for, and where each request stands. */
import { unanswered, type Requested } from "../help/requests";
import { Status, type State } from "../parts/status";
import { ago, useNow } from "../parts/time";
import { words } from "../words";

const own = words.me.help;
const SHOWN: Record<Requested["state"], State> = { asked: "watch", seen: "watch", coming: "calm", done: "calm", withdrawn: "none" };
const DAY = 86_400_000;

export function MeRequests({ asked, withdraw }: { asked: readonly Requested[]; withdraw: (id: string) => void }) {
  const now = useNow(5_000);
  const lately = asked.filter((one) => one.open || now - Date.parse(one.since) < DAY);
  return (
    <div className="stack tight">
      <h3>{own.mine}</h3>
      {lately.length === 0 && <p className="soft">{own.none}</p>}
      <ul className="plain rows requests">
        {lately.map((one) => (
          <li key={one.id}>
            <div className="row">
              <b>{own.category[one.category]}</b><Status state={SHOWN[one.state]} says={own.state[one.state]} />
              <span className="soft small">{ago(now - Date.parse(one.since))}</span>
              {one.open && <button onClick={() => withdraw(one.id)}>{own.withdraw}</button>}
            </div>
            {one.words && <p className="small">{one.words}</p>}
            {unanswered(one, now) && <p role="alert" className="down">{own.waited}</p>}
          </li>
        ))}
      </ul>
    </div>
  );
}
