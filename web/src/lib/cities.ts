// The gazetteer that is shipped: names of cities for the map, and the city that a point is near to.

import { across, down } from "./project";

export interface Cities {
  /** The largest first. */
  names: string[];
  /** Two letters each (ISO 3166). */
  countries: string[];
  /** Degrees. */
  lat: Float32Array;
  lon: Float32Array;
  /** Where each lies in the square that the Earth is projected to. */
  x: Float32Array;
  y: Float32Array;
  /** Thousands of people. */
  people: Float32Array;
}
export interface Near { name: string; country: string; metres: number }

let loaded: Promise<Cities> | undefined;
export function cities(): Promise<Cities> {
  return (loaded ??= import("virtual:cities").then(({ default: text }) => {
    const lines = text.split("\n");
    const some = (): Float32Array => new Float32Array(lines.length);
    const all: Cities = { names: [], countries: [], lat: some(), lon: some(), x: some(), y: some(), people: some() };
    for (const [k, line] of lines.entries()) {
      const [name = "", country = "", lat = "", lon = "", people = ""] = line.split("\t");
      all.names.push(name);
      all.countries.push(country);
      [all.lat[k], all.lon[k], all.people[k]] = [Number(lat) / 1000, Number(lon) / 1000, Number(people)];
      [all.x[k], all.y[k]] = [across(all.lon[k]!), down(all.lat[k]!)];
    }
    return all;
  }));
}

const RADIUS = 6_371_008.8;
/** The city whose middle is nearest to a point. */
export function nearest(all: Cities, lat: number, lon: number): Near | null {
  const turn = Math.PI / 180;
  const here = Math.cos(lat * turn);
  let best = -1;
  let least = Infinity;
  for (let k = 0; k < all.names.length; k++) {
    const [a, b] = [Math.sin(((all.lat[k]! - lat) * turn) / 2), Math.sin(((all.lon[k]! - lon) * turn) / 2)];
    // The haversine grows with the distance: the nearest has the least.
    const h = a * a + here * Math.cos(all.lat[k]! * turn) * b * b;
    if (h < least) [least, best] = [h, k];
  }
  return best < 0 ? null : { name: all.names[best]!, country: all.countries[best]!, metres: 2 * RADIUS * Math.asin(Math.min(1, Math.sqrt(least))) };
}

let regions: Intl.DisplayNames | undefined;
/** A country's name in the reader's language. */
export function countryName(code: string): string {
  try { return (regions ??= new Intl.DisplayNames(undefined, { type: "region" })).of(code) ?? code; } catch { return code; }
}
