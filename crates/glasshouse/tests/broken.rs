//! Disks that fail under an intake, and exports made to be too long, too deep or no text at all.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{account, count, digest, glasshouse, number, open, run, sql};

/// Has a file of more than so many KiB fail to grow, as on a disk that is full.
fn limited(kib: u64, case: &Path, input: &Path) -> Command {
    let mut command = Command::new("bash");
    let script = format!(
        "trap '' XFSZ; ulimit -f {kib}; exec \"$0\" open --no-serve --yes --quiet --in-place --case \"$1\" \"$2\""
    );
    command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_glasshouse")).arg(case).arg(input);
    command
}

#[test]
fn a_write_that_fails_is_told_and_loses_nothing() {
    let part = &account().parts()[0];
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole");
    run(open(&whole, std::slice::from_ref(part), &["--in-place"]), 0);
    let expected = digest(&whole);

    let case = folder.path().join("case");
    let mut failed = 0;
    // Of one case: what one attempt left, the next goes on from.
    for kib in [16, 64, 128, 256, 512, 1024] {
        let said = limited(kib, &case, part).output().expect("started");
        if said.status.success() {
            break;
        }
        let why = String::from_utf8_lossy(&said.stderr);
        assert_eq!(said.status.code(), Some(2), "{kib} KiB: {why}");
        assert!(!why.contains("panicked") && why.contains("glasshouse: "), "{kib} KiB: {why}");
        failed += 1;
    }
    assert!(failed >= 2, "{failed} intakes met a file that could not grow");
    run(open(&case, std::slice::from_ref(part), &["--in-place"]), 0);
    assert_eq!(digest(&case), expected);
    run(glasshouse([Path::new("verify"), case.as_path(), Path::new("--deep")]), 0);
}

/// Writes a zip with long lines, deep nesting and what is no text, each beside what is sound, and a tar with links,
/// devices and paths that lead out.
const HOSTILE: &str = r##"
import io, sys, tarfile, zipfile
LONG, DEEP = "x" * 10_000_000, "[" * 100_000 + "]" * 100_000
mores = ["", ',"x":"%s"' % LONG, ',"x":%s' % DEEP, ',"x":"a\0b"', ',"x":"\\ud800"', ',"x":1e999', ""]
point = '{"latitudeE7":523000000,"longitudeE7":134000000,"timestamp":"2024-01-01T00:00:%02dZ"%s}'
act = '{"header":"Search","title":"Searched for needle","time":"2024-01-02T00:00:%02dZ"%s}'
mail = b"From x@example.com Mon Jan  1 00:00:00 2024\nFrom: a@example.com\nSubject: needle\n%s\n%s\n\n"
bodies = [(b"", b"one"), (b"", LONG.encode()), (b"X-Long: %s\n" % LONG.encode(), b"two"), (b"", b"a\0b\xff\xfe")]
tweet = '{"tweet":{"id_str":"%d","full_text":"%s","created_at":"Mon Jan 01 00:00:00 +0000 2024"}}'
with zipfile.ZipFile(sys.argv[1] + "/takeout.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
    points = ",\n".join(point % pair for pair in enumerate(mores))
    z.writestr("Takeout/Location History (Timeline)/Records.json", '{"locations":[%s]}' % points)
    z.writestr("Takeout/My Activity/Search/MyActivity.json", "[%s]" % ",".join(act % pair for pair in enumerate(mores)))
    z.writestr("Takeout/Mail/All mail.mbox", b"".join(mail % pair for pair in bodies))
    chat = "1/15/24, 10:00 - Bea: one\n1/15/24, 10:01 - Bea: %s\n1/25/24, 10:02 - Bea: \0 two\n" % LONG
    z.writestr("WhatsApp Chat with Bea.txt", chat.encode() + b"1/26/24, 10:03 - Bea: \xff\xfe\n")
    tweets = ",".join([tweet % (1, "one"), '{"tweet":%s}' % DEEP, tweet % (3, LONG)])
    z.writestr("twitter/data/tweets.js", "window.YTD.tweets.part0 = [%s]" % tweets)
    z.writestr("deep.json", DEEP)
    z.writestr("zeros.txt", b"\0" * 100_000)
    z.writestr("half.vcf", "BEGIN:VCARD\nFN:Bea\n".encode("utf-16-le") + b"\xd8")
with tarfile.open(sys.argv[1] + "/odd.tar", "w") as t:
    def add(name, kind, link="", data=b""):
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size, info.devmajor, info.devminor = kind, link, len(data), 1, 3
        t.addfile(info, io.BytesIO(data))
    add("link", tarfile.SYMTYPE, "/etc/passwd")
    add("hard", tarfile.LNKTYPE, "../../etc/shadow")
    add("null", tarfile.CHRTYPE)
    add("disk", tarfile.BLKTYPE)
    add("pipe", tarfile.FIFOTYPE)
    letter = b"From: a@example.com\nSubject: outside\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\nx\n"
    add("../../up.eml", tarfile.REGTYPE, data=letter)
    add("/root.eml", tarfile.REGTYPE, data=letter)
"##;

#[test]
fn what_is_too_long_too_deep_or_no_text_is_told_and_hides_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut python = Command::new("python3");
    python.arg("-c").arg(HOSTILE).arg(folder.path());
    run(python, 0);
    let case = folder.path().join("case");
    run(open(&case, &[folder.path().join("takeout.zip"), folder.path().join("odd.tar")], &[]), 0);

    // Of the seven points and activities one is no JSON; whatever else is odd in the others, they are read.
    for (format, records) in [
        ("google.location-records", 6),
        ("google.my-activity", 6),
        ("google.mail", 4),
        ("whatsapp.chat", 4),
        ("x.tweets", 3),
        ("mail.eml", 2),
    ] {
        let found = number(&case, &format!("SELECT count(*) FROM records WHERE format = '{format}'"));
        assert_eq!(found, records, "{format}");
    }
    assert_eq!(count(&case, "needle format:mail"), 4);
    assert_eq!(count(&case, "needle format:my-activity"), 6);
    // The values themselves are there, the unreadable ones as text.
    let longest = "SELECT max(length(fields->>'x')) FROM records WHERE format = 'google.location-records'";
    assert_eq!(number(&case, longest), 10_000_000);
    let deep = "SELECT count(*) FROM records WHERE (fields->>'x') LIKE '[[[[%' AND length(fields->>'x') = 200000";
    assert_eq!(number(&case, deep), 2);

    // Each trouble names its entry, no parser broke, and what is no file is listed and not followed.
    let named = |code: &str| {
        sql(&case, &format!("SELECT path FROM warnings w JOIN entries e ON e.entry = w.entry WHERE code = '{code}'"))
    };
    assert_eq!(named("json.syntax").len(), 2);
    assert_eq!(named("text.utf8")[0]["path"], "WhatsApp Chat with Bea.txt");
    assert_eq!(named("time.missing")[0]["path"], "twitter/data/tweets.js");
    assert_eq!((named("path.parent").len(), named("path.absolute").len()), (1, 1));
    assert_eq!(named("parser.panic").len(), 0);
    assert_eq!(number(&case, "SELECT count(*) FROM entries WHERE status = 'not a file'"), 5);
    assert_eq!(number(&case, "SELECT count(*) FROM entries"), 15);
    run(glasshouse([Path::new("verify"), case.as_path(), Path::new("--deep")]), 0);
}

