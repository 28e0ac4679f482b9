//! The end of keeping: what events say is erased, cases are destroyed, dates are told, and a new authoriser gets the key.

mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::office::{Office, PASSWORD, warrant};
use support::{account, glasshouse, open, run};

/// Has both verifiers look at a case, and returns what ours says.
fn proven(case: &str) -> String {
    let said = run(glasshouse(["verify", case]), 0);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/independent/verify.py");
    let output = Command::new("python3").arg(script).arg(case).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    said
}

fn events(office: &Office, case: &str, more: &[&str]) -> Vec<Value> {
    let said = office.good(more, "t.vale", &["events", "--json", case]);
    said.lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect()
}

#[test]
fn what_events_say_is_erased_and_the_log_still_proves() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    let asked = ["search", "--enquiry", "1", &case, "marmalade"];
    office.run("d.hart", PASSWORD, &asked);
    office.run("d.hart", PASSWORD, &asked);
    let searches = events(&office, &case, &["--action", "search.run"]);
    assert_eq!(searches.len(), 2);
    assert_eq!(searches[0]["content"]["query"], "marmalade");
    let reason = ["--reason", "the subject asked for it"];
    let as_admin = |more: &[&str], code: i32| {
        let said = office.run("a.mensah", PASSWORD, &[&["log", "erase", &case][..], more, &reason].concat());
        assert_eq!(said.code, code, "{}{}", said.out, said.err);
        said.out
    };
    office.refused("d.hart", &["log", "erase", &case, "--action", "search.run", "--reason", "x"], "log.erase");
    office.refused("a.mensah", &["log", "erase", &case, "--reason", "x"], "Say which events");

    // The words alone: who searched and when stays.
    as_admin(&["--content", "--action", "search.run"], 0);
    let after = events(&office, &case, &["--action", "search.run"]);
    assert_eq!((after.len(), &after[0]["who"]), (2, &"d.hart".into()));
    assert!(after.iter().all(|e| e["content"].get("query").is_none()), "{after:?}");
    assert!(proven(&case).contains("says that it was erased"));

    // All that an event says: that it was, and of what kind, stays.
    let number = after[1]["seq"].to_string();
    as_admin(&["--event", &number], 0);
    let all = events(&office, &case, &[]);
    let erased = all.iter().find(|e| e["seq"].to_string() == number).expect("its leaf");
    assert!(erased["who"].is_null() && erased["action"] == "search.run", "{erased}");
    assert!(proven(&case).contains("1 payload erased, as the log says"));
    assert_eq!(all.iter().filter(|e| e["action"] == "log.erased").count(), 2);

    // What says what the case has to hold stays, and so does that something was erased.
    assert!(as_admin(&["--kind", "collection"], 1).contains("stay as they are"));
    assert!(as_admin(&["--kind", "erasure"], 1).contains("stay as they are"));
    office.good(&["--enquiry", "1"], "d.hart", &["search", &case, "family:event"]);
    proven(&case);
}

#[test]
fn a_personal_case_is_destroyed_whole_and_nothing_of_anybody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("own");
    run(open(&case, &[account().folder.join("loose")], &[]), 0);
    let destroy = |more: &[&str], code: i32| {
        let mut command = glasshouse(["case", "destroy"]);
        command.arg(&case).args(more);
        run(command, code)
    };
    assert!(destroy(&[], 2).contains("--yes"));
    assert!(case.join("case.toml").exists());
    fs::write(case.join("thesis.txt"), "mine").expect("written");
    destroy(&["--yes"], 2);
    let left: Vec<_> = fs::read_dir(&case).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(left, ["thesis.txt"]);

    let case = folder.path().join("second");
    run(open(&case, &[account().folder.join("loose")], &[]), 0);
    let mut command = glasshouse(["case", "destroy", "--yes"]);
    command.arg(&case);
    run(command, 0);
    assert!(!case.exists());
}

#[test]
fn of_a_case_under_an_authority_the_log_is_left() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    let all = ["case", "destroy", &case, "--yes", "--reason", "the time of keeping is over"];
    office.refused("d.hart", &all, "case.destroy");
    office.refused("a.mensah", &all[..4], "--reason");
    office.good(&[], "a.mensah", &all);
    let said = proven(&case);
    assert!(said.contains("erased: evidence/s0001/part-0001.age"), "{said}");
    for folder in ["evidence", "runs", "cache"] {
        assert_eq!(fs::read_dir(Path::new(&case).join(folder)).expect("a folder").count(), 0, "{folder}");
    }
    let last = events(&office, &case, &["--kind", "erasure"]);
    assert_eq!((last.len(), &last[0]["action"]), (1, &"case.destroyed".into()));
    // Again it is as it is.
    office.good(&[], "a.mensah", &all);
    proven(&case);
}

