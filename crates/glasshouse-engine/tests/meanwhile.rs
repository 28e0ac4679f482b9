//! What somebody was permitted when they began, and is no more when it would take effect.

use glasshouse_engine::EngineError;
use glasshouse_engine::authority::Ended;
use glasshouse_engine::export::{self, Place, Wanted};
use glasshouse_engine::ingest::{Options, Progress, ingest};
use glasshouse_engine::people::{Home, Role};
use glasshouse_engine::session::{Asking, Session, Who};
use glasshouse_engine::{authority, enrol};
use glasshouse_store::{Actor, read_case_events};
use std::io::Read;
use std::path::PathBuf;

const PASSWORD: &[u8] = b"correct horse battery staple";

struct Office {
    home: Home,
    root: PathBuf,
    keep: tempfile::TempDir,
}

impl Office {
    /// Makes a case of a few mails under a warrant.
    fn new() -> Self {
        let keep = tempfile::tempdir().expect("a folder");
        let home = Home::at(keep.path().join("home"));
        for (name, role) in
            [("d.hart", Role::Examiner), ("r.okoro", Role::Authoriser), ("p.quill", Role::DisclosureOfficer)]
        {
            home.enrol(name, name, &[role], PASSWORD).expect("made");
        }
        let office = Office { home, root: keep.path().join("case"), keep };
        let mail = |n: u32| {
            format!(
                "From x@example.com Thu Jan 01 00:00:00 2024\nMessage-ID: <{n}@example.com>\nFrom: K. Lowe <k.lowe@example.com>\n\
                 To: j.marsh@example.com\nDate: Mon, {n} Jan 2024 10:00:00 +0000\nSubject: plans {n}\n\nwords\n\n"
            )
        };
        let mbox = office.keep.path().join("mail.mbox");
        std::fs::write(&mbox, (1..=20).map(mail).collect::<String>()).expect("written");
        let file = office.warrant(1, "2024-03-31");
        let (case, _) =
            enrol::found(&office.root, "A case", "copied", &office.who("d.hart"), &office.home, &file).expect("made");
        drop(case);
        let case = office.session("d.hart").open("evidence.add").expect("opens");
        let options = Options { account: Some("j.marsh@example.com".into()), ..Options::default() };
        let report = ingest(&case, &[mbox], &options, &Progress::default()).expect("taken in");
        assert_eq!(report.run.records, 20);
        office
    }

    fn warrant(&self, version: u32, until: &str) -> PathBuf {
        let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/authorities/warrant.toml");
        let text = std::fs::read_to_string(example).expect("the example");
        let key = self.home.person("r.okoro").expect("an account").key;
        let lines = text.lines().map(|line| match line.split(" = ").next() {
            Some("authoriser_key") => format!("authoriser_key = \"{key}\""),
            Some("version") => format!("version = {version}"),
            Some("services") => "services = [\"mail\"]".to_owned(),
            Some("until") if line.contains("2024-08-03") => "until = 2044-08-03".to_owned(),
            Some("until") if line.contains("2024-03-31") => format!("until = {until}"),
            _ => line.to_owned(),
        });
        let file = self.keep.path().join(format!("warrant-{version}.toml"));
        std::fs::write(&file, lines.collect::<Vec<_>>().join("\n")).expect("written");
        enrol::approve(&file, "r.okoro", PASSWORD, &self.home).expect("approved");
        file
    }

    fn who(&self, name: &str) -> Who {
        let person = self.home.person(name).expect("an account");
        Who { actor: Actor { who: "os".into(), place: "desk".into() }, person: Some(person) }
    }

    fn session(&self, name: &str) -> Session {
        let asking = Asking { authority: None, enquiry: Some("1".into()) };
        Session::begin(&self.root, self.who(name), &self.home, &asking).expect("begins")
    }

    fn narrow(&self) {
        let file = self.warrant(2, "2024-01-05");
        enrol::add(&self.root, &self.session("d.hart"), &self.home, &file, true).expect("amended");
    }

    fn withdraw(&self) {
        let session = self.session("r.okoro");
        let id = "op-rowan-1";
        enrol::withdraw(&self.root, &session, id, Ended::Quashed, "2026-01-01", "quashed").expect("ended");
    }

