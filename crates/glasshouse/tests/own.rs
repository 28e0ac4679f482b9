//! What a personal case asks, and what it does not take in: the kind `self` is no way round an authority.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::dump::Dump;
use support::office::Office;
use support::{account, count, digest, glasshouse, number, open, run};

/// Writes a file into a folder of its own and returns that folder.
fn folder(at: &Path, name: &str, file: &str, text: &str) -> PathBuf {
    let path = at.join(name).join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
    at.join(name)
}

/// Returns the parts that lie in a case.
fn parts(case: &Path) -> usize {
    let sources = fs::read_dir(case.join("evidence")).into_iter().flatten().flatten();
    sources.filter_map(|source| fs::read_dir(source.path()).ok()).map(|files| files.count()).sum()
}

#[test]
fn returns_and_what_others_gave_away_are_no_export_of_ones_own() {
    let keep = tempfile::tempdir().expect("a folder");
    let at = keep.path();
    let own = at.join("own");
    let loose = account().folder.join("loose");
    run(open(&own, &[loose.clone()], &[]), 0);
    let mut export = glasshouse(["export"]);
    export.arg(&own).arg("family:mail").arg("--to").arg(at.join("given"));
    run(export, 0);
    let kik = Path::new(env!("CARGO_MANIFEST_DIR")).join("../glasshouse-providers/lenses/kik/fixtures");
    let kik = fs::read_dir(kik).expect("fixtures").flatten().map(|e| e.path().join("input"));
    let kik = kik.filter(|p| !p.to_string_lossy().contains("malformed") && p.is_dir()).min().expect("one");
    let page = "<html><body><div>Meta Platforms Business Record Page 1</div></body></html>";
    let returned = "returned under legal process";
    let things = [
        (folder(at, "meta", "records.html", page), returned),
        (folder(at, "kept", "preservation-2.html", page), returned),
        (folder(at, "google", "1.GoogleAccount.SubscriberInfo_001/GoogleAccount/a.txt", "x"), returned),
        (folder(at, "apple", "LOG/1_iCloudLogs.xlsx", "x"), returned),
        (kik, returned),
        (at.join("given"), "gave away with Glasshouse"),
        (own.clone(), "a case of Glasshouse"),
    ];
    for (n, (thing, what)) in things.iter().enumerate() {
        let case = at.join(format!("case {n}"));
        let said = run(open(&case, &[thing.clone()], &[]), 2);
        assert!(said.contains(what) && said.contains("glasshouse authority new"), "{}: {said}", thing.display());
        assert_eq!(parts(&case), 0, "{}", thing.display());
        // The case is none the worse for it.
        run(open(&case, &[loose.clone()], &[]), 0);
        assert_eq!(count(&case, "family:mail"), count(&own, "family:mail"));
        let mut verify = glasshouse(["verify"]);
        verify.arg(&case);
        run(verify, 0);
    }
    // What is given beside it is held, and read by the next command; other pages of these names are taken in.
    let case = at.join("beside");
    run(open(&case, &[things[0].0.clone(), loose.clone()], &[]), 2);
    let mut process = glasshouse(["process", "--quiet"]);
    process.arg(&case);
    run(process, 0);
    assert_eq!(count(&case, "family:mail"), count(&own, "family:mail"));
    run(open(&case, &[folder(at, "site", "records.html", "<html>my records: jazz</html>")], &[]), 0);
    assert_eq!(number(&case, "SELECT count(*) AS n FROM entries WHERE path LIKE '%records.html'"), 1);
    // Under an authority it comes in.
    let office = Office::new();
    let file = office.limited(1, &[]);
    office.taken("case", &file, &[things[0].0.clone()]);
}

