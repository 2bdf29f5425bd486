/** Alerts as the service tells them, and what the list shows of them: pure functions. */
import type { Told } from "../api/told";
import type { Who } from "../live/use";

export type Listing = Told<"/api/alerts">;
export type Alert = Listing["alerts"][number];
export type Burden = Told<"/api/alerts/burden">;
export const ACTIONS = ["acknowledge", "escalate", "snooze", "resolve"] as const;
export type Action = (typeof ACTIONS)[number];

const ENDED = new Set(["resolved", "expired"]);
const GRAVITY: Record<Alert["severity"], number> = { critical: 0, warning: 1, info: 2 };
/** Who waits longest for an answer comes first among equals. */
const ANSWERED: Partial<Record<Alert["state"], number>> = { escalated: 0, raised: 1, acknowledged: 2, snoozed: 3, silent: 4 };

export const isOpen = (alert: Alert): boolean => !ENDED.has(alert.state);

/** What may be done with an alert as it stands. */
export function possible(alert: Alert): Action[] {
  if (!isOpen(alert) || alert.state === "silent") return [];
  return ACTIONS.filter((action) => !(action === "acknowledge" && alert.state === "acknowledged"));
}

export function pressing(a: Alert, b: Alert): number {
  return (
    Number(isOpen(b)) - Number(isOpen(a)) || GRAVITY[a.severity] - GRAVITY[b.severity] ||
    (ANSWERED[a.state] ?? 5) - (ANSWERED[b.state] ?? 5) || b.raised.localeCompare(a.raised)
  );
}

export interface Sought {
  severity: Alert["severity"] | "";
  text: string;
}

export function sought(alerts: Alert[], { severity, text }: Sought, everybody: Map<string, Who>): Alert[] {
  const word = text.trim().toLowerCase();
  return alerts
    .filter((alert) => !severity || alert.severity === severity)
    .filter((alert) => {
      const who = everybody.get(alert.subject);
      return !word || [alert.title, alert.reason, alert.subject, who?.name, who?.place].some((own) => own?.toLowerCase().includes(word));
    })
    .sort(pressing);
}
