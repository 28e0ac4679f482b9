// Evidence that was written to do harm, through the real server: nothing of it runs, nothing is fetched, and all of it can be read.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { open, settled } from "./support/browser.mjs";
import { hostile, SCRIPT } from "./support/hostile.mjs";
import { counted, opened, scratch, serve, sql } from "./support/real.mjs";
import { asking, opens, places } from "./support/views.mjs";

let keep, folder, site, ask, found;
before(async () => {
  keep = await scratch();
  const from = join(keep.folder, "export <img src=x onerror=globalThis.__pwned=18> \u202Efdp");
  await mkdir(from);
  folder = opened(join(keep.folder, "case"), await hostile(from));
  site = await open({ served: await serve(folder) });
  ask = asking(await site.page(), site.served.url);
  found = await places(ask);
});
after(async () => { await site?.stop(); await keep?.remove(); });

test("every format was read", () => {
  const formats = sql(folder, "SELECT DISTINCT service FROM records").map((row) => row.service);
  for (const service of ["facebook", "gpx", "icalendar", "mail", "vcard", "whatsapp"]) assert.ok(formats.some((f) => f === service || (service === "mail" && f === "google")), `${service} among ${formats}`);
  const texts = counted(folder, `SELECT count(*) FROM records WHERE text LIKE '%<script>globalThis.\\_\\_pwned=1</script>%' OR title LIKE '%<script>globalThis.\\_\\_pwned=1</script>%'`);
  assert.ok(texts > 8, `${texts} records carry the script`);
});

for (const scheme of ["light", "dark"]) {
  for (const name of ["case", "timeline", "record", "fields", "bytes", "near", "single", "conversations", "map", "media", "people", "graph", "self", "working", "log"]) {
    test(`${name} opens in ${scheme}`, async () => (await opens(site, found[name], { scheme })).context().close());
  }
}

test("every record opens, with its fields, its bytes, and as its sender laid it out", async () => {
  const tab = await site.page();
  const rows = [];
  for (const rank of [0, 200, 400]) rows.push(...(await ask(`list?limit=200&rank=${rank}`)).rows);
  assert.equal(rows.length, counted(folder, "SELECT count(*) FROM records"));
  await tab.to("/help");
  for (const { id, family } of rows) {
    assert.ok((await ask(`record/${id}`)).refs.length > 0);
    for (const suffix of ["", "?tab=fields", ...(family === "mail" ? ["?html=1"] : [])]) {
      // As a click on a link does: the page stays, and only what it shows is another.
      await tab.evaluate((path) => { history.pushState({}, "", path); dispatchEvent(new PopStateEvent("popstate")); }, `/record/${id}${suffix}`);
      await tab.locator(`main article.record[aria-busy=false]`).first().waitFor();
      assert.equal(await tab.locator("main").getByRole("alert").count(), 0, `${id}${suffix}`);
      assert.equal(await tab.locator("main script, main img[src=x], main svg[onload], main [onerror]").count(), 0, `${id}${suffix}`);
    }
  }
  await settled(tab);
  assert.deepEqual(tab.faults, []);
  assert.equal(await tab.evaluate(() => globalThis.__pwned), undefined);
  await tab.context().close();
});

test("script stands there as text, turned names show what turns them", async () => {
  const tab = await site.page();
  await tab.to("/timeline?q=service:whatsapp");
  const text = await tab.getByRole("listbox", { name: /^Records/ }).innerText();
  assert.ok(text.includes(SCRIPT.slice(0, 40)), text.slice(0, 500));
  const turned = (await ask(`list?q=${encodeURIComponent("family:mail fdp")}`)).rows.find((row) => row.title?.startsWith("invoice_"));
  await tab.to(`/record/${turned.id}`);
  assert.match(await tab.getByRole("heading", { level: 1 }).innerText(), /invoice_⟨202E⟩fdp\.exe/);
  const entry = (await ask("entries?limit=1000")).rows.find((row) => JSON.stringify(row.path).includes("gpj"));
  await tab.to(`/case?list=${encodeURIComponent(entry.status)}`);
  assert.match(await tab.locator("main").innerText(), /⟨202E⟩gpj\.exe/);
  assert.deepEqual(tab.faults, []);
  await tab.context().close();
});

test("a title without end leaves the tools of its conversation where they are, and no letter is cut in half", async () => {
  const tab = await site.page();
  const long = (await ask("conversations?limit=200")).rows.filter((row) => (row.title ?? "").length > 60 || row.parties.join().length > 200);
  assert.ok(long.length > 2, `${long.length}`);
  for (const row of long.slice(0, 8)) {
    await tab.to(`/conversations?service=${encodeURIComponent(row.service)}&id=${encodeURIComponent(row.conversation)}`);
    for (const name of ["Oldest", "Newest"]) {
      const box = await tab.getByRole("button", { name, exact: true }).boundingBox();
      assert.ok(box.x + box.width <= 1440, `${name} at ${box.x}`);
    }
    assert.doesNotMatch(await tab.locator("main").evaluate((main) => main.innerText.toWellFormed()), /\ufffd/, row.conversation);
  }
  assert.deepEqual(tab.faults, []);
  await tab.context().close();
});

test("a message of ten megabytes opens in its beginning", async () => {
  const tab = await site.page();
  for (const q of ["\"ten megabytes\"", "\"long chat long chat\""]) {
    const row = (await ask(`list?q=${encodeURIComponent(q)}`)).rows[0];
    assert.ok(row, q);
    const begun = Date.now();
    await tab.to(`/record/${row.id}`);
    assert.match(await tab.getByText(/characters shown/).first().innerText(), /8,000 of/);
    assert.ok(Date.now() - begun < 10_000, `${Date.now() - begun} ms`);
    await tab.to(`/record/${row.id}?tab=bytes`);
    await settled(tab);
    assert.ok((await tab.locator("pre.view mark").innerText()).length > 10_000);
  }
  assert.deepEqual(tab.faults, []);
  await tab.context().close();
});

test("a mail's own layout has no address left that could be fetched", async () => {
  const mail = (await ask(`list?q=${encodeURIComponent("family:mail has:attachment")}`)).rows[0];
  const tab = await site.page();
  const answer = await tab.context().request.get(`${site.served.url}/api/html/${mail.id}`);
  const html = await answer.text();
  assert.match(html, /plain words of the mail/);
  assert.doesNotMatch(html.slice(html.indexOf("<body>")), /<(script|iframe|form|input|object|base|meta|link|svg)|onload|onerror|javascript:|src="http/i);
  assert.match(answer.headers()["content-security-policy"], /^sandbox;.*default-src 'none'/);
  for (const n of [0, 1]) {
    const file = await tab.context().request.get(`${site.served.url}/api/media/${mail.id}/${n}`);
    assert.equal(file.headers()["content-type"], "application/octet-stream", "what is not a picture has no type that runs");
    assert.match(file.headers()["content-disposition"], /^attachment; filename\*=UTF-8''[\w.%-]+$/);
  }
  await tab.context().close();
});
