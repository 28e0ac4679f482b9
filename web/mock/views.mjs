// The answers beyond lists: one record, its bytes, conversations, the map, people, the log.
import { createHash } from "node:crypto";
import * as d from "./data.mjs";

export class Missing extends Error {}
const b64 = (text) => createHash("sha256").update(text).digest("base64");
const sha = (text) => createHash("sha256").update(text).digest("hex");
const iso = d.iso;
const TEN_MB = "This line is repeated until the message has ten megabytes. Łódź, 東京, القاهرة.\n".repeat(115_000);
export const CHECKPOINT = "glasshouse.example/mine\n4821\nq0lM2wWm9pA9hY3dZ0Jm5Tn0p8cVxw7w8k2bQk1nD1E=\n\n\u2014 glasshouse.example/mine 5n3PzQh0Yw0n8hHq2m1c1k3u8yJ1mS9v2bN0qf7xkq3V4m8eJH2k7sJ8d1m0a9==\n";
export const numberOf = (id) => Number(id.replace(/\D+/g, "")) || 0;

export function session(state) {
  const self = state.kind === "self";
  return {
    case: { title: self ? "My accounts, autumn 2024" : "Operation Fig, 2024-117", kind: state.kind, fingerprint: "sha256:9f1c 44d0 a2be 7713 02fe 9ab1 55c8 10d4", notice: self ? "No legal basis recorded: the account holder opened this case on their own data." : "" },
    person: { name: self ? "Mira Example" : "Dana Examiner", role: self ? "holder" : "examiner" }, csrf: "mock-csrf", readonly: false, version: "0.1.0",
  };
}

export const certificate = { number: 1, decided: "2024-11-02T09:00:00Z", destroyed: "2024-11-02T09:41:10Z", person: "a.rook", role: "authoriser", authorities: ["op-fig-1/2"], reason: "The order covers the year 2023.", withheld: false, method: ["The keys of the parts and their beginnings were written over, and the files removed."], outcomes: [{ service: "google", family: "location", reason: "Outside the dates.", unit: "records", count: 812003 }, { service: "google", family: "", reason: "not recognised", unit: "entries", count: 12 }] };
/** An export takes a moment. */
export const exported = ({ asked, ...one }) => ({ ...one, ...(Date.now() - asked < 900 ? { state: "running", records: 240, done: 100, bytes: null, sha256: null } : { state: "done", records: 240, done: 480, bytes: 1234567, sha256: sha("export") }), error: null });

