// The address bar holds the whole state of the page: a view, perhaps an id, and parameters.

export type Params = Record<string, string>;
export interface Place { view: string; id: string; params: Params }
export type Changes = Record<string, string | number | null | undefined>;

function read(): Place {
  const [view = "", ...rest] = location.pathname.split("/").filter(Boolean).map((text) => {
    try { return decodeURIComponent(text); } catch { return text; }
  });
  return { view: view || "case", id: rest.join("/"), params: Object.fromEntries(new URLSearchParams(location.search)) };
}

class Route {
  here = $state.raw<Place>(read());
  get view(): string { return this.here.view; }
  get id(): string { return this.here.id; }
  get q(): string { return this.here.params.q ?? ""; }
  get(name: string): string { return this.here.params[name] ?? ""; }
}
export const route = new Route();

/** Returns the address of a place. Empty parameters are left out. */
export function href(path: string, params: Changes = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
  return text ? `${path}?${text}` : path;
}

/** Returns the present address with some parameters changed. */
export function withParams(changes: Changes): string {
  return href(location.pathname, { ...route.here.params, ...changes });
}

export function go(to: string, how: { replace?: boolean; keepFocus?: boolean } = {}): void {
  if (to === location.pathname + location.search) return;
  history[how.replace ? "replaceState" : "pushState"]({}, "", to);
  const before = route.here;
  route.here = read();
  if (before.view !== route.here.view || (before.id !== route.here.id && !how.keepFocus)) arrived();
}

/** Moves the focus to the main part after a change of view, as a page load would. */
function arrived(): void {
  requestAnimationFrame(() => {
    const main = document.getElementById("main");
    main?.scrollTo(0, 0);
    if (!main?.contains(document.activeElement)) main?.focus({ preventScroll: true });
  });
}

/** Lets links inside the page change the address without loading it anew. */
export function followLinks(): void {
  addEventListener("popstate", () => { route.here = read(); });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin || link.pathname.startsWith("/api/") || link.hash) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
