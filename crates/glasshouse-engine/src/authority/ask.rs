//! Writing an authority by answering questions, each explained, with the rule behind it.

use super::fields::{self, CONFIDENTIAL, FIELDS, Field, Form, Needed};
use super::{Kind, check, lines};
use crate::EngineError;
use glasshouse_model::Family;
use std::path::Path;
use toml::{Table, Value};

/// What may be typed where a list is to be empty.
const NONE: &str = "none";

/// Somebody who is asked.
pub trait Asked {
    /// Tells them something.
    fn tell(&mut self, text: &str);
    /// Returns their answer to a prompt; nothing once there are no more.
    fn answer(&mut self, prompt: &str) -> Result<Option<String>, EngineError>;
    /// Returns the verifier key of a person with an account.
    fn key(&self, name: &str) -> Option<String>;
    /// Keeps what was answered so far, so that whoever stops here can go on later.
    fn keep(&mut self, draft: &str) -> Result<(), EngineError>;
}

/// Asks for what a file lacks until it is a whole authority, and returns its text.
pub fn complete(begun: Option<&str>, input: &mut dyn Asked) -> Result<String, EngineError> {
    let mut table: Table = match begun {
        Some(text) => text.parse().map_err(|_| EngineError::other(faults(text)))?,
        None => Table::new(),
    };
    if begun.is_none() {
        input.tell(
            "An authority is written field by field; each says what rule asks for it. What was answered is kept: stop when you like, and go on later.\nThe sorts of legal basis:\n",
        );
        for kind in Kind::ALL.iter().filter(|k| **k != Kind::Own) {
            input.tell(&format!("  {:<20} {}", kind.as_str(), kind.about()));
        }
        table.insert("version".into(), Value::Integer(1));
    }
    while let Some(field) = next(&table) {
        ask(&mut table, field, input)?;
        input.keep(&to_text(&table)?)?;
    }
    let text = match begun {
        // What was whole already stays as its writer left it, comments and all.
        Some(text) if check(text).is_ok() => text.to_owned(),
        _ => to_text(&table)?,
    };
    if check(&text).is_err() {
        return Err(EngineError::other(faults(&text)));
    }
    let written: Table = text.parse().unwrap_or_default();
    // Why there is no window is asked for where there is none.
    let may_lack = |f: &&Field| matches!(f.needed, Needed::Never) && f.path != "scope.window.unlimited";
    let left: Vec<&Field> = FIELDS.iter().filter(may_lack).filter(|f| at(&written, f.path).is_none()).collect();
    if !left.is_empty() {
        input.tell("\nNo rule asks for these here; write them into the file if the document has them:");
        left.iter().for_each(|f| input.tell(&format!("  {}: {}", f.path, f.about)));
    }
    Ok(text)
}

fn faults(text: &str) -> String {
    let faults = check(text).err().unwrap_or_default();
    format!("The authority is not whole yet.\n{}", lines(&faults))
}

fn to_text(table: &Table) -> Result<String, EngineError> {
    toml::to_string(table).map_err(|e| EngineError::other(e.to_string()))
}

/// Returns the first field that the kind needs and that is not there; the kind comes first.
fn next(table: &Table) -> Option<&'static Field> {
    missing(table).into_iter().next()
}

fn missing(table: &Table) -> Vec<&'static Field> {
    let value = |path: &str| match at(table, path)? {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.clone()),
        Value::Array(items) => (!items.is_empty()).then(|| "+".to_owned()),
        Value::Table(_) => Some("+".to_owned()),
        other => Some(other.to_string()),
    };
    let Some(kind) = value("kind").and_then(|k| k.parse::<Kind>().ok()) else {
        return fields::by_path("kind").into_iter().collect();
    };
    let lacks = |f: &&Field| {
        let empty_will_do = matches!(f.form, Form::Choices(_) | Form::Texts(true));
        let there = if empty_will_do { at(table, f.path).is_some() } else { value(f.path).is_some() };
        f.is_needed(kind, &value) && !there
    };
    FIELDS.iter().filter(lacks).collect()
}

