//! From a real export to proven, searchable records in one command.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use support::{account, count, digest, glasshouse, number, open, run, sql};

#[test]
fn an_account_is_read_completely_and_proven() {
    let account = account();
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    let said = run(open(&case, &account.paths(), &[]), 0);
    assert!(said.contains("fingerprint ") && said.contains("glasshouse.local/case/"), "{said}");

    let counts: BTreeMap<String, u64> = sql(&case, "SELECT format, count(*) AS n FROM records GROUP BY format")
        .into_iter()
        .map(|row| (row["format"].as_str().expect("a format").to_owned(), row["n"].as_u64().expect("a count")))
        .collect();
    let truth: BTreeMap<String, u64> =
        serde_json::from_value(account.truth["records"].clone()).expect("counts by format");
    assert_eq!(counts, truth, "{}", warnings(&case));

    for (word, formats) in account.truth["needles"].as_object().expect("needles") {
        let expected: u64 = formats.as_object().expect("counts").values().filter_map(Value::as_u64).sum();
        assert!(expected > 0, "{word} is hidden somewhere");
        assert_eq!(count(&case, word), expected, "{word}");
        for (format, expected) in formats.as_object().expect("counts") {
            assert_eq!(
                count(&case, &format!("{word} format:{format}")),
                expected.as_u64().expect("a count"),
                "{word} {format}"
            );
        }
        assert_eq!(number(&case, &format!("SELECT count(*) FROM text_search('{word}')")), expected);
    }
    assert_eq!(number(&case, "SELECT count(*) - count(DISTINCT id) FROM records"), 0, "ids are unique");
    let shown = number(&case, "SELECT sum(count) FROM outcomes WHERE outcome = 'shown'");
    assert_eq!(shown, number(&case, "SELECT count(*) FROM records"));

    // The same again changes nothing.
    let before = digest(&case);
    let events = number(&case, "SELECT count(*) FROM events");
    assert!(run(open(&case, &account.paths(), &[]), 0).contains("Nothing new"));
    assert_eq!((digest(&case), number(&case, "SELECT count(*) FROM events")), (before, events));

    proven(&case);
}

fn warnings(case: &Path) -> String {
    let mut command = glasshouse(["warnings"]);
    command.arg(case);
    run(command, 0)
}

/// Both verifiers prove the case, down to its entries.
fn proven(case: &Path) {
    let mut command = glasshouse(["verify", "--deep"]);
    command.arg(case);
    let said = run(command, 0);
    assert!(said.contains("unanchored"), "{said}");
    assert!(!said.contains("unmentioned: runs/r0001/segments"), "nothing is left of what was written anew: {said}");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/independent/verify.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(case);
    run(python, 0);
}

/// The bytes that a record's locator leads to are those that hold what the record says.
#[test]
fn every_record_leads_to_its_bytes() {
    let account = account();
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &account.paths(), &[]), 0);
    let mut seen = 0;
    for (format, holds) in [
        ("google.mail", "X-GM-THRID:"),
        ("google.location-records", "\"latitudeE7\""),
        ("google.chat", "\"message_id\""),
        ("mail.eml", "Subject:"),
        ("vcard.contacts", "BEGIN:VCARD"),
        ("icalendar.events", "BEGIN:V"),
        ("gpx.track", "<trkpt"),
    ] {
        let rows = sql(&case, &format!("SELECT id FROM records WHERE format = '{format}' ORDER BY id LIMIT 12"));
        assert!(!rows.is_empty(), "{format}");
        for row in rows {
            let mut command = glasshouse(["show", "--bytes"]);
            command.arg(&case).arg(row["id"].as_str().expect("an id"));
            let output = command.output().expect("the program runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{format} {row:?}: {said}");
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.contains(holds), "{format} {row:?}: {text}");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} records were looked at");
}

