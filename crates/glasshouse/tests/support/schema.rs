//! Whether an answer is what the OpenAPI document says.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Asserts that an answer has the members that its schema names, and no others.
pub fn agrees(document: &Value, schema: &Value, answer: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} at {at}"));
        return agrees(document, schema, answer, at);
    }
    let variants = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(variants) = variants {
        let fits = |s: &&Value| match answer {
            Value::Null => s["type"] == "null",
            Value::Array(_) => s["type"] == "array",
            Value::Number(_) => s["type"] == "integer",
            _ => s["type"] != "null",
        };
        let variant = variants.iter().find(fits).unwrap_or_else(|| panic!("{at}: {answer} is none of {schema}"));
        return agrees(document, variant, answer, at);
    }
    let mut members: BTreeMap<String, Value> = BTreeMap::new();
    let mut required: BTreeSet<String> = BTreeSet::new();
    gather(document, schema, &mut members, &mut required);
    match answer {
        Value::Object(object) if !members.is_empty() => {
            for (name, value) in object {
                let schema = members.get(name).unwrap_or_else(|| panic!("{at}: {name} is not documented"));
                agrees(document, schema, value, &format!("{at}.{name}"));
            }
            for name in required {
                assert!(object.contains_key(&name), "{at}: {name} is documented and missing");
            }
        }
        Value::Object(object) if schema["additionalProperties"].is_object() => {
            for (name, value) in object {
                agrees(document, &schema["additionalProperties"], value, &format!("{at}.{name}"));
            }
        }
        Value::Array(items) => {
            let stated = &schema["type"];
            if stated.is_null() {
                return;
            }
            let many = stated == "array" || stated.as_array().is_some_and(|all| all.iter().any(|s| s == "array"));
            assert!(many, "{at}: {answer:.200} is not {stated}");
            items.iter().for_each(|item| agrees(document, &schema["items"], item, at));
        }
        other => {
            let kind = match other {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(n) if n.is_f64() => "number",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                _ => "object",
            };
            let stated = &schema["type"];
            let fits = |s: &Value| s == kind || s == "number" && kind == "integer";
            let any = stated.is_null() || stated.as_array().map_or_else(|| fits(stated), |all| all.iter().any(fits));
            assert!(any, "{at}: {other} is not {stated}");
        }
    }
}

fn gather(document: &Value, schema: &Value, members: &mut BTreeMap<String, Value>, required: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#')).expect("a schema");
        return gather(document, schema, members, required);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        gather(document, part, members, required);
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        members.insert(name.clone(), schema.clone());
    }
    required.extend(schema["required"].as_array().into_iter().flatten().filter_map(|n| n.as_str().map(str::to_owned)));
}
