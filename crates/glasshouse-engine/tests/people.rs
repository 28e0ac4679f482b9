//! Accounts: passwords, keys, and what lies on the disk of them.

use glasshouse_engine::organisation::Organisation;
use glasshouse_engine::people::{Home, Role};
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
