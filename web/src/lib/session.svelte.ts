// Who looks at which case, and how the page looks to them.

import { changesCarry, get } from "./api";
import type { Session } from "./types";

class State {
  session = $state.raw<Session | undefined>(undefined);
  error = $state.raw<Error | undefined>(undefined);
  theme = $state<"auto" | "light" | "dark">(remembered("theme") as "auto");
  blur = $state<string>(remembered("blur"));
  /** A sentence for people who hear the page; it is read out when it changes. */
  said = $state("");
  get own(): boolean { return this.session?.case.kind === "self"; }
  get canWrite(): boolean { return this.session !== undefined && !this.session.readonly; }
}
export const app = new State();

function remembered(name: string): string {
  try { return localStorage.getItem(`glasshouse.${name}`) ?? "auto"; } catch { return "auto"; }
}
export function remember(name: "theme" | "blur", value: string): void {
  if (name === "theme") app.theme = value as "auto"; else app.blur = value;
  try { localStorage.setItem(`glasshouse.${name}`, value); } catch { /* The choice lasts as long as the page. */ }
}
export function showTheme(): void {
  const root = document.documentElement;
  if (app.theme === "auto") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", app.theme);
}
export async function begin(): Promise<void> {
  try {
    const session = await get<Session>("session");
    changesCarry(session.csrf);
    app.error = undefined;
    app.session = session;
  } catch (error) {
    app.error = error as Error;
  }
}
/** Says something to people who hear the page. */
export function say(sentence: string): void {
  app.said = "";
  requestAnimationFrame(() => { app.said = sentence; });
}
/** Pictures are blurred unless the case is the reader's own or they chose otherwise. */
export const blurred = (): boolean => (app.blur === "auto" ? !app.own : app.blur === "on");
