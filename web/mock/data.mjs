// Invented data in the shapes of the server's answers: ten million records made by arithmetic, a few thousand made by hand,
// and the strings that hostile evidence would hold. No real person is in here.

export const N = Number(process.env.MOCK_RECORDS ?? 10_000_000);
const UNDATED = 3;
const TIMED = Math.max(2400, Math.floor((N - UNDATED) / 8) * 8);
export const TOTAL = TIMED + UNDATED;
const SPECIAL = 2400;

/** Families in the order in which they take turns; a record's family is its number modulo eight. */
export const FAMILIES = ["message", "location", "mail", "web_visit", "media", "call", "purchase", "voice"];
const SERVICE = { message: "meta", location: "google", mail: "google", web_visit: "google", media: "apple", call: "apple", purchase: "amazon", voice: "amazon" };
const FORMAT = { message: "meta.messages", location: "google.location-records", mail: "google.mail", web_visit: "google.my-activity", media: "apple.photos", call: "apple.calls", purchase: "amazon.orders", voice: "amazon.alexa" };
const TIER = { message: "documented", location: "documented", mail: "proven", web_visit: "documented", media: "proven", call: "unverified", purchase: "unverified", voice: "documented" };

const PEOPLE = ["Anna Lindqvist", "Bela Okafor", "Chidi Marsh", "Dana Ruiz", "Emre Yalçın", "Farah Haddad", "Goran Petrov", "Hana Suzuki", "Ines Coelho", "Jonas Weber", "Kemi Adeyemi", "Lucía Fernández", "Mateus Rocha", "Noor Rahman", "Olga Ivanova", "שרה לוי", "محمد علي", "王小明"];
const OWN = "Mira Example";
export const HOSTILE = {
  script: "<script>window.__pwned=1</script><img src=x onerror=\"window.__pwned=1\">",
  svelte: "{@html '<b>x</b>'} {{7*7}} ${7*7} <svg onload=window.__pwned=1>",
  rtl: "invoice_\u202Efdp.exe",
  arabic: "مرحبا، هل نلتقي غدًا في الساعة ٥؟ <b>مهم</b>",
  emoji: "👩‍👩‍👧‍👦🏳️‍🌈🧑🏿‍🚀 ½ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
  nul: "before\u0000after\u001b[31mred\u0007 \uFFFE",
  url: "javascript:alert(1)",
};
const LINES = ["See you at the station at eight.", "The invoice for March is attached.", "Did you get the keys back?", "Running late, traffic on the bridge.", "Photos from Sunday are in the album.", "Can you call me tonight?", "Meeting moved to Thursday 10:30.", "Thank you for the lovely evening!", "The landlord wants to raise the rent.", "Train cancelled, taking the bus.", "Happy birthday! 🎉", "I found the document you asked about.", "Let us talk about the contract tomorrow.", "Flight and hotel are booked."];
const SUBJECTS = ["Invoice 2024-031", "Your order has shipped", "Minutes of the meeting", "Holiday plans", "Re: Contract draft", "Boarding pass", "Rent", "Weekend", "Newsletter: gardens in spring", "Security alert"];
const PAGES = ["How to repot a fig tree - example.org", "Train times - example.com", "Weather tomorrow", "Second-hand bicycles near me", "Recipe: lentil soup", "What does a lease clause mean"];
const CITIES = [[52.52, 13.405], [51.5, -0.12], [48.86, 2.35], [40.42, -3.7], [41.9, 12.5], [35.68, 139.7], [-33.87, 151.2], [40.71, -74], [19.43, -99.13], [-1.29, 36.82]];

/** A number from 0 to 1 that depends on `i` and `salt` alone. */
export function chance(i, salt = 0) {
  let h = (i ^ (salt * 0x9e3779b9)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b); h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}
const pick = (list, i, salt) => list[Math.floor(chance(i, salt) * list.length)];

