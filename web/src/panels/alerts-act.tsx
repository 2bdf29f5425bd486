/** Who does it and why: asked each time, the name remembered on this machine. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { ask, part } from "../api/client";
import { words } from "../words";
import type { Action, Alert } from "./alerts-data";

const say = words.alerts;
const KEY = "gemel.by";

interface Asked {
  alert: Alert;
  action: Action;
  close: () => void;
  done: (what: string) => void;
}

export function Act({ alert, action, close, done }: Asked) {
  const [by, setBy] = useState(() => localStorage.getItem(KEY) ?? "");
  const [why, setWhy] = useState("");
  const [minutes, setMinutes] = useState("30");
  const [problem, setProblem] = useState("");
  const first = useRef<HTMLInputElement>(null);
  const known = useQueryClient();
  const about = useId();
  useEffect(() => first.current?.focus(), [action]);
  async function send(event: FormEvent) {
    event.preventDefault();
    if (!by.trim()) return setProblem(say.form.by);
    if (action === "resolve" && !why.trim()) return setProblem(say.whyMissing);
    localStorage.setItem(KEY, by.trim());
    try {
      const body = { by: by.trim(), why: why.trim(), ...(action === "snooze" ? { minutes: Number(minutes) } : {}) };
      await ask(`/api/alerts/${part(alert.id)}/${action}`, { method: "POST", body });
      done(say.form.done(say.actions[action]));
      close();
    } catch (error) {
      setProblem((error as Error).message);
    }
    await known.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith("/api/alerts") });
  }
  return (
    <form className="act-form" aria-describedby={about} onSubmit={(event) => void send(event)} onKeyDown={(event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      close();
    }}>
      <p id={about} className="soft">{say.actionsAbout[action]}</p>
      <label>{say.form.by}<input ref={first} value={by} maxLength={200} autoComplete="off" onChange={(event) => setBy(event.target.value)} /></label>
      <label className="wide">{say.form.why}<input value={why} maxLength={2000} autoComplete="off" onChange={(event) => setWhy(event.target.value)} /></label>
      {action === "snooze" && (
        <label>{say.form.minutes}<input type="number" min="1" max="1440" required value={minutes} onChange={(event) => setMinutes(event.target.value)} /></label>
      )}
      <span className="row">
        <button type="submit" className="main">{say.form.send(say.actions[action])}</button>
        <button type="button" onClick={close}>{say.form.cancel}</button>
      </span>
      {problem && <p role="alert" className="problem">{problem}</p>}
    </form>
  );
}
