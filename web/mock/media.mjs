// Pictures and sounds made from numbers, so that no file has to be kept.
import { deflateSync } from "node:zlib";

const crcTable = Array.from({ length: 256 }, (_, n) => { let c = n; for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c >>> 0; });
const crc = (b) => { let c = 0xffffffff; for (const x of b) c = crcTable[(c ^ x) & 255] ^ (c >>> 8); return (c ^ 0xffffffff) >>> 0; };
function chunk(type, data) {
  const head = Buffer.alloc(8); head.writeUInt32BE(data.length); head.write(type, 4, "latin1");
  const tail = Buffer.alloc(4); tail.writeUInt32BE(crc(Buffer.concat([head.subarray(4), data])));
  return Buffer.concat([head, data, tail]);
}
/** A landscape of two hills under a sky, different for each seed. */
export function picture(seed, width = 480, height = 360) {
  const raw = Buffer.alloc((width * 3 + 1) * height);
  const h = (n) => ((Math.sin(seed * 12.9898 + n * 78.233) * 43758.5453) % 1 + 1) % 1;
  const sky = [120 + h(1) * 100, 150 + h(2) * 80, 190 + h(3) * 60], land = [40 + h(4) * 90, 70 + h(5) * 90, 40 + h(6) * 60];
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const at = y * (width * 3 + 1) + 1 + x * 3;
    const far = height * (0.55 + 0.12 * Math.sin(x / (60 + h(7) * 60) + h(8) * 6)), near = height * (0.72 + 0.1 * Math.sin(x / (40 + h(9) * 60) + h(10) * 6));
    const sun = Math.hypot(x - width * h(11), y - height * 0.25) < 26;
    for (let c = 0; c < 3; c++) raw[at + c] = Math.min(255, y > near ? land[c] * 0.7 : y > far ? land[c] * 1.1 : sun ? 245 : sky[c] + (y / height) * 50);
  }
  const ihdr = Buffer.alloc(13); ihdr.writeUInt32BE(width, 0); ihdr.writeUInt32BE(height, 4); ihdr.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", ihdr), chunk("IDAT", deflateSync(raw, { level: 6 })), chunk("IEND", Buffer.alloc(0))]);
}
/** Three seconds of something that rises and falls like speech. */
export function sound(seed) {
  const rate = 8000, n = rate * 3, out = Buffer.alloc(44 + n * 2);
  out.write("RIFF", 0); out.writeUInt32LE(36 + n * 2, 4); out.write("WAVEfmt ", 8); out.writeUInt32LE(16, 16); out.writeUInt16LE(1, 20); out.writeUInt16LE(1, 22); out.writeUInt32LE(rate, 24); out.writeUInt32LE(rate * 2, 28); out.writeUInt16LE(2, 32); out.writeUInt16LE(16, 34); out.write("data", 36); out.writeUInt32LE(n * 2, 40);
  for (let i = 0; i < n; i++) {
    const t = i / rate, loud = Math.abs(Math.sin(t * 5 + seed)) * Math.abs(Math.sin(t * 1.7 + seed * 2));
    out.writeInt16LE(Math.round(Math.sin(t * 2 * Math.PI * (180 + 60 * Math.sin(t * 3))) * loud * 15000), 44 + i * 2);
  }
  return out;
}
