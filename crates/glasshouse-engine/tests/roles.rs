//! Every combination of role and action, as the policies decide it, is the table in `docs/roles.md`.

use glasshouse_engine::gate::{Policies, SHIPPED, Situation};
use glasshouse_engine::people::Role;
use std::path::PathBuf;

const STATES: [&str; 6] = ["none", "not yet", "in force", "expired", "withdrawn", "quashed"];

fn situation(state: &'static str) -> Situation {
    Situation {
        applicant: "somebody.else".into(),
        authoriser: "another".into(),
        signed: true,
        quarantined_by: "a.third".into(),
        analytics: vec!["sentiment".into()],
        analysis: "sentiment".into(),
        state,
        ..Situation::none()
    }
}

fn allowed(policies: &Policies, role: Role, action: &str, situation: &Situation) -> bool {
    policies.decide("me", &[role], action, situation).allowed
}

fn cell(policies: &Policies, role: Role, action: &str) -> String {
    if role == Role::Holder {
        return if allowed(policies, role, action, &Situation::own()) { "yes" } else { "" }.into();
    }
    let when: Vec<bool> = STATES.iter().map(|s| allowed(policies, role, action, &situation(s))).collect();
    let ended = [when[3], when[4], when[5]];
    assert!(ended.iter().all(|e| *e == when[3]), "{} {action}: an end is an end", role.as_str());
    match (when[0], when[1], when[2], when[3]) {
        (false, false, false, false) => String::new(),
        (true, true, true, true) => "yes".into(),
        (false, false, true, false) => "in force".into(),
        (false, false, true, true) => "in force, ended".into(),
        other => panic!("{} {action}: {other:?}", role.as_str()),
    }
}

fn page(policies: &Policies) -> String {
    let mut page = String::from(
        "# Who may do what\n\n\
         Written from the policies in `crates/glasshouse-engine/policies/` by the test `roles`; `UPDATE_EXPECTED=1` writes it anew.\n\n\
         *yes*: whatever the state of the authority. *in force*: only while the authority is in force. *in force, ended*: also once it \
         has expired, was withdrawn or quashed. Empty: never. The column *holder* speaks of a personal case, and nobody else has a part \
         in one; the others speak of every other case. Whoever has several roles acts in the first that is allowed, and the log says in which.\n\
         An action that is not here is denied.\n\n| action |",
    );
    for role in Role::ALL {
        page.push_str(&format!(" {} |", role.as_str().replace('_', " ")));
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(Role::ALL.len()));
    page.push('\n');
    for action in policies.actions() {
        page.push_str(&format!("| `{action}` |"));
        for role in Role::ALL {
            page.push_str(&format!(" {} |", cell(policies, *role, &action)));
        }
        page.push('\n');
    }
    page.push_str("\n## What no role can do\n\n");
    let always = SHIPPED.iter().find(|(name, _)| *name == "always.cedar").expect("a file").1;
    for why in always.lines().filter_map(|l| l.strip_prefix("@why(\"")).filter_map(|l| l.strip_suffix("\")")) {
        page.push_str(&format!("- {why}\n"));
    }
    page
}

#[test]
fn the_table_in_docs_is_what_the_policies_decide() {
    let policies = Policies::shipped().expect("policies");
    let page = page(&policies);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/roles.md");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, &page).expect("written");
    }
    assert_eq!(std::fs::read_to_string(&path).expect("docs/roles.md"), page, "UPDATE_EXPECTED=1 writes it anew");
}

#[test]
fn what_is_not_known_is_denied() {
    let policies = Policies::shipped().expect("policies");
    for action in ["record.delete", "", "Record.search", "record.search\" || true", "processing", "🦊"] {
        for role in Role::ALL {
            for situation in STATES.map(situation).into_iter().chain([Situation::own()]) {
                let ruling = policies.decide("me", &[*role], action, &situation);
                assert!(!ruling.allowed && !ruling.why.is_empty(), "{action} {}", role.as_str());
            }
        }
    }
    let nobody = policies.decide("me", &[], "record.search", &situation("in force"));
    assert!(!nobody.allowed && nobody.why[0].contains("without a role"));
}

