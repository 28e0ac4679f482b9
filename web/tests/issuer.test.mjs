// Signing in by an organisation's own server, with a real OpenID provider; and by a password with a second factor.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { open } from "./support/browser.mjs";
import { free, issuer, pem } from "./support/issuer.mjs";
import { office, PASSWORD } from "./support/office.mjs";
import { GLASSHOUSE, scratch, serve } from "./support/real.mjs";
import { serious } from "./support/views.mjs";

const SECRET = "a secret of the client: & = +";
let keep, team, site, id, port;
before(async () => {
  keep = await scratch();
  port = await free();
  id = await issuer({ redirect: `http://127.0.0.1:${port}/sign-in/return`, secret: SECRET });
  await writeFile(join(keep.folder, "issuer-secret"), `${SECRET}\n`);
  team = await office(keep.folder, {
    organised: (draft) => `${draft.replace(/name = "t\.vale"/, 'name = "t.vale"\nknown_as = "vale"')}
[sign_in]
issuer = "${id.url}"
client_id = "glasshouse"
client_secret_file = "${join(keep.folder, "issuer-secret")}"
claim = "preferred_username"
certificates_file = "${pem("cert.pem")}"
passwords = true
`,
  });
  const served = await serve(team.case, { env: team.env, args: ["--listen", `127.0.0.1:${port}`] });
  site = await open({ served, ignoreHTTPSErrors: true });
});
after(async () => { await site?.stop(); await id?.stop(); await keep?.remove(); });

const events = () => team.as("p.quill", "events", team.case, "--json", "--under", "op-rowan-1").split("\n").filter(Boolean).map((line) => JSON.parse(line));
const denials = (why) => events().filter((e) => e.action === "access.denied" && e.detail.why === why).length;
/** Goes to the issuer from the page and says there who one is. */
async function goAs(tab, name) {
  await tab.getByRole("link", { name: /^Sign in at localhost:/ }).click();
  await tab.getByLabel("Who").fill(name);
  await tab.getByRole("button", { name: "Go" }).click();
}
const alert = (tab, words) => tab.getByRole("alert").filter({ hasText: words }).waitFor();
// The browser goes to the issuer on purpose; that nobody is signed in is an answer which it notes on its console.
const faults = (tab) => tab.faults.filter((fault) => !fault.startsWith(`asked elsewhere: ${id.url}/`) && !/status of 40[13]/.test(fault));

test("the issuer says who somebody is, and the page opens where they wanted to be", async () => {
  const tab = await site.page();
  await tab.to("/timeline?q=family:mail");
  await tab.getByRole("link", { name: /^Sign in at/ }).waitFor();
  assert.deepEqual(await serious(tab), []);
  await goAs(tab, "d.hart");
  await tab.getByRole("heading", { name: "Line of enquiry" }).waitFor();
  assert.equal(new URL(tab.url()).pathname + new URL(tab.url()).search, "/timeline?q=family:mail");
  await tab.keyboard.press("1");
  await tab.getByRole("listbox", { name: /^Records/ }).waitFor();
  assert.match(await tab.locator("header").innerText(), /d\.hart\s+examiner/);
  assert.deepEqual(faults(tab), []);
  const [begun] = events().filter((e) => e.action === "session.begun");
  assert.deepEqual([begun.who, begun.role, begun.detail.by], ["d.hart", "examiner", id.url]);
  const cookies = await tab.context().cookies(`http://127.0.0.1:${port}/`);
  assert.deepEqual(cookies.filter((c) => c.name.startsWith("glasshouse")).map((c) => [c.name, c.httpOnly, c.sameSite]), [[`glasshouse-${port}`, true, "Strict"]]);
  assert.deepEqual([...new Set(id.state.asked)].filter((path) => !/^\/(auth|interaction)\b/.test(path)).sort(), ["/.well-known/openid-configuration", "/jwks", "/token"]);
  await tab.context().close();
});

test("nobody without an account, and nobody without a role, comes in", async () => {
  const tab = await site.page();
  await tab.to("/case");
  await goAs(tab, "n.obody");
  await alert(tab, "nobody here has an account by that name");
  assert.equal(denials("account"), 1);
  assert.ok(!JSON.stringify(events()).includes("obody"), "what the issuer called them is not in the log");
  await tab.context().close();
  // The auditor is known to the issuer by another name, and looks into no case; by the account's own name nobody comes in.
  for (const [name, words] of [["vale", "may not look into this case"], ["t.vale", "nobody here has an account"]]) {
    const tab = await site.page();
    await tab.to("/case");
    await goAs(tab, name);
    await alert(tab, words);
    assert.equal((await tab.request.get(`http://127.0.0.1:${port}/api/session`)).status(), 401);
    await tab.context().close();
  }
  assert.ok(events().some((e) => e.action === "access.denied" && e.who === "t.vale" && e.detail.action === "case.serve"));
});

