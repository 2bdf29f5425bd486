/** The alerts page. */
export const alerts = {
  title: "Alerts",
  open: (n: number) => (n === 0 ? "No open alert" : n === 1 ? "1 open alert" : `${n} open alerts`),
  none: { title: "No alert", text: "Nothing calls for anybody with these filters. Alerts appear here by themselves as they are raised." },
  severity: { critical: "critical", warning: "warning", info: "notice" },
  state: {
    raised: "raised", acknowledged: "acknowledged", escalated: "escalated", snoozed: "snoozed", silent: "silent", resolved: "resolved",
    expired: "expired",
  },
  filters: {
    label: "Filters", state: "Show", open: "Open", closed: "Ended", all: "All", severity: "Severity", any: "Any",
    silent: "Also from silent models", rule: "Find a patient or a word",
  },
  silentAbout: "Nobody was called: this model is silent here.",
  raised: (when: string) => `raised ${when}`,
  answered: (who: string) => `by ${who}`,
  rung: (n: number) => `escalated ${n === 1 ? "once" : `${n} times`}`,
  details: "Reason, evidence and steps", reason: "Reason", evidence: "What was judged", steps: "What has happened",
  strength: (p: string) => `probability ${p}`,
  actions: { acknowledge: "Acknowledge", escalate: "Escalate", snooze: "Snooze", resolve: "Resolve" },
  actionsAbout: {
    acknowledge: "You see to it. It stays open until it is over.", escalate: "Call the next person on the ladder too.",
    snooze: "Quiet for a while. It comes back if it still holds.", resolve: "It is over, or it was wrong. Say why.",
  },
  form: {
    by: "Your name or badge", why: "Why (kept on record)", minutes: "Minutes", send: (what: string) => what, cancel: "Cancel",
    done: (what: string) => `Done: ${what}`,
  },
  chance: (share: string, limit: string, minutes: number, middle: string) =>
    `Forecast: ${share} chance of ${limit} in ${minutes} min; the middle course is ${middle}.`,
  view: "Open the twin", of: "Of", since: "Since", where: "Place", ended: "ended", newest: "the newest first", live: "Alerts are live",
  changed: (title: string, who: string) => `${title}: ${who}`, hide: "Hide", missing: "Say who you are.", whyMissing: "Say why: it is kept on record.",
  evidenceNames: {
    probability: "probability", horizon_minutes: "minutes ahead", median: "middle of the forecast", low: "low end", high: "high end",
    low_level: "low end is quantile", high_level: "high end is quantile", unit: "unit", target: "for", value: "value read", code: "code",
    fact: "record", minutes: "minutes without reading", last: "last reading",
  } as Record<string, string>,
  burden: {
    title: "What alerting costs", days: "Looking back", day: (n: number) => (n === 1 ? "1 day" : `${n} days`), rule: "Rule", all: "All rules together",
    alerts: "Alerts", perDay: "per patient and day", answered: "Answered", soon: (m: number) => `within ${m} min`, median: "Median time to answer",
    right: "Followed by a reading beyond the limit", silent: "Silent", repeated: "Repeated within 1 h",
    of: (count: number, n: number) => `${count} of ${n}`, between: (low: string, high: string) => `95 %: ${low} to ${high}`, minutes: (n: string) => `${n} min`,
    none: "–", about: "Few alerts that are right and soon answered are what to aim for. A share says little while n is small: look at its interval.",
    empty: "No alert has called in this time.",
  },
};
