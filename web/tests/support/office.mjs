// An installation with people, and a case under a warrant that one of them approved.
import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GLASSHOUSE, glasshouse } from "./real.mjs";

export const PASSWORD = "correct horse battery staple";
const PEOPLE = { "d.hart": "examiner", "r.okoro": "authoriser", "t.vale": "auditor", "p.quill": "disclosure_officer" };
const FAMILIES = "mail message call post reaction contact account login device location visit trip web_visit search media file note task event purchase payment play health voice setting app ad activity".split(" ");

/** Makes people and a case of theirs in a folder; `as` runs a command as one of them. `organised` gives the organisation's file out of its draft. */
export async function office(folder, { organised } = {}) {
  const env = { ...process.env, GLASSHOUSE_HOME: join(folder, "home") };
  const secret = join(folder, "password");
  await writeFile(secret, `${PASSWORD}\n`);
  const as = (person, ...args) => {
    const input = openSync(secret);
    try {
      return execFileSync(GLASSHOUSE, [...args, "--secret-fd", "0"], { env: { ...env, GLASSHOUSE_PERSON: person }, stdio: [input, "pipe", "pipe"], encoding: "utf8", maxBuffer: 64 << 20 });
    } finally {
      closeSync(input);
    }
  };
  for (const [name, role] of Object.entries(PEOPLE)) as(name, "person", "new", name, "--role", role);
  if (organised) {
    as("a.mensah", "person", "new", "a.mensah", "--role", "administrator");
    const file = join(folder, "organisation.toml");
    await writeFile(file, organised(as("a.mensah", "organisation", "new", "--name", "Northtown")));
    as("a.mensah", "organisation", "new", "--from", file);
  }
  const key = as("d.hart", "person", "list").split("\n").find((line) => line.startsWith("r.okoro")).split(" ").at(-1);
  const example = await readFile(new URL("../../../docs/authorities/warrant.toml", import.meta.url), "utf8");
  const wide = { authoriser_key: `"${key}"`, services: '["google", "mail", "vcard", "icalendar", "media", "gpx"]', families: JSON.stringify(FAMILIES), other: '"in"' };
  const text = example.split("\n").map((line) => {
    const [name] = line.split(" = ");
    if (wide[name]) return `${name} = ${wide[name]}`;
    return line.replace("until = 2024-08-03", "until = 2044-08-03").replace("from = 2024-01-01", "from = 1970-01-01").replace("until = 2024-03-31", "until = 2040-01-01");
  });
  const warrant = join(folder, "warrant.toml"), account = join(folder, "account"), made = join(folder, "case");
  await writeFile(warrant, text.join("\n"));
  as("r.okoro", "authority", "sign", warrant);
  glasshouse("sample", account, "--scale", "0.005");
  const parts = ["001", "002"].map((n) => join(account, `takeout-20250104T101530Z-${n}.zip`));
  as("d.hart", "open", "--no-serve", "--quiet", "--authority", warrant, "--account", "j.marsh@example.com", "--case", made, ...parts, join(account, "loose"));
  return { case: made, env, as, warrant };
}
