// Which places of a case are worth opening, and what is looked for at each: found by asking, so that any case will do.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { settled } from "./browser.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Returns what axe calls serious or critical, each with its places. */
export async function serious(tab) {
  // The debugger's channel is not bound by the page's policy; a script element would be, rightly.
  await tab.evaluate(axe);
  const found = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"], iframes: false }));
  return found.violations.filter((v) => ["serious", "critical"].includes(v.impact)).flatMap((v) => v.nodes.slice(0, 5).map((n) => `${v.id}: ${n.target.join(" ")} ${n.failureSummary?.split("\n")[1] ?? ""}`));
}

/** Asks the server as the page does. */
export const asking = (tab, url) => async (path) => {
  const answer = await tab.context().request.get(`${url}/api/${path}`);
  assert.equal(answer.status(), 200, `${path}: ${await answer.text()}`);
  return answer.json();
};

/** Returns the places of a case by name; a case without a picture has none to open. */
export async function places(ask) {
  const first = async (q, order = "-time") => (await ask(`list?limit=1&order=${order}&q=${encodeURIComponent(q)}`)).rows[0];
  const record = (await first("family:mail has:text")) ?? (await first("has:text")) ?? (await first(""));
  const talk = (await ask("conversations?limit=1")).rows[0];
  const map = await ask("map?width=900");
  const cell = map.cells.toSorted((a, b) => b.count - a.count)[0];
  const media = await ask("media?limit=50");
  const picture = media.rows.findIndex((row) => row.media.kind === "image" && row.media.present);
  const found = {
    case: "/case",
    timeline: "/timeline",
    search: "/timeline?q=has:text&order=time",
    record: `/timeline?q=has:text&record=${record.id}`,
    fields: `/timeline?record=${record.id}&tab=fields`,
    bytes: `/timeline?record=${record.id}&tab=bytes`,
    hex: `/timeline?record=${record.id}&tab=bytes&as=hex`,
    near: `/timeline?record=${record.id}&tab=near`,
    single: `/record/${record.id}`,
    conversations: talk ? `/conversations?service=${encodeURIComponent(talk.service)}&id=${encodeURIComponent(talk.conversation)}` : "/conversations",
    map: "/map",
    media: "/media",
    people: "/people?person=0",
    graph: "/people?as=graph",
    self: "/self",
    working: "/working",
    give: "/give",
    log: "/log?proof=1",
    help: "/help",
  };
  if (cell) found.place = `/map?at=${cell.lat.toFixed(3)},${cell.lon.toFixed(3)},9&cell=${cell.lat.toFixed(3)},${cell.lon.toFixed(3)},3000`;
  if (picture >= 0) found.picture = `/media?open=${media.rows[picture].id}/${media.rows[picture].media.n}&at=${picture}`;
  return found;
}

/** Opens a place and asserts what holds of every place: a heading, no fault, nothing that axe calls serious. */
export async function opens(site, path, { scheme = "light", notice = true, ...more } = {}) {
  const tab = await site.page({ colorScheme: scheme, ...more });
  await tab.to(path);
  await tab.waitForTimeout(150);
  await settled(tab);
  assert.ok((await tab.locator("main h1").count()) >= 1, "a heading");
  assert.equal(await tab.locator("main").getByRole("alert").count(), 0, await tab.locator("main").innerText());
  assert.equal(await tab.evaluate(() => globalThis.__pwned), undefined, "nothing of the evidence ran");
  assert.deepEqual(tab.faults, []);
  assert.deepEqual(await serious(tab), []);
  const over = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${over} px too wide`);
  if (notice) assert.match(await tab.locator(".notice").innerText(), /No legal basis recorded/);
  return tab;
}