// Months have weights, and time runs evenly inside a month: position and time follow from each other without a search.
const MONTHS = [];
for (let y = 2009; y <= 2024; y++) for (let m = 0; m < 12; m++) MONTHS.push({ from: Date.UTC(y, m, 1), until: Date.UTC(y, m + 1, 1), weight: 0.25 + chance(y * 12 + m, 9) * (1 + (y - 2009) / 5) });
{
  const all = MONTHS.reduce((sum, m) => sum + m.weight, 0);
  let at = 0;
  for (const m of MONTHS) { m.at = Math.round((at / all) * TIMED); at += m.weight; m.end = Math.round((at / all) * TIMED); }
}
export function timeOf(i) {
  const month = MONTHS.find((m) => i < m.end) ?? MONTHS.at(-1);
  return Math.floor(month.from + ((i - month.at) / Math.max(1, month.end - month.at)) * (month.until - month.from));
}
/** The number of the first record at or after a time. */
export function indexAt(ms) {
  if (ms <= MONTHS[0].from) return 0;
  const month = MONTHS.find((m) => ms < m.until);
  if (!month) return TIMED;
  return Math.min(month.end, Math.ceil(month.at + ((ms - month.from) / (month.until - month.from)) * (month.end - month.at)));
}
const iso = (ms) => new Date(ms).toISOString();

export function row(i) {
  const id = `r${i}`;
  if (i >= TIMED) {
    return { id, family: "note", format: "google.keep", service: "google", account: "mira@example.com", tier: "unverified", time: null, time_text: ["3/4/05", "last Tuesday", "2021-13-45"][i - TIMED], zone_basis: "ambiguous", title: "Shopping list", snippet: "Figs, lentils, lamp oil", from: [], to: [], attachments: 0, conversation: null, lat: null, lon: null };
  }
  const family = FAMILIES[i % 8];
  const other = pick(PEOPLE, i, 1);
  const own = chance(i, 2) < 0.5;
  const base = { id, family, format: FORMAT[family], service: SERVICE[family], account: family === "message" ? "mira.example" : "mira@example.com", tier: TIER[family], time: iso(timeOf(i)), time_text: iso(timeOf(i)), zone_basis: "utc", title: null, snippet: null, from: [], to: [], attachments: 0, conversation: null, lat: null, lon: null };
  if (family === "message" || family === "mail" || family === "call") { base.from = [own ? OWN : other]; base.to = [own ? other : OWN]; }
  if (family === "message") Object.assign(base, { snippet: pick(LINES, i, 3), conversation: `t${Math.floor(chance(i, 4) * 40)}` });
  if (family === "mail") Object.assign(base, { title: pick(SUBJECTS, i, 3), snippet: pick(LINES, i, 5), attachments: chance(i, 6) < 0.3 ? 2 : 0, time_text: new Date(timeOf(i)).toUTCString().replace("GMT", "+0100"), zone_basis: "offset", conversation: `m${i % 500}` });
  if (family === "call") Object.assign(base, { title: chance(i, 7) < 0.3 ? "Missed call" : "Call", snippet: `${Math.floor(chance(i, 8) * 50)} min ${i % 60} s`, zone_basis: "device-local" });
  if (family === "web_visit") Object.assign(base, { title: pick(PAGES, i, 3), snippet: `https://example.org/page/${i % 977}?q=${i % 13}` });
  if (family === "purchase") Object.assign(base, { title: "Lamp, brass, 40 cm", snippet: `EUR ${(chance(i, 3) * 90).toFixed(2)}` });
  if (family === "voice") Object.assign(base, { title: "Alexa, what is the weather", snippet: "It will rain in the afternoon.", attachments: 1 });
  if (family === "media") Object.assign(base, { title: `IMG_${1000 + (i % 9000)}.HEIC`, attachments: 1, zone_basis: "named:Europe/Berlin" });
  if (family === "location" || (family === "media" && chance(i, 5) < 0.6)) {
    const [lat, lon] = CITIES[Math.floor(Math.pow(chance(Math.floor(i / 4000), 3), 2.2) * CITIES.length)];
    base.lat = +(lat + (chance(i, 11) - 0.5) * 0.4 * chance(i, 13)).toFixed(5); base.lon = +(lon + (chance(i, 12) - 0.5) * 0.6 * chance(i, 14)).toFixed(5);
  }
  if (i >= TIMED - SPECIAL) Object.assign(base, special(TIMED - 1 - i, base));
  return base;
}

