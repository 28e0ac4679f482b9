use crate::fields::push_json_string;
use crate::{EntryId, Record};
use std::fmt::Write;

/// Writes a record as one line of canonical JSON: fixed key order, no blanks, empty members left out.
///
/// It holds all that was read and nothing that belongs to one case (no record id, no source number): two cases
/// that hold the same bytes give the same lines. `path` names an entry by its path.
pub fn canonical_json(provider: &str, record: &Record, path: &dyn Fn(EntryId) -> String) -> String {
    let mut out = String::with_capacity(512);
    out.push_str("{\"format\":");
    push_json_string(&mut out, &format!("{provider}.{}", record.format));
    let _ = write!(out, ",\"family\":\"{}\"", record.family);
    opt(&mut out, "account", record.account.as_deref());
    list(&mut out, "moments", &record.moments, |out, moment| {
        let _ = write!(out, "{{\"role\":\"{}\"", moment.role.as_str());
        if let Some(instant) = moment.instant {
            let _ = write!(out, ",\"instant\":{instant}");
        }
        opt(out, "text", Some(&moment.text));
        opt(out, "basis", Some(&moment.basis.to_text()));
        let _ = write!(out, ",\"precision\":\"{}\"}}", moment.precision.as_str());
    });
    list(&mut out, "parties", &record.parties, |out, party| {
        let _ = write!(out, "{{\"role\":\"{}\"", party.role.as_str());
        opt(out, "name", party.name.as_deref());
        list(out, "identifiers", &party.identifiers, |out, identifier| {
            let _ = write!(out, "{{\"{}\":", identifier.kind.as_str());
            push_json_string(out, &identifier.value);
            out.push('}');
        });
        out.push('}');
    });
    opt(&mut out, "title", record.title.as_deref());
    opt(&mut out, "text", record.text.as_deref());
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
        opt(&mut out, "address", place.address.as_deref());
        if out.len() > start {
            out.remove(start);
        }
        out.push('}');
    }
    list(&mut out, "attachments", &record.attachments, |out, attachment| {
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
            opt(out, "entry", Some(&path(at.entry)));
            opt(out, "locator", Some(&at.locator.to_string()));
        }
        out.replace_range(start..(start + 1).min(out.len()), "");
        out.insert(start, '{');
        out.push('}');
    });
    opt(&mut out, "conversation", record.conversation.as_deref());
    if !record.fields.is_empty() {
        out.push_str(",\"fields\":");
        out.push_str(&record.fields.to_json());
    }
    list(&mut out, "refs", &record.refs, |out, at| {
        out.push_str("{\"entry\":");
        push_json_string(out, &path(at.entry));
        opt(out, "locator", Some(&at.locator.to_string()));
        out.push('}');
    });
    out.push('}');
    out
}

fn opt(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = write!(out, ",\"{name}\":");
        push_json_string(out, value);
    }
}

fn list<T>(out: &mut String, name: &str, items: &[T], mut item: impl FnMut(&mut String, &T)) {
    if items.is_empty() {
        return;
    }
    let _ = write!(out, ",\"{name}\":[");
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
        let empty = canonical_json("mail", &record, &|_| String::new());
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
        let line = canonical_json("mail", &record, &|entry| format!("p{entry}"));
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
