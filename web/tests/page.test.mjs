// Every view opens on invented data, in light and dark: nothing is logged, nothing is asked elsewhere, axe finds nothing serious.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { open, PLACES, settled } from "./support/browser.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let site;
before(async () => { site = await open(); });
after(async () => { await site?.stop(); });

/** Returns what axe calls serious or critical, each with its places. */
export async function serious(tab) {
  // The debugger's channel is not bound by the page's policy; a script element would be, rightly.
  await tab.evaluate(axe);
  const found = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"], iframes: false }));
  return found.violations.filter((v) => ["serious", "critical"].includes(v.impact)).flatMap((v) => v.nodes.slice(0, 5).map((n) => `${v.id}: ${n.target.join(" ")} ${n.failureSummary?.split("\n")[1] ?? ""}`));
}

for (const scheme of ["light", "dark"]) {
  for (const [name, path] of Object.entries(PLACES)) {
    test(`${name} opens in ${scheme}`, async () => {
      const tab = await site.page({ colorScheme: scheme });
      await tab.to(path);
      await tab.waitForTimeout(400);
      await settled(tab);
      assert.ok((await tab.locator("main h1").count()) >= 1, "a heading");
      assert.deepEqual(tab.faults, []);
      assert.deepEqual(await serious(tab), []);
      assert.match(await tab.locator(".notice").innerText(), /No legal basis recorded/);
      await tab.context().close();
    });
  }
}

test("at 200 % and on a narrow screen nothing runs over the side", async () => {
  const tab = await site.page({ viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 });
  for (const [name, path] of Object.entries(PLACES)) {
    await tab.to(path);
    await settled(tab);
    const over = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${name} is ${over} px too wide`);
  }
  assert.deepEqual(tab.faults, []);
  await tab.context().close();
});
