// The page in Debian's Chromium, watched: whatever it logs, throws or asks elsewhere is a fault.
import { chromium } from "playwright-core";
import { start } from "../../mock/server.mjs";

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-GB"];

/** Opens a browser on what `served` is, or on the mock server; `args` are more of Chromium's own. */
export async function open({ mock = {}, served: given, args = [], ...context } = {}) {
  const served = given ?? await start(mock);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...ARGS, ...args] });
  // The link works once; every later window is given the session that it began.
  let cookies;
  const page = async (options = {}) => {
    const made = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", timezoneId: "Europe/Berlin", ...context, ...options });
    if (cookies) await made.addCookies(cookies);
    else cookies = await served.enter?.(made);
    const tab = await made.newPage();
    tab.faults = [];
    tab.on("console", (message) => { if (["error", "warning"].includes(message.type())) {
      // A picture without a preview is answered with 404, which the browser notes and the page shows.
      if (/\/api\/thumb\/|\/api\/html\//.test(message.location().url) && /404/.test(message.text())) return;
      tab.faults.push(`${message.type()}: ${message.text()} ${message.location().url}`);
    } });
    tab.on("pageerror", (error) => tab.faults.push(`thrown: ${error.stack}`));
    tab.on("request", (request) => { const url = request.url(); if (!url.startsWith(served.url + "/") && !url.startsWith("blob:") && !url.startsWith("data:")) tab.faults.push(`asked elsewhere: ${url}`); });
    tab.on("dialog", (dialog) => { tab.faults.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
    // Long answers count until they have ended: sound is streamed as it is heard, and would never be quiet.
    tab.underway = new Set();
    tab.on("request", (request) => { if (request.resourceType() !== "media") tab.underway.add(request); });
    for (const end of ["requestfinished", "requestfailed"]) tab.on(end, (request) => { tab.underway.delete(request); tab.last = Date.now(); });
    tab.to = async (path) => { await tab.goto(served.url + path); await settled(tab); };
    return tab;
  };
  return { served, page, stop: async () => { await browser.close(); await served.stop(); } };
}

/** Waits until nothing was asked for a moment, and two frames were drawn. */
export async function settled(tab) {
  await tab.waitForLoadState("load");
  const [begun, quiet] = [Date.now(), 150];
  while (tab.underway.size > 0 || Date.now() - Math.max(begun, tab.last ?? 0) < quiet) {
    if (Date.now() - begun > 30_000) throw new Error(`Still asked after 30 s: ${[...tab.underway].map((r) => r.url()).join(" ")}`);
    await new Promise((done) => setTimeout(done, 20));
  }
  await tab.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Every place of the page worth looking at. */
export const PLACES = {
  case: "/case",
  timeline: "/timeline",
  record: "/timeline?q=family:mail&at=1&record=r9999978",
  bytes: "/timeline?record=r9999984&tab=bytes",
  single: "/record/r9999978",
  conversations: "/conversations?service=meta&id=t0",
  map: "/map",
  place: "/map?at=48.86,2.35,9&cell=48.86,2.35,3000",
  media: "/media",
  picture: "/media?open=r9999980/0&at=1",
  people: "/people?person=3",
  graph: "/people?as=graph",
  self: "/self",
  working: "/working",
  give: "/give?q=family:mail",
  log: "/log?proof=4818",
  help: "/help",
};
