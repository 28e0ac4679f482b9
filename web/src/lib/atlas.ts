// The base map: Natural Earth's borders at 1:110 million where the whole Earth is seen and at 1:50 million nearer by, and
// names of cities, drawn here; there are no tiles and no streets. What is drawn is projected once: a view of it is a shift
// and a scale.

import { geoArea, geoCentroid, geoMercator, type GeoProjection } from "d3-geo";
import type { Feature, FeatureCollection, Geometry, MultiPolygon, Polygon, Position } from "geojson";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import coarse from "world-atlas/countries-110m.json?url";
import fine from "world-atlas/countries-50m.json?url";
import type { Cities } from "./cities";
import { across, down, SIDE } from "./project";

export interface View { lat: number; lon: number; zoom: number }
interface Named { name: string; at: [number, number]; area: number }
/** Something to be drawn, with the sides of what it lies in. */
interface Piece { fill: Path2D; line: Path2D; west: number; north: number; east: number; south: number }
interface Level { land: Piece[]; borders: Piece[] }
export interface Atlas { coarse: Level; fine: Level; names: Named[] }
export interface Paint { water: string; land: string; line: string; grid: string; text: string; ink: string }

export const EARTH = 40_075_016.7;
export const LOWEST = 0.5;
export const HIGHEST = 18;
/** Where the finer borders begin. */
const FINE = 2.75;
/** Names that are written on one view. */
const MOST_NAMES = 80;

type Borders = Topology<{ countries: GeometryCollection<{ name?: string }>; land: GeometryCollection }>;

/** Where a country's name goes: the middle of its largest piece. */
function named(one: Feature<Geometry, { name?: string }>): Named | null {
  const pieces: Polygon[] = one.geometry.type === "MultiPolygon"
    ? (one.geometry as MultiPolygon).coordinates.map((coordinates) => ({ type: "Polygon", coordinates }))
    : one.geometry.type === "Polygon" ? [one.geometry] : [];
  let best: Polygon | undefined;
  let area = 0;
  for (const piece of pieces) { const here = geoArea(piece); if (here > area) [best, area] = [piece, here]; }
  return best && one.properties?.name ? { name: one.properties.name, at: geoCentroid(best), area } : null;
}

/** Projects lines that belong together: rings, whose inside is filled, or borders. */
function piece(lines: Position[][], rings: boolean): Piece {
  const line = new Path2D();
  // A ring around a pole ends a whole turn from where it began: what is filled goes along the edge of the map.
  let fill = line;
  let pens = [line];
  const [xs, ys]: [number[], number[]] = [[], []];
  for (const points of lines) {
    // A step over the date line goes on beyond the edge; the copy of the Earth beside it has the rest.
    let turn = 0;
    let before = points[0]?.[0] ?? 0;
    const from = xs.length;
    for (const [lon = 0, lat = 0] of points) {
      if (lon - before > 180) turn -= 360; else if (lon - before < -180) turn += 360;
      before = lon;
      xs.push(across(lon + turn));
      ys.push(down(lat));
      for (const pen of pens) if (xs.length === from + 1) pen.moveTo(xs[from]!, ys[from]!); else pen.lineTo(xs.at(-1)!, ys.at(-1)!);
    }
    if (!rings) continue;
    if (turn === 0) { for (const pen of pens) pen.closePath(); continue; }
    const pole = ys[from]! > SIDE / 2 ? SIDE : 0;
    if (fill === line) pens = [line, (fill = new Path2D(line))];
    fill.lineTo(xs.at(-1)!, pole);
    fill.lineTo(xs[from]!, pole);
    fill.closePath();
    ys.push(pole);
    xs.push(xs[from]!);
  }
  const least = (all: number[]): number => all.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (all: number[]): number => all.reduce((a, b) => Math.max(a, b), -Infinity);
  return { fill, line, west: least(xs), east: most(xs), north: least(ys), south: most(ys) };
}

function level(world: Borders): Level {
  const land = feature(world, world.objects.land) as unknown as FeatureCollection<Geometry>;
  const polygons = land.features.flatMap(({ geometry: g }) => (g.type === "MultiPolygon" ? g.coordinates : g.type === "Polygon" ? [g.coordinates] : []));
  return { land: polygons.map((rings) => piece(rings, true)), borders: mesh(world, world.objects.countries, (a, b) => a !== b).coordinates.map((line) => piece([line], false)) };
}

let loaded: Promise<Atlas> | undefined;
export function atlas(): Promise<Atlas> {
  return (loaded ??= (async () => {
    const [far, near] = await Promise.all([coarse, fine].map(async (url) => (await (await fetch(url)).json()) as Borders));
    const all = feature(near!, near!.objects.countries) as FeatureCollection<Geometry, { name?: string }>;
    return { coarse: level(far!), fine: level(near!), names: all.features.map(named).filter((n) => n !== null) };
  })());
}

