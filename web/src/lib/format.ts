// Numbers, sizes and times in the reader's locale; UTC always stands beside.

import { t } from "../strings";

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
export const number = (n: number | null | undefined): string => (n === null || n === undefined ? "" : whole.format(n));
export const compact = (n: number): string => short.format(n);

export function size(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "";
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let [n, at] = [bytes, 0];
  while (n >= 1000 && at < units.length - 1) { n /= 1000; at += 1; }
  return new Intl.NumberFormat(undefined, { style: "unit", unit: units[at], unitDisplay: at ? "short" : "long", maximumFractionDigits: n < 10 && at ? 1 : 0 }).format(n);
}

const localBoth = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const localDay = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const localDayUtc = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const monthUtc = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });
const localTime = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

const valid = (iso: string | null | undefined): Date | null => {
  const date = iso ? new Date(iso) : null;
  return date && Number.isFinite(date.getTime()) ? date : null;
};
export const local = (iso: string): string => { const d = valid(iso); return d ? localBoth.format(d) : iso; };
export const day = (iso: string | null | undefined): string => { const d = valid(iso); return d ? (iso!.length <= 10 ? localDayUtc : localDay).format(d) : ""; };
export const clock = (iso: string): string => { const d = valid(iso); return d ? localTime.format(d) : iso; };
export const dayLong = (iso: string): string => { const d = valid(iso); return d ? longDay.format(d) : iso; };
export const utc = (iso: string): string => { const d = valid(iso); return d ? `${d.toISOString().slice(0, 19).replace("T", " ")} UTC` : iso; };
export const utcClock = (iso: string): string => { const d = valid(iso); return d ? `${d.toISOString().slice(11, 19)} UTC` : iso; };
/** Whether the reader's clock shows UTC at this instant, so that saying it twice adds nothing. */
export const localIsUtc = (iso: string): boolean => valid(iso)?.getTimezoneOffset() === 0;

/** Names a year, month or day key of a histogram. */
export function span(key: string): string {
  if (key.length === 4) return key;
  const date = new Date(`${key}${key.length === 7 ? "-01" : ""}T00:00:00Z`);
  return (key.length === 7 ? monthUtc : localDayUtc).format(date);
}
export function range(first: string | null | undefined, last: string | null | undefined): string {
  if (!first && !last) return t.time.none;
  const [a, b] = [day(first), day(last)];
  return a === b ? a : `${a} – ${b}`;
}

/**
 * Makes characters visible that would let a name lie about itself: control characters and those that turn the direction
 * of what follows. For names, titles and paths; running text is isolated instead.
 */
export function visible(text: string | null | undefined): string {
  return (text ?? "").replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, (c) =>
    c === "\n" || c === "\t" ? " " : `⟨${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}⟩`);
}
/** The beginning of a text; a character of two units is not cut in half. */
export const head = (text: string, most: number): string => text.slice(0, /[\ud800-\udbff]/.test(text[most - 1] ?? "") ? most - 1 : most);
export const clip = (text: string, most: number): string => (text.length > most ? `${head(text, most)}…` : text);
export const coordinates = (lat: number, lon: number): string => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
/** A length in metres or kilometres. */
export function distance(m: number): string {
  return new Intl.NumberFormat(undefined, { style: "unit", unit: m >= 1000 ? "kilometer" : "meter", maximumFractionDigits: m >= 10_000 ? 0 : m >= 1000 ? 1 : 0 }).format(m >= 1000 ? m / 1000 : m);
}