export function caseOf(state) {
  const formats = [];
  const all = d.find("");
  d.FAMILIES.forEach((family) => formats.push({ format: d.FORMAT[family], provider: d.SERVICE[family], title: { message: "Messages", location: "Location History: Records.json", mail: "Gmail mbox", web_visit: "My Activity", media: "Photos with their sidecars", call: "Call history", purchase: "Orders", voice: "Alexa voice history" }[family], service: d.SERVICE[family], tier: d.TIER[family], records: d.TIMED / 8, first: iso(d.timeOf(0)), last: iso(d.timeOf(d.TIMED - 1)) }));
  formats.push({ format: "google.keep", provider: "google", title: "Keep notes", service: "google", tier: "unverified", records: all.undated, first: null, last: null });
  const parts = (name, n, size) => Array.from({ length: n }, (_, k) => ({ number: k + 1, path: `${name}-${String(k + 1).padStart(3, "0")}.zip`, size: size - k * 7919, sha256: sha(name + k) }));
  return {
    sources: [
      { id: "s1", title: "takeout-20240601T120000Z", added: "2024-06-02T09:12:00Z", parts: parts("takeout-20240601T120000Z-1", 8, 2147483648), entries: 18230 },
      { id: "s2", title: "facebook-mira.example-2024-05-30", added: "2024-06-02T09:40:11Z", parts: parts("facebook-mira.example-2024-05-30", 2, 734003200), entries: 4110 },
      { id: "s3", title: "Alexa <img src=x onerror=alert(1)> export", added: "2024-06-03T18:02:45Z", parts: parts("All Data Categories", 1, 91226112), entries: 512 },
    ],
    formats,
    entries: { parsed: 20411, partly: 61, attached: 1893, "not recognised": 407, unreadable: 5, encrypted: 2, opened: 73 },
    warnings: { total: 214, by_code: [{ code: "json.truncated", provider: "google", count: 3 }, { code: "time.ambiguous", provider: "meta", count: 180 }, { code: "media.missing", provider: "google", count: 27 }, { code: "mail.charset", provider: "mail", count: 4 }] },
    drift: [{ format: "google.my-activity", key: "[].safeHtmlItem", count: 112 }, { format: "meta.messages", key: "messages[].bumped_message_metadata", count: 40211 }, { format: "amazon.orders", key: "column: <b>Gift Recipient</b>", count: 3 }],
    authority: state.kind === "self"
      ? { kind: "self", title: "The account holder's own data", limits: [] }
      : { kind: state.kind, title: "Search warrant 2024-117, District Court of Example", limits: ["Records from 1 January 2019 to 31 December 2023 (sent, received or created).", "Mail, messages, calls and payments; nothing else.", "Service Google, account mira@example.com.", "Valid until 30 June 2025.", "Communication with lawyer@example.com is set aside for a privilege reviewer."] },
    outcomes: state.kind === "self"
      ? [{ outcome: "shown", service: null, family: null, unit: "records", count: d.TOTAL, reason: "" }, { outcome: "not read", service: null, family: null, unit: "entries", count: 414, reason: "not recognised, unreadable or encrypted" }]
      : [{ outcome: "shown", service: "google", family: "mail", unit: "records", count: 812044, reason: "" }, { outcome: "shown", service: "google", family: "message", unit: "records", count: 41200, reason: "" }, { outcome: "held back", service: "google", family: "location", unit: "records", count: 1250000, reason: "The authority does not name this family." }, { outcome: "held back", service: "google", family: "mail", unit: "records", count: 90213, reason: "Outside the dates." }, { outcome: "quarantined", service: "google", family: "mail", unit: "records", count: 118, reason: "A lawyer takes part." }, { outcome: "not read", service: null, family: null, unit: "entries", count: 414, reason: "not recognised, unreadable or encrypted" }],
    third_parties: state.kind === "self" ? null : 1312,
    verification: { checkpoint: CHECKPOINT, size: 4821, time: "2024-06-03T18:20:00Z", anchored: false },
    runs: [{ run: "0002", started: "2024-06-03T18:09:12Z", finished: "2024-06-03T18:19:12Z", tool: "glasshouse 0.1.0", warnings: 214, records: d.TOTAL, digest: sha("run2") }, { run: "0001", started: "2024-06-02T09:51:40Z", finished: "2024-06-02T10:01:40Z", tool: "glasshouse 0.1.0", warnings: 100, records: 9211004, digest: sha("run1") }],
    not_covered: [{ provider: "google", text: "Google Fit, Classroom and Voice are kept and listed, and not read." }, { provider: "meta", text: "End-to-end encrypted chats are in no export of this service unless the account holder turned secure storage on." }, { provider: "amazon", text: "Deleted voice recordings are named without their sound." }],
  };
}
export const warning = (k) => ({ code: ["time.ambiguous", "media.missing", "json.truncated", "mail.charset"][k % 4], provider: ["meta", "google", "google", "mail"][k % 4], message: k % 17 === 0 ? `A name that is hostile: ${d.HOSTILE.script}` : ["The time 04.03.2021 10:00 has no zone; no instant is stated.", "The sidecar names IMG_2231.HEIC, which is in no part.", "The file ends inside an object at byte 8812331.", "The charset x-unknown was read as windows-1252."][k % 4], entry: 100 + k, path: ["takeout-20240601T120000Z-1-003.zip", `Takeout/Mail/All mail ${k}.mbox`], locator: `bytes:@${k * 977}+120` });
export const entry = (k, status) => ({ entry: k, path: ["takeout-20240601T120000Z-1-001.zip", `Takeout/${["Google Photos/Photos from 2021/IMG", "Drive/Documents/scan", "Mail/label"][k % 3]}_${k}.${["jpg", "pdf", "mbox"][k % 3]}`], size: 10_000 + k * 731, mime: ["image/jpeg", "application/pdf", "application/mbox"][k % 3], status: status ?? "not recognised", problem: status === "unreadable" ? "CRC-32 does not match" : null, provider: null, sha256: sha(`e${k}`), part: 1 + (k % 8) });

// ---- one record ------------------------------------------------------------------------------------------------------

function rowOf(id) {
  const chat = /^c(\d+)-(\d+)$/.exec(id);
  if (chat) return chatRow(`t${chat[1]}`, +chat[2]);
  const i = /^r(\d+)$/.exec(id);
  if (!i || +i[1] >= d.TOTAL) throw new Missing("No such record is in this case.");
  return d.row(+i[1]);
}
export const titleOf = (id) => { try { const r = rowOf(id); return r.title || r.snippet; } catch { return id; } };
const party = (role, name) => ({ role, name, kind: name.length % 2 ? "email" : "phone", identifier: name.length % 2 ? `${name.toLowerCase().replace(/[^a-z]+/g, ".")}@example.com` : `+1 555 0${String(100 + (name.length % 90))}`, person: "p1" });

