// Every view on the real server, on the small case that `make demo` shows: what is there is what SQL counts, and no view needs the network.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { ARGS, CHROMIUM, open, settled } from "./support/browser.mjs";
import { asked, elsewhere, logged } from "./support/netlog.mjs";
import { said, there } from "./support/counts.mjs";
import { counted, demo, opened, scratch, serve } from "./support/real.mjs";
import { asking, opens, places } from "./support/views.mjs";

let keep, folder, site, ask, found, wanted, log;
before(async () => {
  keep = await scratch();
  log = join(keep.folder, "net.json");
  folder = demo(keep.folder);
  site = await open({ served: await serve(folder), args: logged(log) });
  const tab = await site.page();
  ask = asking(tab, site.served.url);
  found = await places(ask);
  wanted = there(folder, ask);
});
after(async () => { await site?.stop(); await keep?.remove(); });

const n = (number) => new Intl.NumberFormat("en-GB").format(number);
test("each thing that a test looks for is a place", () => { for (const name of Object.keys(wanted)) assert.ok(found[name], name); });
for (const scheme of ["light", "dark"]) {
  for (const name of ["case", "timeline", "search", "record", "fields", "bytes", "hex", "near", "single", "conversations", "map", "place", "media", "picture", "people", "graph", "self", "working", "give", "log", "help"]) {
    test(`${name} opens in ${scheme}`, async () => {
      const tab = await opens(site, found[name], { scheme });
      await wanted[name]?.(tab);
      await tab.context().close();
    });
  }
}

test("a mark, a saved search, and their undoing reach the log", async () => {
  const tab = await site.page();
  const before = (await ask("events")).total;
  await tab.to(found.record);
  await tab.locator(".record .title").click();
  await tab.keyboard.press("t");
  await tab.getByRole("textbox", { name: "Tag" }).fill("<b>rent</b>");
  await tab.keyboard.press("Enter");
  await tab.getByText("<b>rent</b>", { exact: true }).waitFor();
  assert.equal((await ask("events")).total, before + 1);
  await tab.to("/working");
  await tab.getByText("<b>rent</b>").first().waitFor();
  await tab.to(found.record);
  await tab.getByRole("button", { name: "Undo: <b>rent</b>" }).click();
  await tab.getByText("<b>rent</b>", { exact: true }).waitFor({ state: "detached" });
  assert.equal((await ask("events")).total, before + 2);
  assert.deepEqual(tab.faults, []);
  await tab.context().close();
});

test("typing, narrowing, opening, going back: as on invented data", async () => {
  const tab = await site.page();
  await tab.to("/timeline");
  await tab.keyboard.press("/");
  await tab.keyboard.type("heliotrope");
  await tab.keyboard.press("Enter");
  await settled(tab);
  await said(tab, `${n(counted(folder, "SELECT count(*) FROM text_search('heliotrope')"))} records`);
  await tab.keyboard.press("Escape");
  await tab.getByRole("listbox", { name: /^Records/ }).focus();
  await tab.keyboard.press("Enter");
  await settled(tab);
  assert.match((await tab.locator("article.record").innerText()).toLowerCase(), /heliotrope/);
  await tab.goBack();
  await settled(tab);
  assert.equal(await tab.locator(".record .title").count(), 0);
  assert.deepEqual(tab.faults, []);
  await tab.context().close();
});

test("a place narrows to as many records as stand beside it", async () => {
  const { place } = await ask("facets?of=place");
  assert.ok(place.length > 1);
  for (const { value, count } of place.slice(0, 5)) assert.equal((await ask(`list?limit=1&q=near:${value}`)).count, count, value);
  const tab = await site.page();
  await tab.to("/timeline");
  const first = tab.getByRole("region", { name: "Places" }).getByRole("button", { name: /^near \S+/ }).first();
  await first.click();
  await settled(tab);
  await said(tab, `${n(place[0].count)} records`);
  assert.equal(await first.getAttribute("aria-pressed"), "true", "the place stays the one that was chosen");
  assert.deepEqual(tab.faults, []);
  await tab.context().close();
});

