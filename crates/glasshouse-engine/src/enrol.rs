//! Authorities on their way into a case: made, added, amended, ended.

use crate::EngineError;
use crate::authority::{self, Authority, Ended, Enrolled, Kind, Withdrawal, lines};
use crate::combine::{self, MadeInto};
use crate::gate::Situation;
use crate::ingest;
use crate::keyholders;
use crate::organisation::Organisation;
use crate::people::{Home, Role};
use crate::session::{Session, Who, nobody, policies};
use glasshouse_layout::{SEALED, paths};
use glasshouse_store::{Acting, Actor, Case, Founding, now, read_case_events, sign};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// How often the end of an authority is tried to be written down while another process writes the case.
const TRIES: u32 = 8;

/// The kind of a case that is under authorities other than `self`.
pub const AUTHORISED: &str = "authorised";

/// An authority's file as somebody gave it, with its signature, checked.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub authority: Authority,
    pub enrolled: Enrolled,
    /// Whom the evidence of the case is sealed to with it, beside the installation.
    pub sealed_to: Vec<String>,
    /// What a case keeps of it, by path.
    files: Vec<(String, Vec<u8>)>,
}

/// Returns where the signature of a file lies: beside it.
pub fn signature_of(file: &Path) -> PathBuf {
    PathBuf::from(paths::signature(&file.to_string_lossy()))
}

/// Reads an authority's file and checks it and its signature, against the organisation if there is one.
pub fn prepare(file: &Path, organisation: Option<(&Organisation, &Home)>) -> Result<Prepared, EngineError> {
    let bytes = fs::read(file).map_err(|e| EngineError::io(file, "read", e))?;
    let broken = |why: String| EngineError::other(format!("{}: {why}", file.display()));
    let text = std::str::from_utf8(&bytes).map_err(|_| broken("it is not UTF-8".into()))?;
    let authority =
        authority::check(text).map_err(|faults| broken(format!("it cannot be used.\n{}", lines(&faults))))?;
    if authority.kind == Kind::Own {
        return Err(broken(
            "the kind `self` is not added: `glasshouse open` makes it, and a case of it is nothing else.".into(),
        ));
    }
    let signature = fs::read(signature_of(file)).ok();
    let organisations: Vec<Organisation> = organisation.iter().map(|(o, _)| (*o).clone()).collect();
    let enrolled = authority::enrolment(&bytes, &authority, signature.as_deref(), &organisations).map_err(broken)?;
    let path = paths::authority(&authority.id, authority.version);
    let mut files = vec![(paths::signature(&path), signature.unwrap_or_default()), (path, bytes)];
    if let Some((organisation, home)) = organisation {
        let kept = paths::organisation(organisation.version);
        let source = home.folder().join("organisation.toml");
        for (from, to) in [(source.clone(), kept.clone()), (signature_of(&source), paths::signature(&kept))] {
            files.push((to, fs::read(&from).map_err(|e| EngineError::io(&from, "read", e))?));
        }
    }
    Ok(Prepared { authority, enrolled, sealed_to: Vec::new(), files })
}

fn detail(prepared: &Prepared) -> serde_json::Value {
    let authority = &prepared.authority;
    serde_json::json!({
        "id": authority.id, "version": authority.version, "kind": authority.kind.as_str(),
        "enrolled": prepared.enrolled.label(),
    })
}

/// Says why no personal case may be made on this installation, if none may.
pub fn own_refused(home: &Home) -> Result<(), EngineError> {
    match home.organisation()? {
        Some(organisation) if !organisation.own_allowed => Err(EngineError::Denied(format!(
            "organisation.toml of {} allows no personal cases here. Make the case under an authority: glasshouse case new CASE --authority FILE --as NAME.",
            organisation.name
        ))),
        _ => Ok(()),
    }
}

/// Makes a case under an authority.
pub fn found(
    root: &Path,
    title: &str,
    custody: &str,
    who: &Who,
    home: &Home,
    file: &Path,
) -> Result<(Case, Prepared), EngineError> {
    let Some(person) = &who.person else { return Err(nobody()) };
    let organisation = home.organisation()?;
    let mut prepared = prepare(file, organisation.as_ref().map(|o| (o, home)))?;
    if prepared.authority.version != 1 {
        return Err(EngineError::other(
            "A case begins with version 1 of its authority; later versions are added with `glasshouse authority amend`.",
        ));
    }
    let ruling = policies(home)?.decide(&person.name, &person.roles, "case.create", &Situation::none());
    if !ruling.allowed {
        return Err(EngineError::Denied(format!("{} may not make a case. {}", person.name, ruling.why.join(" "))));
    }
    let recipients = home.sealed_to(&prepared.authority, organisation.as_ref())?;
    prepared.sealed_to = recipients.iter().skip(1).map(|(name, _)| name.clone()).collect();
    let founding = Founding {
        kind: AUTHORISED.to_owned(),
        files: prepared.files.clone(),
        detail: detail(&prepared),
        acting: Acting {
            authority: prepared.authority.id.clone(),
            role: ruling.role.map_or_else(String::new, |r| r.as_str().to_owned()),
            enquiry: String::new(),
            policies: ruling.policies,
        },
        recipients,
    };
    let actor = Actor { who: person.name.clone(), place: who.actor.place.clone() };
    let case = Case::found(root, title, custody, actor, founding)?;
    Ok((case, prepared))
}

