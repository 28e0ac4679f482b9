//! What of a record goes into its digest (`docs/format.md`, section 6).

use crate::{EntryId, Locator, Record};

/// Numbers of the members. They are part of the format: a number is never used again for something else.
mod member {
    pub const FORMAT: u8 = 1;
    pub const FAMILY: u8 = 2;
    pub const ACCOUNT: u8 = 3;
    pub const MOMENT: u8 = 10;
    pub const INSTANT: u8 = 11;
    pub const TIME_TEXT: u8 = 12;
    pub const BASIS: u8 = 13;
    pub const PRECISION: u8 = 14;
    pub const PARTY: u8 = 20;
    pub const NAME: u8 = 21;
    pub const IDENTIFIER_KIND: u8 = 22;
    pub const IDENTIFIER: u8 = 23;
    pub const TITLE: u8 = 30;
    pub const TEXT: u8 = 31;
    pub const PLACE: u8 = 40;
    pub const LAT: u8 = 41;
    pub const LON: u8 = 42;
    pub const ACCURACY: u8 = 43;
    pub const ALTITUDE: u8 = 44;
    pub const ADDRESS: u8 = 45;
    pub const ATTACHMENT: u8 = 50;
    pub const ATTACHED_NAME: u8 = 51;
    pub const MIME: u8 = 52;
    pub const SIZE: u8 = 53;
    pub const SHA256: u8 = 54;
    pub const CONVERSATION: u8 = 60;
    pub const FIELDS: u8 = 61;
    pub const ENTRY: u8 = 70;
    pub const LOCATOR: u8 = 71;
    pub const DETAIL: u8 = 72;
    pub const START: u8 = 73;
    pub const LENGTH: u8 = 74;
}

/// Appends a record's members: for each its number, the length of its value in four bytes, and the value.
///
/// They hold all that was read and nothing that belongs to one case (no record id, no source number): two cases that
/// hold the same bytes give the same members. `path` names an entry by its path.
pub fn write_members<'p>(out: &mut Vec<u8>, provider: &str, record: &Record, path: &dyn Fn(EntryId) -> &'p str) {
    use member::*;
    put(out, FORMAT, &[provider.as_bytes(), b".", record.format.as_bytes()]);
    put(out, FAMILY, &[record.family.as_str().as_bytes()]);
    text(out, ACCOUNT, record.account.as_deref());
    for moment in &record.moments {
        put(out, MOMENT, &[moment.role.as_str().as_bytes()]);
        if let Some(instant) = moment.instant {
            put(out, INSTANT, &[&instant.to_le_bytes()]);
        }
        put(out, TIME_TEXT, &[moment.text.as_bytes()]);
        let (basis, zone) = moment.basis.words();
        put(out, BASIS, &[basis.as_bytes(), zone.as_bytes()]);
        put(out, PRECISION, &[moment.precision.as_str().as_bytes()]);
    }
    for party in &record.parties {
        put(out, PARTY, &[party.role.as_str().as_bytes()]);
        text(out, NAME, party.name.as_deref());
        for identifier in &party.identifiers {
            put(out, IDENTIFIER_KIND, &[identifier.kind.as_str().as_bytes()]);
            put(out, IDENTIFIER, &[identifier.value.as_bytes()]);
        }
    }
    text(out, TITLE, record.title.as_deref());
    text(out, TEXT, record.text.as_deref());
    if let Some(place) = &record.place {
        put(out, PLACE, &[]);
        for (number, value) in
            [(LAT, place.lat), (LON, place.lon), (ACCURACY, place.accuracy), (ALTITUDE, place.altitude)]
        {
            if let Some(value) = value {
                put(out, number, &[&value.to_le_bytes()]);
            }
        }
        text(out, ADDRESS, place.address.as_deref());
    }
    for attachment in &record.attachments {
        put(out, ATTACHMENT, &[]);
        text(out, ATTACHED_NAME, attachment.name.as_deref());
        text(out, MIME, attachment.mime.as_deref());
        if let Some(size) = attachment.size {
            put(out, SIZE, &[&size.to_le_bytes()]);
        }
        if let Some(sha256) = &attachment.sha256 {
            put(out, SHA256, &[sha256]);
        }
        if let Some(at) = &attachment.at {
            place_of(out, path(at.entry), &at.locator);
        }
    }
    text(out, CONVERSATION, record.conversation.as_deref());
    if !record.fields.is_empty() {
        put(out, FIELDS, &[b"{", record.fields.members().as_bytes(), b"}"]);
    }
    for at in &record.refs {
        place_of(out, path(at.entry), &at.locator);
    }
}

