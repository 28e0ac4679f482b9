// The program itself: cases made by it, served by it, counted by it.
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The program: as named by GLASSHOUSE, or as cargo built it. */
export const GLASSHOUSE = process.env.GLASSHOUSE ?? join(process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL("../../../target", import.meta.url)), "debug/glasshouse");
if (!existsSync(GLASSHOUSE)) throw new Error(`${GLASSHOUSE} is not built: run \`cargo build --workspace\`, or name the program with GLASSHOUSE=/path.`);

/** Runs the program and returns what it prints. */
export const glasshouse = (...args) => execFileSync(GLASSHOUSE, args, { encoding: "utf8", maxBuffer: 64 << 20, stdio: ["ignore", "pipe", "pipe"] });

/** Returns the rows that a statement gives. */
export const sql = (folder, statement) => glasshouse("sql", "--format", "json", folder, statement).split("\n").filter(Boolean).map((line) => JSON.parse(line));

/** Returns the one number that a statement gives. */
export const counted = (folder, statement) => Number(Object.values(sql(folder, statement)[0])[0]);

/** Makes a folder that is removed when the tests end. */
export async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), "glasshouse-page-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Takes paths into a personal case. */
export function opened(folder, paths) {
  glasshouse("open", "--no-serve", "--yes", "--quiet", "--case", folder, ...paths);
  return folder;
}

/** Writes the small account that `make demo` shows and opens it. */
export function demo(folder) {
  glasshouse("sample", join(folder, "account"), "--scale", "0.01");
  const parts = ["001", "002"].map((n) => join(folder, `account/takeout-20250104T101530Z-${n}.zip`));
  return opened(join(folder, "case"), [...parts, join(folder, "account/loose")]);
}

/** Serves a case; the browser that calls `enter` takes the link, which works once. People sign in for themselves. */
export async function serve(folder, { env = process.env, args = [] } = {}) {
  const child = spawn(GLASSHOUSE, ["serve", folder, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((done) => child.once("exit", done));
  let said = "";
  const link = await new Promise((found, failed) => {
    child.stdout.on("data", (bytes) => {
      said += bytes;
      const line = /^(?:Open once:|Sign in at) (\S+)$/m.exec(said);
      if (line) found(line[1]);
    });
    void ended.then((code) => failed(new Error(`The server ended with ${code}: ${said}`)));
  });
  const url = new URL(link).origin;
  return {
    url, pid: child.pid,
    stop: async () => { child.kill(); await ended; },
    enter: !link.includes("/open?") ? undefined : async (context) => {
      const tab = await context.newPage();
      await tab.goto(link);
      await tab.close();
      return context.cookies();
    },
  };
}
