// Pictures of every view, light and dark: `node tests/support/screenshots.mjs [folder] [name…]`.
import { mkdir } from "node:fs/promises";
import { open, PLACES, settled } from "./browser.mjs";

const folder = process.argv[2] ?? new URL("../../../docs/screenshots", import.meta.url).pathname;
const wanted = process.argv.slice(3);
await mkdir(folder, { recursive: true });
const site = await open({ viewport: { width: Number(process.env.WIDTH ?? 1280), height: Number(process.env.HEIGHT ?? 800) } });
for (const scheme of (process.env.SCHEMES ?? "light,dark").split(",")) {
  const tab = await site.page({ colorScheme: scheme });
  for (const [name, path] of Object.entries(PLACES)) {
    if (wanted.length && !wanted.includes(name)) continue;
    await tab.to(path);
    await tab.waitForTimeout(350);
    await settled(tab);
    await tab.screenshot({ path: `${folder}/${name}-${scheme}.png` });
  }
  if (tab.faults.length) console.log(scheme, tab.faults.join("\n"));
}
await site.stop();
