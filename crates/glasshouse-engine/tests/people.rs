//! Accounts: passwords, keys, and what lies on the disk of them.

use glasshouse_engine::organisation::Organisation;
use glasshouse_engine::people::{Attempt, Home, Role};
use glasshouse_engine::session::{About, Asking, Session, Who};
use glasshouse_engine::words::Words;
use glasshouse_engine::{authority, enrol, events};
use glasshouse_store::{Actor, sign};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const PASSWORD: &[u8] = b"correct horse battery staple";

/// A folder that goes when the test ends.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("glasshouse-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        Place(folder)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_account_opens_with_its_password_and_tells_neither_password_nor_key() {
    let place = Place::new("people");
    let home = Home::at(&place.0);
    let made = home.enrol("d.hart", "Dana Hart", &[Role::Examiner], PASSWORD).expect("made");
    assert_eq!(home.authenticate("d.hart", PASSWORD).expect("opens"), made);
    assert!(home.authenticate("d.hart", b"correct horse battery stapl").is_err());
    assert!(home.authenticate("nobody", PASSWORD).is_err() && home.authenticate("../d.hart", PASSWORD).is_err());
    let note = home.sign("d.hart", PASSWORD, "a text\n").expect("signed");
    assert_eq!(sign::opened(note.as_bytes(), &made.key).as_deref(), Ok("a text\n"));
    assert!(home.sign("d.hart", b"another password", "a text\n").is_err());

    let path = place.0.join("people/d.hart.toml");
    let text = std::fs::read_to_string(&path).expect("readable");
    assert!(text.contains("$argon2id$") && !text.contains("staple"), "{text}");
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&place.0.join("people"))), (0o600, 0o700));
    // A key that is swapped for another does not sign.
    let (_, other) = sign::new_key("d.hart").expect("a key");
    std::fs::write(&path, text.replace(&made.key, &other)).expect("written");
    assert!(home.sign("d.hart", PASSWORD, "a text\n").is_err());
    std::fs::write(&path, "name = 1").expect("written");
    assert!(home.person("d.hart").is_err_and(|e| e.to_string().contains("damaged")));

    for (name, password, words) in [
        ("D.Hart", PASSWORD, "small letters"),
        ("../x", PASSWORD, "small letters"),
        ("b.lee", b"short".as_slice(), "at least 12"),
    ] {
        let error = home.enrol(name, "", &[Role::Examiner], password).expect_err("refused");
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(home.enrol("b.lee", "", &[Role::Holder], PASSWORD).is_err());
    home.enrol("b.lee", "", &[Role::Auditor], PASSWORD).expect("made");
    assert!(home.enrol("b.lee", "", &[Role::Auditor], PASSWORD).is_err(), "the name is taken");
}

#[test]
fn an_organisation_gives_roles_and_its_file_cannot_be_changed_unseen() {
    let place = Place::new("organisation");
    let home = Home::at(&place.0);
    for (name, role) in [("a.mensah", Role::Administrator), ("d.hart", Role::Examiner), ("r.okoro", Role::Authoriser)] {
        home.enrol(name, name, &[role], PASSWORD).expect("made");
    }
    let draft = enrol::draft("Northtown \"Police\"", "a.mensah", &home).expect("a draft");
    let first = Organisation::check(&draft).unwrap_or_else(|f| panic!("{}", authority::lines(&f)));
    assert!(!first.own_allowed && first.name == "Northtown \"Police\"" && first.members.len() == 3);
    assert!(enrol::own_refused(&home).is_ok(), "no organisation is in force yet");

    assert!(enrol::establish(&draft, "d.hart", PASSWORD, &home).is_err(), "the administrator signs");
    enrol::establish(&draft, "a.mensah", PASSWORD, &home).expect("in force");
    assert!(enrol::own_refused(&home).is_err_and(|e| e.to_string().contains("no personal cases")));
    // An account of one's own making has no role in an organisation.
    let late = home.enrol("x.late", "", &[Role::Administrator], PASSWORD).expect("made");
    assert!(late.roles.is_empty());

    assert!(enrol::establish(&draft, "a.mensah", PASSWORD, &home).is_err(), "the next version is 2");
    let second = draft.replace("version = 1", "version = 2").replace("roles = [\"examiner\"]", "roles = [\"auditor\"]");
    enrol::establish(&second, "a.mensah", PASSWORD, &home).expect("in force");
    assert_eq!(home.person("d.hart").expect("there").roles, [Role::Auditor]);
    let mine = home.person("d.hart").expect("there").key;
    let theirs = home.person("a.mensah").expect("there").key;
    let coup = second
        .replace("version = 2", "version = 3")
        .replace("administrator = \"a.mensah\"", "administrator = \"d.hart\"");
    let coup = coup.replacen(&theirs, &mine, 1);
    assert!(enrol::establish(&coup, "d.hart", PASSWORD, &home).is_err());

    let path = place.0.join("organisation.toml");
    std::fs::write(&path, second.replace("self_allowed = false", "self_allowed = true")).expect("written");
    assert!(home.organisation().is_err_and(|e| e.to_string().contains("changed after it was signed")));
    assert!(home.person("d.hart").is_err(), "nobody acts under a file that was changed");
    std::fs::write(&path, &second).expect("written");
    std::fs::remove_file(place.0.join("organisation.toml.sig")).expect("removed");
    assert!(home.organisation().is_err());
}

