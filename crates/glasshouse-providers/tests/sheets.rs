//! Tables that come in several layouts and forms give the same records.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use support::{load, parse_all};

type Plain = BTreeMap<String, serde_json::Value>;

/// Returns the records of a fixture in one format without their places, fields by name, with their keys.
fn records(fixture: &str, format: &str, path: &str) -> Vec<Plain> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/amazon/fixtures").join(fixture).join("input");
    let files: Vec<_> = load(&folder).into_iter().filter(|file| file.path.contains(path)).collect();
    assert!(!files.is_empty(), "{fixture} has no {path}");
    let outcome = parse_all(&files);
    let json: serde_json::Value = serde_json::from_str(&outcome.to_json()).expect("the outcome is JSON");
    let all = json["records"].as_array().expect("records").iter();
    all.filter(|record| record["format"] == format)
        .map(|record| {
            let object = record.as_object().expect("an object").clone();
            object.into_iter().filter(|(name, _)| name != "refs").collect()
        })
        .collect()
}

#[test]
fn orders_of_every_layout_are_the_same() {
    let old = records("2023-categories", "amazon.orders", "Retail.OrderHistory.1.csv");
    let new = records("2026-all-data", "amazon.orders", "Order History.csv");
    let regional = records("2025-regional", "amazon.orders", "Order History.csv");
    assert_eq!(old.len(), 3);
    assert_eq!(old, new);
    assert_eq!(regional, new[..2]);
}

#[test]
fn csv_and_json_give_the_same_records() {
    for (format, path) in [
        ("amazon.alexa-utterances", "Intent-1-1"),
        ("amazon.alexa-skills", "Skills-2"),
        ("amazon.alexa-geolocation", "Geolocation"),
        ("amazon.alexa-activity", "CustomerInteraction"),
        ("amazon.alexa-sessions", "Device_Session_Events"),
    ] {
        let csv = records("2024-alexa", format, path);
        assert!(!csv.is_empty(), "{format}");
        assert_eq!(csv, records("2026-alexa-json", format, path), "{format}");
    }
}

#[test]
fn rows_repeated_in_another_part_have_the_same_key() {
    let first = records("2023-categories", "amazon.orders", "Retail.OrderHistory.1.csv");
    let again = records("2023-categories", "amazon.orders", "Retail.OrderHistory.2.csv");
    assert_eq!(again.len(), 1);
    let same: Vec<_> = first.iter().filter(|record| record["same_as"] == again[0]["same_as"]).collect();
    assert_eq!(same, [&again[0]]);
}