test("a token that is not for us, not for now, not in answer, or not the issuer's lets nobody in", async () => {
  const now = Math.floor(Date.now() / 1000);
  const wrong = [{ nonce: "another" }, { nonce: undefined }, { aud: "another" }, { aud: ["glasshouse", "another"] }, { iss: "http://127.0.0.1:1" }, { exp: now - 600, iat: now - 900 }];
  const forged = ["strange", "none", "HS256"].map((forge) => ({ forge }));
  // Whoever got hold of a token that was good once does not come in with it.
  const again = { token: id.state.given };
  assert.match(again.token, /^[^.]+\.[^.]+\.[^.]+$/);
  const all = [...wrong.map((twist) => ({ twist })), ...forged, again];
  for (const otherwise of all) {
    const tab = await site.page();
    await tab.to("/case");
    Object.assign(id.state, otherwise);
    await goAs(tab, "d.hart");
    await alert(tab, "cannot be relied on");
    assert.equal((await tab.request.get(`http://127.0.0.1:${port}/api/session`)).status(), 401, JSON.stringify(otherwise));
    Object.assign(id.state, { twist: undefined, forge: undefined, token: undefined });
    await tab.context().close();
  }
  assert.equal(denials("issuer"), all.length);
});

test("roles are those of the organisation's file, whatever a token says of them", async () => {
  id.state.twist = { roles: ["administrator", "privilege_reviewer"], groups: ["administrator"], role: "administrator" };
  const tab = await site.page();
  await tab.to("/case");
  await goAs(tab, "d.hart");
  await tab.getByRole("heading", { name: "Line of enquiry" }).waitFor();
  id.state.twist = undefined;
  assert.equal(events().filter((e) => e.action === "session.begun").at(-1).role, "examiner");
  const { person, may } = await (await tab.request.get(`http://127.0.0.1:${port}/api/session`)).json();
  assert.equal(person.role, "examiner");
  assert.ok(may.includes("record.search") && !may.includes("log.read") && !may.includes("evidence.discard"), may.join());
  await tab.context().close();
});

test("a way back works once, in the browser that began it, and with what it began with", async () => {
  const tab = await site.page();
  let back;
  id.state.way = (url) => { back = url.href; };
  await tab.to("/case");
  await goAs(tab, "d.hart");
  await tab.getByText("held").waitFor();
  const before = denials("way");
  const other = await site.page();
  await other.goto(back);
  await alert(other, "in another browser");
  // The way ended there: what is right comes too late, for whoever has seen the address could have been first.
  await tab.goto(back);
  await alert(tab, "for a second time");
  await tab.goto(`http://127.0.0.1:${port}/sign-in/return?code=x&state=y`);
  await alert(tab, "for a second time");
  for (const rest of ["state=a&state=b", "code=x", ""]) {
    await tab.goto(`http://127.0.0.1:${port}/sign-in/return?${rest}`);
    await alert(tab, "for a second time");
  }
  assert.equal(denials("way"), before + 6);
  // A code that somebody puts in the place of theirs is not good for their way.
  const fresh = await site.page();
  id.state.way = (url) => { url.searchParams.set("code", new URL(back).searchParams.get("code")); return url; };
  await fresh.to("/case");
  await goAs(fresh, "d.hart");
  await alert(fresh, "cannot be relied on");
  id.state.way = undefined;
  for (const place of ["//evil.example/", "https://evil.example/", "/\\evil.example"]) {
    const begun = await fresh.request.get(`http://127.0.0.1:${port}/sign-in/begin?place=${encodeURIComponent(place)}`, { maxRedirects: 0 });
    assert.equal(begun.status(), 303);
    assert.ok(begun.headers().location.startsWith(`${id.url}/auth?`), "elsewhere is nobody sent but to the issuer");
  }
  for (const one of [tab, other, fresh]) await one.context().close();
});

