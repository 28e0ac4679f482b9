//! The filters that a program may call: jaq's own where they are harmless, and ours where those are not.

use super::budget::{self, Data, Values};
use super::rewrite;
use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, bome, run, unary, v};
use jaq_core::{Cv, Error, ValR, load};
use jaq_json::{Map, Num, Val};
use jaq_std::ValT as _;

/// What is written in jq itself; every name here may be called.
const PRELUDE: &str = r#"
def empty: {}[];
def true: 0 == 0;
def false: 0 != 0;
def null: [][0];
def not: if . then false else true end;
def error(message): (message | error_empty) as $x | .;
def select(f): if f then . else empty end;
def map(f): [.[] | f];
def tostring: "\(.)";
def values: select(. != null);
def strings: select(type == "string");
def numbers: select(type == "number");
def objects: select(type == "object");
def arrays: select(type == "array");
def scalars: select(type != "object" and type != "array");
def add: reduce .[] as $x (null; . + $x);
def add(f): reduce f as $x (null; . + $x);
def first: .[0];
def last: .[-1];
def isempty(f): first((f | false), true);
def any(f): isempty(.[] | f | select(.)) | not;
def any: any(.);
def all(f): isempty(.[] | f | select(not));
def all: all(.);
def IN(f): . as $x | isempty(f | select(. == $x)) | not;
def to_entries: [key_values[] | {key: .[0], value: .[1]}];
def with_entries(f): to_entries | map(f) | from_entries;
"#;

/// Filters of jaq that are taken as they are, with the number of their arguments.
const TAKEN: &[(&str, usize)] = &[
    ("error_empty", 0),
    ("first", 1),
    ("limit", 2),
    ("key_values", 0),
    ("keys_unsorted", 0),
    ("length", 0),
    ("has", 1),
    ("startswith", 1),
    ("endswith", 1),
    ("ltrimstr", 1),
    ("rtrimstr", 1),
    ("trim", 0),
    ("ascii_downcase", 0),
    ("ascii_upcase", 0),
    ("floor", 0),
    ("round", 0),
    ("tojson", 0),
];

/// Filters of our own.
const OWN: &[(&str, usize)] =
    &[("type", 0), ("tonumber", 0), ("contains", 1), ("split", 1), ("join", 1), ("from_entries", 0)];

/// Filters that only the definitions here may call.
const HIDDEN: &[&str] = &["error_empty", "key_values"];

/// Returns whether a program may call a filter; `ours` is one of the definitions here.
pub(super) fn allowed(name: &str, arguments: usize, ours: bool) -> bool {
    (ours || !HIDDEN.contains(&name)) && (is_native(name, arguments) || defined().any(|d| d == (name, arguments)))
}

/// Returns whether a filter is not written in jq.
pub(super) fn is_native(name: &str, arguments: usize) -> bool {
    TAKEN.iter().chain(OWN).any(|known| *known == (name, arguments))
}

/// Returns the names that a program may call, for messages.
pub(super) fn names() -> String {
    let natives = TAKEN.iter().chain(OWN).map(|(name, _)| *name).filter(|name| !HIDDEN.contains(name));
    let mut names: Vec<_> = natives.chain(defined().map(|(name, _)| name)).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

fn defined() -> impl Iterator<Item = (&'static str, usize)> {
    PRELUDE.lines().filter_map(|line| {
        let head = line.strip_prefix("def ")?.split(": ").next()?;
        match head.split_once('(') {
            Some((name, arguments)) => Some((name, arguments.split(';').count())),
            None => Some((head, 0)),
        }
    })
}

/// Returns the definitions, rewritten like a program.
pub(super) fn prelude() -> Vec<load::parse::Def<&'static str>> {
    let place = rewrite::Place { code: PRELUDE, line: 0 };
    let definitions = load::parse(PRELUDE, |parser| parser.defs()).unwrap_or_default();
    definitions
        .into_iter()
        .filter_map(|mut definition| {
            let arguments = definition.args.clone();
            definition.body = rewrite::definition(definition.body, &place, &arguments).ok()?;
            Some(definition)
        })
        .collect()
}

/// Returns the filters that are not written in jq.
pub(super) fn natives() -> impl Iterator<Item = Fun<Data>> {
    let theirs = jaq_core::funs::<Data>().chain(jaq_std::base_funs()).chain(jaq_json::funs());
    let theirs = theirs.filter(|(name, arguments, _)| TAKEN.contains(&(*name, arguments.len())));
    let ours: [jaq_core::native::Filter<jaq_core::RunPtr<Data>>; 12] = [
        ("__step", v(0), |cv| budget::step(cv)),
        ("__size", v(0), |cv| budget::size(cv)),
        ("__open", v(0), |cv| budget::open(cv)),
        ("__part", v(0), |cv| budget::part(cv)),
        ("__number", v(0), |cv| number(cv)),
        ("__key", v(0), |cv| key(cv)),
        ("type", v(0), |cv| box_once(Ok(Val::from(kind(&cv.1).to_owned())))),
        ("tonumber", v(0), |cv| bome(to_number(cv.1))),
        ("contains", v(1), |cv| unary(cv, contains)),
        ("split", v(1), |cv| unary(cv, split)),
        ("join", v(1), |cv| unary(cv, join)),
        ("from_entries", v(0), |cv| bome(from_entries(cv.1))),
    ];
    theirs.chain(ours.into_iter().map(|filter| run::<Data>(filter)))
}