/// Adds another authority to a case, or the next version of one that it has.
pub fn add(root: &Path, session: &Session, home: &Home, file: &Path, amends: bool) -> Result<Prepared, EngineError> {
    let case = session.open(if amends { "authority.amend" } else { "authority.add" })?;
    let organisation = home.organisation()?;
    let mut prepared = prepare(file, organisation.as_ref().map(|o| (o, home)))?;
    let standings = authority::standings(root)?;
    let (id, version) = (prepared.authority.id.clone(), prepared.authority.version);
    let known = standings.iter().find(|s| s.authority.id == id);
    match (known, amends) {
        (None, true) => {
            return Err(EngineError::other(format!(
                "The case has no authority {id} to amend. Add it with `glasshouse authority add`."
            )));
        }
        (Some(_), false) => {
            return Err(EngineError::other(format!(
                "The case has an authority {id}. Amend it with `glasshouse authority amend`, as the next version."
            )));
        }
        (Some(known), true) if known.withdrawal.is_some() => {
            return Err(EngineError::other(format!(
                "The authority {id} has ended. What comes after it is a new authority, with an id of its own."
            )));
        }
        (Some(known), true)
            if known.authority.version.checked_add(1) != Some(version)
                || known.authority.kind != prepared.authority.kind =>
        {
            return Err(EngineError::other(format!(
                "An amendment of {id} keeps the kind {} and is version {}; the file says {} and {version}.",
                known.authority.kind,
                known.authority.version.saturating_add(1),
                prepared.authority.kind
            )));
        }
        (None, false) if version != 1 => {
            return Err(EngineError::other("A new authority is version 1."));
        }
        _ => {}
    }
    combine::stays_within(&case, file)?;
    // What the case keeps already is not written again.
    prepared.files.retain(|(path, _)| !root.join(path).exists());
    let mut detail = detail(&prepared);
    if let Some((key, to)) = new_key(&case, &standings, &prepared.authority, organisation.as_ref(), home)? {
        prepared.sealed_to = to.keys().filter(|name| *name != keyholders::PROCESSING).cloned().collect();
        prepared.files.push(key);
        detail["sealed_to"] = serde_json::json!(to);
    }
    let action = if amends { "authority.amended" } else { "authority.added" };
    case.put(&prepared.files, glasshouse_layout::Kind::Collection, action, detail)?;
    Ok(prepared)
}

/// A file with its bytes, and whom it is sealed to: name and recipient.
type NewKey = ((String, Vec<u8>), BTreeMap<String, String>);

/// Returns the key of a case sealed to the installation and to the authorisers of its authorities as they now are; none
/// if whoever authorises now has it already, or no key of theirs is known here.
fn new_key(
    case: &Case,
    standings: &[authority::Standing],
    new: &Authority,
    organisation: Option<&Organisation>,
    home: &Home,
) -> Result<Option<NewKey>, EngineError> {
    if case.file().encryption != SEALED {
        return Ok(None);
    }
    // Without the key of the case nobody can be given it; the authority counts all the same.
    let Ok(seal) = case.seal() else { return Ok(None) };
    let mut known: BTreeSet<String> = BTreeSet::new();
    for payload in read_case_events(case.root())?.into_iter().filter_map(|(_, payload)| payload) {
        let to = payload.detail.get("sealed_to").and_then(serde_json::Value::as_object);
        known.extend(to.into_iter().flat_map(|to| to.values()).filter_map(|r| r.as_str().map(str::to_owned)));
    }
    let newcomers = home.sealed_to(new, organisation)?;
    if newcomers.iter().all(|(_, recipient)| known.contains(recipient)) {
        return Ok(None);
    }
    let mut to: BTreeMap<String, String> = newcomers.into_iter().collect();
    for standing in standings.iter().filter(|s| s.authority.id != new.id && s.withdrawal.is_none()) {
        for (name, recipient) in home.sealed_to(&standing.authority, organisation)? {
            to.entry(name).or_insert(recipient);
        }
    }
    let recipients: Vec<String> = to.values().cloned().collect();
    let Some(sealed) = seal.key_for(&recipients)? else { return Ok(None) };
    let version = (1..).find(|version| !case.root().join(paths::case_key(*version)).exists()).unwrap_or(1);
    Ok(Some(((paths::case_key(version), sealed), to)))
}