/** The newest records hold what a page must survive. */
function special(k, base) {
  const out = {};
  if (base.family === "message" && k < 160) {
    const kind = Math.floor(k / 8);
    if (kind === 0) Object.assign(out, { snippet: HOSTILE.script, from: [HOSTILE.script] });
    if (kind === 1) Object.assign(out, { snippet: HOSTILE.arabic, from: ["محمد علي"] });
    if (kind === 2) Object.assign(out, { snippet: HOSTILE.emoji, from: [HOSTILE.emoji] });
    if (kind === 3) Object.assign(out, { snippet: "W".repeat(400), from: ["Wolfeschlegelsteinhausenbergerdorff".repeat(60)] });
    if (kind === 4) Object.assign(out, { snippet: HOSTILE.nul, from: ["\u0000\u001b[2J"] });
    if (kind === 5) Object.assign(out, { snippet: "A message of ten megabytes. " + "Lorem ipsum ".repeat(20), title: "Ten megabytes" });
    if (kind === 6) Object.assign(out, { snippet: HOSTILE.svelte });
  }
  if (base.family === "mail" && k < 80) {
    const kind = Math.floor(k / 8);
    if (kind === 0) Object.assign(out, { title: HOSTILE.script, snippet: "Your account <b>will</b> be closed" });
    if (kind === 1) Object.assign(out, { title: HOSTILE.rtl, attachments: 3 });
    if (kind === 2) Object.assign(out, { title: "", snippet: "" });
  }
  return out;
}

// ---- queries -------------------------------------------------------------------------------------------------------

export class Wrong extends Error {}

export function tokens(text) {
  const out = [];
  for (const m of text.matchAll(/(-?)(?:([a-z_]+):)?(?:"([^"]*)"|(\S+))/gi)) {
    if (m[3] === undefined && m[4]?.startsWith('"')) throw new Wrong('A quote is not closed: "exact phrase".');
    out.push({ not: m[1] === "-", field: m[2]?.toLowerCase(), value: m[3] ?? m[4] });
  }
  return out;
}
function bounds(text) {
  const m = /^(\d{4})(?:-(\d\d?))?(?:-(\d\d?))?(T.*)?$/.exec(text);
  if (!m) throw new Wrong(`${text} is not a date. Write 2024, 2024-03 or 2024-03-31 (UTC), or 2024-03-31T10:00:00Z.`);
  if (m[4]) { const at = Date.parse(text); return [at, at]; }
  const [y, mo, d] = [+m[1], m[2] ? +m[2] - 1 : 0, m[3] ? +m[3] : 1];
  return [Date.UTC(y, mo, d), m[3] ? Date.UTC(y, mo, d + 1) : m[2] ? Date.UTC(y, mo + 1, 1) : Date.UTC(y + 1, 0, 1)];
}
const VALUES = { family: FAMILIES, service: FAMILIES.map((f) => SERVICE[f]), provider: FAMILIES.map((f) => SERVICE[f]), format: FAMILIES.map((f) => FORMAT[f]), tier: FAMILIES.map((f) => TIER[f]), account: FAMILIES.map((f) => (f === "message" ? "mira.example" : "mira@example.com")) };
const cache = new Map();

