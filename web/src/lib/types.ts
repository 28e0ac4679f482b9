// What the server answers. Every key may be missing: the page shows what is there and says what is not.

export interface Row {
  id: string;
  family: string;
  format: string;
  service: string;
  account?: string | null;
  tier: string;
  time: string | null;
  time_text?: string | null;
  zone_basis?: string | null;
  title?: string | null;
  snippet?: string | null;
  from?: string[];
  to?: string[];
  attachments?: number;
  conversation?: string | null;
  lat?: number | null;
  lon?: number | null;
}
export interface Moment { role: string; time: string | null; text: string; basis: string; precision?: string }
export interface Identifier { kind: string; value: string; id?: string | null; service?: string | null }
/** What somebody said of who is one person. */
export interface ByPeople { n: number; what: "joined" | "split"; parties: string[]; others: string[]; reason: string; person: string; time: string }
export interface Party { role: string; name?: string | null; identifiers?: Identifier[]; person?: string | null }
export interface Attachment { n: number; kind?: string; name?: string | null; mime?: string | null; size?: number | null; present?: boolean; sha256?: string | null; record?: string | null }
/** Where a part was before the case was made out of others. */
export interface Origin { case: string; source: string; number: number }
export interface Ref { entry: number | string; path: string[]; part?: { source: string; number: number; authority?: string | null; origin?: Origin | null } | null; sha256?: string | null; size?: number | null; mime?: string | null; status?: string; locator: { kind: string; text: string; start: number; length: number } }
export interface Mark { n: number; record: string; kind: "tag" | "fact" | "assessment" | "bookmark"; text: string; time: string; person?: string; title?: string | null; undone?: boolean }
export interface FullRecord extends Omit<Row, "attachments" | "snippet"> {
  provider?: string;
  parser?: string;
  text?: string | null;
  moments?: Moment[];
  parties?: Party[];
  place?: { lat?: number | null; lon?: number | null; accuracy?: number | null; altitude?: number | null; address?: string | null } | null;
  attachments?: Attachment[];
  fields?: Record<string, unknown>;
  text_cut?: boolean;
  fields_cut?: boolean;
  source?: string;
  refs?: Ref[];
  marks?: Mark[];
}
export interface Bytes { entry: number | string; path: string[]; mime?: string; size?: number; start: number; length: number; window_start: number; window_base64: string; text?: string | null; node?: string | null }
export interface List { count: number; rank: number; rows: Row[] }
export interface FacetValue { value: string; label?: string; count: number }
/** How people come in: by a password, or over the issuer that says who they are. */
export interface Ways { passwords: boolean; issuer: string | null; authorities?: { id: string; statement: string }[] }
export interface Entered { entered: boolean; code_wanted: boolean; authority_wanted?: boolean }
export interface Session {
  case: { title: string; kind: string; fingerprint: string; notice?: string | null };
  person?: { name: string; role: string } | null;
  csrf: string;
  readonly?: boolean;
  version?: string;
  may?: string[];
  analyses?: string[];
  authority?: string | null;
  statement?: string | null;
  enquiries?: string[];
  enquiry?: string | null;
}
export interface CaseInfo {
  sources?: { id: string; title: string; added?: string; entries?: number; parts?: { number: number; path: string; size: number; sha256: string; origin?: Origin | null }[] }[];
  made_of?: { case: string; fingerprint: string; checkpoint: string; authorities: string[]; parts: number }[];
  formats?: { format: string; provider?: string; title?: string; service?: string; tier: string; records: number; first: string | null; last: string | null }[];
  entries?: Record<string, number>;
  warnings?: { total: number; by_code?: { code: string; provider?: string; count: number }[] };
  drift?: { format: string; key: string; count: number }[];
  authority?: { kind: string; title?: string; limits?: string[]; due?: string[] };
  outcomes?: { outcome: string; service?: string | null; family?: string | null; unit: string; count: number; reason?: string | null }[];
  third_parties?: number | null;
  verification?: { checkpoint?: string; size?: number; time?: string | null; anchored?: boolean };
  runs?: { run: string | number; started?: string | null; finished?: string | null; tool?: string; records?: number }[];
  not_covered?: { provider: string; text: string }[];
}
/** An export of this visit. */
export interface Export { n: number; q: string; tag: string | null; recipient: string; purpose: string; state: "running" | "done" | "failed"; records: number; done: number; bytes: number | null; sha256: string | null; error: string | null }
/** What an act of discarding destroyed. */
export interface Certified { number: number; decided: string; destroyed: string; person: string; role: string; authorities: string[]; reason: string; withheld: boolean; method: string[]; outcomes: { service: string; family: string; reason: string; unit: string; count: number }[] }
export interface Saved { n: number; name: string; url: string; time?: string; person?: string; undone?: boolean }
export interface ConversationHead { service: string; conversation: string; title?: string | null; parties?: string[]; count: number; first?: string | null; last?: string | null; family?: string }
export interface Said extends Omit<Row, "attachments"> {
  text?: string | null;
  own?: boolean;
  deleted?: boolean;
  edited?: { time?: string; text?: string }[] | string | null;
  reactions?: { emoji: string; by?: string; time?: string }[];
  attachments?: Attachment[];
  text_cut?: boolean;
  /** What else the export says about the message, as written. */
  more?: Record<string, unknown>;
}
export interface Cell { lat: number; lon: number; count: number; first?: string | null; last?: string | null; id?: string; accuracy?: number | null }
export interface MediaRow extends Row { media: { n: number; kind?: string; present?: boolean; mime?: string; name?: string | null; size?: number | null; width?: number | null; height?: number | null } }
/** Pictures that look alike: `apart` of 64 places differ. */
export interface Alike { looked: number; of: number; all: number; rows: { apart: number; shown: MediaRow }[] }
export interface Person { id: string; name?: string | null; identifiers?: Identifier[]; records: number; services?: string[]; first?: string | null; last?: string | null; why?: string[]; by_hand?: ByPeople[]; query?: string; own?: boolean }
export interface Graph { count: number; nodes: { id: string; name?: string; count: number; own?: boolean; query?: string }[]; edges: { from: string; to: string; count: number; services?: string[] }[] }
export interface LogEvent { n: number; time: string; kind: string; action?: string; person?: string; role?: string; place?: string; tool?: string; summary?: string; digest?: string; erased?: boolean }