fn at<'t>(table: &'t Table, path: &str) -> Option<&'t Value> {
    let mut names = path.split('.');
    let mut value = table.get(names.next()?)?;
    for name in names {
        value = value.get(name)?;
    }
    Some(value)
}

fn put(table: &mut Table, path: &str, value: Value) {
    let mut table = table;
    let mut names: Vec<&str> = path.split('.').collect();
    let Some(key) = names.pop() else { return };
    for name in names {
        let inner = table.entry(name).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(inner) = inner else { return };
        table = inner;
    }
    table.insert(key.to_owned(), value);
}

fn ask(table: &mut Table, field: &'static Field, input: &mut dyn Asked) -> Result<(), EngineError> {
    let left = missing(table).len();
    let of = if field.path == "kind" { String::new() } else { format!("   ({left} to go)") };
    input.tell(&format!("\n{}: {}{of}", field.path, field.about));
    if !field.rule.is_empty() {
        input.tell(&format!("  asked for by {}", field.rule));
    }
    let mut doubted = None;
    loop {
        match answer(table, field, input)? {
            Err(why) => input.tell(&format!("  {why}")),
            Ok(value) => {
                // Nothing comes in of a service that is spelt otherwise; a lens of one's own may know it all the same.
                if field.path == "scope.services" && doubted.as_ref() != Some(&value) {
                    let given: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                    if let Some(strange) = strangers(&given) {
                        input.tell(&format!("  {strange} Say the same again if you mean it."));
                        doubted = Some(value);
                        continue;
                    }
                }
                if field.path == "scope.window.from" && value.as_str() == Some(NONE) {
                    let Some(why) = fields::by_path("scope.window.unlimited") else { return Ok(()) };
                    return ask(table, why, input);
                }
                let mut tried = table.clone();
                put(&mut tried, field.path, value);
                let wrong = check(&to_text(&tried)?).err().unwrap_or_default();
                let wrong = wrong.iter().find(|f| f.path == field.path);
                match wrong {
                    Some(fault) => input.tell(&format!("  {}", fault.message)),
                    None => {
                        *table = tried;
                        return Ok(());
                    }
                }
            }
        }
    }
}

fn line(prompt: &str, input: &mut dyn Asked) -> Result<String, EngineError> {
    let answer = input.answer(&format!("  {prompt}: "))?;
    let ended = || EngineError::other("The answers ended before the authority was whole.");
    Ok(answer.ok_or_else(ended)?.trim().to_owned())
}