#[test]
fn dates_that_have_come_are_told() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    let review = "A review of op-rowan-1 was due on 2024-11-03";
    let said = office.run("d.hart", PASSWORD, &["case", "show", &case]);
    assert!(said.code == 0 && said.err.contains(review), "{}", said.err);
    let page = glasshouse_engine::facts::authority(std::path::Path::new(&case)).expect("readable");
    assert!(page.due.len() == 1 && page.due[0].starts_with(review), "{:?}", page.due);
    assert!(!page.limits.contains(&page.due[0]), "what is due stands apart from the limits");
    let said = office.run("d.hart", PASSWORD, &["process", "--quiet", &case]);
    assert!(said.code == 0 && said.err.contains(review), "{}", said.err);
    let output = glasshouse(["verify", &case]).output().expect("the program runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains(review));
    // An amendment with later dates says that it was reviewed; one whose time is over says so.
    let over = Some("to be kept until 2025-05-03");
    for (version, review, until, told) in [(2, "2043-11-03", "2044-05-03", None), (3, "2024-11-03", "2025-05-03", over)]
    {
        let text = warrant(&office.key("r.okoro"), version, "2044-08-03");
        let text = text.replace("2024-11-03", review).replace("2031-05-03", until);
        fs::write(office.warrant(), text).expect("written");
        office.sign();
        office.good(&[], "d.hart", &["authority", "amend", &case, &office.warrant().to_string_lossy()]);
        let said = office.run("d.hart", PASSWORD, &["case", "show", &case]);
        match told {
            None => assert!(said.err.is_empty(), "{}", said.err),
            Some(words) => assert!(said.err.contains(words), "{}", said.err),
        }
    }
}

#[test]
fn whoever_authorises_now_gets_the_key_of_a_case_that_is_there() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    office.good(&[], "s.lind", &["person", "new", "s.lind", "--role", "authoriser"]);
    let opens = |name: &str| {
        let file = office.path(&format!("{name}.key"));
        fs::write(&file, office.good(&[], name, &["person", "identity"])).expect("written");
        glasshouse(["verify", "--deep", "--identity", &file, &case]).output().expect("runs").status.code()
    };
    assert_eq!((opens("r.okoro"), opens("s.lind")), (Some(0), Some(1)));
    let text = warrant(&office.key("s.lind"), 2, "2044-08-03").replace("\"r.okoro\"", "\"s.lind\"");
    fs::write(office.warrant(), text).expect("written");
    let file = office.warrant().to_string_lossy().into_owned();
    office.good(&[], "s.lind", &["authority", "sign", &file]);
    let said = office.good(&[], "d.hart", &["authority", "amend", &case, &file]);
    assert!(said.contains("s.lind can open the evidence"), "{said}");
    assert!(Path::new(&case).join("evidence/key-2.age").exists());
    assert_eq!((opens("r.okoro"), opens("s.lind")), (Some(0), Some(0)));
    proven(&case);
    // An amendment by the same person makes no further key.
    let text = warrant(&office.key("s.lind"), 3, "2044-08-03").replace("\"r.okoro\"", "\"s.lind\"");
    fs::write(&file, text).expect("written");
    office.good(&[], "s.lind", &["authority", "sign", &file]);
    office.good(&[], "d.hart", &["authority", "amend", &case, &file]);
    assert!(!Path::new(&case).join("evidence/key-3.age").exists());
}

/// Every file below some folders and files of a case, folder by folder, in the order in which they go.
fn files_of(case: &Path, names: &[&str]) -> Vec<PathBuf> {
    let (mut all, mut open) = (Vec::new(), Vec::new());
    for name in names {
        open.push(case.join(name));
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(fs::read_dir(&path).expect("a folder").map(|e| e.expect("an entry").path()));
            } else if path.exists() {
                all.push(path.strip_prefix(case).expect("inside").to_path_buf());
            }
        }
    }
    all
}

fn copied(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp runs");
    assert!(done.success());
}

