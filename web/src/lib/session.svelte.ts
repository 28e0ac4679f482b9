// Who looks at which case, and how the page looks to them.

import { changesCarry, get, post, Refused, whenStranger } from "./api";
import type { Session } from "./types";

class State {
  session = $state.raw<Session | undefined>(undefined);
  error = $state.raw<Error | undefined>(undefined);
  theme = $state<"auto" | "light" | "dark">(remembered("theme") as "auto");
  blur = $state<string>(remembered("blur"));
  /** A sentence for people who hear the page; it is read out when it changes. */
  said = $state("");
  /** Nobody is signed in, and somebody could. */
  stranger = $state(false);
  /** The line of enquiry is being chosen anew. */
  choosing = $state(false);
  get own(): boolean { return this.session?.case.kind === "self"; }
  get canWrite(): boolean { return this.session !== undefined && !this.session.readonly && this.may("work.write"); }
  /** Whether the policies allow it to whoever is signed in; the server asks them again each time. */
  may(action: string): boolean { return this.session?.may?.includes(action) ?? true; }
  /** Whether the authority names the analysis; what it does not name is not run. */
  analyses(one: string): boolean { return this.session?.analyses?.includes(one) ?? true; }
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
    app.stranger = false;
    app.session = session;
    if (session.enquiries?.length && !session.enquiry) app.choosing = true;
  } catch (error) {
    if (!(error instanceof Refused && error.status === 401)) app.error = error as Error;
  }
}
// A session may end at any request: what was shown goes with it.
whenStranger(() => { app.session = undefined; app.stranger = true; app.choosing = false; });

export async function leave(): Promise<void> {
  await post("sign-out").catch(() => undefined);
  app.session = undefined;
  app.stranger = true;
}
/** Says something to people who hear the page. */
export function say(sentence: string): void {
  app.said = "";
  requestAnimationFrame(() => { app.said = sentence; });
}
/** Pictures are blurred unless the case is the reader's own or they chose otherwise. */
export const blurred = (): boolean => (app.blur === "auto" ? !app.own : app.blur === "on");
