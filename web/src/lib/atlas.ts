// The base map: Natural Earth's borders at 1:50 million, drawn here; there are no tiles and no streets.

import { geoArea, geoCentroid, geoGraticule10, geoMercator, geoPath, type GeoProjection } from "d3-geo";
import type { Feature, FeatureCollection, Geometry, MultiPolygon, Polygon } from "geojson";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import countries from "world-atlas/countries-50m.json?url";

export interface View { lat: number; lon: number; zoom: number }
interface Named { name: string; at: [number, number]; area: number }
export interface Atlas { land: FeatureCollection<Geometry>; borders: Geometry; names: Named[] }
export interface Paint { water: string; land: string; line: string; grid: string; text: string }

export const EARTH = 40_075_016.7;
export const LOWEST = 0.5;
export const HIGHEST = 18;

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

let loaded: Promise<Atlas> | undefined;
export function atlas(): Promise<Atlas> {
  return (loaded ??= (async () => {
    const world = (await (await fetch(countries)).json()) as Borders;
    const all = feature(world, world.objects.countries) as FeatureCollection<Geometry, { name?: string }>;
    return {
      land: feature(world, world.objects.land) as unknown as FeatureCollection<Geometry>,
      borders: mesh(world, world.objects.countries, (a, b) => a !== b),
      names: all.features.map(named).filter((n) => n !== null),
    };
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

export function draw(canvas: HTMLCanvasElement, world: Atlas, view: View, width: number, height: number, paint: Paint): void {
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = paint.water;
  context.fillRect(0, 0, width, height);
  const projection = project(view, width, height).clipExtent([[-2, -2], [width + 2, height + 2]]);
  const path = geoPath(projection, context);
  context.beginPath(); path(geoGraticule10()); context.lineWidth = 0.5; context.strokeStyle = paint.grid; context.stroke();
  context.beginPath(); path(world.land); context.fillStyle = paint.land; context.fill(); context.lineWidth = 0.8; context.strokeStyle = paint.line; context.stroke();
  context.beginPath(); path(world.borders); context.lineWidth = 0.6; context.setLineDash([3, 2]); context.stroke(); context.setLineDash([]);
  context.fillStyle = paint.text;
  context.textAlign = "center";
  context.font = "11px system-ui, sans-serif";
  const scale = (256 * 2 ** view.zoom) / (2 * Math.PI);
  for (const { name, at, area } of world.names) {
    if (Math.sqrt(area) * scale < 34 + name.length * 3.2) continue;
    const place = projection(at);
    if (place && place[0] > 0 && place[0] < width && place[1] > 0 && place[1] < height) context.fillText(name, place[0], place[1]);
  }
}

/** Returns a round length and its width in pixels, for a scale bar of about a hundred pixels. */
export function scaleBar(view: View): { metres: number; pixels: number } {
  const per = metresPerPixel(view);
  const power = 10 ** Math.floor(Math.log10(per * 110));
  const metres = [5, 2, 1].map((n) => n * power).find((m) => m / per <= 120) ?? power;
  return { metres, pixels: metres / per };
}
export function distance(m: number): string {
  return new Intl.NumberFormat(undefined, { style: "unit", unit: m >= 1000 ? "kilometer" : "meter", maximumFractionDigits: m >= 10_000 ? 0 : m >= 1000 ? 1 : 0 }).format(m >= 1000 ? m / 1000 : m);
}
