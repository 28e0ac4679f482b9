// Every view of a case of any size, light and dark, by axe and against SQL, with pictures of it: too slow for each change.
// `npm run test:large -- CASE [folder for the pictures]`
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { open } from "./browser.mjs";
import { there } from "./counts.mjs";
import { serve } from "./real.mjs";
import { asking, opens, places } from "./views.mjs";

const [folder, pictures = join(tmpdir(), "glasshouse-large")] = process.argv.slice(2);
if (!folder) throw new Error("Name a case: npm run test:large -- CASE");
let site, found, wanted;
before(async () => {
  await mkdir(pictures, { recursive: true });
  site = await open({ served: await serve(folder) });
  const ask = asking(await site.page(), site.served.url);
  found = await places(ask);
  wanted = there(folder, ask);
});
after(async () => { await site?.stop(); console.log(`# pictures are in ${pictures}`); });

const NAMES = ["case", "timeline", "search", "record", "fields", "bytes", "hex", "near", "single", "conversations", "map", "place", "media", "picture", "people", "graph", "self", "working", "give", "log", "help"];
for (const [scheme, width] of [["light", 1440], ["dark", 1440], ["light", 400]]) {
  for (const name of NAMES) {
    test(`${name}, ${scheme}, ${width} wide`, async (t) => {
      if (!found[name]) return t.skip("the case has none");
      const tab = await opens(site, found[name], { scheme, viewport: { width, height: 900 } });
      await tab.screenshot({ path: join(pictures, `${name}-${scheme}-${width}.png`) });
      // What is beside each other on a wide page is one behind the other on a narrow one.
      if (width > 1000) await wanted[name]?.(tab);
      await tab.context().close();
    });
  }
}
