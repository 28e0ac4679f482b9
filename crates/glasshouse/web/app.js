// Text from evidence enters the page as text only: nothing here writes markup.

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

async function get(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error ?? response.statusText);
  return body;
}

function fail(error) {
  $("count").replaceChildren(element("span", { className: "error", textContent: error.message }));
}

function local(time) {
  return time ? `${new Date(time).toLocaleString()} (${time.slice(0, 19).replace("T", " ")} UTC)` : "no time known";
}

async function overview() {
  const data = await get("/api/case");
  document.title = `${data.title} · Glasshouse`;
  $("basis").textContent = `${data.title}: authority ${data.kind}, no legal basis recorded. Key ${data.fingerprint.slice(0, 17)}…`;
  const rows = data.found.map((row) => element("tr", {},
    element("td", { className: "n", textContent: number.format(row.records) }),
    element("td", { textContent: row.format }), element("td", { textContent: row.tier }),
    element("td", { textContent: row.first == null ? "no times" : `${day(row.first)} to ${day(row.last)}` })));
  const entries = Object.entries(data.entries).map(([status, n]) => `${number.format(n)} entries ${status}`).join(", ");
  $("overview").replaceChildren(
    element("table", {}, element("thead", {}, element("tr", {},
      ...["records", "format", "tier", "from and to (UTC)"].map((text) => element("th", { scope: "col", textContent: text })))),
      element("tbody", {}, ...rows)),
    element("p", { textContent: `${entries}; ${number.format(data.warnings)} warnings.` }));
}

function draw(months) {
  const svg = $("histogram");
  const bars = Object.entries(months).map(([month, n]) => ({ month, n }));
  const most = Math.max(1, ...bars.map((bar) => bar.n));
  svg.setAttribute("viewBox", `0 0 ${Math.max(1, bars.length)} 100`);
  svg.replaceChildren(...bars.map((month, place) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const height = Math.max(1, 100 * Math.sqrt(month.n / most));
    for (const [name, value] of Object.entries({ x: place, y: 100 - height, width: 0.9, height })) bar.setAttribute(name, value);
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = `${month.month}: ${number.format(month.n)}`;
    bar.append(title);
    return bar;
  }));
}

const day = (micros) => new Date(micros / 1000).toISOString().slice(0, 10);

async function search(query) {
  get(`/api/histogram?q=${encodeURIComponent(query)}`).then(draw).catch(fail);
  const answer = await get(`/api/search?limit=100&q=${encodeURIComponent(query)}`);
  const shown = answer.rows.length < answer.count ? `, the newest ${answer.rows.length} shown` : "";
  $("count").textContent = `${number.format(answer.count)} records${shown}`;
  $("hits").replaceChildren(...answer.rows.map((hit) => element("li", {},
    element("button", { type: "button", onclick: (event) => open(hit.id, event.currentTarget) },
      element("small", { textContent: `${local(hit.time)} · ${hit.format}` }),
      element("span", { textContent: hit.title ?? hit.text ?? hit.address ?? (hit.lat == null ? hit.id : `${hit.lat}, ${hit.lon}`) })))));
}

async function open(id, from) {
  document.querySelectorAll("[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  from?.setAttribute("aria-current", "true");
  const record = await get(`/api/record/${encodeURIComponent(id)}`);
  const bytes = await (await fetch(`/api/bytes/${encodeURIComponent(id)}`)).text();
  const rows = Object.entries(record).filter(([name]) => name !== "text").map(([name, value]) => element("tr", {},
    element("th", { scope: "row", textContent: name }),
    element("td", { textContent: typeof value === "object" ? JSON.stringify(value, null, 1) : String(value) })));
  $("record").replaceChildren(
    element("h2", { textContent: record.title ?? record.format }),
    ...(record.text ? [element("pre", { textContent: record.text })] : []),
    element("table", {}, element("tbody", {}, ...rows)),
    element("h3", { textContent: "The bytes it was read from" }),
    element("p", {}, `${record.entry_path}, ${record.locator}, SHA-256 of the entry ${record.entry_sha256}`),
    element("pre", { textContent: bytes }));
  $("record").focus();
}

$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const query = $("query").value;
  history.pushState({}, "", `?q=${encodeURIComponent(query)}`);
  search(query).catch(fail);
});

function start() {
  $("query").value = new URLSearchParams(location.search).get("q") ?? "";
  search($("query").value).catch(fail);
}

window.addEventListener("popstate", start);
overview().catch(fail);
start();
