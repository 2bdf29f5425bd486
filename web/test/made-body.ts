/** A body as the service would tell it, for tests: regions by state, the rest empty. */
import type { Body, Marker, Region } from "../src/body/region";

export function region(id: string, over: Partial<Region> = {}): Region {
  return { id, title: id, state: "none", why: "not measured", markers: [], risks: [], indices: [], live: [], alerts: [], missing: [], ...over };
}

export function marker(over: Partial<Marker> = {}): Marker {
  return {
    name: "egfr", about: "kidney filter rate", unit: "mL/min", status: "in range", value: 90, at: "2026-01-01T00:00:00Z", age_days: 3, old: false,
    low: 60, high: null, source: "made up", centile: null, slope: null, slope_error: null, trend: null, ...over,
  };
}

export function made(regions: Region[], over: Partial<Body> = {}): Body {
  return {
    subject: "p", sex: "female", age: 60, at: "2026-01-01T00:00:00Z", zone: "UTC", notes: [], regions, top: [], measure_next: [], for_person: [],
    caution: "", ...over,
  };
}
