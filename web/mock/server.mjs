// Answers as the real server does, from invented data: `node mock/server.mjs [port]`, then open the printed address.
// MOCK_KIND=warrant shows a case of another kind, MOCK_SLOW=300 waits so many milliseconds, MOCK_RECORDS sets the size.
import { createServer } from "node:http";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import * as d from "./data.mjs";
import { picture, sound } from "./media.mjs";
import * as views from "./views.mjs";

const DIST = join(fileURLToPath(new URL(".", import.meta.url)), "..", "dist");
export const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; frame-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const CSRF = "mock-csrf";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png" };

export function start({ port = 0, kind = process.env.MOCK_KIND ?? "self", slow = Number(process.env.MOCK_SLOW ?? 0), records = d.TOTAL } = {}) {
  const state = { kind, records, marks: views.firstMarks(), saved: views.firstSaved(), said: [], exports: [], events: views.events() };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    response.setHeader("Content-Security-Policy", CSP);
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("Cache-Control", "no-store");
    try {
      if (!url.pathname.startsWith("/api/")) return await page(url, response);
      if (slow) await new Promise((done) => setTimeout(done, slow));
      let body;
      if (request.method === "POST") {
        if (request.headers["x-glasshouse"] !== CSRF) return json(response, 403, { error: "This change did not come from the page." });
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        body = JSON.parse(Buffer.concat(chunks).toString() || "{}");
      }
      const answer = await api(url, state, request, response, body);
      if (answer !== undefined) json(response, 200, answer);
    } catch (error) {
      if (error instanceof d.Wrong) json(response, 400, { error: error.message });
      else if (error instanceof views.Missing) json(response, 404, { error: error.message });
      else { console.error(error); json(response, 500, { error: "The request failed." }); }
    }
  });
  return new Promise((done) => server.listen(port, "127.0.0.1", () => done({ server, state, url: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((ended) => { server.closeAllConnections(); server.close(ended); }) })));
}

function json(response, status, value) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value));
}
async function page(url, response) {
  const path = normalize(decodeURIComponent(url.pathname)).replace(/^(\.\.[/\\])+/, "");
  const file = path.startsWith("/assets/") || path === "/icon.svg" ? path : "/index.html";
  try {
    const bytes = await readFile(join(DIST, file));
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(bytes);
  } catch {
    json(response, 404, { error: "Not there. Run `npm run build` first." });
  }
}

