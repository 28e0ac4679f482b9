//! What is left after a discard: what stays encrypted, what cannot be cut, and what is read later beside it.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::dump::Dump;
use support::office::{Office, PASSWORD, Said};
use zip::AesMode;
use zip::write::SimpleFileOptions;

const YEAR: [(&str, &str); 3] = [("from", "2022-01-01"), ("until", "2022-12-31"), ("other", "\"in\"")];
const PRIVILEGED: [(&str, &str); 2] = [("parties", "[]"), ("terms", "[\"heliotrope\"]")];
const SECRET: &str = "a password of the export";

/// Writes a zip: name, content, and whether it is encrypted.
fn zipped(office: &Office, name: &str, files: &[(&str, &[u8], bool)]) -> PathBuf {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content, encrypted) in files {
        let options = SimpleFileOptions::default();
        let options = if *encrypted { options.with_aes_encryption(AesMode::Aes256, SECRET) } else { options };
        zip.start_file(*name, options).expect("an entry");
        zip.write_all(content).expect("written");
    }
    let path = office.folder.join(name);
    fs::write(&path, zip.finish().expect("written").into_inner()).expect("written");
    path
}

fn mail(n: u32, date: &str) -> String {
    format!(
        "From x@example.com Thu Jan 01 00:00:00 2022\nMessage-ID: <{n}@example.com>\nFrom: K. Lowe <k.lowe@example.com>\nTo: j.marsh@example.com\nDate: {date} 10:00:00 +0000\nSubject: plans\n\nwords\n\n"
    )
}

fn outcomes(office: &Office, case: &str) -> BTreeMap<(String, String, String), u64> {
    let sum = "SELECT outcome, unit, reason, CAST(sum(count) AS BIGINT) AS n FROM outcomes GROUP BY ALL";
    let text = |row: &BTreeMap<String, Value>, name: &str| row[name].as_str().expect("a word").to_owned();
    let rows = office.rows(case, sum);
    let row = |r: &BTreeMap<String, Value>| {
        ((text(r, "outcome"), text(r, "unit"), text(r, "reason")), r["n"].as_u64().expect("a number"))
    };
    rows.iter().map(row).collect()
}

fn of(outcomes: &BTreeMap<(String, String, String), u64>, outcome: &str, unit: &str) -> u64 {
    outcomes.iter().filter(|((o, u, _), _)| (o.as_str(), u.as_str()) == (outcome, unit)).map(|(_, n)| n).sum()
}

fn discard(office: &Office, case: &str) -> String {
    office.good(&[], "r.okoro", &["process", "--quiet", case, "--discard", "--reason", "the order covers one year"])
}

/// Processes a case with the password of its encrypted entries.
fn with_password(office: &Office, case: &str) -> Said {
    office.unlocking("d.hart", SECRET, &["process", "--quiet", case])
}

/// A card that a password opens later is attached to a message that is put aside, and the message is not read again.
#[test]
fn what_is_read_later_and_attached_to_what_is_left_is_never_in_clear() {
    let office = Office::new();
    let file = office.limited(1, &[&YEAR[..], &PRIVILEGED].concat());
    let talk = r#"{"messages": [{"creator": {"name": "Kay Lowe", "email": "k.lowe@example.com", "user_type": "Human"},
        "created_date": "Saturday, January 15, 2022 at 10:00:00 AM UTC", "text": "about the heliotrope", "topic_id": "t1",
        "message_id": "1/t1/m1", "attached_files": [{"original_name": "card.vcf", "export_name": "File-card.vcf"}]}]}"#;
    let chat = "Takeout/Google Chat/Groups/DM 1";
    let (messages, card) = (format!("{chat}/messages.json"), format!("{chat}/File-card.vcf"));
    let old = mail(1, "Fri, 01 Jan 2021");
    let first = zipped(
        &office,
        "takeout-20240601T120000Z-001.zip",
        &[(&messages, talk.as_bytes(), false), ("Takeout/Mail/all.mbox", old.as_bytes(), false)],
    );
    let vcard = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Tamarind Quillfeather\r\nTEL:+1 202 555 0143\r\nEND:VCARD\r\n";
    let second = zipped(&office, "takeout-20240601T120000Z-002.zip", &[(&card, vcard, true)]);
    let case = office.taken("case", &file, &[first, second]);
    assert_eq!(of(&outcomes(&office, &case), "quarantined", "records"), 1);
    discard(&office, &case);
    let here = |name: &str| Path::new(&case).join("evidence/s0001").join(name).exists();
    assert!(!here("part-0001.age") && here("part-0002.age"), "of the first part something is gone");

    // It stops where the first of what is put aside would be written.
    let runs = fs::read_dir(Path::new(&case).join("runs")).expect("a folder").filter_map(Result::ok);
    let names = runs.filter_map(|e| e.file_name().to_str().and_then(|n| n.strip_prefix('r')?.parse::<u32>().ok()));
    let next = Path::new(&case).join(format!("runs/r{:04}", names.max().expect("a run") + 1));
    fs::create_dir(&next).expect("made");
    fs::write(next.join("quarantine"), "in the way").expect("written");
    let said = with_password(&office, &case);
    assert_ne!(said.code, 0, "{}", said.out);
    assert!(!Dump::of(&Path::new(&case).join("runs")).has_word("quillfeather"), "it lies in a segment in clear");

    fs::remove_file(next.join("quarantine")).expect("removed");
    let said = with_password(&office, &case);
    assert_eq!(said.code, 0, "{}", said.err);
    let after = outcomes(&office, &case);
    assert_eq!((of(&after, "quarantined", "records"), of(&after, "shown", "records")), (2, 0), "{after:?}");
    assert!(!Dump::of(&Path::new(&case).join("runs")).has_word("quillfeather"));
    office.proven(&case);
}

