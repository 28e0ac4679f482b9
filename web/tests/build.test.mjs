// What is built: small at first, nothing inline, nothing remote, and no sentence outside the one file for them.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const src = new URL("../src/", import.meta.url);

test("the first view needs less than 250 kB of script", () => {
  const names = readdirSync(new URL("assets/", dist)).filter((name) => name.endsWith(".js"));
  const wanted = new Set();
  const follow = (name) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    const text = readFileSync(new URL(`assets/${name}`, dist), "utf8");
    for (const [, other] of text.matchAll(/from\s*["']\.\/([^"']+\.js)["']/g)) follow(other);
  };
  follow(/src="\/assets\/(index-[^"]+\.js)"/.exec(readFileSync(new URL("index.html", dist), "utf8"))[1]);
  assert.ok(wanted.size < names.length, "views are files of their own");
  const size = [...wanted].reduce((sum, name) => sum + gzipSync(readFileSync(new URL(`assets/${name}`, dist))).length, 0);
  assert.ok(size < 250_000, `${size} bytes`);
});

test("the page that is built has nothing inline and nothing from elsewhere", () => {
  const html = readFileSync(new URL("index.html", dist), "utf8");
  assert.doesNotMatch(html, /<script(?![^>]*src=)|<style|style=|onload=|https?:\/\//);
});

test("the gazetteer is there, and less than 1.5 MB", () => {
  const name = readdirSync(new URL("assets/", dist)).find((name) => name.startsWith("_virtual_cities"));
  const text = readFileSync(new URL(`assets/${name}`, dist), "utf8");
  assert.ok(text.length < 1_500_000, `${text.length} bytes`);
  assert.match(text, /Paris\\?\tFR|Paris	FR/);
});

test("evidence never becomes markup, and sentences are in strings.ts", () => {
  for (const folder of ["./", "lib/", "parts/", "views/"]) {
    for (const name of readdirSync(new URL(folder, src)).filter((n) => /\.(svelte|ts)$/.test(n))) {
      const text = readFileSync(new URL(folder + name, src), "utf8");
      assert.doesNotMatch(text, /\{@html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc/, name);
      if (!name.endsWith(".svelte")) continue;
      const markup = text.replace(/<script[\s\S]*?<\/script>|<style[\s\S]*?<\/style>|<!--[\s\S]*?-->/g, "");
      const words = markup.replace(/\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}/g, "").replace(/<[^>]*>/g, " ").match(/[A-Za-z]{4,}/g) ?? [];
      assert.deepEqual(words.filter((word) => !["kHz"].includes(word)), [], name);
    }
  }
});

test("no field is one whose form Chromium describes to Google", () => {
  for (const folder of ["./", "parts/", "views/"]) {
    for (const name of readdirSync(new URL(folder, src)).filter((n) => n.endsWith(".svelte"))) {
      const text = readFileSync(new URL(folder + name, src), "utf8");
      for (const [form] of text.matchAll(/<form\b[^>]*/g)) assert.match(form, /action="\/search"/, name);
      const loose = text.replace(/<form\b[\s\S]*?<\/form>/g, "");
      for (const [field] of loose.matchAll(/<(?:input|textarea)\b.{0,40}/g)) assert.match(field, /form="quiet"/, name);
    }
  }
});