const codeOf = (secret, time) => {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(time / 30)));
  const tag = createHmac("sha1", key).update(step).digest();
  return String((tag.readUInt32BE(tag.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
};

test("a second factor is asked for, each code works once, and so does each spare one", async () => {
  const secret = openSync(join(keep.folder, "password"));
  const child = spawn(GLASSHOUSE, ["person", "second-factor", "--as", "d.hart", "--secret-fd", "3"], { env: team.env, stdio: ["pipe", "pipe", "pipe", secret] });
  let said = "";
  child.stdout.on("data", (bytes) => { said += bytes; });
  while (!/(?:^ {2}[A-Z2-7]{16}\n){10}/m.test(said)) await new Promise((done) => child.stdout.once("data", done));
  closeSync(secret);
  const shared = /secret=([A-Z2-7]{32})&/.exec(said)[1], spare = said.match(/^ {2}([A-Z2-7]{16})$/gm).map((line) => line.trim());
  const now = () => Date.now() / 1000;
  child.stdin.end(`${codeOf(shared, now() - 30)}\n`);
  assert.equal(await new Promise((done) => child.once("exit", done)), 0);

  const tab = await site.page();
  await tab.to("/case");
  await tab.getByRole("textbox", { name: "Name" }).fill("d.hart");
  const enter = async (code) => {
    await tab.getByLabel("Password").fill(PASSWORD);
    await tab.keyboard.press("Enter");
    await tab.getByLabel("Code").fill(code);
    await tab.keyboard.press("Enter");
  };
  await enter("000000");
  await alert(tab, "The code is not right");
  assert.deepEqual(await serious(tab), []);
  assert.equal(denials("code"), 1);
  const good = codeOf(shared, now());
  await tab.getByLabel("Code").fill(good);
  await tab.keyboard.press("Enter");
  await tab.getByRole("heading", { name: "Line of enquiry" }).waitFor();
  assert.equal(events().filter((e) => e.action === "session.begun").at(-1).detail.by, "password and code");
  const post = (code) => tab.evaluate(async ({ password, code }) => {
    const answer = await fetch("/api/sign-in", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name: "d.hart", password, code }) });
    return [answer.status, (await answer.json()).code_wanted];
  }, { password: PASSWORD, code });
  await tab.context().clearCookies();
  assert.deepEqual(await post(good), [401, undefined], "a code works once");
  assert.deepEqual(await post(""), [200, true], "a code is wanted, and nobody is in");
  assert.equal((await tab.request.get(`http://127.0.0.1:${port}/api/session`)).status(), 401);
  assert.deepEqual(await post(spare[3].toLowerCase()), [200, false]);
  await tab.context().clearCookies();
  assert.deepEqual(await post(spare[3]), [401, undefined], "a spare code works once");
  for (const code of ["1", "2", "3", "4"]) assert.deepEqual(await post(code), [401, undefined]);
  assert.deepEqual(await post(spare[4]), [401, undefined], "after five wrong ones none is looked at for a while");
  await tab.context().close();
});

test("who comes from the issuer and may act under several authorities chooses one before anything opens", async () => {
  const other = join(keep.folder, "second.toml");
  const text = await readFile(team.warrant, "utf8");
  await writeFile(other, text.replace(/^id = .*$/m, 'id = "warrant-2024-0999"').replace(/^statement = .*$/m, 'statement = "A second search, of the same account."'));
  team.as("r.okoro", "authority", "sign", other);
  team.as("d.hart", "authority", "add", team.case, other);
  // It puts aside what the first did not: nobody looks until that is out of the records.
  team.as("d.hart", "process", "--quiet", "--under", "op-rowan-1", team.case);
  const tab = await site.page();
  await tab.to("/timeline?q=family:mail");
  await goAs(tab, "d.hart");
  await tab.getByRole("heading", { name: "Under which authority" }).waitFor();
  assert.deepEqual(await serious(tab), []);
  assert.equal(await tab.locator("nav a").count(), 0, "nothing of the case is there");
  const status = async (path) => (await tab.request.get(`http://127.0.0.1:${port}/api/${path}`)).status();
  for (const path of ["session", "list", "case"]) assert.equal(await status(path), 401, `${path}: recognised is not in`);
  const choose = (on, authority) => on.evaluate(async (authority) => (await fetch("/api/sign-in", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ authority }) })).status, authority);
  assert.equal(await choose(tab, "another"), 401, "only one of those that were offered");
  const stranger = await site.page();
  await stranger.to("/case");
  assert.deepEqual((await (await stranger.request.get(`http://127.0.0.1:${port}/api/sign-in`)).json()).authorities, [], "nobody else is told of them");
  assert.equal(await choose(stranger, "warrant-2024-0999"), 401, "nor let in by naming one");
  await stranger.context().close();
  const before = events().filter((e) => e.action === "session.begun").length;
  await tab.getByRole("button", { name: /warrant-2024-0999/ }).click();
  await tab.getByRole("heading", { name: "Line of enquiry" }).waitFor();
  await tab.keyboard.press("1");
  await tab.getByRole("listbox", { name: /^Records/ }).waitFor();
  assert.equal(new URL(tab.url()).pathname + new URL(tab.url()).search, "/timeline?q=family:mail");
  assert.match(await tab.locator(".notice").innerText(), /^Under warrant-2024-0999: A second search/);
  const begun = events().filter((e) => e.action === "session.begun");
  assert.equal(begun.length, before + 1, "there was no session before the choice");
  assert.deepEqual([begun.at(-1).who, begun.at(-1).authority, begun.at(-1).detail.by], ["d.hart", "warrant-2024-0999", id.url]);
  assert.deepEqual(faults(tab), []);
  await tab.context().close();
});