#[test]
fn an_issuer_names_members_and_nobody_else() {
    let place = Place::new("issuer");
    let home = Home::at(&place.0);
    for (name, role) in [("a.mensah", Role::Administrator), ("d.hart", Role::Examiner), ("r.okoro", Role::Authoriser)] {
        home.enrol(name, name, &[role], PASSWORD).expect("made");
    }
    assert!(home.recognised("d.hart").expect("read").is_none(), "nobody vouches where no organisation says who may");
    let draft = enrol::draft("Northtown", "a.mensah", &home).expect("a draft");
    let sign_in = "\n[sign_in]\nissuer = \"https://id.example.com\"\nclient_id = \"c\"\nclaim = \"sub\"\nclient_secret_file = \"secret\"\n";
    let draft = draft.replace("name = \"r.okoro\"", "name = \"r.okoro\"\nknown_as = \"77-a\"") + sign_in;
    enrol::establish(&draft, "a.mensah", PASSWORD, &home).expect("in force");
    let named = |called: &str| home.recognised(called).expect("read").map(|person| person.name);
    assert_eq!(named("d.hart").as_deref(), Some("d.hart"));
    assert_eq!(named("77-a").as_deref(), Some("r.okoro"));
    for stranger in ["r.okoro", "D.HART", "d.hart ", "", "x.late", "../d.hart"] {
        assert_eq!(named(stranger), None, "{stranger}");
    }
    home.enrol("x.late", "", &[Role::Examiner], PASSWORD).expect("made");
    assert_eq!(named("x.late"), None, "an account that the organisation does not know");
    // The account of a member is made anew, with another key, by who can write the folder.
    std::fs::remove_file(place.0.join("people/d.hart.toml")).expect("removed");
    assert_eq!(named("d.hart"), None);
    home.enrol("d.hart", "", &[Role::Examiner], PASSWORD).expect("made");
    assert_eq!(named("d.hart"), None, "the key is not the one that the administrator signed");
    let issuer = home.organisation().expect("read").and_then(|o| o.issuer).expect("one").under(&place.0);
    assert_eq!(issuer.client_secret_file, Some(place.0.join("secret")));
    assert!(!issuer.passwords, "the issuer takes the place of the password");
}

