// Pictures of every view, light and dark, on the small synthetic case: `node tests/support/screenshots.mjs [folder] [name…]`.
// CASE=folder shows another case; SCHEMES, WIDTH and HEIGHT change what is taken.
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { open, settled } from "./browser.mjs";
import { demo, scratch, serve } from "./real.mjs";
import { asking, places } from "./views.mjs";

const folder = process.argv[2] ?? new URL("../../../docs/screenshots", import.meta.url).pathname;
const wanted = process.argv.slice(3);
await mkdir(folder, { recursive: true });
const keep = await scratch();
const served = await serve(process.env.CASE ?? demo(keep.folder));
const site = await open({ served, viewport: { width: Number(process.env.WIDTH ?? 1280), height: Number(process.env.HEIGHT ?? 800) } });
const found = await places(asking(await site.page(), served.url));
for (const scheme of (process.env.SCHEMES ?? "light,dark").split(",")) {
  const tab = await site.page({ colorScheme: scheme });
  for (const [name, address] of Object.entries(found)) {
    if (wanted.length && !wanted.includes(name)) continue;
    await tab.to(address);
    await tab.waitForTimeout(350);
    await settled(tab);
    const path = `${folder}/${name}-${scheme}.png`;
    await tab.screenshot({ path });
    // A palette makes them a third of the size; without the tool they stay as they are.
    try { execFileSync("pngquant", ["--force", "--skip-if-larger", "--quality=60-95", "--output", path, path]); } catch { /* kept as it is */ }
  }
  if (tab.faults.length) console.log(scheme, tab.faults.join("\n"));
}
await site.stop();
await keep.remove();
