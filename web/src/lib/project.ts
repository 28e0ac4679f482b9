// The square that the Earth is projected to, once, by Mercator: a view of the map is a shift and a scale of it.

/** Its side; at zoom 4 its units are pixels. */
export const SIDE = 4096;

export const across = (lon: number): number => ((lon + 180) / 360) * SIDE;
export function down(lat: number): number {
  const angle = (Math.min(85.0511, Math.max(-85.0511, lat)) * Math.PI) / 180;
  return SIDE * (0.5 - Math.log(Math.tan(Math.PI / 4 + angle / 2)) / (2 * Math.PI));
}
