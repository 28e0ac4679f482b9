//! Reading and checking an authority: every fault is found, with its line, the rule behind it and the next step.

use super::fields::{ANALYTICS, CONFIDENTIAL, FIELDS, Field, Form, TIMELESS_FORM, by_path};
use super::sheet::{Fault, Sheet};
use super::time::{self, Span};
use super::{Authority, Exclusion, Kind, Limits, Parties, Retention, Window, refused};
use glasshouse_model::{Family, MomentRole};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use toml::de::DeValue;

/// Longest authority that is read.
const LONGEST: usize = 1 << 20;

/// Reads an authority and returns it, or everything that is wrong with it.
pub fn check(text: &str) -> Result<Authority, Vec<Fault>> {
    if text.len() > LONGEST {
        let message = "The file is longer than 1 MiB. Keep documents beside it and name their hashes.".to_owned();
        return Err(vec![Fault { line: 1, path: String::new(), message }]);
    }
    let mut sheet = Sheet::parse(text).map_err(|fault| vec![fault])?;
    let kind = sheet.plain("kind").and_then(|k| k.parse::<Kind>().ok());
    let zone = zone(&mut sheet);
    unknown(&mut sheet);
    for field in FIELDS {
        form(&mut sheet, field, &zone);
        if let Some(kind) = kind {
            needed(&mut sheet, field, kind);
        }
    }
    if kind.is_none() && sheet.plain("kind").is_none() {
        let field = by_path("kind");
        missing(&mut sheet, field);
    }
    if let Some(kind) = kind {
        meaning(&mut sheet, kind, &zone);
    }
    if !sheet.faults.is_empty() {
        sheet.faults.sort_by(|a, b| (a.line, &a.path).cmp(&(b.line, &b.path)));
        return Err(sheet.faults);
    }
    kind.map(|kind| build(&sheet, kind, &zone)).ok_or_else(|| sheet.faults)
}

fn zone(sheet: &mut Sheet<'_>) -> TimeZone {
    let Some(name) = sheet.plain("scope.window.zone") else { return TimeZone::UTC };
    TimeZone::get(&name).unwrap_or_else(|_| {
        sheet.fault("scope.window.zone", format!("`{name}` is no time zone. Write one like \"Europe/London\"."));
        TimeZone::UTC
    })
}

fn unknown(sheet: &mut Sheet<'_>) {
    for path in sheet.paths() {
        let family = path.strip_prefix("scope.timeless.").filter(|f| *f != "other");
        if let Some(family) = family {
            if family.parse::<Family>().is_err() {
                let names: Vec<_> = Family::ALL.iter().map(|f| f.as_str()).collect();
                sheet.fault(&path, format!("`{family}` is no family of records. Families: {}.", names.join(", ")));
            } else {
                let field = Field { path: "scope.timeless", form: TIMELESS_FORM, ..FIELDS[0] };
                form_at(sheet, &path, &field, &TimeZone::UTC);
            }
        } else if by_path(&path).is_none() {
            // What nobody reads would look as if it held.
            let known: Vec<&str> = FIELDS.iter().map(|f| f.path).filter(|p| alike(p, &path)).collect();
            let hint = match known.as_slice() {
                [] => "Remove it, or write it as a `#` comment".to_owned(),
                near => format!("Did you mean `{}`? If not, write it as a `#` comment", near.join("` or `")),
            };
            sheet.fault(&path, format!("`{path}` is not a field of an authority. {hint}."));
        }
    }
}

/// Says whether two paths end in the same key, or in keys that begin alike.
fn alike(a: &str, b: &str) -> bool {
    let key = |p: &str| p.rsplit('.').next().unwrap_or(p).to_lowercase();
    let (a, b) = (key(a), key(b));
    a == b || a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count() >= 3
}

fn form(sheet: &mut Sheet<'_>, field: &Field, zone: &TimeZone) {
    if sheet.find(field.path).is_some() {
        form_at(sheet, field.path, field, zone);
    }
}

