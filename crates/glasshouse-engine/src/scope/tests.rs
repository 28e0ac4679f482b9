use super::*;
use crate::authority::{Limits, Span};
use glasshouse_model::{
    Attachment, EntryId, IdentifierKind, Locator, Moment, MomentRole, Party, PartyRole, Precision, Ref, ZoneBasis,
};
use std::collections::BTreeMap;

const DAY: i64 = 86_400_000_000;
/// 2024-01-01 and 2025-01-01, UTC.
const FROM: i64 = 1_704_067_200_000_000;
const UNTIL: i64 = 1_735_689_600_000_000;

fn authority(change: impl FnOnce(&mut Limits)) -> Authority {
    let mut limits = Limits {
        services: vec!["google".into()],
        accounts: vec!["Anna@Example.com".into()],
        families: Some(vec![Family::Mail, Family::Account, Family::Event]),
        window: Some(Window {
            span: Span { start: FROM, end: UNTIL },
            moments: vec![MomentRole::Sent, MomentRole::Received, MomentRole::Start, MomentRole::End],
            timeless: BTreeMap::from([(Family::Account, true)]),
            timeless_other: false,
        }),
        exclusions: vec![
            Exclusion {
                kind: "privilege".into(),
                parties: vec!["@law.example.org".into(), "+44 20 7946 0555".into(), "Maria Stone".into()],
                terms: vec!["legal advice".into()],
                reason: "counsel".into(),
            },
            Exclusion {
                kind: "medical".into(),
                parties: vec![],
                terms: vec!["diagnosis".into()],
                reason: "records".into(),
            },
        ],
        subject: vec!["anna@example.com".into()],
    };
    change(&mut limits);
    Authority {
        id: "a".into(),
        version: 1,
        kind: crate::authority::Kind::Warrant,
        statement: String::new(),
        given: String::new(),
        lines_of_enquiry: vec![],
        combines: vec![],
        limits: Some(limits),
        validity: None,
        analytics: vec![],
        people: None,
        retention: None,
        values: BTreeMap::new(),
    }
}

fn moment(role: MomentRole, instant: Option<i64>, text: &str, basis: ZoneBasis) -> Moment {
    Moment { role, instant, text: text.into(), basis, precision: Precision::Second }
}

fn mail(instant: i64) -> Record {
    let mut record = Record::new(Family::Mail, "mbox");
    record.account = Some("anna@example.com".into());
    record.moments.push(moment(MomentRole::Sent, Some(instant), "then", ZoneBasis::Offset));
    record.conversation = Some("t1".into());
    record
}

const HERE: Found<'static> = Found { service: "google", account: None };

fn reason(scope: &Scope, record: &Record) -> Result<(), Reason> {
    scope.judge(HERE, record).limits
}

#[test]
fn each_limit_holds_by_itself() {
    let scope = Scope::of(&authority(|_| {}));
    let inside = mail(FROM);
    assert_eq!(reason(&scope, &inside), Ok(()));
    assert_eq!(scope.judge(Found { service: "meta", account: None }, &inside).limits, Err(Reason::Service));
    let other = Record { account: Some("bob@example.com".into()), ..inside.clone() };
    assert_eq!(reason(&scope, &other), Err(Reason::Account));
    let nobody = Record { account: None, ..inside.clone() };
    assert_eq!(reason(&scope, &nobody), Err(Reason::AccountUnknown));
    let of_source = Found { service: "google", account: Some("ANNA@example.com ") };
    assert_eq!(scope.judge(of_source, &nobody).limits, Ok(()));
    let call = Record { family: Family::Call, ..inside };
    assert_eq!(reason(&scope, &call), Err(Reason::Family));
    let all = Scope::of(&authority(|l| l.families = None));
    assert_eq!(reason(&all, &call), Ok(()));
}