/// What is wrong with an archive as a whole names the archive.
#[test]
fn a_warning_about_an_archive_says_which_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (case, input) = (folder.path().join("case"), folder.path().join("in"));
    std::fs::create_dir(&input).expect("a folder");
    for name in ["first.zip", "second.zip"] {
        std::fs::write(input.join(name), format!("PK\x03\x04 and nothing that {name} holds")).expect("written");
    }
    let paths = [input.join("first.zip"), input.join("second.zip")];
    run(open(&case, &paths, &[]), 0);
    let warned =
        sql(&case, "SELECT source, message FROM warnings WHERE code = 'zip.central-directory' ORDER BY source");
    for (row, name) in warned.iter().zip(["first", "second"]) {
        assert!(row["source"].is_string(), "{row:?}");
        assert!(row["message"].as_str().is_some_and(|m| m.starts_with(&format!("{name}.zip: "))), "{row:?}");
    }
    assert_eq!(warned.len(), 2);
}

/// What cannot be taken in is refused before a case is made for it.
#[test]
fn what_is_refused_leaves_no_case_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("in");
    std::fs::create_dir(&input).expect("a folder");
    std::fs::write(input.join("a.eml"), "Subject: a\n\nb\n").expect("written");
    let case = folder.path().join("case");
    assert!(run(open(&case, std::slice::from_ref(&input), &["--in-place"]), 2).contains("Leave out --in-place"));
    assert!(run(open(&case, &["/dev/null".into()], &[]), 2).contains("neither a file nor a folder"));
    let within = input.join("deep/case");
    assert!(run(open(&within, std::slice::from_ref(&input), &[]), 2).contains("lies inside"));
    assert!(!case.exists() && !input.join("deep").exists());
    run(open(&case, &[input], &[]), 0);
}

/// A case in which nothing was read yet has every table, with nothing in it.
#[test]
fn a_new_case_has_every_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    let mut new = glasshouse(["case", "new"]);
    new.arg(&case).arg("--yes");
    run(new, 0);
    for table in ["records", "parties", "attachments", "entries", "warnings", "outcomes", "drift", "sources", "runs"] {
        assert_eq!(number(&case, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}

/// What opens a case and then serves it ends when it is told to.
#[test]
fn what_serves_after_an_intake_can_be_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("a.eml");
    std::fs::write(&input, "Subject: a\n\nb\n").expect("written");
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut command = glasshouse(["open", "--yes", "--quiet", "--listen", "127.0.0.1:0", "--case"]);
        command.arg(folder.path().join("case")).arg(&input).stdout(Stdio::piped());
        let mut child = command.spawn().expect("runs");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.starts_with("Stop with Ctrl-C")), "it serves");
        let asked = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill runs");
        assert!(asked.success());
        let deadline = Instant::now() + Duration::from_secs(60);
        let ended = loop {
            match child.try_wait().expect("asked") {
                Some(status) => break status.code(),
                None if Instant::now() > deadline => break None,
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let _ = child.kill();
        assert_eq!(ended, Some(0), "{signal}");
    }
}
