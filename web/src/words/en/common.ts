/** Words that many pages share. */
export const common = {
  product: "gemel",
  support: "Supports clinical judgement and never replaces it. Not a medical device.",
  skip: "Skip to content",
  nav: { label: "Pages", overview: "Overview", alerts: "Alerts", models: "Models", service: "Service" },
  theme: { label: "Colours", light: "Light", dark: "Dark", contrast: "High contrast", system: "As the system" },
  link: {
    live: "Live", connecting: "Connecting…",
    cut: (seconds: number) => `Cut off for ${seconds} s: what you see may be old. Trying again.`,
  },
  status: { calm: "No concern", watch: "Watch", act: "Act", none: "Not known" },
  standing: {
    silent: "silent", advisory: "advisory",
    silentAbout: "This model has not yet earned its voice here: for watching the model, not for care.",
  },
  loading: "Loading…",
  failed: "This could not be loaded.",
  retry: "Try again",
  none: "not known",
  ago: {
    now: "just now", seconds: (n: number) => `${n} s ago`, minutes: (n: number) => `${n} min ago`,
    hours: (n: number) => `${n} h ago`, days: (n: number) => `${n} d ago`,
  },
  stale: "old",
  lost: { title: "There is no such page", back: "To the overview" },
};