#[test]
fn the_edges_of_the_window_belong_to_one_side() {
    let scope = Scope::of(&authority(|_| {}));
    for (instant, expected) in [
        (FROM - 1_000_000, Err(Reason::Window)),
        (FROM, Ok(())),
        (UNTIL - 1_000_000, Ok(())),
        (UNTIL, Err(Reason::Window)),
        (i64::MAX, Err(Reason::Window)),
        (i64::MIN, Err(Reason::Window)),
    ] {
        assert_eq!(reason(&scope, &mail(instant)), expected, "{instant}");
    }
    let mut both = mail(FROM - DAY);
    both.moments.push(moment(MomentRole::Received, Some(FROM + 1), "", ZoneBasis::Offset));
    assert_eq!(reason(&scope, &both), Ok(()), "one tested time within");
    let mut other = mail(FROM - DAY);
    other.moments.push(moment(MomentRole::Modified, Some(FROM + 1), "", ZoneBasis::Offset));
    assert_eq!(reason(&scope, &other), Err(Reason::Window), "a time that is not tested");
}

#[test]
fn a_time_that_may_lie_on_both_sides_is_held_back_as_such() {
    let scope = Scope::of(&authority(|_| {}));
    let local = |text: &str, basis| {
        let mut record = mail(0);
        record.moments = vec![moment(MomentRole::Sent, None, text, basis)];
        reason(&scope, &record)
    };
    use ZoneBasis::{AccountLocal, Ambiguous, DeviceLocal};
    assert_eq!(local("2024-06-01 12:00:00", DeviceLocal), Ok(()));
    assert_eq!(local("2024:06:01 12:00:00", DeviceLocal), Ok(()));
    assert_eq!(local("20240601T120000", AccountLocal), Ok(()));
    assert_eq!(local("2023-06-01 12:00:00", DeviceLocal), Err(Reason::Window));
    assert_eq!(local("2023-12-31 23:59:59", DeviceLocal), Err(Reason::TimeAmbiguous));
    assert_eq!(local("2024-01-01 00:00:01", AccountLocal), Err(Reason::TimeAmbiguous));
    assert_eq!(local("2023-12-31 01:00:00", AccountLocal), Err(Reason::Window), "no zone is that far behind");
    assert_eq!(local("2024-01-02 00:00:00", AccountLocal), Ok(()));
    // The month is named, and the hour is not read: some time of that day.
    assert_eq!(local("Jun 1, 2024, 6:47:59 AM CET", Ambiguous), Ok(()));
    assert_eq!(local("1 June 2024 06:47", AccountLocal), Ok(()));
    assert_eq!(local("Sept 9, 2023, 7:00:28 PM CET", Ambiguous), Err(Reason::Window));
    assert_eq!(local("Jan 1, 2024, 6:47:59 PM CET", Ambiguous), Err(Reason::TimeAmbiguous));
    assert_eq!(local("2024-06-01 07:00 PM", DeviceLocal), Ok(()));
    assert_eq!(local("2023-12-31 07:00 PM", DeviceLocal), Err(Reason::TimeAmbiguous));
    // Not read: the order of the parts is doubtful, or nothing is told.
    for text in [
        "01/02/2024 10:00",
        "Jun 2024",
        "1 de junio de 2024",
        "Jun 1, 2024 or Jul 1, 2023",
        "June 31, 2024",
        "Jun 1, 24",
    ] {
        assert_eq!(local(text, Ambiguous), Err(Reason::TimeAmbiguous), "{text}");
    }
    assert_eq!(local("2024-06 07:00 PM", DeviceLocal), Err(Reason::TimeAmbiguous));
    assert_eq!(local("soon", AccountLocal), Err(Reason::TimeAmbiguous));
    // A day that the window's edge cuts, and a year that holds the edge.
    let mut day = mail(FROM - DAY / 2);
    day.moments[0].precision = Precision::Day;
    assert_eq!(reason(&scope, &day), Err(Reason::TimeAmbiguous));
    day.moments[0].instant = Some(FROM);
    assert_eq!(reason(&scope, &day), Ok(()));
    day.moments[0].precision = Precision::Year;
    assert_eq!(reason(&scope, &day), Ok(()), "2024 has 366 days");
    day.moments[0].instant = Some(FROM + DAY);
    assert_eq!(reason(&scope, &day), Err(Reason::TimeAmbiguous));
}

#[test]
fn what_lasts_is_within_if_part_of_it_is() {
    let scope = Scope::of(&authority(|_| {}));
    let trip = |start: i64, end: i64| {
        let mut record = mail(0);
        record.family = Family::Event;
        record.moments = vec![
            moment(MomentRole::Start, Some(start), "", ZoneBasis::Utc),
            moment(MomentRole::End, Some(end), "", ZoneBasis::Utc),
        ];
        reason(&scope, &record)
    };
    assert_eq!(trip(FROM - DAY, UNTIL + DAY), Ok(()));
    assert_eq!(trip(FROM - 2 * DAY, FROM - DAY), Err(Reason::Window));
    assert_eq!(trip(UNTIL + DAY, UNTIL + 2 * DAY), Err(Reason::Window));
    assert_eq!(trip(FROM - DAY, FROM + DAY), Ok(()));
}

