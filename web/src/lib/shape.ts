// Turns what the server answers into what the page shows: providers write reactions, edits and deletions in many ways.

import type { Attachment, FullRecord, Mark, Party, Said } from "./types";

export interface RawParty { role: string; name?: string | null; kind?: string | null; identifier?: string | null; person?: string | null; identifiers?: Party["identifiers"] }
export type RawRecord = Omit<FullRecord, "parties" | "attachments" | "marks"> & { parties?: RawParty[]; attachments?: number | Attachment[]; files?: Attachment[]; tags?: Mark[]; notes?: Mark[]; marks?: Mark[] };
export type RawSaid = Omit<Said, "attachments" | "reactions" | "edited" | "deleted" | "more"> & { attachments?: number | Attachment[]; files?: Attachment[]; fields?: Record<string, unknown> };

/** A party with several identifiers comes once for each; here it is one again. */
function parties(raw: RawParty[]): Party[] {
  const out: Party[] = [];
  for (const one of raw) {
    const identifiers = one.identifiers ?? (one.identifier ? [{ kind: one.kind ?? "", value: one.identifier }] : []);
    const last = out.at(-1);
    if (last && last.role === one.role && last.name === one.name && last.person === one.person && one.person && identifiers.length) (last.identifiers ??= []).push(...identifiers);
    else out.push({ role: one.role, name: one.name, person: one.person, identifiers });
  }
  return out;
}
const files = (raw: { files?: Attachment[]; attachments?: number | Attachment[] }): Attachment[] => raw.files ?? (Array.isArray(raw.attachments) ? raw.attachments : []);

export function record(raw: RawRecord): FullRecord {
  return { ...raw, parties: parties(raw.parties ?? []), attachments: files(raw), marks: raw.marks ?? [...(raw.tags ?? []), ...(raw.notes ?? [])] };
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => value !== null && typeof value === "object" && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : isObject(value) ? text(value["unicode"] ?? value["name"] ?? value["emoji"] ?? value["text"]) : Array.isArray(value) ? value.map(text).filter(Boolean).join(", ") : "");
const truthy = (value: unknown): boolean => value !== null && value !== undefined && value !== false && value !== 0 && value !== "" && value !== "false" && !(Array.isArray(value) && value.length === 0);

export function said(raw: RawSaid): Said {
  const out: Said = { ...raw, attachments: files(raw), reactions: [], more: {} };
  for (const [name, value] of Object.entries(raw.fields ?? {})) {
    const key = name.toLowerCase();
    if (key.includes("reaction") && Array.isArray(value)) {
      for (const one of value.slice(0, 100)) {
        const emoji = isObject(one) ? text(one["emoji"] ?? one["reaction"] ?? one["reaction_type"] ?? one["type"]) : text(one);
        const by = isObject(one) ? text(one["by"] ?? one["actor"] ?? one["name"] ?? one["reactor_emails"] ?? one["senderId"]) : "";
        if (emoji) out.reactions!.push({ emoji, by });
      }
      if (!out.reactions!.length && value.length) out.more![name] = value;
    } else if (key.includes("delet") || key.includes("unsent")) {
      if (truthy(value)) out.deleted = true;
    } else if (key.includes("edit")) {
      if (Array.isArray(value)) out.edited = value.slice(0, 50).map((one) => (isObject(one) ? { time: text(one["time"] ?? one["timestamp"]) , text: text(one["text"] ?? one["content"]) } : { text: text(one) }));
      else if (truthy(value)) out.edited = typeof value === "string" ? value : [];
    } else out.more![name] = value;
  }
  return out;
}

/** Says whether a picture is of the kind that telephones take and browsers cannot show. */
export const heic = (file: { name?: string | null; mime?: string | null }): boolean => /\.hei[cf]$/i.test(file.name ?? "") || /hei[cf]/.test(file.mime ?? "");