/// Threads, the order of parts, and interruptions change nothing that is found.
#[test]
fn the_digest_depends_on_the_bytes_alone() {
    let account = account();
    let folder = tempfile::tempdir().expect("a folder");
    let one = folder.path().join("one");
    run(open(&one, &account.paths(), &["--threads", "1"]), 0);
    let expected = digest(&one);

    let eight = folder.path().join("eight");
    run(open(&eight, &account.paths(), &["--threads", "8"]), 0);
    assert_eq!(digest(&eight), expected, "with eight threads");

    let parts = folder.path().join("parts");
    for path in account.paths().into_iter().rev() {
        run(open(&parts, &[path], &[]), 0);
    }
    assert_eq!(digest(&parts), expected, "in parts, the last first");
    proven(&parts);

    // Killed at ten moments, each a little later than the one before.
    let killed = folder.path().join("killed");
    for moment in 1..=10u64 {
        let mut child = open(&killed, &account.paths(), &[]).stdout(std::process::Stdio::null()).spawn().expect("runs");
        std::thread::sleep(Duration::from_millis(60 * moment));
        // It may have ended already; then there is nothing to kill.
        let _ = child.kill();
        child.wait().expect("ended");
    }
    run(open(&killed, &account.paths(), &[]), 0);
    assert_eq!(digest(&killed), expected, "after ten kills");
    proven(&killed);
}

#[test]
fn what_is_wrong_with_an_input_is_said() {
    let account = account();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);

    let said = run(open(&path("none"), &[path("missing.zip")], &[]), 2);
    assert!(said.contains("missing.zip") && !path("none").exists(), "{said}");

    // Empty, cut off and foreign files are kept and told of, not lost.
    std::fs::write(path("empty.zip"), b"").expect("written");
    std::fs::write(path("noise.bin"), [0u8, 159, 146, 150].repeat(1000)).expect("written");
    let odd = path("odd");
    run(open(&odd, &[path("empty.zip"), path("noise.bin"), account.folder.join("broken.zip")], &[]), 0);
    assert_eq!(number(&odd, "SELECT count(*) FROM sources"), 3);
    assert!(number(&odd, "SELECT count(*) FROM warnings") > 0, "the cut archive is told of");
    let named = "SELECT path FROM warnings w JOIN entries e ON e.entry = w.entry WHERE code = 'container.none'";
    assert_eq!(sql(&odd, named).iter().map(|row| &row["path"]).collect::<Vec<_>>(), ["empty.zip"]);
    assert!(number(&odd, "SELECT count(*) FROM entries WHERE status = 'not recognised'") >= 2);
    proven(&odd);

    // Without its password an encrypted archive is listed; with it, it is read.
    let locked = path("locked");
    run(open(&locked, &[account.folder.join("encrypted.zip")], &[]), 0);
    assert!(number(&locked, "SELECT count(*) FROM entries WHERE status = 'encrypted'") > 0);
    assert_eq!(number(&locked, "SELECT count(*) FROM records"), 0);
    let open_case = path("unlocked");
    std::fs::write(path("password"), account.truth["password"].as_str().expect("a password")).expect("written");
    let mut command = Command::new("bash");
    command.arg("-c").arg("exec \"$0\" open --no-serve --yes --quiet --password-fd 3 --case \"$1\" \"$2\" 3<\"$3\"");
    command
        .arg(env!("CARGO_BIN_EXE_glasshouse"))
        .arg(&open_case)
        .arg(account.folder.join("encrypted.zip"))
        .arg(path("password"));
    run(command, 0);
    let expected: u64 =
        account.truth["inputs"]["encrypted.zip"].as_object().expect("counts").values().filter_map(Value::as_u64).sum();
    assert_eq!(number(&open_case, "SELECT count(*) FROM records"), expected);

    // What a password opened keeps its place when a later command comes without it, in an archive in the part too.
    let inner = path("inner.zip");
    std::fs::copy(&account.parts()[0], &inner).expect("copied");
    std::fs::write(path("nested.zip"), encrypted(&inner, "secret")).expect("written");
    std::fs::write(path("password"), "secret").expect("written");
    let nested = path("nested");
    let mut command = Command::new("bash");
    command.arg("-c").arg("exec \"$0\" open --no-serve --yes --quiet --password-fd 3 --case \"$1\" \"$2\" 3<\"$3\"");
    command.arg(env!("CARGO_BIN_EXE_glasshouse")).arg(&nested).arg(path("nested.zip")).arg(path("password"));
    run(command, 0);
    let before = number(&nested, "SELECT count(*) FROM records");
    assert!(before > 0, "what lies in the encrypted archive is read");
    run(open(&nested, &[account.folder.join("loose")], &[]), 0);
    let kept = "SELECT count(*) FROM records WHERE source = 's0001'";
    assert_eq!(number(&nested, kept), before, "without the password nothing is lost");
    proven(&nested);

    // Somebody else's folder is not taken for a case, and a case is asked for by name.
    std::fs::create_dir(path("thesis")).expect("made");
    std::fs::write(path("thesis/chapter.txt"), "mine").expect("written");
    assert!(run(open(&path("thesis"), &[path("noise.bin")], &[]), 2).contains("not empty"));
    let mut command = glasshouse(["search"]);
    command.arg(path("thesis")).arg("word");
    assert!(run(command, 2).contains("not a Glasshouse case"));
    let mut command = glasshouse(["open", "--no-serve", "--case"]);
    command.arg(path("unconfirmed")).arg(path("noise.bin")).stdin(std::process::Stdio::null());
    assert!(run(command, 2).contains("--yes"));
}

