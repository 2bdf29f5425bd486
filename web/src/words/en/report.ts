/** Reports for the record. */
export const report = {
  twin: "Report of a twin", plans: "Report of a comparison of plans", print: "Print or save as PDF", file: "Save as one file", back: "Back to the twin",
  loading: "Writing the report…", none: "There is no such kind of report.",
  noPlans: "The address holds no plans. Compare plans on the twin's page, then open the report from there.",
  made: (date: string, time: string, zone: string) => `Made ${date}, ${time} (${zone})`,
  saved: "Saved.", failed: "The service could not write the file.",
  limits: "What this model is, and is not", provenance: "Where this comes from",
  software: "Software", model: "Model", twinId: "Twin", begun: "begun", engine: "Engine", facts: "Facts", hash: "Fingerprint of the facts (SHA-256 chain)",
  standing: "Standing", ledger: "Newest entries in the ledger",
  draws: (engine: string, members: number, seed: number) => `${engine}, ${members} members, seed ${seed}`,
  used: (n: number, until: string) => `${n} used, up to ${until}`,
  when: (at: number, until: number | null) => (until === null ? (at === 0 ? "at once" : `${at} min from then`) : `from ${at} to ${until} min from then`),
};
