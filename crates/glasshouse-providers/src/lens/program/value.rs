//! JSON text to jaq's values and back.

use crate::formats::json::{Object, as_text};
use jaq_json::{Map, Num, Rc, Val};
use serde_json::value::RawValue;
use std::fmt::Write;

/// Values in values that an input may hold.
const DEEPEST: u32 = 100;
/// A number with more digits is handed over as text.
const LONGEST_NUMBER: usize = 40;

/// Returns the value of valid JSON text; none when it is none, or lies too deep in itself.
pub(in super::super) fn from_json(raw: &str) -> Option<Val> {
    read(raw.trim(), DEEPEST)
}

fn read(raw: &str, depth: u32) -> Option<Val> {
    let deeper = depth.checked_sub(1);
    Some(match raw.bytes().next()? {
        b'{' => {
            let object = Object::parse(raw).ok()?;
            let mut map = Map::default();
            for (key, value) in object.members() {
                map.insert(Val::from(key.to_owned()), read(value.get(), deeper?)?);
            }
            Val::obj(map)
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
            items.into_iter().map(|item| read(item.get(), deeper?)).collect::<Option<Val>>()?
        }
        b'"' => Val::from(as_text(raw)?.into_owned()),
        b't' => Val::from(true),
        b'f' => Val::from(false),
        b'n' => Val::Null,
        _ if raw.len() > LONGEST_NUMBER => Val::from(raw.to_owned()),
        _ => match raw.parse() {
            Ok(whole) => Val::Num(Num::Int(whole)),
            // The digits stay as they were written.
            Err(_) => Val::Num(Num::Dec(Rc::new(raw.to_owned()))),
        },
    })
}

/// Returns the value as JSON text.
pub(in super::super) fn to_json(value: &Val) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Val, out: &mut String) {
    match value {
        Val::Null => out.push_str("null"),
        Val::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Val::Num(number) => {
            let text = number.to_string();
            // Infinity and the like have no JSON.
            let valid = serde_json::from_str::<&RawValue>(&text).is_ok();
            out.push_str(if valid { &text } else { "null" });
        }
        Val::TStr(text) | Val::BStr(text) => string(&String::from_utf8_lossy(text), out),
        Val::Arr(values) => {
            out.push('[');
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(value, out);
            }
            out.push(']');
        }
        Val::Obj(map) => {
            out.push('{');
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                match key {
                    Val::TStr(text) | Val::BStr(text) => string(&String::from_utf8_lossy(text), out),
                    other => string(&other.to_string(), out),
                }
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    match serde_json::to_string(text) {
        Ok(json) => out.push_str(&json),
        Err(_) => {
            let _ = write!(out, "\"\"");
        }
    }
}