#[test]
fn nobody_decides_on_their_own_work() {
    let policies = Policies::shipped().expect("policies");
    let decide = |role: Role, action: &str, change: fn(&mut Situation)| {
        let mut situation = situation("in force");
        change(&mut situation);
        let ruling = policies.decide("me", &[role], action, &situation);
        (ruling.allowed, ruling.policies.join(" "))
    };
    let (yes, by) = decide(Role::Authoriser, "authority.approve", |_| ());
    assert!(yes && by == "authoriser-approves");
    type Case = (Role, &'static str, fn(&mut Situation), &'static str);
    let cases: [Case; 13] = [
        (Role::Authoriser, "authority.approve", |s| s.applicant = "me".into(), "nobody-approves-their-own-authority"),
        (
            Role::PrivilegeReviewer,
            "quarantine.release",
            |s| s.quarantined_by = "me".into(),
            "nobody-releases-what-they-quarantined",
        ),
        (Role::Examiner, "record.search", |s| s.authoriser = "me".into(), "nobody-examines-what-they-authorised"),
        (Role::Examiner, "evidence.process", |s| s.signed = false, "no-signature-no-authority"),
        (Role::Examiner, "record.show", |s| s.signed = false, "no-signature-no-authority"),
        (
            Role::Examiner,
            "analysis.run",
            |s| s.analysis = "face_grouping".into(),
            "only-analyses-that-the-authority-names",
        ),
        (Role::Examiner, "analysis.run", |s| s.analytics.clear(), "only-analyses-that-the-authority-names"),
        (Role::Examiner, "evidence.process", |s| s.state = "withdrawn", "no-processing-without-an-authority-in-force"),
        (Role::Examiner, "record.search", |s| s.records = "ended", "restricted-until-what-ended-is-out"),
        (Role::Examiner, "record.show", |s| s.records = "narrower", "nothing-beyond-the-limits-as-they-now-are"),
        (
            Role::DisclosureOfficer,
            "export.make",
            |s| s.records = "narrower",
            "nothing-beyond-the-limits-as-they-now-are",
        ),
        (Role::Examiner, "record.search", |s| s.own = true, "a-personal-case-is-its-holders"),
        (Role::Holder, "record.search", |_| (), "the-holder-acts-in-their-own-case-only"),
    ];
    for (role, action, change, policy) in cases {
        let (allowed, by) = decide(role, action, change);
        assert!(!allowed && by.split(' ').any(|p| p == policy), "{} {action}: {by}", role.as_str());
    }
    // What ended is looked at for proceedings, and taking out what is outside by now is what `process` is for.
    let (officer, _) = decide(Role::DisclosureOfficer, "record.search", |s| s.records = "ended");
    let reads = ["ended", "narrower"].map(|records| {
        let now = Situation { records, ..situation("in force") };
        policies.decide("me", &[Role::Examiner], "evidence.process", &now).allowed
    });
    assert!(officer && reads == [true, true]);
    // A second role does not help where a `forbid` stands.
    let mut own = situation("in force");
    own.applicant = "me".into();
    let both = policies.decide("me", &[Role::Examiner, Role::Authoriser], "authority.approve", &own);
    assert!(!both.allowed);
    let search = policies.decide("me", &[Role::Auditor, Role::Examiner], "record.search", &situation("in force"));
    assert_eq!((search.allowed, search.role), (true, Some(Role::Examiner)));
}

#[test]
fn an_organisation_forbids_and_never_permits() {
    let with = |text: &str| Policies::with(&[("night.cedar".into(), text.into())]);
    let forbid =
        r#"@id("no-sql") @why("SQL is off here.") forbid (principal, action == Action::"record.sql", resource);"#;
    let policies = with(forbid).expect("policies");
    let ruling = policies.decide("me", &[Role::Examiner], "record.sql", &situation("in force"));
    assert!(!ruling.allowed && ruling.policies == ["night.cedar:no-sql"] && ruling.why == ["SQL is off here."]);
    assert!(allowed(&policies, Role::Examiner, "record.search", &situation("in force")));
    for (text, words) in [
        (r#"@id("more") permit (principal, action, resource);"#, "can only forbid"),
        (r#"forbid (principal, action, resource);"#, "no @id"),
        (
            r#"@id("x") forbid (principal, action, resource) when { resource.colour == "red" };"#,
            "do not fit the schema",
        ),
        (r#"@id("x") forbid (principal, action == Action::"record.delete", resource);"#, "do not fit the schema"),
        ("forbid me", "cannot be read"),
        (r#"@id("x") forbid (principal == ?principal, action, resource);"#, "template"),
    ] {
        let error = with(text).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains(words), "{text}: {error}");
    }
}