/// The end of an authority, as it was written down.
pub struct Ending {
    pub withdrawal: Withdrawal,
    /// The cases that this one was combined into, which do not know of it.
    pub into: Vec<MadeInto>,
    /// Files of an intake that did not come to its end, and no longer can; and whether they were destroyed.
    pub unfinished: usize,
    pub dropped: bool,
}

/// Writes down that an authority has ended; nothing new is taken in or read under it from then on.
///
/// Where nothing else is in force, copies of an intake that can no longer come to its end go with it.
pub fn withdraw(
    root: &Path,
    session: &Session,
    id: &str,
    ended: Ended,
    at: &str,
    reason: &str,
) -> Result<Ending, EngineError> {
    let case = stopping(root, || session.open("authority.withdraw"), || session.may("authority.withdraw").map(|_| ()))?;
    let standings = authority::standings(root)?;
    let standing = standings.iter().find(|s| s.authority.id == id);
    let standing = standing.ok_or_else(|| {
        let has: Vec<&str> = standings.iter().map(|s| s.authority.id.as_str()).collect();
        EngineError::other(format!("The case has no authority {id}. It has: {}.", has.join(", ")))
    })?;
    if standing.withdrawal.is_some() {
        return Err(EngineError::other(format!("The authority {id} has ended already.")));
    }
    if reason.trim().is_empty() {
        return Err(EngineError::other("Say why it ended, with --reason: the reason is part of the record."));
    }
    let withdrawal = Withdrawal {
        id: id.to_owned(),
        ended,
        at: at.to_owned(),
        recorded: now(),
        recorded_by: session.person().0.to_owned(),
        reason: reason.to_owned(),
    };
    let text = toml::to_string(&withdrawal).map_err(|e| EngineError::other(e.to_string()))?;
    let into = combine::made_into(root)?;
    let ids: Vec<&str> = into.iter().map(|one| one.case.as_str()).collect();
    let mut detail = serde_json::json!({ "id": id, "ended": ended });
    if !ids.is_empty() {
        detail["combined"] = serde_json::json!(ids);
    }
    let instant = crate::session::now();
    let others = standings.iter().filter(|s| s.authority.id != id).any(|s| s.state(instant) == "in force");
    let unfinished = if others { Vec::new() } else { ingest::unfinished(&case)? };
    if !unfinished.is_empty() {
        detail["unfinished"] = serde_json::json!(unfinished.len());
    }
    case.put(
        &[(paths::withdrawn(id), text.into_bytes())],
        glasshouse_layout::Kind::Alteration,
        "authority.withdrawn",
        detail,
    )?;
    let dropped = !unfinished.is_empty() && ingest::drop_unfinished(&case, &unfinished)?;
    Ok(Ending { withdrawal, into, unfinished: unfinished.len(), dropped })
}

/// Opens a case for somebody who may, and has what reads it meanwhile stop for that.
fn stopping(
    root: &Path,
    open: impl Fn() -> Result<Case, EngineError>,
    may: impl Fn() -> Result<(), EngineError>,
) -> Result<Case, EngineError> {
    may()?;
    let marker = root.join(paths::ENDING);
    let mut opened = None;
    // Each try waits for a while by itself, and what reads looks up several times a second.
    for _ in 0..TRIES {
        glasshouse_store::files::write_atomic(&marker, b"")?;
        let tried = open();
        let taken = tried.as_ref().is_err_and(|e| e.to_string().contains(glasshouse_store::BUSY));
        opened = Some(tried);
        if !taken {
            break;
        }
    }
    let _ = fs::remove_file(&marker);
    opened.unwrap_or_else(open)
}