    fn disclosures(&self) -> usize {
        let events = read_case_events(&self.root).expect("a log");
        events.iter().filter(|(leaf, _)| leaf.action == "case.exported").count()
    }
}

/// A place in which something happens when a file comes.
struct While<'a> {
    file: &'static str,
    happens: &'a dyn Fn(),
    files: usize,
}

impl Place for While<'_> {
    fn put(&mut self, path: &str, content: &mut dyn Read) -> Result<(), EngineError> {
        std::io::copy(content, &mut std::io::sink()).expect("read");
        self.files += 1;
        if path == self.file {
            (self.happens)();
        }
        Ok(())
    }
}

fn wanted() -> Wanted {
    Wanted { query: String::new(), tag: None, recipient: "the defence".into(), purpose: "disclosure".into() }
}

#[test]
fn what_may_be_given_away_is_asked_again_when_it_is() {
    let office = Office::new();
    let give = |file: &'static str, happens: &dyn Fn()| {
        let session = office.session("p.quill");
        let mut place = While { file, happens, files: 0 };
        export::export_into(&session, &wanted(), &mut place, &export::Progress::default())
    };
    assert_eq!(give("", &|| {}).expect("given").records, 20);
    assert_eq!(office.disclosures(), 1);
    // The amendment comes while files are written: the export would hold what it took away.
    let refused = give("records.ndjson", &|| office.narrow()).expect_err("refused").to_string();
    assert!(refused.contains("was changed while the export was made"), "{refused}");
    assert_eq!(office.disclosures(), 1);
    let refused = give("", &|| {}).expect_err("refused").to_string();
    assert!(refused.contains("lets less through"), "{refused}");
}

#[test]
fn who_waited_for_the_case_is_asked_again_when_it_is_theirs() {
    let office = Office::new();
    let session = office.session("d.hart");
    assert!(session.may("evidence.process").is_ok());
    let other = office.session("d.hart");
    office.withdraw();
    for action in ["evidence.process", "evidence.add", "work.write"] {
        let refused = session.open(action).err().expect("refused").to_string();
        assert!(refused.contains("was changed meanwhile"), "{refused}");
    }
    let refused = other.open_to_combine(&[]).err().expect("refused").to_string();
    assert!(refused.contains("Cases are combined only") || refused.contains("changed meanwhile"), "{refused}");
    // Who begins anew is told the state as it is.
    let refused = office.session("d.hart").open("evidence.process").err().expect("refused").to_string();
    assert!(refused.contains("only while an authority is in force"), "{refused}");
    assert_eq!(
        authority::standings(&office.root).expect("read")[0].state(glasshouse_engine::session::now()),
        "quashed"
    );
}

#[test]
fn who_is_struck_off_is_out_of_a_session_that_lasts() {
    let office = Office::new();
    let home = &office.home;
    home.enrol("a.mensah", "", &[Role::Administrator], PASSWORD).expect("made");
    let (hart, quill) = (office.session("d.hart"), office.session("p.quill"));
    assert!(hart.still_stands().expect("read") && quill.still_stands().expect("read"));
    let draft = enrol::draft("Northtown", "a.mensah", home).expect("a draft");
    enrol::establish(&draft, "a.mensah", PASSWORD, home).expect("in force");
    assert!(hart.still_stands().expect("read"), "the file says of them what they are");
    let changed = |version: u32, text: String| {
        let text = text.replace("version = 1", &format!("version = {version}"));
        enrol::establish(&text, "a.mensah", PASSWORD, home).expect("in force");
    };
    changed(2, draft.replace("roles = [\"examiner\"]", "roles = [\"examiner\", \"privilege_reviewer\"]"));
    assert!(!hart.still_stands().expect("read") && quill.still_stands().expect("read"));
    let hart = office.session("d.hart");
    let entry = draft.find("[[people]]\nname = \"d.hart\"").expect("listed");
    let end = draft[entry + 1..].find("\n[[people]]").map_or(draft.len(), |at| entry + 1 + at);
    changed(3, draft[..entry].to_owned() + &draft[end..]);
    assert!(!hart.still_stands().expect("read") && quill.still_stands().expect("read"));
    // And without an organisation: the account is gone.
    std::fs::remove_file(home.folder().join("people/p.quill.toml")).expect("removed");
    assert!(!quill.still_stands().expect("read"));
}
