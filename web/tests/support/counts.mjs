// What has to stand on each place of a personal case: the figures as SQL has them.
import assert from "node:assert/strict";
import { counted, glasshouse, sql } from "./real.mjs";

const n = (number) => new Intl.NumberFormat("en-GB").format(number);
export const said = async (tab, text) => assert.ok((await tab.locator("main").innerText()).includes(text), `no “${text}” in ${(await tab.locator("main").innerText()).slice(0, 400)}`);

export function there(folder, ask) {
  const records = (condition = "true") => counted(folder, `SELECT count(*) FROM records WHERE ${condition}`);
  return {
    case: async (tab) => {
      await said(tab, `${n(records())} records`);
      for (const { format, n: number } of sql(folder, "SELECT format, count(*) AS n FROM records GROUP BY 1 ORDER BY 2 DESC LIMIT 8")) {
        const row = tab.locator("main tr", { hasText: format }).first();
        assert.ok((await row.innerText()).includes(n(number)), format);
      }
    },
    timeline: async (tab) => {
      await said(tab, `${n(records())} records`);
      const mail = tab.getByRole("complementary", { name: "Narrow down" }).getByRole("button", { name: /^Mail/ });
      assert.equal(await mail.locator(".n").getAttribute("title"), n(records("family = 'mail'")));
    },
    search: async (tab) => said(tab, `${n(records("text IS NOT NULL"))} records`),
    record: async (tab) => assert.ok((await tab.locator(".record .title").innerText()).length > 2),
    bytes: async (tab) => {
      const id = new URL(tab.url()).searchParams.get("record");
      const own = glasshouse("show", "--bytes", folder, id);
      const marked = (await tab.locator("pre.view mark").allInnerTexts()).join("");
      assert.ok(own.replaceAll("\r", "").startsWith(marked.trimEnd().slice(0, 60).replaceAll("\r", "")), `${marked.slice(0, 80)} is not ${own.slice(0, 80)}`);
    },
    conversations: async (tab) => said(tab, `${n(counted(folder, "SELECT count(*) FROM (SELECT DISTINCT service, conversation FROM records WHERE conversation IS NOT NULL AND family IN ('mail', 'message', 'call', 'voice', 'reaction', 'post'))"))} conversations`),
    map: async (tab) => said(tab, `${n(records("lat IS NOT NULL"))} records in view`),
    media: async (tab) => {
      const held = counted(folder, "SELECT count(DISTINCT a.record_id) FROM attachments a WHERE a.entry IS NOT NULL AND (a.mime LIKE 'image/%' OR a.mime LIKE 'audio/%' OR a.mime LIKE 'video/%')");
      const shown = Number((await tab.locator("main .bar > strong").innerText()).replaceAll(/\D/g, ""));
      // A name may say what a media type does not.
      assert.ok(shown >= held, `${shown} of ${held}`);
    },
    self: async (tab) => {
      for (const { service } of sql(folder, "SELECT DISTINCT service FROM records")) await said(tab, service);
      // The fields of all records are read for this: on a large case it is there later than the rest.
      const made = await ask("self/made-by");
      const named = (made.google?.rows ?? []).filter((row) => ["deviceTag", "exif.Model"].includes(row.field));
      assert.ok(named.length, JSON.stringify(made));
      for (const { field, value, count } of named) {
        assert.equal(count, records(`service = 'google' AND (fields LIKE '%"${field}":${value}%' OR fields LIKE '%"${field}":"${value}"%')`), `${field} ${value}`);
        await tab.getByRole("link", { name: value, exact: true }).first().waitFor();
      }
    },
    log: async (tab) => said(tab, `${n((await ask("events")).total)} events`),
  };
}