#[test]
fn what_has_no_time_follows_its_family() {
    let scope = Scope::of(&authority(|_| {}));
    let mut record = mail(FROM);
    record.moments.clear();
    assert_eq!(reason(&scope, &record), Err(Reason::Timeless));
    record.family = Family::Account;
    assert_eq!(reason(&scope, &record), Ok(()));
    record.moments.push(moment(MomentRole::Created, Some(0), "", ZoneBasis::Utc));
    assert_eq!(reason(&scope, &record), Ok(()), "its only time is not one that is tested");
    let open = Scope::of(&authority(|l| l.window = None));
    assert_eq!(reason(&open, &Record { moments: vec![], ..mail(0) }), Ok(()));
}

fn excluded(record: &Record) -> Option<usize> {
    Scope::of(&authority(|_| {})).judge(HERE, record).excluded
}

fn from(kind: IdentifierKind, value: &str) -> Record {
    let mut record = mail(FROM);
    record.parties.push(Party::with(PartyRole::Sender, Some("Somebody".into()), kind, value));
    record
}

#[test]
fn excluded_parties_are_known_however_they_are_written() {
    use IdentifierKind::{Account, Email, Phone};
    for (kind, value) in [
        (Email, "Maria@LAW.example.org"),
        (Email, "clerk@chambers.law.example.org"),
        (Phone, "020 7946 0555"),
        (Phone, "+442079460555"),
        (Phone, "0044 (20) 7946-0555"),
        (Account, "442079460555@s.whatsapp.net"),
    ] {
        assert_eq!(excluded(&from(kind, value)), Some(0), "{value}");
    }
    let mut named = mail(FROM);
    named.parties.push(Party::named(PartyRole::Cc, "maria  stone"));
    assert_eq!(excluded(&named), Some(0));
    for (kind, value) in [
        (Email, "maria@outlaw.example.org"),
        (Email, "maria@law.example.org.example.com"),
        (Phone, "0555"),
        (Phone, "+442079460556"),
    ] {
        assert_eq!(excluded(&from(kind, value)), None, "{value}");
    }
}