/// `__number`: numbers only, and no text of digits without end.
fn number<'a>(cv: Cv<'a, Data>) -> Values<'a> {
    match cv.1 {
        Val::Num(_) => budget::size(cv),
        other => bome(Err(Error::typ(other, "number"))),
    }
}

/// `__key`: what can be the key or index of something: no lists, which would be searched for.
fn key<'a>(cv: Cv<'a, Data>) -> Values<'a> {
    match cv.1 {
        Val::Num(_) | Val::TStr(_) | Val::Null => budget::size(cv),
        other => bome(Err(Error::typ(other, "key"))),
    }
}

fn kind(value: &Val) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "boolean",
        Val::Num(_) => "number",
        Val::BStr(_) | Val::TStr(_) => "string",
        Val::Arr(_) => "array",
        Val::Obj(_) => "object",
    }
}

fn to_number(value: Val) -> ValR<Val> {
    // A text of a million digits would take a minute to read as one number.
    const LONGEST: usize = 40;
    let Val::TStr(text) = &value else {
        return if matches!(value, Val::Num(_)) { Ok(value) } else { Err(Error::typ(value, "number")) };
    };
    let text = std::str::from_utf8(text).ok().map(str::trim).filter(|t| t.len() <= LONGEST).unwrap_or_default();
    let whole = text.parse().ok().map(Num::Int);
    let float = || text.parse().ok().filter(|n: &f64| n.is_finite()).map(Num::Float);
    match whole.or_else(float) {
        Some(number) => Ok(Val::Num(number)),
        None => Err(Error::typ(value, "number")),
    }
}

fn contains(value: Val, part: Val) -> ValR<Val> {
    match (value.as_utf8_bytes(), part.as_utf8_bytes()) {
        (Some(text), Some(part)) => Ok(Val::from(memchr::memmem::find(text, part).is_some())),
        _ => Err(Error::str("contains looks for a text in a text")),
    }
}

fn split(value: Val, separator: Val) -> ValR<Val> {
    // Parts cost more than the bytes between them.
    const MOST: usize = 1 << 20;
    match (value.as_utf8_bytes(), separator.as_utf8_bytes()) {
        (Some(text), Some(separator)) if !separator.is_empty() => {
            let mut parts = Vec::new();
            let mut from = 0;
            for at in memchr::memmem::find_iter(text, separator) {
                parts.push(value.as_sub_str(text.get(from..at).unwrap_or_default()));
                from = at + separator.len();
                if parts.len() > MOST {
                    return Err(Error::str("the text has too many parts"));
                }
            }
            parts.push(value.as_sub_str(text.get(from..).unwrap_or_default()));
            Ok(parts.into_iter().collect())
        }
        _ => Err(Error::str("split takes a text and a text that separates")),
    }
}

fn join(value: Val, separator: Val) -> ValR<Val> {
    // The list was paid for, so the texts in it are bounded; the separators between them are not yet.
    const LONGEST: usize = 32 << 20;
    let (Val::Arr(parts), Some(separator)) = (&value, separator.as_utf8_bytes()) else {
        return Err(Error::str("join takes a list and a text"));
    };
    if parts.len().saturating_mul(separator.len()) > LONGEST {
        return Err(Error::str("the text would be too long"));
    }
    let mut out = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(separator);
        }
        match part {
            Val::Null => {}
            Val::TStr(text) => out.extend_from_slice(text),
            Val::Num(_) | Val::Bool(_) => out.extend_from_slice(part.to_string().as_bytes()),
            _ => return Err(Error::str("join takes texts, numbers and truth values")),
        }
    }
    Ok(Val::from_utf8_bytes(out))
}

fn from_entries(value: Val) -> ValR<Val> {
    let Val::Arr(entries) = &value else { return Err(Error::typ(value, "array")) };
    let mut map = Map::default();
    for entry in entries.iter() {
        let Val::Obj(entry) = entry else { return Err(Error::str("from_entries takes objects")) };
        let member = |name: &str| entry.get(&Val::from(name.to_owned())).cloned();
        match member("key") {
            Some(key @ Val::TStr(_)) => map.insert(key, member("value").unwrap_or_default()),
            Some(Val::Num(number)) => {
                map.insert(Val::from(Val::Num(number).to_string()), member("value").unwrap_or_default())
            }
            _ => return Err(Error::str("from_entries takes objects with a key")),
        };
    }
    Ok(Val::obj(map))
}
