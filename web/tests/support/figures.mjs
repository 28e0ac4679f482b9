// What people wait for on a case of any size: `npm run figures -- CASE`. Prints one line a figure, in milliseconds.
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { ARGS, CHROMIUM } from "./browser.mjs";
import { serve } from "./real.mjs";

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const worst = (numbers) => Math.max(...numbers);
const say = (what, numbers) => console.log(`${what.padEnd(58)} median ${median(numbers).toFixed(0).padStart(6)}  worst ${worst(numbers).toFixed(0).padStart(6)}  of ${numbers.length}`);
const memory = async (pid) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

const begun = performance.now();
const served = await serve(process.argv[2]);
say("link printed after the start", [performance.now() - begun]);
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const entered = performance.now();
const cookies = await served.enter(context);
const tab = await context.newPage();
/** Time from an act until something stands on the page, measured in the page; the page's policy allows no `eval` there. */
const until = (act, there) => tab.evaluate(`(async () => {
  const from = performance.now();
  ${act};
  while (!(${there})) { if (performance.now() - from > 120000) throw new Error("never came"); await new Promise((done) => requestAnimationFrame(done)); }
  return performance.now() - from;
})()`);
const go = (path) => `history.pushState({}, "", ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent("popstate"));`;
const rows = `document.querySelectorAll("[role=option]").length > 5 && !/^\\s*$/.test(document.querySelector("[role=option]").innerText)`;

await tab.goto(`${served.url}/timeline`);
await until("", rows);
say("first rows after the link was opened, cold", [performance.now() - entered]);
await tab.waitForTimeout(15_000);

const paints = [], filled = [];
for (let k = 0; k < 5; k++) {
  await tab.goto(`${served.url}/timeline?order=${k % 2 ? "time" : "-time"}`);
  await until("", rows);
  filled.push(await tab.evaluate(() => performance.now()));
  paints.push(await tab.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
}
say("first paint, from the request of the page", paints);
say("first rows, from the request of the page", filled);

const asked = async (path) => { const from = performance.now(); const answer = await context.request.get(`${served.url}/api/${path}`, { headers: { Cookie: cookies.map((c) => `${c.name}=${c.value}`).join("; ") } }); await answer.body(); if (!answer.ok()) throw new Error(`${path}: ${answer.status()}`); return performance.now() - from; };
const many = async (what, paths) => { const times = []; for (const path of paths) times.push(await asked(path)); say(what, times); };
const n = (await (await context.request.get(`${served.url}/api/list?limit=1`)).json()).count;
const e = encodeURIComponent;
await many("page of 100 at any rank", [1, 2, 3, 4, 5, 6, 7, 8].map((k) => `list?limit=100&rank=${Math.floor((n * k) / 9)}`));
await many("filter: family, service, with a word or a place", ["family:mail", "-family:location", "service:google -family:mail", "family:location", "has:place", "near:52.5,13.4,2km", "-has:time", "family:message has:text", "meeting", "invoice family:mail"].map((q) => `list?limit=100&q=${e(q)}`));
await many("filter: dates", ["after:2021", "before:2020-06", "on:2022-03", "after:2020 before:2021 family:mail"].map((q) => `list?limit=100&q=${e(q)}`));
await many("eight facets", ["", "family:mail", "-family:location", "after:2021"].map((q) => `facets?of=service,family,format,account,tier,party,conversation,attachment&q=${e(q)}`));
await many("bars by day", ["", "-family:location", "service:google"].map((q) => `histogram?by=day&q=${e(q)}`));
const some = (await (await context.request.get(`${served.url}/api/list?limit=20&q=has:text`)).json()).rows.map((row) => row.id);
await many("a record", some.map((id) => `record/${id}`));
await many("its bytes", some.map((id) => `record/${id}/bytes`));

const views = { conversations: `document.querySelector("main li, main [role=option]")`, map: `document.querySelector("main svg circle")`, people: rows, media: `document.querySelector("main img")`, timeline: rows };
const switches = [];
for (let round = 0; round < 3; round++) for (const [view, there] of Object.entries(views)) { const time = await until(go(`/${view}`), there); if (round) switches.push(time); }
say("switching a view, until its content stands there", switches);
const opened = [];
for (const id of some.slice(0, 10)) opened.push(await until(go(`/timeline?record=${id}`), `document.querySelector("article.record[aria-busy=false] .title") && location.search.includes("${id}")`));
say("opening a record, until it stands there", opened);

await tab.goto(`${served.url}/timeline`);
await until("", rows);
const frames = await tab.evaluate(async () => {
  const list = document.querySelector("[role=listbox]"), times = [];
  let last = await new Promise((done) => requestAnimationFrame(done));
  for (let k = 0; k < 240; k++) { list.scrollBy(0, 120); const now = await new Promise((done) => requestAnimationFrame(done)); times.push(now - last); last = now; }
  return times;
});
say("a frame while scrolling", frames);
console.log(`${"frames longer than 33 ms".padEnd(58)} ${frames.filter((f) => f > 33).length} of ${frames.length}`);
console.log(`${"memory of the server, MB".padEnd(58)} ${(await memory(served.pid)).toFixed(0)}, ${n} records`);
await browser.close();
await served.stop();