test("who is struck off the organisation's file is out at once, and does not come in again", async () => {
  const tab = await site.page();
  await tab.to("/case");
  await goAs(tab, "p.quill");
  await tab.getByRole("heading", { name: "Under which authority" }).waitFor();
  await tab.getByRole("button", { name: /warrant-2024-0999/ }).click();
  await tab.getByRole("heading", { name: "Line of enquiry" }).waitFor();
  const other = await site.page();
  await other.to("/case");
  await goAs(other, "d.hart");
  await other.getByRole("button", { name: /warrant-2024-0999/ }).click();
  await other.getByRole("heading", { name: "Line of enquiry" }).waitFor();
  const status = async (on) => (await on.request.get(`http://127.0.0.1:${port}/api/session`)).status();
  assert.deepEqual([await status(tab), await status(other)], [200, 200]);
  const file = join(keep.folder, "organisation.toml");
  const text = (await readFile(file, "utf8")).replace("version = 1", "version = 2").replace(/\[\[people\]\]\nname = "d\.hart"\nkey = .*\nroles = .*\n/, "");
  assert.ok(!text.includes('"d.hart"'));
  await writeFile(file, text);
  team.as("a.mensah", "organisation", "new", "--from", file);
  await new Promise((done) => setTimeout(done, 2500));
  assert.deepEqual([await status(tab), await status(other)], [200, 401], "and nobody else is");
  const before = denials("account");
  const again = await site.page();
  await again.to("/case");
  await goAs(again, "d.hart");
  await alert(again, "nobody here has an account by that name");
  assert.equal(denials("account"), before + 1);
  for (const one of [tab, other, again]) await one.context().close();
});

test("an issuer whose certificate nobody here vouches for is not asked, and the password is not taken in its place", async () => {
  const file = join(keep.folder, "organisation.toml");
  const before = await readFile(file, "utf8");
  await writeFile(file, before.replace("version = 2", "version = 3").replace(/certificates_file.*\npasswords.*\n/, ""));
  team.as("a.mensah", "organisation", "new", "--from", file);
  const served = await serve(team.case, { env: team.env, args: ["--listen", "127.0.0.1:0"] });
  try {
    const asked = id.state.asked.length;
    const begun = await fetch(`${served.url}/sign-in/begin`, { redirect: "manual" });
    assert.equal(begun.headers.get("location"), "/?refused=unreachable");
    assert.equal(id.state.asked.length, asked);
    assert.deepEqual(await (await fetch(`${served.url}/api/sign-in`)).json(), { issuer: id.url, passwords: false, authorities: [] });
    const entered = await fetch(`${served.url}/api/sign-in`, { method: "POST", headers: { "Content-Type": "application/json", Origin: served.url }, body: JSON.stringify({ name: "p.quill", password: PASSWORD }) });
    assert.equal(entered.status, 403);
  } finally {
    await served.stop();
  }
});

test("an issuer that is down is said to be, and lets nobody in", async () => {
  await id.stop();
  id.stop = async () => undefined;
  const tab = await site.page();
  // What the issuer said of itself may be known still; the way back needs the issuer itself.
  await tab.to("/case");
  const begun = await tab.request.get(`http://127.0.0.1:${port}/sign-in/begin?place=/case`, { maxRedirects: 0 });
  const to = new URL(begun.headers().location, `http://127.0.0.1:${port}`);
  await tab.goto(to.searchParams.has("state") ? `http://127.0.0.1:${port}/sign-in/return?code=x&state=${to.searchParams.get("state")}` : to.href);
  await alert(tab, "cannot be reached");
  assert.equal(denials("unreachable"), 2);
  await tab.context().close();
});