async function api(url, state, request, response, body) {
  const p = url.searchParams, q = p.get("q") ?? "", order = p.get("order") ?? "-time";
  const path = url.pathname.slice(5).split("/").map(decodeURIComponent);
  const limit = Math.min(200, Math.max(0, Number(p.get("limit") ?? 50))), rank = Math.max(0, Number(p.get("rank") ?? 0)), offset = Math.max(0, Number(p.get("offset") ?? 0));
  const bytes = (type, data) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    if (range) {
      const from = +range[1], to = range[2] ? Math.min(+range[2], data.length - 1) : data.length - 1;
      response.writeHead(206, { "Content-Type": type, "Content-Range": `bytes ${from}-${to}/${data.length}`, "Accept-Ranges": "bytes", "Content-Length": to - from + 1 });
      return void response.end(data.subarray(from, to + 1));
    }
    response.writeHead(200, { "Content-Type": type, "Accept-Ranges": "bytes", "Content-Length": data.length });
    response.end(data);
  };
  switch (path[0]) {
    case "session": return views.session(state);
    case "case": return views.caseOf(state);
    case "warnings": return { total: 214, rows: Array.from({ length: Math.min(limit, 214 - offset) }, (_, k) => views.warning(offset + k)) };
    case "entries": return { total: 3120, rows: Array.from({ length: Math.min(limit, 3120 - offset) }, (_, k) => views.entry(offset + k, p.get("status"))) };
    case "histogram": return d.histogram(q, p.get("by") ?? "month");
    case "list": {
      const inside = d.tokens(q).find((one) => one.field === "in" && /^[tm]\d+$/.test(one.value));
      if (inside && p.get("order") === "time") return views.saidWith(inside.value, d.tokens(q).filter((one) => !one.field).map((one) => one.value), rank, limit);
      const found = d.find(q);
      const rows = [];
      for (let r = rank; r < Math.min(found.count, rank + limit); r++) rows.push(d.row(d.ranked(found, r, order)));
      return { count: found.count, rank, rows };
    }
    case "rank": {
      const inside = d.tokens(q).find((one) => one.field === "in" && /^[tm]\d+$/.test(one.value));
      if (inside) return views.saidRank(inside.value, d.tokens(q).filter((one) => !one.field).map((one) => one.value), p.get("time"));
    }
    // falls through
      return { rank: d.rankOf(d.find(q), Date.parse(p.get("time")), order) };
    case "facets": return d.facets(q, (p.get("of") ?? "service,family").split(","));
    case "complete": return views.complete(q, Number(p.get("at") ?? q.length));
    case "record": {
      if (path[2] === "bytes") return views.bytesOf(path[1], Number(p.get("ref") ?? 0), { around: Number(p.get("around") ?? 0), offset: Number(p.get("offset") ?? 0), limit: Number(p.get("limit") ?? 1 << 20) }, state);
      if (path[2] === "near") return views.near(path[1], p.get("in") ?? "source");
      return views.record(path[1], state);
    }
    case "conversations": return views.conversations(q, rank, limit);
    case "conversation": return views.conversation(p.get("id"), p.get("time"), p.get("record"), rank, limit);
    case "map": return views.map(q, p);
    case "track": return views.track(q, limit);
    case "media": if (path[3] === "alike") return { looked: 40, of: 40, all: 900, rows: views.media(q, 3, 2).rows.map((shown, k) => ({ apart: k * 3, shown })) };
      if (path[1]) return bytes(...views.mediaBytes(path[1], Number(path[2]), picture, sound)); return views.media(q, rank, limit);
    case "thumb": {
      if (views.numberOf(path[1]) % 23 === 0) throw new views.Missing("There is no preview of this picture.");
      return bytes("image/png", picture(views.numberOf(path[1]) % 97, 240, 180));
    }
    case "html": {
      response.setHeader("Content-Security-Policy", "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'");
      response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
      return void response.end(views.html);
    }
    case "people":
      if (request.method === "POST") return views.changePeople(state, path, body);
      if (path[1] === "changes") return { rows: state.said.filter((s) => !s.undone) };
      return views.people(state, q, p.get("name") ?? "", p.get("id"), rank, limit);
    case "graph": return views.graph(limit);
    case "self": return path[1] === "made-by" ? views.madeBy() : views.self();
    case "marks":
      if (request.method === "POST") {
        if (path[2] === "undo") { const mark = state.marks.find((m) => m.n === +path[1]); if (!mark) throw new views.Missing("No such mark."); mark.undone = true; return { undone: mark.n }; }
        if (!["tag", "fact", "assessment", "bookmark"].includes(body.kind)) throw new d.Wrong("A mark is a tag, a fact, an assessment or a bookmark.");
        const mark = { n: state.marks.length + 1, record: body.record, kind: body.kind, text: body.text ?? "", time: new Date().toISOString(), person: "Mira Example", title: views.titleOf(body.record), undone: false };
        state.marks.push(mark); return mark;
      }
      { const rows = state.marks.filter((m) => !m.undone && (!p.get("record") || m.record === p.get("record"))).reverse(); return { rows }; }
    case "saved":
      if (request.method === "POST") {
        if (path[2] === "undo") { const s = state.saved.find((m) => m.n === +path[1]); s.undone = true; return { undone: s.n }; }
        const s = { n: state.saved.length + 1, name: body.name, url: body.url, time: new Date().toISOString(), person: "Mira Example", undone: false };
        state.saved.push(s); return s;
      }
      return { rows: state.saved.filter((s) => !s.undone) };
    case "custody":
      if (path[1] === "certificates") { response.writeHead(200, { "Content-Type": "application/json", "Content-Disposition": 'attachment; filename="discard-0001.json"' }); return void response.end("{}"); }
      return { certificates: state.kind === "self" ? [] : [views.certificate] };
    case "exports":
      if (request.method === "POST") { const one = { n: state.exports.length + 1, q: body.q, tag: body.tag ?? null, recipient: body.recipient, purpose: body.purpose, asked: Date.now() }; state.exports.push(one); return views.exported(one); }
      if (path[2] === "file") { response.writeHead(200, { "Content-Type": "application/zip", "Content-Disposition": `attachment; filename="export-${path[1]}.zip"` }); return void response.end("PK"); }
      return { rows: state.exports.map(views.exported) };
    case "events":
      if (path[1] === "erase") { const found = state.events.filter((e) => body.events.includes(e.n)); for (const e of found) Object.assign(e, { erased: true, summary: "What it was about is erased or missing.", person: null }); return { erased: found.length, left: 0 }; }
      if (path[2] === "proof") return views.proof(Number(path[1]));
      return views.listEvents(state.events, p, offset, limit);
    case "checkpoint":
      response.writeHead(200, { "Content-Type": "text/plain", "Content-Disposition": 'attachment; filename="checkpoint.txt"' });
      return void response.end(views.CHECKPOINT);
    default: throw new views.Missing("There is nothing at this address.");
  }
}
export const sha = (text) => createHash("sha256").update(text).digest("hex");

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start({ port: Number(process.argv[2] ?? 4173) });
  console.log(`Invented data at ${url}`);
}
