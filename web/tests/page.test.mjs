// Every view opens on invented data, in light and dark: nothing is logged, nothing is asked elsewhere, axe finds nothing serious.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, PLACES, settled } from "./support/browser.mjs";
import { serious } from "./support/views.mjs";

let site;
before(async () => { site = await open(); });
after(async () => { await site?.stop(); });

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