/// Signs an authority's file as its authoriser, and returns where the signature was written.
pub fn approve(file: &Path, name: &str, password: &[u8], home: &Home) -> Result<PathBuf, EngineError> {
    let person = home.authenticate(name, password)?;
    let bytes = fs::read(file).map_err(|e| EngineError::io(file, "read", e))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let authority = authority::check(&text).map_err(|faults| {
        EngineError::other(format!("{}: it cannot be approved.\n{}", file.display(), lines(&faults)))
    })?;
    let Some(people) = &authority.people else {
        return Err(EngineError::other("The kind `self` is not signed: it is the holder's own word."));
    };
    let situation =
        Situation { applicant: people.applicant.clone(), authoriser: people.authoriser.clone(), ..Situation::none() };
    let ruling = policies(home)?.decide(name, &person.roles, "authority.approve", &situation);
    if !ruling.allowed {
        return Err(EngineError::Denied(format!("{name} may not approve this authority. {}", ruling.why.join(" "))));
    }
    if people.authoriser != person.name || people.authoriser_key != person.key {
        return Err(EngineError::Denied(format!(
            "The file names {} as its authoriser, with another key than that of {name}. The file has to name: people.authoriser = \"{name}\" and people.authoriser_key = \"{}\".",
            people.authoriser, person.key
        )));
    }
    if let Some(why) = home.organisation()?.and_then(|o| o.refuses(name, &person.key, authority.kind)) {
        return Err(EngineError::Denied(format!("The signature would not count: {why}.")));
    }
    let statement =
        glasshouse_layout::statement("authority", &format!("{} {}", authority.id, authority.version), &bytes, &now());
    let note = home.sign(name, password, &statement)?;
    let path = signature_of(file);
    glasshouse_store::files::write_atomic(&path, note.as_bytes())?;
    Ok(path)
}

/// Writes and signs an organisation's file in the installation's folder.
pub fn establish(text: &str, name: &str, password: &[u8], home: &Home) -> Result<Organisation, EngineError> {
    let organisation = Organisation::check(text)
        .map_err(|faults| EngineError::other(format!("organisation.toml cannot be used.\n{}", lines(&faults))))?;
    let standing = home.organisation();
    // Whoever is administrator now hands over; where there is none yet, the first one begins.
    let signer = match &standing {
        Ok(Some(now)) => now.administrator.clone(),
        _ => organisation.administrator.clone(),
    };
    if let Ok(Some(now)) = &standing {
        if now.administrator_key != organisation.administrator_key {
            return Err(EngineError::Denied(format!(
                "organisation.toml is kept by {}, with another key. A change of administrators is made by removing the folder's organisation.toml, where everybody sees it.",
                now.administrator
            )));
        }
        if organisation.version != now.version.saturating_add(1) {
            return Err(EngineError::other(format!(
                "The next version of organisation.toml is {}.",
                now.version.saturating_add(1)
            )));
        }
    }
    if name != signer {
        return Err(EngineError::Denied(format!("organisation.toml is signed by its administrator, {signer}.")));
    }
    let note = home.sign(name, password, &organisation.to_sign(text.as_bytes(), &now()))?;
    sign::opened(note.as_bytes(), &organisation.administrator_key).map_err(|why| {
        EngineError::Denied(format!("The administrator's key in the file is not that of {name}: {why}."))
    })?;
    let path = home.folder().join("organisation.toml");
    glasshouse_store::files::make_folder(home.folder())?;
    glasshouse_store::files::write_atomic(&signature_of(&path), note.as_bytes())?;
    glasshouse_store::files::write_atomic(&path, text.as_bytes())?;
    Ok(organisation)
}

/// What a draft says of signing in by an organisation's own server.
const SIGN_IN: &str = "
# Who says at the page who people are, if that is a server of yours that speaks OpenID Connect.
# It is then the one thing that this installation connects to.
# [sign_in]
# issuer = \"https://id.example.com\"
# client_id = \"glasshouse\"
# client_secret_file = \"issuer-secret\"
# claim = \"preferred_username\"   # must be the name of an account, or its known_as under [[people]]
";

/// Returns a first organisation's file with everybody who has an account, for its administrator to change and sign.
pub fn draft(title: &str, administrator: &str, home: &Home) -> Result<String, EngineError> {
    let admin = home.person(administrator)?;
    let mut text = format!(
        "# Who is who in this organisation. Signed by the administrator: glasshouse organisation new --from FILE --as {administrator}\n\nname = {}\nversion = 1\nadministrator = \"{administrator}\"\nadministrator_key = \"{}\"\n# Whether people may open cases on their own data here.\nself_allowed = false\n# Whether people need a code of an app beside their password at the page: glasshouse person second-factor.\n# second_factor = \"required\"\n",
        toml::Value::from(title),
        admin.key
    );
    for person in home.people()? {
        let quoted = |words: &[&str]| words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ");
        let roles: Vec<&str> = person.roles.iter().map(|r| r.as_str()).collect();
        text.push_str(&format!(
            "\n[[people]]\nname = \"{}\"\nkey = \"{}\"\nroles = [{}]\n",
            person.name,
            person.key,
            quoted(&roles)
        ));
        if person.roles.contains(&Role::Authoriser) {
            text.push_str(&format!("may_authorise = [{}]\n", quoted(&Kind::NAMES[1..])));
            text.extend(person.recipient.iter().map(|r| format!("recipient = \"{r}\"\n")));
        }
    }
    text.push_str(SIGN_IN);
    Ok(text)
}