fn form_at(sheet: &mut Sheet<'_>, path: &str, field: &Field, zone: &TimeZone) {
    let Some(value) = sheet.find(path) else { return };
    let value = value.get_ref();
    let text = value.as_str().map(str::trim);
    let all_texts = |value: &DeValue<'_>| {
        value
            .as_array()
            .is_some_and(|items| items.iter().all(|i| i.get_ref().as_str().is_some_and(|s| !s.trim().is_empty())))
    };
    let strange = |words: &[&str]| {
        let items = value.as_array().map(|a| a.iter().filter_map(|i| i.get_ref().as_str()).collect::<Vec<_>>());
        items.unwrap_or_default().into_iter().find(|w| !words.contains(w)).map(str::to_owned)
    };
    let families: Vec<&str> = Family::ALL.iter().map(|f| f.as_str()).collect();
    let wrong: Option<String> = match field.form {
        Form::Text | Form::Zone if text.is_none() => Some("is not a text".into()),
        Form::Text | Form::Zone => None,
        Form::Name => match text {
            Some(t) if is_name(t) || t.is_empty() => None,
            _ => Some("is not a name of small letters, digits, `-`, `_` and `.`".into()),
        },
        Form::Key => match text {
            Some(t) if t.is_empty() || is_key(t) => None,
            _ => Some("is not a verifier key (name+hash+base64), as `glasshouse person list` prints it".into()),
        },
        Form::Texts(empty) if !all_texts(value) => {
            Some(if empty { "is not a list of texts".into() } else { "is not a list of one or more texts".to_owned() })
        }
        Form::Texts(_) => None,
        Form::Choice(words) => match text {
            Some(t) if words.contains(&t) || t.is_empty() => None,
            _ => Some(format!("is not one of {}", words.join(", "))),
        },
        Form::Choices(_) | Form::Families if !all_texts(value) => Some("is not a list of words".into()),
        Form::Choices(words) => {
            strange(words).map(|word| match refused::analysis(&word).filter(|_| field.path == "analytics.permitted") {
                Some(never) => format!("holds `{word}`, which {never}"),
                None => format!("holds `{word}`, which is not one of {}", words.join(", ")),
            })
        }
        Form::Families => match strange(&families) {
            Some(star) if star == "*" && value.as_array().is_some_and(|a| a.len() == 1) => None,
            Some(word) => Some(format!("holds `{word}`, which is not one of {}", families.join(", "))),
            None => None,
        },
        Form::Count => match value.as_integer().and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok()) {
            Some(n) if n > 0 => None,
            _ => Some("is not a whole number from 1 on".into()),
        },
        Form::Bool => value.as_bool().is_none().then(|| "is neither true nor false".to_owned()),
        Form::Declared => (value.as_bool() != Some(true)).then(|| "is a declaration, and only true will do".to_owned()),
        Form::Time => match (text, value.as_datetime()) {
            (Some(""), _) => None,
            (Some(t), _) => time::parse(t, zone).err().map(str::to_owned),
            (None, Some(t)) => time::parse(&t.to_string(), zone).err().map(str::to_owned),
            _ => Some("is not a date or time".into()),
        },
        Form::Documents => documents(sheet, path),
        Form::Exclusions => exclusions(sheet, path),
    };
    if let Some(wrong) = wrong {
        let rule = if field.rule.is_empty() { String::new() } else { format!(" Asked for by {}.", field.rule) };
        sheet.fault(path, format!("`{path}` {wrong}. Write: {}.{rule}", field.example()));
    }
}

fn documents(sheet: &Sheet<'_>, path: &str) -> Option<String> {
    let tables = sheet.tables(path);
    let good = |t: &Vec<(String, Vec<String>)>| {
        let one =
            |key: &str| t.iter().find(|(k, _)| k == key).and_then(|(_, v)| v.first()).cloned().unwrap_or_default();
        let sha256 = one("sha256");
        t.len() == 2
            && !one("name").trim().is_empty()
            && sha256.len() == 64
            && sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    (tables.is_empty() || !tables.iter().all(good)).then(|| {
        "does not give each document a name and a SHA-256 of 64 small hexadecimal digits, and nothing else".into()
    })
}

fn exclusions(sheet: &Sheet<'_>, path: &str) -> Option<String> {
    let keys = ["kind", "parties", "terms", "reason"];
    for table in sheet.tables(path) {
        let of = |key: &str| table.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_slice()).unwrap_or_default();
        if let Some((strange, _)) = table.iter().find(|(k, _)| !keys.contains(&k.as_str())) {
            return Some(format!("holds the unknown key `{strange}`"));
        }
        if !of("kind").first().is_some_and(|k| CONFIDENTIAL.contains(&k.as_str())) {
            return Some(format!("needs a kind out of {}", CONFIDENTIAL.join(", ")));
        }
        if of("parties").is_empty() && of("terms").is_empty() {
            return Some("names neither parties nor terms, and would put nothing aside".into());
        }
        if of("parties").iter().chain(of("terms")).any(|t| !t.chars().any(char::is_alphanumeric)) {
            return Some("names a party or term without a letter or digit".into());
        }
        if of("reason").first().is_none_or(|r| r.trim().is_empty()) {
            return Some("needs a reason (DPA 2018 s.45A: the reason is recorded)".into());
        }
    }
    None
}

