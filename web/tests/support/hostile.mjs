// Exports as somebody would write them who wants the page to do harm: real formats, and in every field what could break out of its place.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export const SCRIPT = "<script>globalThis.__pwned=1</script><img src=x onerror=globalThis.__pwned=2><svg onload=globalThis.__pwned=3>";
const REMOTE = '<img src="http://evil.invalid/pixel.png"><link rel=stylesheet href=//evil.invalid/a.css>';
const BREAK = `"'></bdi></div>{{7*7}}\${7*7}<!--`;
/** Overrides and isolates of direction, which can make a name read backwards. */
export const TURNED = "invoice_\u202Efdp.exe\u2066\u2069\u200F";
const HUGE = "Ångström-𝕳𝖚𝖌𝖊 ".repeat(20_000);
const EMOJI = "👩‍👩‍👧‍👦🏳️‍🌈🇺🇳é̸̢̛̲͈".repeat(30);
const ZALGO = `Z${"\u0301\u0327".repeat(2_000)}`;
const ARABIC = "مرحبا، هل نلتقي غداً؟ עברית ";
const NUL = "zero\u0000byte\u0007bell\u001b[31mred\u001b]0;title\u0007";
/** The texts that every format below carries in each of its fields. */
export const TEXTS = [SCRIPT, REMOTE + BREAK, TURNED, HUGE, EMOJI, ZALGO, ARABIC.repeat(50), NUL, "=cmd|' /C calc'!A0", "javascript:globalThis.__pwned=4", "A".repeat(70_000)];
/** Bytes of the longest message's text. */
export const LONGEST = 10 << 20;

const line = (text) => text.replace(/[\r\n]/g, " ");
const encoded = (text) => `=?utf-8?b?${Buffer.from(text.slice(0, 20_000)).toString("base64")}?=`;
const day = (k) => new Date(Date.UTC(2024, 0, 1 + (k % 28), 12, k % 60));
const two = (n) => String(n).padStart(2, "0");

function mbox() {
  const mails = TEXTS.flatMap((text, k) => {
    const html = `<html><head><meta http-equiv=refresh content="0;url=http://evil.invalid/"><base href="http://evil.invalid/"><style>@import url(http://evil.invalid/x.css);body{background:url(http://evil.invalid/b)}</style></head><body onload="parent.__pwned=5">${text.slice(0, 2_000)}${SCRIPT}${REMOTE}<iframe src="http://evil.invalid/"></iframe><form action="http://evil.invalid/"><input name=a autofocus onfocus=globalThis.__pwned=6></form><a href="javascript:parent.__pwned=7" target=_top>go</a><svg><animate onbegin=globalThis.__pwned=8 attributeName=x></svg><math><mtext></mtext></math><object data="http://evil.invalid/"></object><p>plain words of the mail</p></body></html>`;
    const head = [
      `From ${k}@evil.invalid ${day(k).toUTCString()}`, `Date: ${day(k).toUTCString()}`, `Message-ID: <${k}@evil.invalid>`,
      `From: ${encoded(text)} <"><script>globalThis.__pwned=9</script>"@evil.invalid>`, `To: ${encoded(TURNED)} <me@example.com>, ${encoded(text)} <k${k}@example.org>`,
      `Subject: ${encoded(text)}`, `X-Evil-${k}: ${line(text).slice(0, 500).replaceAll("\u0000", "")}`, `X-Gmail-Labels: ${encoded(text.slice(0, 200))}`,
    ];
    const part = (type, more, body) => `--b\r\nContent-Type: ${type}\r\n${more}Content-Transfer-Encoding: base64\r\n\r\n${Buffer.from(body).toString("base64").replace(/.{76}/g, "$&\r\n")}\r\n`;
    return [[...head, "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", ""].join("\r\n"),
      part("text/plain; charset=utf-8", "", text), part("text/html; charset=utf-8", "", html),
      part("image/jpeg", `Content-Disposition: attachment; filename*=utf-8''${encodeURIComponent(`${TURNED}<img src=x onerror=globalThis.__pwned=10>.jpg`)}\r\n`, `<svg xmlns="http://www.w3.org/2000/svg" onload="globalThis.__pwned=11"><script>globalThis.__pwned=12</script></svg>`),
      part("text/html", "Content-Disposition: attachment; filename=\"../../page.html\"\r\n", html), "--b--\r\n\r\n"].join("\r\n");
  });
  mails.push(`From long@evil.invalid ${day(9).toUTCString()}\r\nDate: ${day(9).toUTCString()}\r\nMessage-ID: <long@evil.invalid>\r\nFrom: long@evil.invalid\r\nSubject: ten megabytes\r\nContent-Type: text/plain\r\n\r\n${"a word of the longest mail\r\n".repeat(LONGEST / 28)}\r\n\r\n`);
  return mails.join("");
}

