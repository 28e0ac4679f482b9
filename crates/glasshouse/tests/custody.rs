//! The end of keeping: what events say is erased, cases are destroyed, dates are told, and a new authoriser gets the key.

mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;
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