#[test]
fn a_personal_case_of_which_a_part_is_gone_is_destroyed_to_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("own");
    run(open(&own, &[account().folder.join("loose")], &[]), 0);
    let order = ["keys", "evidence", "runs", "cache", "authorities", "work.sqlite", "case.toml", "log", ".lock"];
    let files = files_of(&own, &order);
    assert!(files.len() > 20 && files[0] == Path::new("keys/case.toml"), "{files:?}");
    let at = |path: &str| files.iter().position(|f| f == Path::new(path)).expect("a file");
    // A kill leaves it after any of these steps; the file of the next one may be written over already.
    for gone in [0, 1, 2, files.len() / 2, at("case.toml"), at("case.toml") + 1, files.len() - 1, files.len()] {
        let case = folder.path().join(format!("cut {gone}"));
        copied(&own, &case);
        fs::write(case.join("destroying"), "").expect("written");
        for file in &files[..gone] {
            fs::remove_file(case.join(file)).expect("removed");
        }
        if let Some(next) = files.get(gone) {
            let length = fs::metadata(case.join(next)).expect("there").len() as usize;
            fs::write(case.join(next), vec![0; length]).expect("written over");
        }
        let destroy = |more: &[&str], code: i32| {
            let mut command = glasshouse(["case", "destroy"]);
            command.arg(&case).args(more);
            run(command, code)
        };
        assert!(destroy(&[], 2).contains("--yes"), "{gone}");
        destroy(&["--yes"], 0);
        assert!(!case.exists(), "{gone} of {} were gone", files.len());
    }
    // Nothing is begun without its word: the case is whole.
    assert!(own.join("keys/case.toml").exists());
}

#[test]
fn a_case_that_was_destroyed_in_part_is_destroyed_to_the_end() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    let whole = office.folder.join("whole");
    copied(Path::new(&case), &whole);
    let all = |case: &str| {
        office.good(&[], "a.mensah", &["case", "destroy", case, "--yes", "--reason", "the time of keeping is over"])
    };
    all(&case);
    let files = files_of(&whole, &["evidence", "runs", "work.sqlite"]);
    assert!(files.len() > 10, "{files:?}");
    for gone in [0, 1, files.len() / 2, files.len() - 1] {
        // The event is in the log, and these are still there.
        let cut = office.path(&format!("cut {gone}"));
        copied(Path::new(&case), Path::new(&cut));
        for file in &files[gone..] {
            let to = Path::new(&cut).join(file);
            fs::create_dir_all(to.parent().expect("a folder")).expect("made");
            fs::copy(whole.join(file), &to).expect("copied");
        }
        all(&cut);
        assert!(files_of(Path::new(&cut), &["evidence", "runs", "work.sqlite"]).is_empty(), "{gone}");
        let told = events(&office, &cut, &["--kind", "erasure"]);
        assert_eq!(told.len(), 1, "it is told once: {told:?}");
        proven(&cut);
    }
}

#[test]
fn an_erasure_of_events_that_was_cut_off_is_finished_and_not_told_twice() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    office.run("d.hart", PASSWORD, &["search", "--enquiry", "1", &case, "marmalade"]);
    let seq = events(&office, &case, &["--action", "search.run"])[0]["seq"].as_u64().expect("a number");
    let parts = [
        format!("log/payload/{}/{:03}", seq / 1000, seq % 1000),
        format!("log/sealed/{}/{:03}", seq / 1000, seq % 1000),
    ];
    let kept = parts.clone().map(|path| fs::read(Path::new(&case).join(path)).expect("a file of the event"));
    let number = seq.to_string();
    let erase = |event: &str| {
        office.run("a.mensah", PASSWORD, &["log", "erase", &case, "--event", event, "--reason", "the subject asked"])
    };
    assert_eq!(erase(&number).code, 0);
    for left in [&[0, 1][..], &[1]] {
        for at in left {
            fs::write(Path::new(&case).join(&parts[*at]), &kept[*at]).expect("written");
        }
        let said = run(glasshouse(["verify", &case]), 1);
        assert!(left.iter().all(|at| said.contains(&format!("unexpected: {}", parts[*at]))), "{said}");
        let said = erase(&number);
        assert!(!said.out.contains("marmalade"), "{}", said.out);
        assert!(parts.iter().all(|path| !Path::new(&case).join(path).exists()));
        assert_eq!(events(&office, &case, &["--action", "log.erased"]).len(), 1, "it is told once");
        proven(&case);
    }
}
