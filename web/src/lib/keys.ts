// One listener for all keys: views say which keys they know while they are shown.

export type Keys = Record<string, (event: KeyboardEvent) => void>;

const layers: (() => Keys)[] = [];
let leader = -Infinity;

/** Adds keys while the calling effect lasts; later layers come first. Use inside `$effect`. */
export function keys(layer: () => Keys): () => void {
  layers.push(layer);
  return () => { layers.splice(layers.indexOf(layer), 1); };
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=range], [type=button])"));

export function listen(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) && event.key !== "Escape") return;
    // "g" waits a moment for the letter of a view.
    const name = performance.now() - leader < 1200 ? `g ${event.key}` : event.key;
    leader = -Infinity;
    for (const layer of layers.toReversed()) {
      const known = layer();
      const act = known[name];
      if (act) {
        event.preventDefault();
        act(event);
        return;
      }
    }
    if (event.key === "g") leader = performance.now();
  });
}

/** Letters of the views after "g". */
export const LETTERS: Record<string, string> = { c: "case", t: "timeline", v: "conversations", m: "map", p: "media", w: "people", s: "self", n: "working", e: "give", l: "log", h: "help" };