fn answer(table: &Table, field: &Field, input: &mut dyn Asked) -> Result<Result<Value, String>, EngineError> {
    let words = |text: &str| -> Vec<Value> {
        let words = text.split([',', ' ']).map(|word| word.trim_matches(['"', '\'', '[', ']']));
        words.filter(|word| !word.is_empty() && *word != NONE).map(Value::from).collect()
    };
    let texts = |text: &str| text.split(';').map(str::trim).filter(|w| !w.is_empty()).map(Value::from).collect();
    Ok(match field.form {
        Form::Name => Ok(Value::from(line("name", input)?)),
        Form::Text | Form::Zone => Ok(Value::from(line("text", input)?)),
        Form::Time if field.path == "scope.window.from" => {
            let prompt = "date (2026-01-31) or time (2026-01-31T09:00:00Z), or none if the document sets no window";
            Ok(Value::from(line(prompt, input)?))
        }
        Form::Time => Ok(Value::from(line("date (2026-01-31) or time (2026-01-31T09:00:00Z)", input)?)),
        Form::Choice(_) if field.path == "kind" => {
            let kind = line("one of these", input)?;
            if kind == Kind::Own.as_str() {
                return Ok(Err("Your own data need no authority's file: glasshouse open PATH.".into()));
            }
            Ok(Value::from(kind))
        }
        Form::Choice(choices) => Ok(Value::from(line(&choices.join(" / "), input)?)),
        Form::Texts(_) => Ok(Value::Array(texts(&line("texts, with ; between them", input)?))),
        Form::Choices(choices) if field.path == "scope.window.moments" => {
            Ok(Value::Array(words(&line(&format!("some of {}", choices.join(", ")), input)?)))
        }
        Form::Choices(choices) => {
            Ok(Value::Array(words(&line(&format!("none, or some of {}", choices.join(", ")), input)?)))
        }
        Form::Families => {
            let known: Vec<&str> = Family::ALL.iter().map(|f| f.as_str()).collect();
            Ok(Value::Array(words(&line(&format!("* for all, or some of {}", known.join(", ")), input)?)))
        }
        Form::Count => {
            line("number", input)?.parse::<i64>().map(Value::Integer).map_err(|_| "That is no number.".into())
        }
        Form::Bool | Form::Declared => match line("yes or no", input)?.to_lowercase().as_str() {
            "yes" | "y" | "true" => Ok(Value::Boolean(true)),
            "no" | "n" | "false" => Ok(Value::Boolean(false)),
            _ => Err("Answer yes or no.".into()),
        },
        Form::Key => {
            let name = at(table, "people.authoriser").and_then(Value::as_str).unwrap_or_default();
            match input.key(name) {
                Some(key) => {
                    input.tell(&format!("  {key}"));
                    Ok(Value::from(key))
                }
                None => Ok(Value::from(line("key", input)?)),
            }
        }
        Form::Documents => documents(&line("paths of the documents, with ; between them", input)?),
        Form::Exclusions => {
            let mut all = Vec::new();
            loop {
                let more = if all.is_empty() { "" } else { ", or nothing if that is all" };
                let kind = line(&format!("{}{more}", CONFIDENTIAL.join(" / ")), input)?;
                if kind.is_empty() && !all.is_empty() {
                    break;
                }
                if !CONFIDENTIAL.contains(&kind.as_str()) {
                    input.tell(&format!("  `{kind}` is none of these."));
                    continue;
                }
                let parties = line("whose: addresses, numbers, names or @domains, with ; between them", input)?;
                let terms = line("terms, with ; between them", input)?;
                let reason = line("reason", input)?;
                let mut one = Table::new();
                one.insert("kind".into(), kind.into());
                one.insert("parties".into(), Value::Array(texts(&parties)));
                one.insert("terms".into(), Value::Array(texts(&terms)));
                one.insert("reason".into(), reason.into());
                all.push(Value::Table(one));
            }
            Ok(Value::Array(all))
        }
    })
}

/// Returns the services of the formats that are read.
fn services() -> Vec<&'static str> {
    glasshouse_providers::providers().iter().map(|provider| provider.manifest().id).collect()
}

/// Says which of some services no format is of that is read here, if there are such.
pub fn strangers<S: AsRef<str>>(given: &[S]) -> Option<String> {
    let known = services();
    let strange: Vec<String> =
        given.iter().map(AsRef::as_ref).filter(|name| !known.contains(name)).map(|name| format!("`{name}`")).collect();
    (!strange.is_empty())
        .then(|| format!("No format that is read here is of {}. Known: {}.", strange.join(", "), known.join(", ")))
}

fn documents(paths: &str) -> Result<Value, String> {
    let mut documents = Vec::new();
    for path in paths.split(';').map(str::trim).filter(|p| !p.is_empty()) {
        let path = Path::new(path);
        let (sha256, _) = glasshouse_store::hash_file(path, &|_| {})
            .map_err(|e| format!("{} cannot be read: {e}.", path.display()))?;
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let mut one = Table::new();
        one.insert("name".into(), name.into());
        one.insert("sha256".into(), glasshouse_layout::hex(sha256).into());
        documents.push(Value::Table(one));
    }
    Ok(Value::Array(documents))
}
