use crate::fields::{push_escaped, push_json_string};
use crate::{EntryId, Locator, Record};
use std::fmt::Write;

/// Writes a record as one line of canonical JSON: fixed key order, no blanks, empty members left out.
///
/// It holds all that was read and nothing that belongs to one case (no record id, no source number): two cases
/// that hold the same bytes give the same lines. `path` names an entry by its path.
pub fn canonical_json<'p>(provider: &str, record: &Record, path: &dyn Fn(EntryId) -> &'p str) -> String {
    let mut text = String::with_capacity(512);
    let out = &mut text;
    // Names of providers and formats are plain words: nothing in them needs escaping.
    for piece in ["{\"format\":\"", provider, ".", record.format, "\",\"family\":\"", record.family.as_str(), "\""] {
        out.push_str(piece);
    }
    opt(out, "account", record.account.as_deref());
    list(out, "moments", &record.moments, |out, moment| {
        out.push_str("{\"role\":\"");
        out.push_str(moment.role.as_str());
        out.push('"');
        if let Some(instant) = moment.instant {
            let _ = write!(out, ",\"instant\":{instant}");
        }
        opt(out, "text", Some(&moment.text));
        opt(out, "basis", Some(&moment.basis.to_text()));
        out.push_str(",\"precision\":\"");
        out.push_str(moment.precision.as_str());
        out.push_str("\"}");
    });
    list(out, "parties", &record.parties, |out, party| {
        out.push_str("{\"role\":\"");
        out.push_str(party.role.as_str());
        out.push('"');
        opt(out, "name", party.name.as_deref());
        list(out, "identifiers", &party.identifiers, |out, identifier| {
            out.push_str("{\"");
            out.push_str(identifier.kind.as_str());
            out.push_str("\":");
            push_json_string(out, &identifier.value);
            out.push('}');
        });
        out.push('}');
    });
    opt(out, "title", record.title.as_deref());
    opt(out, "text", record.text.as_deref());
    if let Some(place) = &record.place {
        out.push_str(",\"place\":{");
        let start = out.len();
        for (name, value) in
            [("lat", place.lat), ("lon", place.lon), ("accuracy", place.accuracy), ("altitude", place.altitude)]
        {
            if let Some(value) = value {
                let _ = write!(out, ",\"{name}\":{value}");
            }
        }
        opt(out, "address", place.address.as_deref());
        if out.len() > start {
            out.remove(start);
        }
        out.push('}');
    }
    list(out, "attachments", &record.attachments, |out, attachment| {
        let start = out.len();
        opt(out, "name", attachment.name.as_deref());
        opt(out, "mime", attachment.mime.as_deref());
        if let Some(size) = attachment.size {
            let _ = write!(out, ",\"size\":{size}");
        }
        if let Some(sha256) = attachment.sha256 {
            out.push_str(",\"sha256\":\"");
            for byte in sha256 {
                let _ = write!(out, "{byte:02x}");
            }
            out.push('"');
        }
        if let Some(at) = &attachment.at {
            opt(out, "entry", Some(path(at.entry)));
            locator(out, &at.locator);
        }
        out.replace_range(start..(start + 1).min(out.len()), "");
        out.insert(start, '{');
        out.push('}');
    });
    opt(out, "conversation", record.conversation.as_deref());
    if !record.fields.is_empty() {
        out.push_str(",\"fields\":");
        record.fields.write_json(out);
    }
    list(out, "refs", &record.refs, |out, at| {
        out.push_str("{\"entry\":");
        push_json_string(out, path(at.entry));
        locator(out, &at.locator);
        out.push('}');
    });
    out.push('}');
    text
}

fn opt(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        name_of(out, name);
        push_json_string(out, value);
    }
}

fn name_of(out: &mut String, name: &str) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
}

/// Writes a place as `Display` has it, escaped like any text; only its detail can need that.
fn locator(out: &mut String, locator: &Locator) {
    name_of(out, "locator");
    out.push('"');
    out.push_str(locator.kind.as_str());
    out.push(':');
    push_escaped(out, &locator.detail);
    let _ = write!(out, "@{}+{}\"", locator.start, locator.length);
}

fn list<T>(out: &mut String, name: &str, items: &[T], mut item: impl FnMut(&mut String, &T)) {
    if items.is_empty() {
        return;
    }
    name_of(out, name);
    out.push('[');
    for (i, each) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        item(out, each);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::*;

    #[test]
    fn every_member_is_written_and_the_line_is_json() {
        let mut record = Record::new(Family::Mail, "mbox");
        let empty = canonical_json("mail", &record, &|_| "");
        assert_eq!(empty, r#"{"format":"mail.mbox","family":"mail"}"#);
        let at = Ref { entry: EntryId(4), locator: Locator::bytes(1, 2) };
        record.account = Some("me".into());
        record.moments.push(Moment {
            role: MomentRole::Sent,
            instant: Some(-5),
            text: "then\n".into(),
            basis: ZoneBasis::Named("UTC".into()),
            precision: Precision::Day,
        });
        record.parties.push(Party::with(PartyRole::Cc, Some("N".into()), IdentifierKind::Email, "n@e"));
        record.title = Some("t".into());
        record.text = Some("x".into());
        record.place = Some(Place { address: Some("here".into()), ..Place::default() });
        record.attachments = vec![
            Attachment { size: Some(3), sha256: Some([255; 32]), at: Some(at.clone()), ..Default::default() },
            Attachment::default(),
        ];
        record.conversation = Some("c".into());
        record.fields.int("i", 1);
        record.refs.push(at);
        let line = canonical_json("mail", &record, &|entry| if entry.0 == 4 { "p4" } else { "" });
        let value: serde_json::Value = serde_json::from_str(&line).expect(&line);
        for key in ["account", "title", "text", "conversation"] {
            assert!(value[key].is_string(), "{key}");
        }
        assert_eq!(value["place"]["address"], "here");
        assert_eq!(value["attachments"][0]["entry"], "p4");
        assert_eq!(value["attachments"][1], serde_json::json!({}));
        assert_eq!(value["refs"][0]["locator"], "bytes:@1+2");
        assert_eq!(value["moments"][0]["basis"], "named:UTC");
        assert_eq!(value["parties"][0]["identifiers"][0]["email"], "n@e");
    }
}
