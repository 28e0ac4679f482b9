// What a Chromium did on the network, read from the log that it writes of itself (`--log-net-log`).
import { readFile } from "node:fs/promises";

// Whatever page is open, Chromium asks Google at its start who is signed in and to which push service it belongs.
// These two are sent nowhere, so that everything else in the log is a page's doing.
const NOWHERE = "127.0.0.1:9";

/** Arguments with which Chromium writes the log; no other rule stands between it and the network. */
export const logged = (file) => [`--log-net-log=${file}`, "--net-log-capture-mode=Default", `--gaia-url=http://${NOWHERE}`, "--gcm-checkin-url=data:,"];

/** Returns every address that was asked for, looked up, or connected to, each with how often. */
export async function asked(file) {
  const log = JSON.parse(await readFile(file, "utf8"));
  const types = Object.fromEntries(Object.entries(log.constants.logEventTypes).map(([name, number]) => [number, name]));
  const found = { requests: new Map(), lookups: new Map(), connections: new Map() };
  const udp = new Map();
  const add = (kind, what) => { if (what) found[kind].set(what, (found[kind].get(what) ?? 0) + 1); };
  for (const event of log.events) {
    const p = event.params ?? {};
    switch (types[event.type]) {
      case "URL_REQUEST_START_JOB": if (event.phase !== log.constants.logEventPhase.PHASE_END) add("requests", origin(p.url)); break;
      case "HOST_RESOLVER_MANAGER_REQUEST": case "HOST_RESOLVER_MANAGER_JOB": case "HOST_RESOLVER_DNS_TASK": add("lookups", p.host); break;
      case "TCP_CONNECT_ATTEMPT": add("connections", p.address); break;
      // A socket without a connection is often opened only to learn which way leads there: it counts once it sends.
      case "UDP_CONNECT": udp.set(event.source.id, p.address); break;
      case "UDP_BYTES_SENT": add("connections", p.address ?? udp.get(event.source.id) ?? "somewhere"); break;
      case "TCP_CONNECT": for (const address of p.address_list ?? []) add("connections", address); break;
      default: break;
    }
  }
  return found;
}

function origin(url) {
  try { const { protocol, host } = new URL(url); return `${protocol}//${host}`; } catch { return String(url); }
}

/** Returns whatever of it does not belong to one server, as sentences. */
export function elsewhere(found, served) {
  const { origin: own, host, hostname } = new URL(served);
  const wrong = [];
  // What a page makes itself (`data:`, `blob:`) and the browser's own pages need no network.
  for (const [what, n] of found.requests) if (![own, `http://${NOWHERE}`].includes(what) && !/^(data|blob|about|chrome):/.test(what)) wrong.push(`asked ${what}, ${n} times`);
  for (const [what, n] of found.lookups) if (![own, host, hostname, `http://${NOWHERE}`].includes(what.replace(/\/$/, ""))) wrong.push(`looked up ${what}, ${n} times`);
  for (const [what, n] of found.connections) if (![host, NOWHERE].includes(what)) wrong.push(`connected to ${what}, ${n} times`);
  return wrong;
}