export function record(id, state) {
  const r = rowOf(id);
  const big = r.title === "Ten megabytes";
  const text = big ? TEN_MB : r.family === "mail" ? `Dear Mira,\n\n${r.snippet}\n\nThe attached document has the details. Please answer until Friday.\n\nKind regards\n${r.from[0] ?? ""}` : r.snippet;
  const moments = [{ role: { mail: "sent", message: "sent", media: "taken", call: "start" }[r.family] ?? "observed", time: r.time, text: r.time_text, basis: r.zone_basis, precision: "second" }];
  if (r.family === "mail") moments.push({ role: "received", time: r.time && iso(Date.parse(r.time) + 4000), text: r.time_text, basis: "offset", precision: "second" });
  if (r.family === "media") moments.push({ role: "modified", time: null, text: "2021:07:04 11:20:00", basis: "device-local", precision: "second" });
  const files = Array.isArray(r.attachments) ? r.attachments : Array.from({ length: r.attachments }, (_, n) => ({ n, kind: r.family === "voice" ? "audio" : r.family === "media" || n === 1 ? "image" : "other", name: r.family === "voice" ? "recording.wav" : r.family === "media" ? r.title : n === 2 ? d.HOSTILE.rtl : n === 0 ? "invoice-2024-031.pdf" : "photo.png", mime: r.family === "voice" ? "audio/wav" : r.family === "media" || n === 1 ? "image/png" : "application/pdf", size: 48213 + n * 1000, present: n !== 2, sha256: sha(id + n), record: id }));
  return {
    ...r, provider: r.service, parser: "google 3", moments, text,
    parties: [...r.from.map((n) => party("sender", n)), ...r.to.map((n) => party("to", n))],
    place: r.lat == null ? null : { lat: r.lat, lon: r.lon, accuracy: 30 + (numberOf(id) % 900), altitude: 34, address: null },
    attachments: files, text_cut: false, fields_cut: false, source: "s1",
    fields: { "X-GM-THRID": "1748839201", labels: ["Inbox", "Important", d.HOSTILE.script], size: 48213, "Content-Type": "multipart/alternative", nested: { device: { type: "PHONE", battery: 0.41 }, sources: ["WIFI", "CELL"] }, empty: null, flag: true, "a very long value": "0123456789abcdef".repeat(80) },
    refs: [{ entry: 412, path: ["takeout-20240601T120000Z-1-003.zip", "Takeout/Mail/All mail Including Spam and Trash.mbox"], part: { source: "s1", number: 3 }, size: 81234567, mime: "application/mbox", sha256: sha("entry412"), status: "parsed", locator: { kind: "bytes", text: `bytes:@${numberOf(id) % 1e6}+${big ? 10_000_000 : 1800}`, start: numberOf(id) % 1e6, length: big ? 10_000_000 : 1800 } },
      ...(r.family === "media" ? [{ entry: 413, path: ["takeout-20240601T120000Z-1-004.zip", "Takeout/Google Photos/archive.zip", `Photos from 2021/${r.title}.json`], part: { source: "s1", number: 4 }, size: 642, mime: "application/json", sha256: sha("entry413"), status: "parsed", locator: { kind: "json", text: "json:/photoTakenTime@0+642", start: 0, length: 642 } }] : [])],
    tags: state.marks.filter((m) => m.record === id && m.kind === "tag" && !m.undone), notes: state.marks.filter((m) => m.record === id && m.kind !== "tag" && !m.undone),
  };
}

