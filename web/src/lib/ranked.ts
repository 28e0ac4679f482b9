// A list by rank that a question finds: one answer brings its count and the rows that are seen first.

import { address, get, type Asked } from "./api";

export interface Ranked<R> {
  /** What was asked: lists with another key have other rows. */
  readonly key: string;
  readonly count: number;
  /** The rank of the first of `rows`. */
  readonly rank: number;
  readonly rows: R[];
  /** Rows that are asked for at once. */
  readonly chunk: number;
  readonly load: (rank: number, limit: number, signal: AbortSignal) => Promise<R[]>;
}

const CHUNK = 60;

/** Asks for a list, with the rows around the rank `at`. */
export function ranked<R>(path: string, asked: Asked, at = 0): (signal: AbortSignal) => Promise<Ranked<R>> {
  return async (signal) => {
    const ask = (rank: number, limit: number, signal: AbortSignal): Promise<{ count: number; rows: R[] }> => get(path, { ...asked, rank, limit }, signal);
    const rank = Math.floor(Math.max(0, at) / CHUNK) * CHUNK;
    const { count, rows } = await ask(rank, CHUNK, signal);
    return { key: address(path, asked), count, rank, rows, chunk: CHUNK, load: async (...part) => (await ask(...part)).rows };
  };
}

/** The same list with several of its rows in a line. */
export function inLines<R>(list: Ranked<R>, across: number): Ranked<R[]> {
  const lines = (rows: R[]): R[][] => Array.from({ length: Math.ceil(rows.length / across) }, (_, k) => rows.slice(k * across, (k + 1) * across));
  // A line that is not whole is asked for again, with the rest of it.
  const skip = (across - (list.rank % across)) % across;
  const known = list.rows.slice(skip);
  const whole = list.rank + list.rows.length >= list.count ? known.length : Math.floor(known.length / across) * across;
  return {
    key: `${list.key} ${across}`, count: Math.ceil(list.count / across), rank: (list.rank + skip) / across, rows: lines(known.slice(0, whole)),
    chunk: Math.max(1, Math.floor(CHUNK / across)), load: async (line, limit, signal) => lines(await list.load(line * across, limit * across, signal)),
  };
}