/** Returns a projection that turns with the longitude, so that the date line is no edge. */
export function project(view: View, width: number, height: number): GeoProjection {
  return geoMercator().rotate([-view.lon, 0]).center([0, view.lat]).scale((256 * 2 ** view.zoom) / (2 * Math.PI)).translate([width / 2, height / 2]).precision(0.3);
}
export function metresPerPixel(view: View, lat: number = view.lat): number {
  return (EARTH * Math.cos((lat * Math.PI) / 180)) / (256 * 2 ** view.zoom);
}
/** Returns the sides of what is seen, in degrees; the whole Earth where it is all seen. */
export function sides(view: View, width: number, height: number): { west: number; south: number; east: number; north: number } {
  const turn = (lon: number) => ((((lon + 180) % 360) + 360) % 360) - 180;
  const span = (width / (256 * 2 ** view.zoom)) * 360;
  const projection = project(view, width, height);
  const north = projection.invert?.([width / 2, 0])?.[1] ?? 85;
  const south = projection.invert?.([width / 2, height])?.[1] ?? -85;
  const [w, e] = span >= 359.9 ? [-180, 180] : [turn(view.lon - span / 2), turn(view.lon + span / 2)];
  return { west: w, south: Math.max(-90, south), east: e, north: Math.min(90, north) };
}
export function clamp(view: View): View {
  return { lat: Math.min(84, Math.max(-84, view.lat)), lon: ((((view.lon + 180) % 360) + 360) % 360) - 180, zoom: Math.min(HIGHEST, Math.max(LOWEST, view.zoom)) };
}
/** Moves a view by pixels. */
export function moved(view: View, dx: number, dy: number, width: number, height: number): View {
  const there = project(view, width, height).invert?.([width / 2 - dx, height / 2 - dy]);
  return there ? clamp({ ...view, lon: view.lon - (dx / (256 * 2 ** view.zoom)) * 360, lat: there[1] }) : view;
}

/** What is written must leave room for. */
export interface Circle { at: [number, number]; r: number }

/** Draws the map; names of cities only where they are given, around the circles that are drawn over it. */
export function draw(canvas: HTMLCanvasElement, world: Atlas, towns: { all: Cities; circles: Circle[] } | undefined, view: View, width: number, height: number, paint: Paint): void {
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = paint.water;
  context.fillRect(0, 0, width, height);
  const projection = project(view, width, height);
  const size = 256 * 2 ** view.zoom;
  const scale = size / SIDE;
  const [x, y] = [across(view.lon), down(view.lat)];
  // What is seen, in units of the square; the Earth beside itself as often as it is seen.
  const [left, right, top, bottom] = [x - width / 2 / scale, x + width / 2 / scale, y - height / 2 / scale, y + height / 2 / scale];
  const { land, borders } = view.zoom < FINE ? world.coarse : world.fine;
  for (let copy = Math.floor(left / SIDE) - 1; copy <= Math.floor(right / SIDE) + 1; copy += 1) {
    const from = copy * SIDE;
    const seen = (p: Piece): boolean => p.east + from >= left && p.west + from <= right && p.south >= top && p.north <= bottom;
    context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * (width / 2 + (from - x) * scale), ratio * (height / 2 - y * scale));
    context.beginPath();
    for (let lon = -180; lon < 180; lon += 10) { context.moveTo(across(lon), Math.max(0, top)); context.lineTo(across(lon), Math.min(SIDE, bottom)); }
    for (let lat = -80; lat <= 80; lat += 10) { context.moveTo(0, down(lat)); context.lineTo(SIDE, down(lat)); }
    context.lineWidth = 0.5 / scale; context.strokeStyle = paint.grid; context.stroke();
    context.fillStyle = paint.land; context.strokeStyle = paint.line; context.lineWidth = 0.8 / scale;
    for (const p of land) if (seen(p)) { context.fill(p.fill, "evenodd"); context.stroke(p.line); }
    context.lineWidth = 0.6 / scale;
    // Near by, a border is a line of millions of pixels: it is not dashed.
    if (view.zoom < 9) context.setLineDash([3 / scale, 2 / scale]);
    for (const p of borders) if (seen(p)) context.stroke(p.line);
    context.setLineDash([]);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const room = new Room(width, height);
  for (const { at: [x, y], r } of towns?.circles ?? []) room.take(x - r, y - r, 2 * r, 2 * r);
  context.fillStyle = paint.text;
  context.textAlign = "center";
  context.font = "11px system-ui, sans-serif";
  for (const { name, at, area } of world.names) {
    if ((Math.sqrt(area) * size) / (2 * Math.PI) < 34 + name.length * 3.2) continue;
    const place = projection(at);
    if (!place || place[0] <= 0 || place[0] >= width || place[1] <= 0 || place[1] >= height) continue;
    room.take(place[0] - name.length * 3.2, place[1] - 10, name.length * 6.4, 13);
    context.fillText(name, place[0], place[1]);
  }
  if (towns) writeCities(context, towns.all, towns.circles, view, room, { left, right, top, bottom, scale }, paint);
}