#[test]
fn hostile_sql_is_refused_or_capped() {
    let account = account();
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &account.parts()[..1], &[]), 0);
    let secret = folder.path().join("secret.csv");
    std::fs::write(&secret, "word\nxyzzy\n").expect("written");
    for statement in [
        format!("SELECT * FROM '{}'", secret.display()),
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{}'", secret.display()),
        format!("COPY records TO '{}'", folder.path().join("out.csv").display()),
        "SELECT * FROM 'https://example.com/x.csv'".into(),
        "DROP TABLE records".into(),
        "CREATE TABLE t AS SELECT 1".into(),
        "INSERT INTO records SELECT * FROM records".into(),
        "SET datafusion.execution.batch_size = 1".into(),
        "SELECT read_file('/etc/passwd')".into(),
        "not sql".into(),
        String::new(),
    ] {
        let mut command = glasshouse(["sql"]);
        command.arg(&case).arg(&statement);
        let said = run(command, 2);
        assert!(said.starts_with("glasshouse: ") && !said.contains("xyzzy"), "{statement}: {said}");
    }
    assert!(!folder.path().join("out.csv").exists());
    let endless = "SELECT count(*) FROM records a, records b, records c, records d WHERE a.title < b.title";
    let mut command = glasshouse(["sql", "--seconds", "2"]);
    command.arg(&case).arg(endless);
    let begun = std::time::Instant::now();
    let said = run(command, 2);
    assert!(said.contains("stopped after 2 seconds") || said.contains("emory") || said.contains("esources"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(60), "it ends");
}

/// Parts left in place are read and proven where they are; changed and gone are told apart.
#[test]
fn parts_left_in_place_are_told_apart() {
    let account = account();
    let folder = tempfile::tempdir().expect("a folder");
    let (case, part) = (folder.path().join("case"), folder.path().join("takeout-001.zip"));
    std::fs::copy(&account.parts()[0], &part).expect("copied");
    run(open(&case, &[part.clone()], &["--in-place"]), 0);
    assert!(number(&case, "SELECT count(*) FROM records") > 0);
    assert_eq!(sql(&case, "SELECT external FROM sources")[0]["external"].as_str(), part.to_str());
    let verify = || {
        let mut command = glasshouse(["verify"]);
        command.arg(&case);
        command
    };
    run(verify(), 0);
    let whole = std::fs::read(&part).expect("readable");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    std::fs::write(&part, changed).expect("written");
    assert!(run(verify(), 1).contains("altered"), "a changed part");
    std::fs::remove_file(&part).expect("removed");
    assert!(run(verify(), 1).contains("missing"), "a part that is gone");
    // A case that keeps copies does not begin to leave parts in place.
    std::fs::write(&part, whole).expect("written");
    let copied = folder.path().join("copied");
    run(open(&copied, &[account.folder.join("broken.zip")], &[]), 0);
    assert!(run(open(&copied, &[part], &["--in-place"]), 2).contains("keeps copies"));
}