/// What was never opened goes whole; an Outlook store, whose items cannot be cut out, stays whole and is counted.
#[test]
fn what_is_encrypted_goes_and_an_outlook_store_stays_whole() {
    let office = Office::new();
    let limits = [("from", "2024-01-30"), ("until", "2024-01-30"), ("other", "\"held_back\"")];
    let services = [("services", r#"["google", "mail", "outlook"]"#)];
    let file = office.limited(1, &[&limits[..], &PRIVILEGED, &services].concat());
    let store = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../glasshouse-providers/src/outlook/fixtures/2024-unicode/input/jo.pst");
    let store = fs::read(store).expect("a store");
    let closed = mail(9, "Tue, 30 Jan 2024") + "tamarind";
    let (inside, outside) = (mail(1, "Tue, 30 Jan 2024"), mail(2, "Fri, 01 Jan 2021"));
    let export = zipped(
        &office,
        "export.zip",
        &[
            ("jo.pst", &store, false),
            ("closed.eml", closed.as_bytes(), true),
            ("all.mbox", (inside + &outside).as_bytes(), false),
        ],
    );
    let case = office.taken("case", &file, &[export]);
    let before = outcomes(&office, &case);
    let encrypted = ("not read".to_owned(), "entries".to_owned(), "encrypted".to_owned());
    assert_eq!(before.get(&encrypted), Some(&1), "{before:?}");
    let (shown, held) = (of(&before, "shown", "records"), of(&before, "held back", "records"));
    assert!(shown > 2 && held > 2, "{before:?}");
    let by_store = "SELECT count(*) FROM records WHERE service = 'outlook'";
    let from_store = office.one(&case, by_store);
    assert!(from_store > 1);

    discard(&office, &case);
    let after = outcomes(&office, &case);
    let gone = ("discarded".to_owned(), "entries".to_owned(), "encrypted".to_owned());
    assert_eq!((after.get(&gone), after.get(&encrypted)), (Some(&1), None), "{after:?}");
    // What the store holds beside is still held, and no more than the one mail is said to be destroyed.
    assert_eq!(of(&after, "discarded", "records"), 1, "{after:?}");
    assert_eq!(of(&after, "held back", "records"), held - 1, "{after:?}");
    assert_eq!((of(&after, "shown", "records"), office.one(&case, by_store)), (shown, from_store));
    let certificate = fs::read_to_string(Path::new(&case).join("evidence/discard-0001.json")).expect("there");
    let certificate: Value = serde_json::from_str(&certificate).expect("JSON");
    let part = &certificate["parts"][0];
    assert_eq!(
        (&part["entries"], &part["whole"], &part["cut"], &part["uncut"]),
        (&3.into(), &1.into(), &1.into(), &1.into())
    );
    office.proven(&case);

    // The bytes of the store's records are what they were; the password finds nothing that it opens.
    let id = office.rows(&case, "SELECT id FROM records WHERE service = 'outlook' ORDER BY id LIMIT 1");
    let id = id[0]["id"].as_str().expect("an id").to_owned();
    assert!(!office.good(&["--bytes", "--enquiry", "1"], "d.hart", &["show", &case, &id]).is_empty());
    let said = with_password(&office, &case);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(outcomes(&office, &case), after);
    office.proven(&case);
}

/// An archive that a password opened later is discarded as anything else is: itself, and what of its content lies outside.
#[test]
fn an_archive_that_was_opened_later_goes_with_what_is_outside() {
    let office = Office::new();
    let file = office.limited(1, &[&YEAR[..], &PRIVILEGED].concat());
    let said = |n: u32, date: &str, word: &str| mail(n, date).replace("words", word);
    let locked = said(1, "Sat, 15 Jan 2022", "innerneedle") + &said(2, "Fri, 01 Jan 2021", "outerneedle");
    let notes = said(5, "Fri, 01 Jan 2021", "lonelyneedle");
    let inner =
        zipped(&office, "inner.zip", &[("all.mbox", locked.as_bytes(), false), ("old.mbox", notes.as_bytes(), false)]);
    let inner = fs::read(inner).expect("readable");
    let open = said(3, "Sun, 16 Jan 2022", "plainneedle") + &said(4, "Sat, 02 Jan 2021", "pastneedle");
    let export = zipped(&office, "export.zip", &[("late.zip", &inner, true), ("plain.mbox", open.as_bytes(), false)]);
    let case = office.taken("case", &file, &[export]);
    let shown = |case: &str| of(&outcomes(&office, case), "shown", "records");
    assert_eq!(shown(&case), 1);
    // It is opened, and cut off while it is: the same command goes on.
    let whole = office.path("whole");
    assert!(Command::new("cp").args(["-a", &case, &whole]).status().expect("cp runs").success());
    let started = std::time::Instant::now();
    assert_eq!(with_password(&office, &whole).code, 0);
    let takes = started.elapsed();
    let secret = office.folder.join("password").to_string_lossy().into_owned();
    for step in 1..=4u32 {
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" process --quiet --secret-fd 4 --password-fd 3 \"$1\" 3<\"$2\" 4<\"$3\""])
            .args([env!("CARGO_BIN_EXE_glasshouse"), &case, &secret, &typed(&office)])
            .env("GLASSHOUSE_HOME", &office.home)
            .env("GLASSHOUSE_PERSON", "d.hart")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("runs");
        std::thread::sleep(takes * step / 5);
        let _ = child.kill();
        child.wait().expect("ended");
    }
    assert_eq!(with_password(&office, &case).code, 0);
    let digest = |case: &str| office.good(&[], "d.hart", &["digest", case]);
    assert_eq!((digest(&case), shown(&case)), (digest(&whole), 2));
    assert_eq!(of(&outcomes(&office, &case), "held back", "records"), 3);

    // So is the discard; what is destroyed is nowhere, with the key either.
    let before = digest(&case);
    let started = std::time::Instant::now();
    discard(&office, &whole);
    let takes = started.elapsed();
    let args = ["process", "--quiet", &case, "--discard", "--reason", "the order covers one year"];
    for step in 1..=3u32 {
        office.killed("r.okoro", &args, takes * step / 4);
    }
    office.good(&[], "r.okoro", &args);
    let key = office.home.join("processing.key");
    for case in [&case, &whole] {
        assert_eq!((digest(case), shown(case)), (before.clone(), 2));
        let after = outcomes(&office, case);
        assert_eq!((of(&after, "discarded", "records"), of(&after, "held back", "records")), (3, 0), "{after:?}");
        let dump = Dump::opened(Path::new(case), Some(&key));
        assert!(dump.has_word("innerneedle") && dump.has_word("plainneedle"));
        for gone in ["outerneedle", "pastneedle", "lonelyneedle"] {
            assert!(!dump.has_word(gone), "{gone}");
        }
        assert_eq!(dump.find(&inner[..60]), None, "the archive itself is gone");
        let paths = office.rows(case, "SELECT path FROM entries WHERE status IN ('parsed', 'partly') ORDER BY path");
        let paths: Vec<&str> = paths.iter().filter_map(|row| row["path"].as_str()).collect();
        assert_eq!(paths, ["late.zip!/all.mbox", "plain.mbox"]);
        office.proven(case);
    }
    // The bytes are shown; the password brings nothing back.
    let id = office.rows(&case, "SELECT id FROM records WHERE text LIKE '%innerneedle%'");
    let id = id[0]["id"].as_str().expect("an id").to_owned();
    let bytes = office.good(&["--bytes", "--enquiry", "1"], "d.hart", &["show", &case, &id]);
    assert!(bytes.contains("innerneedle") && !bytes.contains("outerneedle"));
    assert_eq!(with_password(&office, &case).code, 0);
    assert_eq!((digest(&case), shown(&case)), (before, 2));
    office.proven(&case);
}

/// Returns a file with the password that people type.
fn typed(office: &Office) -> String {
    let path = office.folder.join("typed");
    fs::write(&path, PASSWORD).expect("written");
    path.to_string_lossy().into_owned()
}