/** What is taken of the map already, so that no name is written over another or under a circle. */
class Room {
  private static readonly GRAIN = 6;
  private readonly across: number;
  private readonly down: number;
  private readonly taken: Uint8Array;
  constructor(width: number, height: number) {
    this.across = Math.ceil(width / Room.GRAIN);
    this.down = Math.ceil(height / Room.GRAIN);
    this.taken = new Uint8Array(this.across * this.down);
  }
  private each(x: number, y: number, wide: number, tall: number, act: (at: number) => void): void {
    const low = (n: number): number => Math.max(0, Math.floor(n / Room.GRAIN));
    for (let row = low(y); row < Math.min(this.down, (y + tall) / Room.GRAIN); row++) for (let at = low(x); at < Math.min(this.across, (x + wide) / Room.GRAIN); at++) act(row * this.across + at);
  }
  take(x: number, y: number, wide: number, tall: number): void {
    this.each(x, y, wide, tall, (at) => (this.taken[at] = 1));
  }
  /** Whether nothing lies in a box, which is all on the map. */
  free(x: number, y: number, wide: number, tall: number): boolean {
    let free = x >= 0 && y >= 0 && x + wide <= this.across * Room.GRAIN && y + tall <= this.down * Room.GRAIN;
    if (free) this.each(x, y, wide, tall, (at) => (free &&= this.taken[at] === 0));
    return free;
  }
}

/** Writes the names of cities, the largest first, as far as there is room for them: more of them the nearer one looks. */
function writeCities(context: CanvasRenderingContext2D, towns: Cities, circles: Circle[], view: View, room: Room, seen: { left: number; right: number; top: number; bottom: number; scale: number }, paint: Paint): void {
  // Four times as many people for about each two steps away: a view has about as many names at any zoom.
  const least = 5000 * 4 ** (-(view.zoom - 2.4) / 1.7);
  context.textAlign = "left";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = paint.land;
  let names = 0;
  for (let k = 0; k < towns.names.length && towns.people[k]! >= least && names < MOST_NAMES; k++) {
    const y = towns.y[k]!;
    if (y < seen.top || y > seen.bottom) continue;
    // The copy of the Earth that is in sight.
    const x = towns.x[k]! + Math.ceil((seen.left - towns.x[k]!) / SIDE) * SIDE;
    if (x > seen.right) continue;
    const large = towns.people[k]! >= 1000;
    const name = towns.names[k]!;
    const [px, py] = [(x - seen.left) * seen.scale, (y - seen.top) * seen.scale];
    // A city under a circle is named beside the circle.
    const over = circles.find(({ at, r }) => Math.hypot(at[0] - px, at[1] - py) < r);
    const [cx, cy, r] = over ? [over.at[0], over.at[1], over.r + 1] : [px, py, 2];
    context.font = `${large ? "600 11.5px" : "10.5px"} system-ui, sans-serif`;
    const wide = context.measureText(name).width;
    const places = [[cx + r + 3, cy - 8], [cx - r - 3 - wide, cy - 8], [cx - wide / 2, cy - r - 15], [cx - wide / 2, cy + r + 1]] as const;
    const place = places.find(([a, b]) => room.free(a, b, wide, 14));
    if (!place) continue;
    room.take(place[0], place[1], wide, 14);
    names += 1;
    context.fillStyle = paint.text;
    if (!over) {
      room.take(px - 2, py - 2, 4, 4);
      context.beginPath();
      context.arc(px, py, large ? 2.2 : 1.6, 0, 2 * Math.PI);
      context.fill();
    }
    context.strokeText(name, place[0], place[1] + 12);
    context.fillStyle = large ? paint.ink : paint.text;
    context.fillText(name, place[0], place[1] + 12);
  }
}

/** Returns a round length and its width in pixels, for a scale bar of about a hundred pixels. */
export function scaleBar(view: View): { metres: number; pixels: number } {
  const per = metresPerPixel(view);
  const power = 10 ** Math.floor(Math.log10(per * 110));
  const metres = [5, 2, 1].map((n) => n * power).find((m) => m / per <= 120) ?? power;
  return { metres, pixels: metres / per };
}
