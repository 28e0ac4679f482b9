// Bytes as people read them: hexadecimal rows and printable text.

export function decode(base64: string): Uint8Array {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

export interface HexRow { offset: number; cells: { text: string; in: boolean }[]; chars: { text: string; in: boolean }[] }

/** Joins neighbours that are both inside or both outside the marked range, so that a row is a few pieces and not sixteen. */
function pieces(items: { text: string; in: boolean }[], glue: string): { text: string; in: boolean }[] {
  const out: { text: string; in: boolean }[] = [];
  for (const item of items) {
    const last = out.at(-1);
    if (last && last.in === item.in) last.text += glue + item.text;
    else out.push({ text: item.text, in: item.in });
  }
  return out;
}

/** Lays bytes out in rows of so many, aligned to the offset in the entry. */
export function hexRows(bytes: Uint8Array, at: number, start: number, end: number, width: number): HexRow[] {
  const rows: HexRow[] = [];
  const lead = at % width;
  for (let row = -lead; row < bytes.length; row += width) {
    const cells: { text: string; in: boolean }[] = [];
    const chars: { text: string; in: boolean }[] = [];
    for (let i = row; i < row + width; i++) {
      if (i >= bytes.length) break;
      const here = i >= 0 && at + i >= start && at + i < end;
      const byte = bytes[i];
      cells.push({ text: byte === undefined ? "  " : byte.toString(16).padStart(2, "0"), in: here });
      chars.push({ text: byte === undefined ? " " : byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".", in: here });
    }
    rows.push({ offset: at + row, cells: pieces(cells, " "), chars: pieces(chars, "") });
  }
  return rows;
}

const readable = (text: string): string => text.replace(/\r\n/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "·");

/** Decodes a window of bytes as UTF-8 in three pieces: before, inside and after a range of the entry. */
export function textPieces(bytes: Uint8Array, at: number, start: number, end: number): [string, string, string] {
  const cut = (from: number, to: number) => readable(new TextDecoder().decode(bytes.subarray(Math.max(0, Math.min(bytes.length, from - at)), Math.max(0, Math.min(bytes.length, to - at)))));
  return [cut(at, start), cut(start, end), cut(Math.max(end, at), at + bytes.length)];
}