export function bytesOf(id, ref, { around = 0, offset = 0, limit = 1 << 20 }, state) {
  const r = record(id, state);
  const at = r.refs[ref];
  if (!at) throw new Missing("This record has no such reference.");
  const head = `From 1748839201@xxx ${r.time_text}\r\nSubject: ${r.title ?? ""}\r\nFrom: ${r.from[0] ?? ""}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
  const body = at.locator.kind === "json" ? JSON.stringify({ photoTakenTime: { timestamp: "1625397600", formatted: "Jul 4, 2021, 11:20:00 AM UTC" }, geoData: { latitude: r.lat, longitude: r.lon } }, null, 2) : head + r.text + "\r\n\u0000\u0001binary tail";
  const all = Buffer.alloc(at.locator.length, " ");
  Buffer.from(body).copy(all);
  // Only the holder of it all sees what stands beside a record.
  const beside = state.kind === "self" ? Math.min(65536, around) : 0;
  const lead = offset === 0 ? Math.min(beside, at.locator.start) : 0;
  const own = all.subarray(offset, offset + limit);
  const after = offset + own.length >= all.length ? Buffer.from("From the next record, which is not this one.\r\n".repeat(1500)).subarray(0, beside) : Buffer.alloc(0);
  const from = at.locator.start + offset - lead;
  const piece = Buffer.concat([Buffer.from("The end of the record before. ".repeat(3000)).subarray(0, lead), own, after]);
  return { entry: at.entry, path: at.path, mime: at.locator.kind === "json" ? "application/json" : "application/mbox", size: 81_234_567, start: at.locator.start, length: at.locator.length, window_start: from, window_base64: piece.toString("base64"), text: null, node: at.locator.kind === "json" ? "json: /photoTakenTime" : null };
}
export function near(id) {
  const i = numberOf(id);
  const some = (from, step) => Array.from({ length: 5 }, (_, k) => i + from + k * step).filter((x) => x >= 0 && x < d.TOTAL && x !== i).map((x) => d.row(x));
  return { previous: some(-1, -1), next: some(1, 1) };
}
export const html = `<!doctype html><html><head><style>body{font:15px sans-serif;color:#222;background:#fff;padding:1rem}.box{border:1px solid #ccc;padding:1rem}</style></head><body><div class="box"><h2 style="color:#275">Your order has shipped</h2><p>Dear Mira, your lamp is on its way.</p><p><a>Follow the parcel</a> (the address was taken out)</p></div></body></html>`;

// ---- conversations ---------------------------------------------------------------------------------------------------

const SIZE = (c) => (c === 0 ? 1_000_000 : 40 + Math.floor(d.chance(c, 77) * 4000));
const conversationTitle = (c) => (c === 0 ? "Family 🏡" : c === 3 ? d.HOSTILE.script : c === 5 ? "مجموعة العمل" : d.PEOPLE[c % d.PEOPLE.length]);
function chatParties(c) { return c === 0 ? [d.OWN, ...d.PEOPLE.slice(0, 4)] : [d.OWN, d.PEOPLE[c % d.PEOPLE.length]]; }
function chatTime(c, rank) { const n = SIZE(c); return Date.UTC(2014 + (c % 6), 2, 3, 8) + Math.floor(Math.floor(rank / 6) * 6 * (Date.UTC(2024, 4, 28) - Date.UTC(2014 + (c % 6), 2, 3)) / n) + (rank % 6) * 71_000; }
function chatRow(id, rank) {
  const c = Number(id.slice(1)), mail = id.startsWith("m");
  const parties = chatParties(c), seed = c * 7_000_003 + rank;
  const from = parties[Math.floor(d.chance(Math.floor(seed / 2), 31) * parties.length)];
  const hostile = rank === SIZE(c) - 3 ? d.HOSTILE.script : rank === SIZE(c) - 4 ? d.HOSTILE.arabic : rank === SIZE(c) - 5 ? d.HOSTILE.emoji : rank === SIZE(c) - 8 ? TEN_MB : null;
  const text = hostile ?? (mail ? `Hello,\n\n${d.LINES[seed % d.LINES.length]}\n\nBest\n${from}` : d.LINES[Math.floor(d.chance(seed, 3) * d.LINES.length)] + (d.chance(seed, 4) < 0.2 ? " " + d.LINES[Math.floor(d.chance(seed, 5) * d.LINES.length)] : ""));
  const files = d.chance(seed, 6) < 0.08 || rank === SIZE(c) - 2 ? [{ n: 0, kind: d.chance(seed, 9) < 0.25 ? "audio" : "image", name: d.chance(seed, 9) < 0.25 ? "voice.wav" : "photo.png", mime: d.chance(seed, 9) < 0.25 ? "audio/wav" : "image/png", size: 48213, present: d.chance(seed, 8) > 0.1 }] : [];
  const time = iso(chatTime(c, rank));
  return { id: `c${c}-${rank}`, family: mail ? "mail" : "message", format: "meta.messages", service: "meta", account: "mira.example", tier: "documented", time, time_text: String(Date.parse(time)), zone_basis: "utc", title: mail ? "Re: Contract draft" : null, snippet: text.slice(0, 160), text, from: [from], to: parties.filter((p) => p !== from), attachments: files, text_cut: false, conversation: id, lat: null, lon: null, own: from === d.OWN, fields: { ...(d.chance(seed, 12) < 0.1 ? { reactions: [{ reaction: "❤️", actor: parties.at(-1) }, { reaction: "😂", actor: d.OWN }] } : {}), ...(d.chance(seed, 13) < 0.03 ? { edits: [{ time, text: "An earlier wording of this message." }] } : {}), ...(d.chance(seed, 14) < 0.02 ? { deleted: true } : {}) } };
}
const conversationOf = (c) => ({ service: "meta", conversation: c % 7 === 6 ? `m${c}` : `t${c}`, title: conversationTitle(c), parties: chatParties(c), count: SIZE(c), first: iso(chatTime(c, 0)), last: iso(chatTime(c, SIZE(c) - 1)), family: c % 7 === 6 ? "mail" : "message" });
export function conversations(q, rank, limit) {
  d.find(q);
  const rows = Array.from({ length: 40 }, (_, c) => conversationOf(c)).concat(Array.from({ length: 460 }, (_, c) => ({ ...conversationOf(40 + c) })));
  const words = d.tokens(q).filter((t) => !t.field).map((t) => t.value.toLowerCase());
  const one = d.tokens(q).find((t) => t.field === "in")?.value;
  const found = rows.filter((r) => (!one || r.conversation === one) && words.every((w) => [r.title, ...r.parties].join(" ").toLowerCase().includes(w)));
  return { count: found.length, rows: found.slice(rank, rank + limit) };
}
export function conversation(id, time, record, rank, limit) {
  const c = Number(id?.slice(1));
  if (!(c >= 0 && c < 500)) throw new Missing("No such conversation is in this case.");
  const n = SIZE(c);
  if (record) rank = Number(record.split("-")[1]);
  else if (time) rank = conversationRank(id, Date.parse(time));
  return { count: n, rank, rows: Array.from({ length: Math.max(0, Math.min(limit, n - rank)) }, (_, k) => chatRow(id, rank + k)) };
}
function saying(id, words) {
  const c = Number(id.slice(1)), rows = [];
  for (let r = Math.max(0, SIZE(c) - 20_000); r < SIZE(c); r++) { const row = chatRow(id, r); if (row.text.length < 5000 && words.every((w) => row.text.toLowerCase().includes(w.toLowerCase()))) rows.push(row); }
  return rows;
}
export const saidRank = (id, words, time) => ({ rank: saying(id, words).filter((row) => row.time < time).length });
/** What a search inside a conversation finds among its newest messages. */
export function saidWith(id, words, rank, limit) {
  const rows = saying(id, words);
  return { count: rows.length, rank, rows: rows.slice(rank, rank + limit).map(({ text, fields, own, ...row }) => ({ ...row, attachments: row.attachments.length })) };
}
export function conversationRank(id, ms) {
  const c = Number(id.slice(1));
  let [lo, hi] = [0, SIZE(c)];
  while (lo < hi) { const mid = (lo + hi) >> 1; if (chatTime(c, mid) < ms) lo = mid + 1; else hi = mid; }
  return Math.min(lo, SIZE(c) - 1);
}

// ---- map, media, people ------------------------------------------------------------------------------------------------

const POINTS = Array.from({ length: 30_000 }, (_, k) => d.row((d.TIMED - 8 * (k * 17 + 1)) - ((d.TIMED - 8 * (k * 17 + 1)) % 8) + 1)).filter((r) => r.lat != null);
export function map(q, p) {
  const found = d.find(q);
  const [w, s, e, n] = ["west", "south", "east", "north"].map((k) => Number(p.get(k)));
  const cells = new Map();
  const circle = d.tokens(q).find((t) => t.field === "near")?.value.split(",");
  for (const r of POINTS) {
    if (r.lat < s || r.lat > n || r.lon < w || r.lon > e) continue;
    if (circle && Math.hypot((r.lat - circle[0]) * 111, (r.lon - circle[1]) * 111 * Math.cos((r.lat * Math.PI) / 180)) > parseFloat(circle[2]) * (circle[2].endsWith("km") ? 1 : 0.001)) continue;
    const key = `${Math.floor(((r.lon - w) / (e - w)) * 60)} ${Math.floor(((r.lat - s) / (n - s)) * 60)}`;
    const cell = cells.get(key) ?? { lat: 0, lon: 0, count: 0, first: r.time, last: r.time, id: r.id, accuracy: 30 + (numberOf(r.id) % 900) };
    cell.lat = (cell.lat * cell.count + r.lat) / (cell.count + 1); cell.lon = (cell.lon * cell.count + r.lon) / (cell.count + 1); cell.count++;
    if (r.time < cell.first) cell.first = r.time; if (r.time > cell.last) cell.last = r.time;
    if (cell.count > 1) { delete cell.id; delete cell.accuracy; }
    cells.set(key, cell);
  }
  return { total: Math.min(found.count, [...cells.values()].reduce((a, c) => a + c.count, 0)), cells: found.count ? [...cells.values()] : [] };
}
export function track(q, limit) { d.find(q); return { points: POINTS.slice(0, Math.min(limit, 200)).map((r) => [r.lat, r.lon, r.time, r.id]) }; }
export function media(q, rank, limit) {
  const found = d.find(`${q} family:media`);
  const rows = [];
  for (let k = rank; k < Math.min(found.count, rank + limit); k++) {
    const r = d.row(d.ranked(found, k));
    const sound = numberOf(r.id) % 40 === 4;
    rows.push({ ...r, media: { n: 0, mime: sound ? "audio/wav" : "image/png", name: sound ? "voice.wav" : r.title, size: 1_800_000 + (k % 99) * 1000, width: 480, height: 360 } });
  }
  return { count: found.count, rows };
}
export function mediaBytes(id, n, picture, sound) {
  const row = rowOf(id), seed = numberOf(id);
  const list = Array.isArray(row.attachments) ? row.attachments : null;
  const audio = row.family === "voice" || (row.family === "media" && seed % 40 === 4) || list?.[n]?.mime === "audio/wav";
  return audio ? ["audio/wav", sound(seed % 31)] : ["image/png", picture(seed % 97)];
}
const person = (k) => {
  const name = k === 3 ? d.HOSTILE.script : k === 4 ? "Wolfeschlegelsteinhausenbergerdorff".repeat(40) : k < d.PEOPLE.length ? d.PEOPLE[k] : `${d.PEOPLE[k % d.PEOPLE.length]} ${Math.floor(k / d.PEOPLE.length) + 1}`;
  const mail = `person${k}@example.com`;
  return { id: `p${k}`, name, identifiers: [{ kind: "email", value: mail }, { kind: "phone", value: `+1 555 0${100 + (k % 90)}` }, ...(k % 3 ? [] : [{ kind: "account", value: `user${k}.example` }])], records: Math.floor(40_000 / (k + 1)) + 3, services: k % 3 ? ["google"] : ["google", "meta"], first: iso(d.timeOf(k * 999)), last: iso(d.timeOf(d.TIMED - 1 - k * 999)), why: [`The contact “${name.slice(0, 60)}” in Google Contacts has ${mail} and the number.`, "One message from this address is signed with the number."], query: `with:${mail}` };
};
/** All people, as what was said by hand leaves them: a join puts one into another, a split takes an identifier out. */
function everybody(state) {
  const all = new Map(Array.from({ length: 640 }, (_, k) => { const p = person(k); return [p.id, { ...p, identifiers: p.identifiers.map((i) => ({ ...i, id: `${p.id}.${i.kind}`, service: i.kind === "account" ? "meta" : null })), by_hand: [] }]; }));
  for (const said of state.said.filter((s) => !s.undone)) {
    const [one, other] = [all.get(said.of), all.get(said.with)];
    const shown = { n: said.n, what: said.what, parties: said.parties, others: said.others, reason: said.reason, person: said.person, time: said.time };
    if (said.what === "joined") { one.identifiers.push(...other.identifiers); one.records += other.records; one.by_hand.push(shown); all.delete(said.with); }
    else { const off = one.identifiers.filter((i) => said.ids.includes(i.id)); one.identifiers = one.identifiers.filter((i) => !said.ids.includes(i.id)); one.by_hand.push(shown); all.set(`${said.of}s${said.n}`, { ...one, id: `${said.of}s${said.n}`, name: off[0].value, identifiers: off, records: 2, by_hand: [shown] }); }
  }
  return [...all.values()].sort((a, b) => b.records - a.records);
}
export function people(state, q, name, id, rank, limit) {
  const words = [...d.tokens(q).filter((t) => !t.field).map((t) => t.value), ...name.split(/\s+/).filter(Boolean)].map((w) => w.toLowerCase());
  const rows = everybody(state).filter((p) => words.every((w) => [p.name, ...p.identifiers.map((i) => i.value)].some((text) => text.toLowerCase().includes(w))));
  if (id) rank = rows.findIndex((p) => p.id === id);
  if (rank < 0) throw new Missing("No such person is in these records.");
  return { count: rows.length, rank, rows: rows.slice(rank, rank + limit) };
}
export function changePeople(state, path, body) {
  const n = state.said.length + 1, about = { n, person: "Mira Example", time: new Date().toISOString(), reason: body.reason };
  if (path[1] === "changes") { const said = state.said.find((s) => s.n === +path[2] && !s.undone); if (!said) throw new Missing("There is no such thing that stands."); said.undone = true; return { undone: said.n }; }
  if (!body.reason?.trim()) throw new d.Wrong("Write why: others have to be able to judge it.");
  const all = everybody(state), one = all.find((p) => p.id === body.person), values = (list) => list.map((i) => i.value);
  if (path[1] === "join") { const other = all.find((p) => p.id === body.with); state.said.push({ ...about, what: "joined", of: one.id, with: other.id, parties: values(one.identifiers), others: values(other.identifiers) }); return { n, person: one.id }; }
  const off = one.identifiers.filter((i) => body.identifiers.includes(i.id));
  state.said.push({ ...about, what: "split", of: one.id, ids: body.identifiers, parties: values(off), others: values(one.identifiers.filter((i) => !off.includes(i))) });
  return { n, person: `${one.id}s${n}` };
}
export function graph(limit) {
  const n = Math.min(limit, 60);
  const nodes = [{ id: "own", name: d.OWN, count: 90_000, own: true }, ...Array.from({ length: n }, (_, k) => { const p = person(k); return { id: p.id, name: p.name, count: p.records, query: p.query }; })];
  const edges = [];
  for (let k = 0; k < n; k++) { edges.push({ from: "own", to: `p${k}`, count: Math.floor(40_000 / (k + 1)), services: ["google"] }); if (k % 3 === 0) for (let j = 1; j < 4; j++) if (k + j < n) edges.push({ from: `p${k}`, to: `p${k + j}`, count: 20 * j, services: ["meta"] }); }
  return { count: 640, nodes, edges };
}
export function madeBy() {
  const one = (field, value, count) => ({ field, value, count, first: iso(d.timeOf(100)), last: iso(d.timeOf(d.TIMED - 100)), example: "r9999978" });
  return { google: { values: 3021, rows: [one("deviceTag", "1234567890", 1_200_000), one("products", "Search", 400_000), one("localFolderName", "<script>window.__pwned=1</script>\u202Eexe.gpj", 40), ...Array.from({ length: 20 }, (_, k) => one("exif.Model", `Camera ${k}`, 30 - k)), one("user_agent", "", 12)] } };
}
export function self() {
  const held = (what, count, query) => ({ what, count, first: iso(d.timeOf(100)), last: iso(d.timeOf(d.TIMED - 100)), query });
  return {
    services: [
      { service: "google", held: [held("Places where a phone was", 1_250_000, "service:google family:location"), held("Mails", 1_250_000, "service:google family:mail"), held("Pages visited and searches", 1_250_000, "service:google family:web_visit")], people: 2214, places: 48_210, deleting: [{ kinds: ["location"], way: "On the phone: Maps › your picture › Your Timeline › Delete all", at: null, described_at: "https://support.example.com/maps" }, { kinds: ["mail"], way: "Mail › choose › Delete, then Bin › Empty", at: "https://mail.example.com", described_at: null }, { kinds: ["web_visit"], way: "Account › Data & privacy › Delete a service", at: "https://account.example.com", described_at: null }], held_by: "Google Ireland Limited (for accounts in the EEA and Switzerland)", routes: ["search warrant", "production order", "European Production Order"], query: "service:google" },
      { service: "meta", held: [held("Messages", 1_250_000, "service:meta family:message")], people: 311, places: 0, deleting: [{ kinds: [], way: "Accounts Center › Deactivation or deletion", at: "https://accounts.example.com", described_at: null }], held_by: "Meta Platforms Ireland Limited", routes: ["search warrant", "emergency disclosure"], query: "service:meta" },
      { service: "amazon", held: [held("Voice recordings", 1_250_000, "family:voice"), held("Orders", 1_250_000, "family:purchase")], people: 4, places: 12, deleting: [], held_by: null, routes: [], query: "service:amazon" },
    ],
    contacts: Array.from({ length: 20 }, (_, k) => { const p = person(k); return { name: p.name, count: p.records, first: p.first, last: p.last, services: p.services, query: p.query }; }),
    home: { lat: 52.521, lon: 13.402, days: 2104, of: 2890, accuracy: 120, first: "2012-03-01", last: "2024-05-30", query: "near:52.521,13.402,300m", why: "Where the phone was on most nights between 0 and 5 o'clock." },
    work: { lat: 52.508, lon: 13.376, days: 811, of: 1640, accuracy: 200, first: "2016-01-11", last: "2024-05-29", query: "near:52.508,13.376,300m", why: "Where the phone was on most weekdays between 10 and 16 o'clock." },
    nights_away: [{ lat: 48.86, lon: 2.35, first: "2023-08-04", last: "2023-08-11", days: 7, of: 7, why: "The place of the nights from one day to another, away from home.", query: "near:48.86,2.35,20km after:2023-08-04 before:2023-08-12" }, { lat: 35.68, lon: 139.7, first: "2019-04-02", last: "2019-04-14", days: 12, of: 12, why: null, query: "near:35.68,139.7,30km after:2019-04-02 before:2019-04-15" }],
    voice: { count: 1_250_000, query: "family:voice" }, searches: { count: 311_020, query: "family:web_visit", examples: [] },
    devices: [{ name: "Pixel 6", kind: "phone", first: "2021-11-02T00:00:00Z", last: "2024-05-30T00:00:00Z", count: 41, query: "\"Pixel 6\"" }, { name: d.HOSTILE.script, kind: "speaker", first: "2020-01-02T00:00:00Z", last: "2024-05-30T00:00:00Z", count: 12, query: "Echo" }],
  };
}

// ---- people's work and the log -----------------------------------------------------------------------------------------

export const firstMarks = () => [
  { n: 1, record: `r${d.TIMED - 6}`, kind: "tag", text: "rent", time: "2024-06-04T08:00:00Z", person: "Mira Example", title: "Rent", undone: false },
  { n: 2, record: `r${d.TIMED - 6}`, kind: "fact", text: "The letter names the sum of 840 euros.", time: "2024-06-04T08:01:00Z", person: "Mira Example", title: "Rent", undone: false },
  { n: 3, record: `r${d.TIMED - 6}`, kind: "assessment", text: "The tone suggests an earlier quarrel; I have not seen it.", time: "2024-06-04T08:02:00Z", person: "Mira Example", title: "Rent", undone: false },
  { n: 4, record: `r${d.TIMED - 8}`, kind: "bookmark", text: "", time: "2024-06-04T09:00:00Z", person: "Mira Example", title: d.HOSTILE.script, undone: false },
  { n: 5, record: `r${d.TIMED - 14}`, kind: "tag", text: "landlord", time: "2024-06-04T09:30:00Z", person: "Mira Example", title: "Call", undone: true },
];
export const firstSaved = () => [{ n: 1, name: "Mails about the rent", url: "/timeline?q=family%3Amail%20rent", time: "2024-06-04T08:10:00Z", person: "Mira Example", undone: false }, { n: 2, name: d.HOSTILE.script, url: "javascript:alert(1)", time: "2024-06-04T08:11:00Z", person: "Mira Example", undone: false }];
export function events() {
  const kinds = [["collection", "part.preserved", "Part takeout-20240601T120000Z-1-003.zip was copied and hashed."], ["collection", "run.completed", "Run 0002 read 10,000,003 records."], ["alteration", "mark.added", "A tag was put on a record."], ["consultation", "search", "A search was run."], ["consultation", "record.opened", "A record was opened."], ["disclosure", "checkpoint.given", "The checkpoint was downloaded."]];
  return Array.from({ length: 4821 }, (_, n) => { const [kind, action, summary] = kinds[n < 40 ? n % 2 : Math.floor(d.chance(n, 50) * kinds.length)]; return { n, time: iso(Date.UTC(2024, 5, 2, 9) + n * 61_000), kind, action, person: n % 5 ? "Mira Example" : "glasshouse", role: n % 5 ? "holder" : "program", object: `r${n}`, summary, digest: sha(`event${n}`) }; });
}
export function listEvents(all, p, offset, limit) {
  const rows = all.filter((e) => (!p.get("kind") || e.kind === p.get("kind")) && (!p.get("person") || e.person === p.get("person")) && (!p.get("object") || e.object.includes(p.get("object"))) && (!p.get("from") || e.time >= p.get("from")) && (!p.get("to") || e.time.slice(0, 10) <= p.get("to"))).reverse();
  return { total: rows.length, rows: rows.slice(offset, offset + limit) };
}
export function proof(n) { return { n, leaf: `{"n":${n},"kind":"consultation"}`, payload: null, size: 4821, root: b64("root"), hashes: Array.from({ length: 13 }, (_, k) => b64(`path${n}-${k}`)), checkpoint: CHECKPOINT }; }

const COMPLETIONS = { family: d.FAMILIES, service: ["google", "meta", "apple", "amazon"], has: ["attachment", "place", "time", "text"], tier: ["proven", "documented", "unverified"], from: d.PEOPLE, with: d.PEOPLE, format: Object.values(d.FORMAT) };
const FIELDS = { from: "who wrote it", with: "who takes part", family: "what kind of record", service: "where it comes from", format: "which format", account: "which account", tier: "how well the format is read", after: "on or after a date (UTC)", before: "before a date (UTC)", on: "on a date (UTC)", has: "attachment, place, time or text", near: "LAT,LON,DISTANCE", in: "one conversation" };
export function complete(q, at) {
  const from = q.slice(0, at).search(/\S+$/) === -1 ? at : q.slice(0, at).search(/\S+$/);
  const word = q.slice(from, at), bare = word.replace(/^-/, ""), sign = word.startsWith("-") ? "-" : "";
  const colon = bare.indexOf(":");
  const quote = (v) => (/\s/.test(v) ? `"${v}"` : v);
  const options = colon < 0
    ? Object.entries(FIELDS).filter(([f]) => f.startsWith(bare.toLowerCase())).map(([f, about]) => ({ text: `${sign}${f}:`, about }))
    : (COMPLETIONS[bare.slice(0, colon)] ?? []).filter((v) => v.toLowerCase().startsWith(bare.slice(colon + 1).replace(/^"/, "").toLowerCase())).map((v) => ({ text: `${sign}${bare.slice(0, colon)}:${quote(v)}`, about: "" }));
  return { from, to: at, options: options.slice(0, 12) };
}
