//! Bytes deep inside a big deflated entry, which is not written a second time.

mod support;

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use support::office::Office;
use support::{glasshouse, open, run, sql};
use zip::write::SimpleFileOptions;

/// A zip with a mailbox of 36 MB, most of it in front of its last mail.
fn big(folder: &Path) -> PathBuf {
    let head = |n: u32| {
        format!(
            "From a@example.com Mon Jan  1 00:00:00 2024\nFrom: ana@example.com\nTo: bo@example.org\n\
             Date: Mon, {n} Jan 2024 10:00:00 +0100\nSubject: Mail {n}\nMessage-ID: <{n}@example.com>\n\n"
        )
    };
    let mut mails = head(1).into_bytes();
    let mut state = 1u64;
    while mails.len() < 36 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        mails.extend(format!("{:016x} is number {}\n", state, state >> 50).bytes());
    }
    mails.extend(format!("\n{}The last words.\n", head(2)).bytes());
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("Mail/all.mbox", SimpleFileOptions::default()).expect("an entry");
    zip.write_all(&mails).expect("written");
    let path = folder.join("big.zip");
    std::fs::write(&path, zip.finish().expect("written").into_inner()).expect("written");
    path
}

/// Returns the notes of places that lie in the cache, and asserts that nothing else does.
fn notes(case: &Path) -> PathBuf {
    let inside = std::fs::read_dir(case.join("cache/entries")).expect("listed");
    let mut names: Vec<PathBuf> = inside.map(|e| e.expect("there").path()).collect();
    let notes = names.pop().expect("notes");
    assert!(names.is_empty() && notes.extension().is_some_and(|e| e == "places"), "{notes:?} {names:?}");
    assert!(std::fs::metadata(&notes).expect("there").len() < 1 << 20);
    notes
}

/// Looks at the bytes as they are, with notes that were changed, and without any.
fn looked_at(case: &Path, show: impl Fn() -> String) {
    let notes = notes(case);
    let bytes = show();
    assert!(bytes.starts_with("From a@example.com") && bytes.ends_with("The last words.\n"), "{bytes}");
    let mut changed = std::fs::read(&notes).expect("read");
    // In the packed content before the last place.
    let at = changed.len() - 700;
    changed[at] ^= 1;
    std::fs::write(&notes, changed).expect("written");
    assert_eq!(show(), bytes);
    std::fs::remove_file(&notes).expect("removed");
    assert_eq!(show(), bytes);
}

#[test]
fn a_mail_at_the_end_of_a_big_entry_shows_from_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &[big(folder.path())], &[]), 0);
    let rows = sql(&case, "SELECT id FROM records WHERE title = 'Mail 2'");
    let id = rows[0]["id"].as_str().expect("an id").to_owned();
    looked_at(&case, || {
        let mut command = glasshouse(["show", "--bytes"]);
        command.arg(&case).arg(&id);
        run(command, 0)
    });
}

#[test]
fn of_sealed_evidence_the_places_are_sealed() {
    let office = Office::new();
    office.sign();
    let folder = tempfile::tempdir().expect("a folder");
    let case = office.taken("case", &office.warrant().to_string_lossy(), &[big(folder.path())]);
    let rows = office.rows(&case, "SELECT id FROM records WHERE title = 'Mail 2'");
    let id = rows[0]["id"].as_str().expect("an id").to_owned();
    let sealed = std::fs::read(notes(Path::new(&case))).expect("read");
    assert!(sealed.starts_with(b"age-encryption.org/v1"));
    looked_at(Path::new(&case), || office.good(&["--bytes", "--enquiry", "1"], "d.hart", &["show", &case, &id]));
}
