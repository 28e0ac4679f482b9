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
    const under = await tab.evaluate(() => [...document.querySelectorAll("main .bar")].map((bar) => bar.scrollHeight - bar.clientHeight));
    assert.ok(under.every((by) => by <= 1), `${name}: what stands above the list lies over it by ${under} px`);
  }
  assert.deepEqual(tab.faults, []);
  await tab.context().close();
});

for (const [width, height] of [[1440, 900], [400, 800]]) {
  test(`at ${width} by ${height} nothing jumps while a view opens`, async () => {
    const tab = await site.page({ viewport: { width, height } });
    // What the browser itself counts as moved without anybody having done anything (layout shift, 0.1 is its "good").
    await tab.addInitScript(() => {
      window.shifts = [];
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push({ by: entry.value, what: entry.sources.map((source) => source.node?.outerHTML?.slice(0, 80)) }); }).observe({ type: "layout-shift", buffered: true });
    });
    for (const [name, path] of Object.entries(PLACES)) {
      await tab.to(path);
      await tab.waitForTimeout(300);
      const shifts = await tab.evaluate(() => window.shifts);
      assert.ok(shifts.reduce((sum, { by }) => sum + by, 0) < 0.05, `${name}: ${JSON.stringify(shifts)}`);
    }
    await tab.context().close();
  });
}