fn place_of(out: &mut Vec<u8>, path: &str, locator: &Locator) {
    use member::*;
    put(out, ENTRY, &[path.as_bytes()]);
    put(out, LOCATOR, &[locator.kind.as_str().as_bytes()]);
    put(out, DETAIL, &[locator.detail.as_bytes()]);
    put(out, START, &[&locator.start.to_le_bytes()]);
    put(out, LENGTH, &[&locator.length.to_le_bytes()]);
}

fn text(out: &mut Vec<u8>, number: u8, value: Option<&str>) {
    if let Some(value) = value {
        put(out, number, &[value.as_bytes()]);
    }
}

fn put(out: &mut Vec<u8>, number: u8, value: &[&[u8]]) {
    // No value comes near four gigabytes: what is read is cut into frames of 64 MiB.
    let length: usize = value.iter().map(|piece| piece.len()).sum();
    out.reserve(5 + length);
    out.push(number);
    out.extend_from_slice(&(length as u32).to_le_bytes());
    for piece in value {
        out.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::*;

    fn members(record: &Record) -> Vec<(u8, Vec<u8>)> {
        let mut out = Vec::new();
        write_members(&mut out, "mail", record, &|entry| if entry.0 == 4 { "p4" } else { "" });
        let (mut all, mut rest) = (Vec::new(), &out[..]);
        while let [number, a, b, c, d, tail @ ..] = rest {
            let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            all.push((*number, tail[..length].to_vec()));
            rest = &tail[length..];
        }
        assert!(rest.is_empty());
        all
    }

    #[test]
    fn every_member_of_a_record_changes_what_is_hashed() {
        let mut record = Record::new(Family::Mail, "mbox");
        let mut seen = vec![members(&record)];
        assert_eq!(seen[0], [(1, b"mail.mbox".to_vec()), (2, b"mail".to_vec())]);
        let at = Ref { entry: EntryId(4), locator: Locator::bytes(1, 2) };
        let changes: Vec<Box<dyn Fn(&mut Record)>> = vec![
            Box::new(|r| r.account = Some("me".into())),
            Box::new(|r| {
                r.moments.push(Moment {
                    role: MomentRole::Sent,
                    instant: None,
                    text: "then\n".into(),
                    basis: ZoneBasis::Named("UTC".into()),
                    precision: Precision::Day,
                });
            }),
            Box::new(|r| r.moments[0].instant = Some(-5)),
            Box::new(|r| r.parties.push(Party::named(PartyRole::Cc, "N"))),
            Box::new(|r| r.parties.push(Party::with(PartyRole::Cc, None, IdentifierKind::Email, "n@e"))),
            Box::new(|r| r.title = Some("t".into())),
            Box::new(|r| r.text = Some("x".into())),
            Box::new(|r| r.place = Some(Place::default())),
            Box::new(|r| r.place = Some(Place { altitude: Some(1.5), ..Place::default() })),
            Box::new(|r| r.attachments.push(Attachment::default())),
            Box::new(|r| r.attachments[0].sha256 = Some([255; 32])),
            Box::new(|r| r.attachments[0].size = Some(3)),
            Box::new(|r| r.conversation = Some("c".into())),
            Box::new(|r| {
                r.fields.int("i", 1);
            }),
            Box::new(move |r| r.refs.push(at.clone())),
            Box::new(|r| r.refs[0].locator.start = 2),
        ];
        for change in &changes {
            change(&mut record);
            let now = members(&record);
            assert!(!seen.contains(&now));
            seen.push(now);
        }
        let last = seen.pop().expect("members");
        assert!(last.contains(&(13, b"named:UTC".to_vec())), "{last:?}");
        assert!(last.contains(&(70, b"p4".to_vec())));
        assert!(last.contains(&(61, br#"{"i":1}"#.to_vec())));
    }

    /// What is in one member can never be taken for the next: a name that looks like a member stays a name.
    #[test]
    fn members_cannot_run_into_each_other() {
        let (mut one, mut other) = (Record::new(Family::Mail, "mbox"), Record::new(Family::Mail, "mbox"));
        one.title = Some("a\u{1f}\u{1}\0\0\0b".into());
        (other.title, other.text) = (Some("a".into()), Some("b".into()));
        assert_ne!(members(&one), members(&other));
    }
}