fn needed(sheet: &mut Sheet<'_>, field: &Field, kind: Kind) {
    let value = |path: &str| sheet.plain(path);
    if !field.is_needed(kind, &value) {
        return;
    }
    // A list may be there and empty where its form allows that.
    let there = match field.form {
        Form::Choices(_) | Form::Texts(true) => sheet.find(field.path).is_some(),
        _ => sheet.plain(field.path).is_some(),
    };
    if !there {
        missing(sheet, Some(field));
    }
}

fn missing(sheet: &mut Sheet<'_>, field: Option<&Field>) {
    let Some(field) = field else { return };
    let place = field.table().map_or_else(|| "At the top".to_owned(), |table| format!("In [{table}]"));
    sheet.fault(
        field.path,
        format!(
            "`{}` is missing. Asked for by {}. {place}, write: {}. ({})",
            field.path,
            field.rule,
            field.example(),
            field.about
        ),
    );
}

/// Checks what single fields cannot tell.
fn meaning(sheet: &mut Sheet<'_>, kind: Kind, zone: &TimeZone) {
    let id = sheet.plain("id").unwrap_or_default();
    if (id == "self") != (kind == Kind::Own) || id == "organisation" {
        sheet.fault("id", format!("The id `{id}` is taken. Choose another; `self` is the holder's own, `organisation` the organisation's file."));
    }
    if kind == Kind::Own {
        return;
    }
    let (statute, section) = (sheet.plain("basis.statute"), sheet.plain("basis.section"));
    if let Some(why) = refused::power(&statute.unwrap_or_default(), &section.unwrap_or_default()) {
        sheet.fault("basis.statute", why);
    }
    let (applicant, authoriser) = (sheet.plain("people.applicant"), sheet.plain("people.authoriser"));
    if applicant.is_some() && applicant == authoriser {
        sheet.fault("people.authoriser", "Applicant and authoriser are the same person. Nobody approves their own authority: A1 legal-basis record (separate authoriser). Name somebody else who authorises.");
    }
    if let (Some(name), Some(key)) = (&authoriser, sheet.plain("people.authoriser_key"))
        && key.split('+').next() != Some(name)
    {
        sheet.fault(
            "people.authoriser_key",
            format!("The key is not that of `{name}`: a key begins with its owner's name."),
        );
    }
    if sheet.find("exclude").is_some() && sheet.tables("exclude").is_empty() {
        sheet.fault(
            "exclude",
            "`exclude` is not a list of tables. Write [[exclude]] with kind, parties, terms and reason.",
        );
    }
    let span = |path: &str| sheet.plain(path).and_then(|t| time::parse(&t, zone).ok());
    let mut order = Vec::new();
    for (first, last, why) in [
        ("scope.window.from", "scope.window.until", "the window ends before it begins"),
        ("validity.from", "validity.until", "the authority expires before it begins"),
        ("retention.review", "retention.until", "the review comes after the data are gone"),
        ("agreement.signed", "agreement.copy_given", "the copy was given before the agreement was made"),
    ] {
        if let (Some(a), Some(b)) = (span(first), span(last))
            && b.end.max(b.start) < a.start
        {
            order.push((last, format!("`{last}` lies before `{first}`: {why}. Correct one of them.")));
        }
    }
    for (path, message) in order {
        sheet.fault(path, message);
    }
    let (capacity, role) = (sheet.plain("agreement.capacity"), sheet.plain("agreement.agreed_by_role"));
    if capacity.as_deref().is_some_and(|c| c != "adult") && role.as_deref() == Some("holder") {
        sheet.fault("agreement.agreed_by_role", "A child, or an adult without capacity, cannot agree: PCSC Act 2022 s.38. Name the parent, guardian, authority or responsible person who agreed.");
    }
    if !sheet.texts("analytics.permitted").is_empty() && sheet.plain("dpia").is_none() {
        sheet.fault(
            "analytics.permitted",
            "Analytics are permitted only where an assessment covers them: DPA 2018 s.64. Name it in `dpia`.",
        );
    }
    let id = |text: &String| text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if let Some(strange) = sheet.texts("combination.cases").into_iter().find(|text| !id(text)) {
        sheet.fault(
            "combination.cases",
            format!("`{strange}` is no id of a case: 16 hexadecimal digits, as `glasshouse case show` prints it."),
        );
    }
    // A window that tests no time keeps nothing out that has one.
    if let (Some(field), Some(_), true) = (
        by_path("scope.window.moments"),
        sheet.find("scope.window.from"),
        sheet.find("scope.window.moments").is_some() && sheet.texts("scope.window.moments").is_empty(),
    ) {
        sheet.fault(
            field.path,
            format!(
                "`{}` names no time, so that the window would test none. Asked for by {}. Write: {}.",
                field.path,
                field.rule,
                field.example()
            ),
        );
    }
    let both = sheet.plain("scope.window.unlimited").is_some() && sheet.find("scope.window.from").is_some();
    if both {
        sheet.fault("scope.window.unlimited", "The window has dates and is said to be unlimited. Keep one of the two.");
    }
}

