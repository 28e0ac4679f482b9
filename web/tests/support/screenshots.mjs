// Pictures of every view, light and dark: `node tests/support/screenshots.mjs [folder] [name…]`.
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { open, PLACES, settled } from "./browser.mjs";

const folder = process.argv[2] ?? new URL("../../../docs/screenshots", import.meta.url).pathname;
const wanted = process.argv.slice(3);
await mkdir(folder, { recursive: true });
const site = await open({ viewport: { width: Number(process.env.WIDTH ?? 1280), height: Number(process.env.HEIGHT ?? 800) } });
for (const scheme of (process.env.SCHEMES ?? "light,dark").split(",")) {
  const tab = await site.page({ colorScheme: scheme });
  for (const [name, address] of Object.entries(PLACES)) {
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
