// A case that is not one's own, in the browser: sign in, say what for, work, change it with one key, sign out; over TLS.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { open, settled } from "./support/browser.mjs";
import { office, PASSWORD } from "./support/office.mjs";
import { scratch, serve } from "./support/real.mjs";
import { serious } from "./support/views.mjs";

const pem = (name) => fileURLToPath(new URL(`../../crates/glasshouse/tests/support/tls/${name}`, import.meta.url));
let keep, team, site;
before(async () => {
  keep = await scratch();
  team = await office(keep.folder);
  const served = await serve(team.case, { env: team.env, args: ["--tls-cert", pem("cert.pem"), "--tls-key", pem("key.pem")] });
  site = await open({ served, ignoreHTTPSErrors: true });
});
after(async () => { await site?.stop(); await keep?.remove(); });

const signIn = async (tab, name, password = PASSWORD) => {
  await tab.getByRole("textbox", { name: "Name" }).fill(name);
  await tab.getByLabel("Password").fill(password);
  await tab.keyboard.press("Enter");
};
/** Signs in and says for which line of enquiry. */
const enter = async (tab, name, line) => {
  await signIn(tab, name);
  await tab.getByRole("heading", { name: "Line of enquiry" }).waitFor();
  await tab.keyboard.press(line);
};
// That nobody is signed in is an answer which the browser notes on its console, too.
const faults = (tab) => tab.faults.filter((fault) => !/status of 40[13]/.test(fault));
const events = (...more) => team.as("t.vale", "events", team.case, "--json", ...more).split("\n").filter(Boolean).map((line) => JSON.parse(line));

for (const colorScheme of ["light", "dark"]) {
  test(`signing in and choosing, in ${colorScheme}`, async () => {
    const tab = await site.page({ colorScheme });
    await tab.to("/timeline?q=family:mail");
    await tab.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.deepEqual(await serious(tab), []);
    assert.equal(await tab.locator("nav a").count(), 0, "nothing of the case is there");
    await signIn(tab, "d.hart", "not the password");
    await tab.getByRole("alert").filter({ hasText: "Name or password is not right." }).waitFor();
    await signIn(tab, "d.hart");
    await tab.getByRole("heading", { name: "Line of enquiry" }).waitFor();
    assert.deepEqual(await serious(tab), []);
    await tab.keyboard.press("2");
    await tab.getByRole("listbox", { name: /^Records/ }).waitFor();
    await settled(tab);
    assert.match(await tab.locator("header").innerText(), /d\.hart\s+examiner\s+who arranged the delivery/);
    assert.match(await tab.locator(".notice").innerText(), /^Under /, "the authority, and not the notice of personal cases");
    assert.equal(await tab.locator("nav a", { hasText: "What it reveals" }).count(), 0);
    assert.equal(await tab.locator("nav a", { hasText: "Log" }).count(), 0, "examiners do not read the log");
    assert.deepEqual(await serious(tab), []);
    assert.deepEqual(faults(tab), []);
    await tab.context().close();
  });
}

test("every view works for an examiner, one key changes the line, signing out takes everything away", async () => {
  const tab = await site.page();
  await tab.to("/case");
  await enter(tab, "d.hart", "1");
  await tab.getByRole("heading", { name: "What was found" }).waitFor();
  await tab.getByText(/^About [\d,]+ people other than the subject are named/).waitFor();
  for (const path of ["/timeline", "/conversations", "/map", "/media", "/people", "/people?as=graph", "/working", "/help"]) {
    await tab.to(path);
    assert.ok((await tab.locator("main h1").count()) >= 1, path);
    assert.equal(await tab.locator("main").getByRole("alert").count(), 0, `${path}: ${await tab.locator("main").innerText()}`);
  }
  // The warrant names no analysis.
  await tab.to("/media");
  await tab.locator("main .tile").first().click();
  const alike = tab.getByRole("button", { name: "Looks alike" });
  await alike.waitFor();
  assert.ok(await alike.isDisabled());
  assert.match(await alike.getAttribute("title"), /authority does not name/);
  await tab.keyboard.press("Escape");
  await tab.to("/timeline?q=family:mail");
  await tab.keyboard.press("Shift+E");
  await tab.getByRole("heading", { name: "Line of enquiry" }).waitFor();
  await tab.keyboard.press("2");
  await tab.getByRole("listbox", { name: /^Records/ }).focus();
  await tab.keyboard.press("Enter");
  await tab.locator("article.record .title").waitFor();
  await settled(tab);
  const of = (action) => events().filter((e) => e.action === action && e.who === "d.hart").at(-1);
  assert.equal(of("record.shown").enquiry, "who arranged the delivery");
  assert.ok(events().some((e) => e.action === "search.run" && e.detail.objects.includes("view map") && e.enquiry !== "who arranged the delivery"));
  await tab.getByRole("button", { name: "Sign out" }).click();
  await tab.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await tab.locator("article.record").count(), 0);
  assert.deepEqual(faults(tab), []);
  await tab.context().close();
});

test("a disclosure officer reads the log", async () => {
  const tab = await site.page();
  await tab.to("/log");
  await enter(tab, "p.quill", "1");
  await tab.getByText(/\d+ events/).waitFor();
  assert.match(await tab.locator("main table").innerText(), /search\.run/);
  await tab.context().close();
});

test("who may act under several authorities chooses one, and every page says which", async () => {
  const text = await readFile(team.warrant, "utf8");
  const other = join(keep.folder, "second.toml");
  await writeFile(other, text.replace(/^id = .*$/m, 'id = "warrant-2024-0999"').replace(/^statement = .*$/m, 'statement = "A second search, of the same account."'));
  team.as("r.okoro", "authority", "sign", other);
  team.as("d.hart", "authority", "add", team.case, other);
  // It puts aside what the first did not: nobody looks until that is out of the records.
  team.as("d.hart", "process", "--quiet", "--under", "op-rowan-1", team.case);
  const tab = await site.page();
  await tab.to("/timeline");
  await signIn(tab, "d.hart");
  await tab.getByRole("heading", { name: "Under which authority" }).waitFor();
  assert.deepEqual(await serious(tab), []);
  assert.equal(await tab.locator("nav a").count(), 0, "nothing of the case is there");
  const refused = await tab.evaluate(async () => (await fetch("/api/sign-in", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ authority: "another" }) })).status);
  assert.equal(refused, 401, "only one of those that were offered");
  await tab.getByRole("button", { name: /warrant-2024-0999/ }).click();
  await tab.getByRole("heading", { name: "Line of enquiry" }).waitFor();
  await tab.keyboard.press("1");
  await tab.getByRole("listbox", { name: /^Records/ }).waitFor();
  assert.match(await tab.locator(".notice").innerText(), /^Under warrant-2024-0999: A second search/);
  assert.ok(events("--under", "op-rowan-1").some((e) => e.action === "session.begun" && e.authority === "warrant-2024-0999"));
  await tab.getByRole("listbox", { name: /^Records/ }).focus();
  await tab.keyboard.press("Enter");
  await tab.locator("article.record .title").waitFor();
  await tab.keyboard.press("x");
  await tab.getByText(new RegExp(`taken in under ${/^id = "(.*)"$/m.exec(text)[1]}`)).waitFor();
  assert.deepEqual(faults(tab), []);
  await tab.context().close();
});