fn build(sheet: &Sheet<'_>, kind: Kind, zone: &TimeZone) -> Authority {
    let text = |path: &str| sheet.plain(path).unwrap_or_default();
    let span = |path: &str| sheet.plain(path).and_then(|t| time::parse(&t, zone).ok());
    let institution = kind != Kind::Own;
    let mut values = BTreeMap::new();
    for path in sheet.paths() {
        let tables = sheet.tables(&path);
        for (n, table) in (1..).zip(&tables) {
            let of = |(key, texts): &(String, Vec<String>)| format!("{key} {}", texts.join(", "));
            values.insert(format!("{path} {n}"), table.iter().map(of).collect::<Vec<_>>().join("; "));
        }
        match sheet.plain(&path) {
            Some(plain) if plain != "+" => values.insert(path, plain),
            _ if !tables.is_empty() => None,
            _ => values.insert(path.clone(), sheet.texts(&path).join(", ")),
        };
    }
    Authority {
        id: text("id"),
        version: text("version").parse().unwrap_or(1),
        kind,
        statement: text("statement"),
        given: text("given"),
        lines_of_enquiry: sheet.texts("lines_of_enquiry"),
        combines: sheet.texts("combination.cases"),
        limits: institution.then(|| limits(sheet, zone)),
        validity: span("validity.from").zip(span("validity.until")).map(|(from, until)| across(from, until)),
        analytics: sheet.texts("analytics.permitted").into_iter().filter(|a| ANALYTICS.contains(&a.as_str())).collect(),
        people: institution.then(|| Parties {
            applicant: text("people.applicant"),
            authoriser: text("people.authoriser"),
            authoriser_key: text("people.authoriser_key"),
        }),
        retention: span("retention.review")
            .zip(span("retention.until"))
            .map(|(review, until)| Retention { review, until }),
        values,
    }
}

fn limits(sheet: &Sheet<'_>, zone: &TimeZone) -> Limits {
    let span = |path: &str| sheet.plain(path).and_then(|t| time::parse(&t, zone).ok());
    let families = sheet.texts("scope.families");
    let window = span("scope.window.from").zip(span("scope.window.until")).map(|(from, until)| Window {
        span: across(from, until),
        moments: sheet.texts("scope.window.moments").iter().filter_map(|m| moment_role(m)).collect(),
        timeless: Family::ALL
            .iter()
            .filter_map(|f| Some((*f, sheet.plain(&format!("scope.timeless.{f}"))? == "in")))
            .collect::<BTreeMap<_, _>>(),
        timeless_other: sheet.plain("scope.timeless.other").as_deref() == Some("in"),
    });
    let exclusions = sheet.tables("exclude").into_iter().map(|table| {
        let of = |key: &str| table.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone()).unwrap_or_default();
        Exclusion {
            kind: of("kind").into_iter().next().unwrap_or_default(),
            parties: of("parties"),
            terms: of("terms"),
            reason: of("reason").into_iter().next().unwrap_or_default(),
        }
    });
    Limits {
        services: sheet.texts("scope.services"),
        accounts: sheet.texts("scope.accounts"),
        families: (families != ["*"]).then(|| families.iter().filter_map(|f| f.parse().ok()).collect()),
        window,
        exclusions: exclusions.collect(),
        subject: sheet.texts("subject.identifiers"),
    }
}

/// A last day counts whole; a last instant does not count.
fn across(from: Span, until: Span) -> Span {
    Span { start: from.start, end: until.end }
}

/// Returns a role of a time by its name.
pub fn moment_role(name: &str) -> Option<MomentRole> {
    use MomentRole::{Created, End, Modified, Observed, Received, Sent, Start, Taken};
    [Sent, Received, Created, Modified, Taken, Start, End, Observed].into_iter().find(|r| r.as_str() == name)
}

/// Says whether a text can name a person, an authority or a file.
pub fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(plain)
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && !text.contains("..")
}

fn is_key(text: &str) -> bool {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return false };
    is_name(name) && hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()) && key.len() == 44
}
