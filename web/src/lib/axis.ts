// Time axes in UTC: units, their bounds, and where to write labels.

export type Unit = "day" | "month" | "year";
const DAY = 86_400_000;

export function startOf(key: string): number {
  return Date.parse(key.length === 4 ? `${key}-01-01T00:00:00Z` : key.length === 7 ? `${key}-01T00:00:00Z` : `${key}T00:00:00Z`);
}
export function keyOf(ms: number, unit: Unit): string {
  return new Date(ms).toISOString().slice(0, { day: 10, month: 7, year: 4 }[unit]);
}
export function next(ms: number, unit: Unit, by = 1): number {
  const d = new Date(ms);
  if (unit === "day") return ms + by * DAY;
  return unit === "month" ? Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + by, 1) : Date.UTC(d.getUTCFullYear() + by, 0, 1);
}
export const floor = (ms: number, unit: Unit): number => startOf(keyOf(ms, unit));

/** Returns the unit in which a span gives a readable number of bars. */
export function unitFor(from: number, until: number): Unit {
  const days = (until - from) / DAY;
  return days <= 500 ? "day" : days <= 366 * 70 ? "month" : "year";
}

const month = new Intl.DateTimeFormat(undefined, { month: "short", timeZone: "UTC" });
const dayMonth = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

/** Returns at most `room` labels for a span. */
export function ticks(from: number, until: number, room: number): { at: number; label: string }[] {
  const steps: [Unit, number][] = [["day", 1], ["day", 2], ["day", 7], ["month", 1], ["month", 3], ["month", 6], ["year", 1], ["year", 2], ["year", 5], ["year", 10], ["year", 20], ["year", 50]];
  const length = { day: DAY, month: 30.44 * DAY, year: 365.25 * DAY };
  const [unit, by] = steps.find(([u, n]) => (until - from) / (length[u] * n) <= Math.max(2, room)) ?? ["year", 100];
  const out: { at: number; label: string }[] = [];
  let at = floor(from, unit);
  if (unit === "year") at = Date.UTC(Math.ceil(new Date(from).getUTCFullYear() / by) * by, 0, 1);
  if (unit === "month") at = Date.UTC(new Date(from).getUTCFullYear(), Math.floor(new Date(from).getUTCMonth() / by) * by, 1);
  for (; at <= until && out.length < 60; at = next(at, unit, by)) {
    if (at < from) continue;
    const d = new Date(at);
    const label = unit === "year" ? String(d.getUTCFullYear()) : unit === "month" ? (d.getUTCMonth() === 0 ? String(d.getUTCFullYear()) : month.format(d)) : dayMonth.format(d);
    out.push({ at, label });
  }
  return out;
}