/** What a query finds: by arithmetic (range and families) or, where words are asked for, among the special records. */
export function find(q = "") {
  const known = cache.get(q);
  if (known) return known;
  let [lo, hi] = [0, TIMED];
  let phases = FAMILIES.map((_, i) => i);
  const tests = [];
  let dated = false;
  for (const t of tokens(q)) {
    if (t.field === "after") { lo = Math.max(lo, indexAt(bounds(t.value)[0])); dated = true; }
    else if (t.field === "before") { hi = Math.min(hi, indexAt(bounds(t.value)[0])); dated = true; }
    else if (t.field === "on") { const [a, b] = bounds(t.value); lo = Math.max(lo, indexAt(a)); hi = Math.min(hi, indexAt(b)); dated = true; }
    else if (VALUES[t.field]) phases = phases.filter((p) => (VALUES[t.field][p] === t.value) !== t.not);
    else if (t.field === "near") {
      const [lat, lon, d] = t.value.split(",");
      const metres = parseFloat(d) * (d?.endsWith("km") ? 1000 : 1);
      if (!(metres > 0)) throw new Wrong(`near:${t.value} is not a place. Write near:LAT,LON,DISTANCE, for example near:51.5,-0.12,2km.`);
      tests.push((r) => r.lat != null && Math.hypot((r.lat - lat) * 111e3, (r.lon - lon) * 111e3 * Math.cos((lat * Math.PI) / 180)) <= metres);
    } else if (t.field === "has") {
      if (!["attachment", "image", "audio", "video", "file", "place", "time", "text"].includes(t.value)) throw new Wrong(`has:${t.value} is unknown. Use has:attachment, has:place, has:time or has:text.`);
      tests.push((r) => (t.value === "attachment" ? r.attachments > 0 : ["image", "audio", "video", "file"].includes(t.value) ? r.attachments > 0 && attached(r) === t.value : t.value === "place" ? r.lat != null : true));
    } else {
      const word = (t.value ?? "").replace(/\*$/, "").toLowerCase();
      tests.push((r) => (t.field === "in" || t.field === "conversation" ? r.conversation === t.value
        : (t.field === "from" ? r.from.join(" ") : t.field ? [...r.from, ...r.to].join(" ") : [r.title, r.snippet, ...r.from, ...r.to].join(" ")).toLowerCase().includes(word)) !== t.not);
    }
  }
  let found;
  if (tests.length) {
    const ids = [];
    for (let i = Math.max(lo, TIMED - SPECIAL * 8); i < hi; i++) if (phases.includes(i % 8)) { const r = row(i); if (tests.every((test) => test(r))) ids.push(i); }
    found = { count: ids.length, at: (n) => ids[n], before: (i) => ids.findIndex((x) => x >= i) === -1 ? ids.length : ids.findIndex((x) => x >= i), undated: 0 };
  } else {
    const p = phases.length;
    const alo = Math.ceil(lo / 8) * 8, ahi = Math.max(alo, Math.floor(hi / 8) * 8);
    const undated = !dated && p === 8 ? UNDATED : 0;
    const timed = ((ahi - alo) / 8) * p;
    found = { count: timed + undated, undated, at: (n) => (n >= timed ? TIMED + n - timed : alo + Math.floor(n / p) * 8 + phases[n % p]), before: (i) => Math.min(timed, Math.max(0, Math.floor((Math.min(i, ahi) - alo) / 8) * p)) };
  }
  if (cache.size > 200) cache.clear();
  cache.set(q, found);
  return found;
}
/** The record at a rank, newest first unless the order says otherwise; those without a time come last. */
export function ranked(found, rank, order = "-time") {
  const timed = found.count - found.undated;
  if (rank >= timed || order === "time") return found.at(rank);
  return found.at(timed - 1 - rank);
}
export function rankOf(found, ms, order = "-time") {
  const timed = found.count - found.undated;
  const before = found.before(indexAt(ms));
  return order === "time" ? Math.min(before, Math.max(0, timed - 1)) : Math.max(0, timed - before - (before < timed ? 1 : 0));
}
export function histogram(q, by) {
  const found = find(q);
  const out = {};
  const add = (key, from, until) => { const n = found.before(indexAt(until)) - found.before(indexAt(from)); if (n > 0) out[key] = n; };
  if (by === "year") for (let y = 2009; y <= 2024; y++) add(`${y}`, Date.UTC(y, 0, 1), Date.UTC(y + 1, 0, 1));
  else if (by === "day") for (let d = Date.UTC(2009, 0, 1); d < Date.UTC(2025, 0, 1); d += 864e5) add(iso(d).slice(0, 10), d, d + 864e5);
  else for (const m of MONTHS) add(iso(m.from).slice(0, 7), m.from, m.until);
  return out;
}
const attached = (rec) => (rec.family === "voice" ? "audio" : rec.family === "media" ? "image" : "file");
export function facets(q, of) {
  const found = find(q);
  const out = {};
  const step = Math.max(1, Math.floor(found.count / 4000));
  for (const name of of) {
    const counts = new Map();
    for (let r = 0; r < found.count; r += step) {
      const rec = row(found.at(r));
      const values = name === "place" ? (rec.lat == null ? [] : [`${Math.floor(rec.lat * 10) / 10 + 0.05},${Math.floor(rec.lon * 10) / 10 + 0.05}`.replace(/(\.\d\d)\d*/g, "$1") + ",10km"]) : name === "party" ? [...rec.from, ...rec.to] : name === "attachment" ? (rec.attachments ? [attached(rec)] : []) : [rec[name]];
      for (const v of values) if (v) counts.set(v, (counts.get(v) ?? 0) + step);
    }
    out[name] = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 50).map(([value, count]) => ({ value: name === "party" ? `with:"${value.replaceAll('"', " ")}"` : value, label: value, count: Math.min(count, found.count) }));
    // Two people, one on each service, may be found by the same words.
    if (name === "party" && out.party[1]) out.party.splice(2, 0, { ...out.party[1] });
  }
  return out;
}
export { PEOPLE, OWN, LINES, CITIES, iso, TIMED, SERVICE, FORMAT, TIER };
