// Changes the text of a query by its terms. The server reads the language; here terms are only put in and taken out.

export interface Term { text: string; not: boolean; field: string; value: string }

const TERM = /(-?)(?:([A-Za-z_]+):)?(?:"([^"]*)"|([^\s"]\S*))/g;

export function terms(query: string): Term[] {
  return Array.from(query.matchAll(TERM), (m) => ({ text: m[0], not: m[1] === "-", field: (m[2] ?? "").toLowerCase(), value: m[3] ?? m[4] ?? "" }));
}

/** Writes a term; a quote cannot stand inside one, so it becomes a space. */
export function term(field: string, value: string, not = false): string {
  const plain = value.replaceAll('"', " ");
  const text = /[\s]|^$/.test(plain) ? `"${plain}"` : plain;
  return `${not ? "-" : ""}${field ? `${field}:` : ""}${text}`;
}

const join = (list: string[]): string => list.filter(Boolean).join(" ");

export function holds(query: string, field: string, value: string, not = false): boolean {
  return terms(query).some((t) => t.field === field && t.value === value.replaceAll('"', " ") && t.not === not);
}
export function add(query: string, field: string, value: string, not = false): string {
  return holds(query, field, value, not) ? query : join([query.trim(), term(field, value, not)]);
}
export function remove(query: string, field: string, value?: string): string {
  return join(terms(query).filter((t) => t.field !== field || (value !== undefined && t.value !== value)).map((t) => t.text));
}
/** Replaces every term of a field by one. */
export function put(query: string, field: string, value: string | null): string {
  const rest = remove(query, field);
  return value === null ? rest : add(rest, field, value);
}
/** Puts a term in if it is not there, and takes it out if it is. */
export function flip(query: string, field: string, value: string): string {
  return holds(query, field, value) ? remove(query, field, value) : add(query, field, value);
}
export function valueOf(query: string, field: string): string | null {
  return terms(query).findLast((t) => t.field === field && !t.not)?.value ?? null;
}
/** Words that were searched for, to be marked in texts. */
export function words(query: string): string[] {
  return terms(query).filter((t) => !t.not && t.field === "" && t.value !== "OR").map((t) => t.value.replace(/\*$/, "")).filter((w) => w.length > 1);
}

/** Cuts a text into pieces that match one of the words and pieces that do not. */
export function marked(text: string, sought: string[]): { text: string; hit: boolean }[] {
  if (!sought.length || !text) return [{ text, hit: false }];
  const pattern = new RegExp(sought.map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "giu");
  const out: { text: string; hit: boolean }[] = [];
  let last = 0;
  for (const found of text.matchAll(pattern)) {
    if (!found[0] || out.length > 2000) break;
    if (found.index > last) out.push({ text: text.slice(last, found.index), hit: false });
    out.push({ text: found[0], hit: true });
    last = found.index + found[0].length;
  }
  if (last < text.length) out.push({ text: text.slice(last), hit: false });
  return out;
}
