//! Who opens the evidence of a case that is not its holder's own, and what can be done without a key.

mod support;

use std::fs;
use std::path::Path;
use support::glasshouse;
use support::office::Office;

fn first_record(office: &Office, case: &str) -> String {
    let found = office.good(&["--enquiry", "1"], "d.hart", &["search", case, "family:event", "--limit", "1"]);
    found.lines().nth(1).and_then(|l| l.split_whitespace().next()).expect("a record").to_owned()
}

fn verify(case: &str, more: &[&str]) -> (i32, String) {
    let output = glasshouse(["verify", case]).args(more).output().expect("the program runs");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn without_the_key_evidence_stays_closed_and_everything_else_goes_on() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    let id = first_record(&office, &case);
    let bytes = office.good(&["--enquiry", "1"], "d.hart", &["show", &case, &id, "--bytes"]);
    assert!(bytes.contains("VEVENT"), "{bytes}");
    let digest = office.good(&[], "d.hart", &["digest", &case]);

    // Neither the export's name nor any of its names lies there in clear.
    let about = fs::read_to_string(Path::new(&case).join("evidence/s0001/part-0001.json")).expect("read");
    assert!(!about.contains("loose") && about.contains("part-0001.age"), "{about}");

    let key = office.home.join("processing.key");
    let kept = fs::read(&key).expect("a key");
    fs::remove_file(&key).expect("removed");
    let closed = "no key that opens it is at hand";
    office.refused("d.hart", &["process", &case, "--quiet"], closed);
    office.refused("d.hart", &["show", &case, &id, "--bytes", "--enquiry", "1"], closed);
    office.good(&["--enquiry", "1"], "d.hart", &["show", &case, &id]);
    office.good(&["--enquiry", "1"], "d.hart", &["search", &case, "family:event"]);
    office.good(&[], "t.vale", &["events", &case]);
    let (code, said) = verify(&case, &["--deep"]);
    assert!(code == 0 && said.contains("not-checked: evidence"), "{said}");

    // The authoriser's key opens it; that of an examiner and one that is made anew do not.
    let opens = |name: &str| {
        let file = office.path(&format!("{name}.key"));
        fs::write(&file, office.good(&[], name, &["person", "identity"])).expect("written");
        verify(&case, &["--deep", "--identity", &file])
    };
    let (code, said) = opens("r.okoro");
    assert!(code == 0 && !said.contains("not-checked: evidence"), "{said}");
    assert_eq!(opens("d.hart").0, 1);
    office.good(&["--authority", &office.warrant().to_string_lossy()], "d.hart", &["case", "new", &office.path("new")]);
    office.refused("d.hart", &["process", &case, "--quiet"], closed);

    // With the key, and without the journal, everything is read again out of the sealed parts.
    fs::write(&key, kept).expect("written");
    fs::remove_dir_all(Path::new(&case).join("runs")).expect("removed");
    fs::remove_dir_all(Path::new(&case).join("cache")).expect("removed");
    // Whose an export is was noted there, and is said again.
    let loose = support::account().folder.join("loose").to_string_lossy().into_owned();
    let said = office.good(&["--account", "j.marsh@example.com"], "d.hart", &["add", &case, &loose, "--quiet"]);
    assert!(said.contains("in the case already"), "{said}");
    assert_eq!(office.good(&[], "d.hart", &["digest", &case]), digest);
    let said = office.good(&[], "d.hart", &["sources", &case, "--json", "--enquiry", "1"]);
    assert!(said.contains("part-0001.age"), "{said}");
}

#[test]
fn the_same_folder_is_known_again_and_another_part_is_sealed_with_a_key_of_its_own() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    let loose = support::account().folder.join("loose").to_string_lossy().into_owned();
    let said = office.good(&[], "d.hart", &["add", &case, &loose, "--quiet"]);
    assert!(said.contains("in the case already"), "{said}");
    let track = format!("{loose}/track.gpx");
    office.good(&[], "d.hart", &["add", &case, &track, "--quiet", "--account", "j.marsh@example.com"]);
    let evidence = Path::new(&case).join("evidence");
    let key = |source: &str| fs::read(evidence.join(source).join("part-0001.key.age")).expect("a key");
    assert_ne!(key("s0001"), key("s0002"));
    // A part that was interrupted while it was sealed is begun again.
    fs::write(evidence.join("s0002/part-0002.age.unfinished"), "half").expect("written");
    office.good(&[], "d.hart", &["process", &case, "--quiet"]);
    assert!(!evidence.join("s0002/part-0002.age.unfinished").exists());
    assert_eq!(verify(&case, &["--deep", "--identity", &office.home.join("processing.key").to_string_lossy()]).0, 0);
}