const folded = (text) => text.replaceAll("\u0000", "").replace(/\r?\n/g, "\\n").replace(/[,;]/g, "\\$&");
const vcf = () => TEXTS.map((text, k) => `BEGIN:VCARD\r\nVERSION:4.0\r\nUID:${k}\r\nFN:${folded(text)}\r\nN:${folded(text)};${folded(TURNED)};;;\r\nORG:${folded(text)}\r\nNOTE:${folded(text)}\r\nEMAIL:k${k}@example.org\r\nTEL:+1 202 555 01${two(k)}\r\nURL:javascript:globalThis.__pwned=13\r\nPHOTO:http://evil.invalid/p.png\r\nEND:VCARD\r\n`).join("");
const ics = () => `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//evil//EN\r\n${TEXTS.map((text, k) => `BEGIN:VEVENT\r\nUID:${k}@evil.invalid\r\nDTSTAMP:20240101T000000Z\r\nDTSTART:202401${two(1 + k)}T100000Z\r\nSUMMARY:${folded(text)}\r\nLOCATION:${folded(text)}\r\nDESCRIPTION:${folded(text)}\r\nORGANIZER;CN="${text.replace(/[\u0000-\u001f";:,]/g, "").slice(0, 60_000)}":mailto:k${k}@example.org\r\nATTACH:http://evil.invalid/a\r\nURL:javascript:globalThis.__pwned=14\r\nEND:VEVENT\r\n`).join("")}END:VCALENDAR\r\n`;
const whatsapp = () => TEXTS.map((text, k) => `0${1 + (k % 9)}/02/2024, 10:${two(k)} - ${line(text).replaceAll(":", "").slice(0, 5_000)}: ${text}\n`).join("") + `11/02/2024, 10:00 - Ben: ${"long chat ".repeat(LONGEST / 10)}\n`;
/** Facebook writes each byte of UTF-8 as a character of its own. */
const meta = (text) => Buffer.from(text).toString("latin1");
const facebook = (k) => JSON.stringify({
  participants: [...TEXTS.slice(0, 3), "Nora Field"].map((name) => ({ name: meta(name) })),
  messages: TEXTS.map((text, j) => ({ sender_name: meta(text), timestamp_ms: day(j).getTime() + k, content: meta(text), share: { link: "javascript:globalThis.__pwned=15", share_text: meta(text) }, reactions: [{ reaction: meta(text.slice(0, 400)), actor: meta(text) }], photos: [{ uri: `your_facebook_activity/messages/inbox/x_${k}/photos/${meta(TURNED)}.jpg`, creation_timestamp: 1571495759 }], is_geoblocked_for_viewer: false })),
  title: meta(TEXTS[k]), is_still_participant: true, thread_path: `inbox/x_${k}`, magic_words: [],
});
const gpx = () => `<?xml version="1.0"?><gpx version="1.1" creator="&lt;script&gt;globalThis.__pwned=16&lt;/script&gt;" xmlns="http://www.topografix.com/GPX/1/1">${TEXTS.map((text, k) => `<wpt lat="${k}" lon="${k}"><time>2024-01-0${1 + (k % 9)}T00:00:00Z</time><name><![CDATA[${text.replace(/[\u0000-\u0008\u000b-\u001f]/g, "").replaceAll("]]>", "")}]]></name></wpt>`).join("")}<wpt lat="90" lon="180"/><wpt lat="-90" lon="-180"/></gpx>`;

/** Writes the exports into a folder and returns what to open. */
export async function hostile(folder) {
  const files = {
    "mail/All mail.mbox": mbox(),
    "contacts.vcf": vcf(),
    "calendar.ics": ics(),
    [`WhatsApp Chat with ${TURNED.slice(0, 12)}<b>.txt`]: whatsapp(),
    "track.gpx": gpx(),
    "<script>globalThis.__pwned=17<\u2215script>.bin": "nobody reads this",
    "line\nbreak \u202Egpj.exe": "nor this",
  };
  for (const k of [0, 1, 2, 3]) files[`your_facebook_activity/messages/inbox/x_${k}/message_1.json`] = facebook(k);
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
  }
  return [folder];
}