/// A folder that is given again brings in what is new in it, and nothing twice.
#[test]
fn a_folder_that_has_grown_brings_in_what_is_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let (case, given) = (folder.path().join("case"), folder.path().join("given"));
    std::fs::create_dir_all(given.join("deep")).expect("a folder");
    let mail = |name: &str, text: &str| {
        let mail = format!("Subject: {name}\nMessage-ID: <{name}@example.com>\n\n{text}\n");
        std::fs::write(given.join(name), mail).expect("written");
    };
    mail("a.eml", "first");
    mail("deep/b.eml", "second");
    std::os::unix::fs::symlink("a.eml", given.join("link")).expect("a link");
    let take = || run(open(&case, std::slice::from_ref(&given), &[]), 0);
    let records = || number(&case, "SELECT count(*) FROM records");
    let entries = || number(&case, "SELECT count(*) FROM entries WHERE kind <> 'folder'");
    take();
    assert_eq!((records(), entries()), (2, 3));
    mail("deep/c.eml", "third");
    take();
    assert_eq!((records(), entries()), (3, 4), "one file came in");
    assert_eq!(number(&case, "SELECT count(DISTINCT source) FROM entries"), 1);
    let said = take();
    assert!(said.contains("in the case already"), "{said}");
    assert_eq!((records(), entries()), (3, 4));
    // A file that changed without growing is another file, and the one before stays.
    mail("a.eml", "fir5t");
    take();
    assert_eq!((records(), entries()), (4, 5), "both of its states are there");
    // So it is when all that is derived from the evidence was deleted.
    std::fs::remove_dir_all(case.join("runs")).expect("removed");
    std::fs::remove_dir_all(case.join("cache")).expect("removed");
    assert!(take().contains("in the case already"));
    assert_eq!((records(), entries()), (4, 5));
    let mut verify = glasshouse(["verify"]);
    verify.arg(&case);
    run(verify, 0);
}

/// Runs and cache are derived: without them the same records are read again from the evidence alone.
#[test]
fn what_is_derived_can_be_deleted() {
    let account = account();
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &account.parts(), &[]), 0);
    let before = digest(&case);
    let ids = sql(&case, "SELECT id FROM records ORDER BY id LIMIT 50");
    std::fs::remove_dir_all(case.join("runs")).expect("removed");
    std::fs::remove_dir_all(case.join("cache")).expect("removed");
    let mut command = glasshouse(["process", "--quiet"]);
    command.arg(&case);
    run(command, 0);
    assert_eq!(digest(&case), before);
    assert_eq!(sql(&case, "SELECT id FROM records ORDER BY id LIMIT 50"), ids, "ids are those of before");
    // More can be added, and nothing that was preserved is written over.
    run(open(&case, &[account.folder.join("loose")], &[]), 0);
    proven(&case);
}

/// Returns a zip that holds a file, encrypted as WinZip does it.
fn encrypted(file: &Path, password: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().with_aes_encryption(zip::AesMode::Aes256, password);
    let name = file.file_name().expect("a name").to_string_lossy();
    zip.start_file(name, options).expect("an entry");
    std::io::copy(&mut std::fs::File::open(file).expect("a file"), &mut zip).expect("written");
    zip.finish().expect("written").into_inner()
}