/// Returns the code that an app shows which has read the address.
fn app(uri: &str, time: u64) -> String {
    let secret = uri.split("secret=").nth(1).and_then(|rest| rest.split('&').next()).expect("a secret");
    let (mut bytes, mut value, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in secret.bytes() {
        let five = if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' };
        (value, bits) = (((value << 5) | u32::from(five)) & 0xffff, bits + 5);
        if bits >= 8 {
            bits -= 8;
            bytes.push((value >> bits) as u8);
        }
    }
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let tag = ring::hmac::sign(&key, &(time / 30).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().expect("four");
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

#[test]
fn an_organisation_can_ask_for_a_second_factor() {
    let place = Place::new("second");
    let home = Home::at(&place.0);
    home.enrol("a.mensah", "", &[Role::Administrator], PASSWORD).expect("made");
    let by = |attempt: Attempt| match attempt {
        Attempt::In(person, by) => format!("{} {by}", person.name),
        Attempt::WrongPassword => "wrong password".into(),
        Attempt::CodeWanted => "code wanted".into(),
        Attempt::WrongCode => "wrong code".into(),
        Attempt::NoSecondFactor => "no second factor".into(),
    };
    let attempt = |password: &[u8], code: &str, now| by(home.attempt("a.mensah", password, code, now).expect("read"));
    assert_eq!(attempt(PASSWORD, "", 0), "a.mensah password");
    let draft = enrol::draft("Northtown", "a.mensah", &home).expect("a draft");
    let asking = draft.replace("# second_factor", "second_factor");
    enrol::establish(&asking, "a.mensah", PASSWORD, &home).expect("in force");
    assert_eq!(attempt(PASSWORD, "", 0), "no second factor");
    assert_eq!(
        attempt(b"not the password", "", 0),
        "wrong password",
        "only who knows it learns that a code is asked for"
    );

    let fresh = home.new_second("a.mensah").expect("made");
    assert!(!home.prove_second("a.mensah", PASSWORD, &fresh, "12345", 90).expect("read"));
    assert_eq!(home.spare_codes("a.mensah").expect("read"), None, "what was not shown to work is not kept");
    let code = app(&fresh.uri, 90);
    assert!(home.prove_second("a.mensah", PASSWORD, &fresh, &code, 90).expect("read"));
    let spare: &str = &fresh.spare[0];
    assert_eq!(attempt(PASSWORD, "", 90), "code wanted");
    assert_eq!(attempt(b"not the password", spare, 90), "wrong password");
    assert_eq!(attempt(PASSWORD, &code, 90), "wrong code", "the code that proved it is used");
    assert_eq!(attempt(PASSWORD, &app(&fresh.uri, 120), 120), "a.mensah password and code");
    assert_eq!(attempt(PASSWORD, &app(&fresh.uri, 90), 120), "wrong code", "older than the newest that was used");
    let grouped = format!("{}-{}", &spare[..8], spare[8..].to_lowercase());
    assert_eq!(attempt(PASSWORD, &grouped, 90), "a.mensah password and spare code");
    assert_eq!(attempt(PASSWORD, spare, 90), "wrong code");
    assert_eq!(home.spare_codes("a.mensah").expect("read"), Some(9));
    for n in 0..4 {
        assert_eq!(attempt(PASSWORD, &n.to_string(), 90), "wrong code");
    }
    assert_eq!(attempt(PASSWORD, &fresh.spare[1], 389), "wrong code", "after five wrong ones it waits");
    assert_eq!(attempt(PASSWORD, &fresh.spare[1], 390), "a.mensah password and spare code");
    assert!(home.drop_second("a.mensah").expect("written") && !home.drop_second("a.mensah").expect("written"));
    assert_eq!(attempt(PASSWORD, "", 390), "no second factor");
}

#[test]
fn what_is_wrong_with_an_organisations_file_is_said() {
    let (_, key) = sign::new_key("a.mensah").expect("a key");
    let (_, other) = sign::new_key("r.okoro").expect("a key");
    let good = format!(
        "name = \"N\"\nversion = 1\nadministrator = \"a.mensah\"\nadministrator_key = \"{key}\"\nself_allowed = true\n\n[[people]]\nname = \"r.okoro\"\nkey = \"{other}\"\nroles = [\"authoriser\"]\nmay_authorise = [\"warrant\"]\n"
    );
    let organisation = Organisation::check(&good).expect("good");
    assert!(organisation.own_allowed && organisation.refuses("r.okoro", &other, authority::Kind::Warrant).is_none());
    assert!(organisation.refuses("r.okoro", &other, authority::Kind::Consent).is_some());
    assert!(organisation.refuses("r.okoro", &key, authority::Kind::Warrant).is_some());
    for (from, to, words) in [
        ("version = 1", "version = 0", "`version`"),
        ("self_allowed = true", "self_allowed = \"maybe\"", "neither true nor false"),
        ("name = \"N\"", "nam = \"N\"", "`nam` is not a field"),
        ("administrator = \"a.mensah\"", "administrator = \"b\"", "not the verifier key"),
        ("roles = [\"authoriser\"]", "roles = [\"king\"]", "needs roles out of"),
        ("roles = [\"authoriser\"]", "roles = [\"examiner\"]", "is no authoriser"),
        ("\"warrant\"", "\"self\"", "may authorise kinds out of"),
        ("name = \"r.okoro\"", "name = \"r.x\"", "needs their verifier key"),
        ("roles = [", "known_as = \" \"\nroles = [", "is known as ``"),
        ("self_allowed = true", "second_factor = \"perhaps\"", "neither \"required\" nor \"optional\""),
        ("self_allowed = true", "sign_in = \"here\"", "`sign_in` is not a field"),
        ("self_allowed = true", "sign_in.issuer = \"http://id.example.com\"", "no address of an issuer"),
        ("self_allowed = true", "sign_in.issuer = \"https://id.example.com\"", "`sign_in.client_id` is missing"),
        ("self_allowed = true", "sign_in.secret = \"x\"", "`sign_in.secret` is not a field"),
        ("self_allowed = true", "sign_in.hosts = [\"https://a\"]", "lists names of hosts"),
    ] {
        let faults = Organisation::check(&good.replace(from, to)).err().unwrap_or_default();
        assert!(faults.iter().any(|f| f.message.contains(words) && f.line > 0), "{to}: {}", authority::lines(&faults));
    }
}

/// A server keeps one session: the query is in the log before its answer, what was seen after it, in one commit each.
#[test]
fn a_session_that_is_held_logs_in_groups() {
    let place = Place::new("session");
    let home = Home::at(&place.0);
    home.enrol("d.hart", "", &[Role::Examiner], PASSWORD).expect("made");
    let authoriser = home.enrol("r.okoro", "", &[Role::Authoriser], PASSWORD).expect("made");
    let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/authorities/warrant.toml");
    let text = std::fs::read_to_string(example).expect("the example");
    let lines = text.lines().map(|line| match line.split(" = ").next() {
        Some("authoriser_key") => format!("authoriser_key = \"{}\"", authoriser.key),
        Some("until") if line.contains("2024-08-03") => "until = 2044-08-03".to_owned(),
        _ => line.to_owned(),
    });
    let file = place.0.join("warrant.toml");
    std::fs::write(&file, lines.collect::<Vec<_>>().join("\n")).expect("written");
    enrol::approve(&file, "r.okoro", PASSWORD, &home).expect("approved");
    let person = home.authenticate("d.hart", PASSWORD).expect("opens");
    let who = Who { actor: Actor { who: "os".into(), place: "desk".into() }, person: Some(person) };
    let root = place.0.join("case");
    drop(enrol::found(&root, "A case", "copied", &who, &home, &file).expect("made"));

    let session = Session::begin(&root, who.clone(), &home, &Asking::default()).expect("begun");
    assert!(!session.is_own() && session.enquiries().1.is_none() && session.enquiries().0.len() == 2);
    session.hold().expect("held");
    assert!(session.consult("record.search", About::query("a")).is_err(), "no line of enquiry was chosen");
    session.enquire("2").expect("a line");
    assert!(session.enquire("9").is_err());
    let begun = std::time::Instant::now();
    for n in 0..100 {
        session.consult("record.search", About::query(&format!("words {n}"))).expect("allowed");
        session.seen([format!("{n}a"), format!("{n}b")]);
        session.seen([format!("{n}c")]);
    }
    let each = begun.elapsed().as_secs_f64() * 10.0;
    println!("{each:.1} ms for each query that is logged");
    session.flush().expect("written");
    session.flush().expect("nothing more to write");
    drop(session);
    asked_at_once(&root, &home, who);
    let all = events::list(&root, &events::Filter::default(), &Words::default()).expect("readable");
    let of = |action: &str| all.iter().filter(|e| e.action == action).collect::<Vec<_>>();
    let (searches, seen) = (of("search.run"), of("records.seen"));
    assert_eq!((searches.len(), seen.len(), all.len()), (200, 100, 302));
    let mut late: Vec<_> = searches.iter().skip(100).map(|e| e.content["query"].clone()).collect();
    late.sort();
    late.dedup();
    assert_eq!(late.len(), 100, "each that was asked at once is there once");
    for (n, (search, seen)) in searches.iter().zip(&seen).enumerate() {
        assert_eq!(search.content["query"], format!("words {n}"));
        assert_eq!((search.enquiry.as_str(), search.role.as_str()), ("who arranged the delivery", "examiner"));
        assert!(seen.seq > search.seq && seen.detail["of"] == search.seq && seen.detail["count"] == 3);
    }
}

/// Many who ask at once, through two sessions that let each other write: each query is in the log once.
fn asked_at_once(root: &std::path::Path, home: &Home, who: Who) {
    let asking = Asking { enquiry: Some("2".into()), authority: None };
    let sessions: Vec<Session> =
        (0..2).map(|_| Session::begin(root, who.clone(), home, &asking).expect("begun")).collect();
    let begun = std::time::Instant::now();
    std::thread::scope(|scope| {
        for n in 0..20 {
            let session = &sessions[n % 2];
            scope.spawn(move || {
                for m in 0..5 {
                    let query = About::query(&format!("at once {n} {m}"));
                    session.consult("record.search", query).expect("allowed");
                }
            });
        }
    });
    println!("{:.1} ms for each of 100 that are asked at once", begun.elapsed().as_secs_f64() * 10.0);
}