#[test]
fn excluded_terms_are_found_wherever_they_stand() {
    let with = |change: fn(&mut Record)| {
        let mut record = mail(FROM);
        change(&mut record);
        excluded(&record)
    };
    assert_eq!(with(|r| r.text = Some("Here is my LEGAL\n advice:".into())), Some(0));
    assert_eq!(with(|r| r.title = Some("legal-advice".into())), Some(0));
    assert_eq!(
        with(|r| {
            r.fields.text("note", "the di\u{e1}gnosis");
        }),
        Some(1),
        "accents do not hide it"
    );
    assert_eq!(
        with(|r| {
            r.fields.text("X-Quote", "> From: maria@law.example.org");
        }),
        Some(0)
    );
    assert_eq!(
        with(|r| r.attachments.push(Attachment { name: Some("Legal advice.pdf".into()), ..Attachment::default() })),
        Some(0)
    );
    assert_eq!(with(|r| r.text = Some("paralegal adviceful legal, some advice".into())), None);
    let apart = with(|r| {
        r.title = Some("legal".into());
        r.text = Some("advice".into());
    });
    assert_eq!(apart, None, "the end of one text and the beginning of another are no phrase");
    let field = |name: &'static str, json: &'static str| {
        let mut record = mail(FROM);
        record.fields.raw(name, json).text("last", "advice");
        excluded(&record)
    };
    assert_eq!(field("notes", r#"["x",{"deep":"my legal advice"}]"#), Some(0));
    assert_eq!(field("notes", r#"["x \"legal advice\""]"#), Some(0), "escapes do not hide it");
    assert_eq!(field("notes", r#"["x","le\u0067al advice"]"#), Some(0), "nor escapes of letters");
    assert_eq!(field("notes", r#"["legal","advice"]"#), None, "two values are no phrase");
    assert_eq!(field("legal", r#"["advice"]"#), None, "a name of a field is none of the record's words");
}

#[test]
fn a_conversation_is_put_aside_whole_and_what_is_outside_stays_outside() {
    let scope = Scope::of(&authority(|_| {}));
    let plain = mail(FROM);
    let mut old = mail(FROM - DAY);
    old.text = Some("legal advice".into());
    let elsewhere = Record { conversation: Some("t2".into()), ..plain.clone() };
    let mut aside = Aside::default();
    for record in [&plain, &old, &elsewhere] {
        aside.note(HERE, record, scope.judge(HERE, record));
    }
    let outcome = |record: &Record| {
        let outcome = scope.outcome(scope.judge(HERE, record), aside.of(HERE, record));
        (outcome.as_str(), outcome.reason().to_owned())
    };
    assert_eq!(outcome(&plain), ("quarantined", "privilege".into()), "by a message that is itself outside");
    assert_eq!(outcome(&old), ("held back", "outside the window".into()));
    assert_eq!(outcome(&elsewhere), ("shown", "within scope".into()));
    assert_eq!(aside.of(HERE, &plain), Some(0));
    assert_eq!(aside.of(Found { service: "mail", account: None }, &plain), None, "another service's thread");
    assert_eq!(aside.of_row("google", plain.conversation.as_deref(), 7), Some(0), "as it is told by its columns");
    assert_eq!(aside.of_row("google", Some("t2"), 7), None);
}

/// A photo that a privileged conversation has attached is put aside, though nothing in the photo says so.
#[test]
fn what_is_attached_follows_its_conversation() {
    let scope = Scope::of(&authority(|_| {}));
    let at = |entry: u32| Ref { entry: EntryId(entry), locator: Locator::whole(9) };
    let mut first = mail(FROM + DAY);
    first.refs = vec![at(1)];
    let attached = |entry: u32| Attachment { at: Some(at(entry)), ..Attachment::default() };
    first.attachments = vec![attached(5), attached(1)];
    let mut second = mail(FROM + 2 * DAY);
    (second.refs, second.text) = (vec![at(1)], Some("legal advice".into()));
    let photo = |entry: u32| Record { refs: vec![at(entry)], conversation: None, ..mail(FROM + DAY) };
    let mut aside = Aside::default();
    for record in [&photo(5), &photo(6), &first, &second] {
        aside.note(HERE, record, scope.judge(HERE, record));
    }
    assert_eq!((aside.of(HERE, &photo(5)), aside.of(HERE, &photo(6))), (Some(0), None));
    assert_eq!(aside.of_row("google", None, 5), Some(0));
    let other = Record { conversation: Some("t2".into()), ..first.clone() };
    assert_eq!(aside.of(HERE, &other), None, "its own mailbox is not attached to it");
}

#[test]
fn entries_that_can_hold_nothing_covered_are_not_read() {
    let scope = Scope::of(&authority(|_| {}));
    assert_eq!(scope.may_hold("google", &[Family::Call, Family::Mail], None), Ok(()));
    assert_eq!(scope.may_hold("google", &[Family::Call], None), Err(Reason::Family));
    assert_eq!(scope.may_hold("meta", &[Family::Mail], None), Err(Reason::Service));
    assert_eq!(scope.may_hold("google", &[Family::Mail], Some("bob@example.com")), Err(Reason::Account));
    assert_eq!(scope.may_hold("google", &[], None), Ok(()), "families that are not known may be any");
}

#[test]
fn the_holder_sees_everything_and_third_parties_are_the_others() {
    let own = Authority { limits: None, ..authority(|_| {}) };
    let scope = Scope::of(&own);
    let record = Record { account: None, ..mail(0) };
    assert!(scope.is_everything());
    assert_eq!(scope.outcome(scope.judge(HERE, &record), None), Outcome::Shown);
    let scope = Scope::of(&authority(|_| {}));
    let mut record = mail(FROM);
    for address in ["anna@example.com", "Bob@example.com", "bob@EXAMPLE.com", "cara@example.com"] {
        record.parties.push(Party::with(PartyRole::To, None, IdentifierKind::Email, address));
    }
    let others: Vec<String> = scope.third_parties(&record).into_iter().collect();
    assert_eq!(others, ["bob@example.com", "cara@example.com"]);
}
