/** What the patient wants to reach: set, reached, let go. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ask, part } from "../api/client";
import type { Told } from "../api/told";
import { Answer, useAsked } from "../parts/ask";
import { Status } from "../parts/status";
import { day } from "../parts/time";
import { words } from "../words";

type Goals = Told<"/api/subjects/{id}/goals">;
type Goal = Goals["goals"][number];

const own = words.me.goals;

export function MeGoals({ subject }: { subject: string }) {
  const path = `/api/subjects/${part(subject)}/goals`;
  const asked = useAsked<Goals>(path);
  const client = useQueryClient();
  const [said, say] = useState("");
  const again = () => client.invalidateQueries({ queryKey: [path] });
  const add = useMutation({ mutationFn: (goal: string) => ask(path, { method: "POST", body: { words: goal } }), onSuccess: () => { say(""); return again(); } });
  const turn = useMutation({
    mutationFn: ({ id, state }: { id: string; state: Goal["state"] }) => ask(`${path}/${part(id)}`, { method: "POST", body: { state } }), onSuccess: again,
  });
  const failed = add.error ?? turn.error;
  return (
    <section className="sheet stack" aria-labelledby="goals">
      <h2 id="goals">{words.me.sections.goals}</h2>
      <Answer of={asked} empty={(data) => data.goals.length === 0 && <p className="soft">{own.none}</p>}>
        {(data) => (
          <ul className="plain rows">
            {data.goals.map((goal) => <Row key={goal.id} goal={goal} turn={(state) => turn.mutate({ id: goal.id, state })} />)}
          </ul>
        )}
      </Answer>
      <form className="row" onSubmit={(event) => { event.preventDefault(); if (said.trim()) add.mutate(said); }}>
        <label className="stack tight grow"><span>{own.label}</span><input value={said} maxLength={300} onChange={(event) => say(event.target.value)} /></label>
        <button className="main" disabled={!said.trim() || add.isPending}>{own.add}</button>
      </form>
      {failed && <p role="alert" className="down">{failed.message}</p>}
    </section>
  );
}

function Row({ goal, turn }: { goal: Goal; turn: (state: Goal["state"]) => void }) {
  const state = goal.state === "reached" ? "calm" : "none";
  return (
    <li className="row">
      <span className="grow"><b>{goal.words}</b> <span className="soft small">{own.set} {day(new Date(goal.set))}</span></span>
      <Status state={state} says={own.state[goal.state]} />
      {goal.state === "set" ? (
        <><button onClick={() => turn("reached")}>{own.reached}</button><button onClick={() => turn("dropped")}>{own.drop}</button></>
      ) : <button onClick={() => turn("set")}>{own.again}</button>}
    </li>
  );
}
