// The only place that asks the server.

export class Refused extends Error {
  constructor(readonly status: number, sentence: string) {
    super(sentence);
  }
}

export type Asked = Record<string, string | number | boolean | null | undefined>;

export function address(path: string, asked: Asked = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `/api/${path}${text ? `?${text}` : ""}`;
}

let stranger = (): void => undefined;
/** Says what to do once the server no longer knows who asks. */
export function whenStranger(act: () => void): void {
  stranger = act;
}

async function answered<T>(response: Response): Promise<T> {
  const body = await response.json().catch(() => null);
  if (response.ok) return body as T;
  if (response.status === 401) stranger();
  throw new Refused(response.status, (body as { error?: string } | null)?.error ?? `${response.status} ${response.statusText}`);
}

export async function get<T>(path: string, asked?: Asked, signal?: AbortSignal): Promise<T> {
  return answered<T>(await fetch(address(path, asked), { headers: { Accept: "application/json" }, signal }));
}

let token = "";
/** Remembers what proves that a change comes from this page. */
export function changesCarry(csrf: string): void {
  token = csrf;
}
export async function post<T>(path: string, body: unknown = {}): Promise<T> {
  return answered<T>(
    await fetch(`/api/${path}`, { method: "POST", headers: { "Content-Type": "application/json", "X-Glasshouse": token }, body: JSON.stringify(body) }),
  );
}

/** Returns a path segment that cannot break out of its place. */
export const part = (text: string | number): string => encodeURIComponent(String(text));