test("conversations of a search are counted as SQL counts them", async () => {
  const talk = "conversation IS NOT NULL AND family IN ('mail', 'message', 'call', 'voice', 'reaction', 'post')";
  for (const [q, where] of [["", "true"], ["-family:location", "family <> 'location'"], ["service:google -family:mail", "service = 'google' AND family <> 'mail'"], ["after:2021", "time >= TIMESTAMP '2021-01-01T00:00:00Z'"]]) {
    const { count, rows } = await ask(`conversations?limit=200&q=${encodeURIComponent(q)}`);
    assert.equal(count, counted(folder, `SELECT count(*) FROM (SELECT DISTINCT service, conversation FROM records WHERE ${talk} AND ${where})`), q);
    const top = rows.toSorted((a, b) => b.count - a.count)[0];
    if (count <= 200) assert.equal(top.count, counted(folder, `SELECT count(*) FROM records WHERE ${talk} AND ${where} GROUP BY service, conversation ORDER BY 1 DESC LIMIT 1`), q);
  }
});

test("HEIC is shown as what was made of it, and one that is damaged says why it is not", async () => {
  const given = join(keep.folder, "kinds");
  const heic = await readFile(new URL("../../crates/glasshouse-engine/src/decoding/fixtures/quarters.heic", import.meta.url));
  await mkdir(given);
  await writeFile(join(given, "whole.heic"), heic);
  await writeFile(join(given, "half.heic"), heic.subarray(0, heic.length - 120).fill(0x55, 300));
  const other = await open({ served: await serve(opened(join(keep.folder, "kinds-case"), [given])) });
  try {
    const tab = await other.page();
    const ask = asking(tab, other.served.url);
    await tab.to("/timeline");
    const { rows } = await ask("media?limit=10");
    assert.deepEqual(rows.map((row) => row.media.name).toSorted(), ["half.heic", "whole.heic"]);
    const at = (name) => { const row = rows.find((row) => row.media.name === name); return `${row.id}/${row.media.n}`; };
    const answer = await tab.evaluate(async (path) => { const given = await fetch(path); return [given.status, given.headers.get("content-type"), (await given.bytes()).length]; }, `/api/thumb/${at("whole.heic")}?large=true`);
    assert.deepEqual(answer.slice(0, 2), [200, "image/jpeg"]);
    assert.equal(await tab.evaluate(async (path) => (await (await fetch(path)).bytes()).length, `/api/media/${at("whole.heic")}`), heic.length, "the download is what was given");
    await tab.to(`/media?open=${at("whole.heic")}`);
    await tab.keyboard.press("u");
    await tab.getByText("shown as a JPEG made of the HEIC").waitFor();
    const drawn = await tab.locator("dialog .stage img").evaluate(async (img) => {
      await img.decode();
      const canvas = new OffscreenCanvas(img.naturalWidth, img.naturalHeight), pen = canvas.getContext("2d");
      pen.drawImage(img, 0, 0);
      return [img.naturalWidth, img.naturalHeight, ...pen.getImageData(8, 8, 1, 1).data];
    });
    assert.deepEqual(drawn.slice(0, 2), [96, 64]);
    for (const [k, value] of [200, 30, 30].entries()) assert.ok(Math.abs(drawn[2 + k] - value) < 14, `${drawn.slice(2)}`);
    assert.deepEqual(tab.faults, []);
    await tab.to(`/media?open=${at("half.heic")}`);
    await tab.getByText(/this picture could not be taken apart/).waitFor();
  } finally { await other.stop(); }
});

// Last: Chromium writes its log to the end when it closes.
test("no view made a request but to the server itself", async () => {
  const { url } = site.served;
  await site.stop();
  site = undefined;
  const all = await asked(log);
  assert.ok(all.requests.get(url) > 200 && all.connections.size > 0, "the log holds what the browser did");
  assert.deepEqual(elsewhere(all, url), []);
});

test("and where one does, the log tells", async () => {
  const other = createServer((_, response) => response.end("<p>elsewhere</p>")).listen(0, "127.0.0.1");
  await new Promise((done) => other.once("listening", done));
  const url = `http://127.0.0.1:${other.address().port}`, file = join(keep.folder, "other.json");
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...ARGS, ...logged(file)] });
  const tab = await browser.newPage();
  await tab.goto(`${url}/`);
  await tab.evaluate(() => fetch("http://nobody.invalid/beacon").catch(() => undefined));
  await browser.close();
  other.close();
  const wrong = elsewhere(await asked(file), "http://127.0.0.1:1").join("\n");
  assert.match(wrong, new RegExp(`asked ${url}`));
  assert.match(wrong, new RegExp(`connected to ${url.slice(7)}`));
  assert.match(wrong, /looked up \S*nobody\.invalid/);
});