/// Runs the program at a terminal and types an answer.
fn typed(args: &[&str], answer: &str) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_glasshouse");
    let line = [program].iter().chain(args).map(|a| format!("'{a}'")).collect::<Vec<_>>().join(" ");
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("script runs");
    child.stdin.take().expect("an input").write_all(answer.as_bytes()).expect("typed");
    let output = child.wait_with_output().expect("ended");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn two_owners_on_one_service_are_asked_about() {
    let keep = tempfile::tempdir().expect("a folder");
    let at = keep.path();
    let account = |id: &str, name: &str| {
        let text = format!(
            r#"window.YTD.account.part0 = [ {{ "account" : {{ "email" : "{name}@example.com", "createdVia" : "web", "username" : "{name}", "accountId" : "{id}", "createdAt" : "2013-05-01T10:00:00.000Z", "accountDisplayName" : "{name}" }} }} ]"#
        );
        folder(at, name, "data/account.js", &text).to_string_lossy().into_owned()
    };
    let (one, two) = (account("4400123", "norafield"), account("4400999", "kaylowe"));
    let case = |name: &str| at.join(name).to_string_lossy().into_owned();
    let both = |case: &str, answer: &str| {
        let args = ["open", "--no-serve", "--quiet", "--case", case, &one, &two];
        typed(&args, answer)
    };
    let (code, said) = both(&case("no"), "yes\nno\n");
    assert!(code == Some(2) && said.contains("2 accounts of x") && said.contains("kaylowe"), "{code:?} {said}");
    assert!(said.contains("glasshouse case destroy"), "{said}");
    let (code, said) = both(&case("yes"), "yes\nyes\n");
    assert!(code == Some(0) && said.contains("Are all of them your own?"), "{code:?} {said}");
    // One owner, of two exports, is asked once.
    let again = account("4400123", "norafield");
    let (code, said) = typed(&["open", "--no-serve", "--quiet", "--case", &case("one"), &one, &again], "yes\n");
    assert!(code == Some(0) && !said.contains("Are all"), "{code:?} {said}");
}

#[test]
fn evidence_of_ones_own_is_sealed_where_its_holder_wants_it() {
    let keep = tempfile::tempdir().expect("a folder");
    let (home, plain, case) = (keep.path().join("home"), keep.path().join("plain"), keep.path().join("case"));
    run(open(&plain, &account().parts(), &[]), 0);
    let own = |home: &Path, args: &[&str], code: i32| {
        let mut command = glasshouse(args.iter().map(std::ffi::OsStr::new).chain([case.as_os_str()]));
        command.env("GLASSHOUSE_HOME", home);
        run(command, code)
    };
    let mut command = open(&case, &account().parts(), &["--seal"]);
    command.env("GLASSHOUSE_HOME", &home);
    assert!(run(command, 0).contains("processing.key"));
    let needle = b"takeout-2025";
    assert!(Dump::of(&plain.join("evidence")).find(needle).is_some());
    assert_eq!(Dump::of(&case.join("evidence")).find(needle), None);
    assert!(fs::read_dir(case.join("evidence/s0001")).expect("a source").flatten().all(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        name.ends_with(".age") || name.ends_with(".json")
    }));
    // It reads as any other, with the key.
    assert_eq!(digest(&case), digest(&plain));
    let id = support::sql(&case, "SELECT id FROM records WHERE family = 'mail' ORDER BY id LIMIT 1");
    let id = id[0]["id"].as_str().expect("an id").to_owned();
    let show = |home: &Path, code: i32| {
        let mut command = glasshouse(["show", "--bytes"]);
        command.env("GLASSHOUSE_HOME", home).arg(&case).arg(&id);
        run(command, code)
    };
    assert!(show(&home, 0).contains("Subject:"));
    let elsewhere = keep.path().join("elsewhere");
    let said = show(&elsewhere, 2);
    assert!(said.contains("key") && !said.contains("Subject:"), "{said}");
    let key = home.join("processing.key").to_string_lossy().into_owned();
    own(&home, &["verify"], 0);
    own(&home, &["verify", "--deep", "--identity", &key], 0);
    // Put away, it is sealed evidence and a log; what was read of it is read again.
    let before = digest(&case);
    for folder in ["runs", "cache"] {
        fs::remove_dir_all(case.join(folder)).expect("removed");
    }
    let said = own(&elsewhere, &["process", "--quiet"], 2);
    assert!(said.contains("key"), "{said}");
    own(&home, &["process", "--quiet"], 0);
    assert_eq!(digest(&case), before);
    let given = keep.path().join("given");
    let mut export = glasshouse(["export"]);
    export.env("GLASSHOUSE_HOME", &home).arg(&case).arg("family:mail").arg("--to").arg(&given);
    run(export, 0);
    assert!(Dump::of(&given).find(b"Subject:").is_some());
    own(&home, &["case", "destroy", "--yes"], 0);
    assert!(!case.exists());
    let mut both = open(&case, &account().parts(), &["--seal", "--in-place"]);
    both.env("GLASSHOUSE_HOME", &home);
    run(both, 2);
}
