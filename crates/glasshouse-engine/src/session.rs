//! A person at work on one case: every act asks the policies first, and is in the log before its answer.
//!
//! In a personal case nothing is logged of what its holder looks at: a trail beside a plain copy endangers
//! sources. In every other case a search, a record that is opened, a picture that is looked at, an SQL query and
//! an export are events.

use crate::EngineError;
use crate::authority::{self, Line, Standing};
use crate::gate::{Policies, Ruling, Situation};
use crate::people::{Home, Person, Role};
use crate::words::Words;
use crate::writing::Writing;
use glasshouse_layout::{Kind, hex, sha256};
use glasshouse_store::seal::{Identity, Seal};
use glasshouse_store::{Acting, Actor, Case, Event, read_case_file};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long an act waits for another process that writes the case.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// Who wants to do something, and at which machine.
#[derive(Clone, Debug)]
pub struct Who {
    /// The operating system's user and the machine.
    pub actor: Actor,
    /// The person, if one has given their password.
    pub person: Option<Person>,
}

/// Under what somebody wants to act; what is left out follows if there is one choice only.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Id of an authority.
    pub authority: Option<String>,
    /// A line of enquiry: its text, the beginning of it, or its number in the authority.
    pub enquiry: Option<String>,
}

/// What an act is about.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Record ids, paths of lists, and the like: names that tell nothing by themselves.
    pub objects: Vec<String>,
    /// Content, which the log keeps apart and can erase: the words of a query, the recipient.
    pub content: Vec<(&'static str, String)>,
}

impl About {
    /// Returns what a query is about.
    pub fn query(text: &str) -> Self {
        About { objects: Vec::new(), content: vec![("query", text.to_owned())] }
    }

    /// Returns what looking at one thing is about.
    pub fn object(id: &str) -> Self {
        About { objects: vec![id.to_owned()], content: Vec::new() }
    }
}

/// Who somebody is by the installation, as that stood when they came.
struct Account {
    home: Home,
    person: Person,
    /// The rules that the organisation adds, by name and hash.
    rules: Vec<(String, String)>,
}

impl Account {
    fn of(home: &Home, person: &Person) -> Result<Self, EngineError> {
        Ok(Account { home: home.clone(), person: person.clone(), rules: rules(home)? })
    }

    /// Says whether the account has the key and the roles that it had, and the organisation no other rules.
    fn still_stands(&self) -> Result<bool, EngineError> {
        Ok(self.home.still_has(&self.person)? && rules(&self.home)? == self.rules)
    }
}

fn rules(home: &Home) -> Result<Vec<(String, String)>, EngineError> {
    Ok(home.organisation()?.map_or_else(Vec::new, |organisation| organisation.policies))
}

/// One person, one case, one line of enquiry.
pub struct Session {
    root: PathBuf,
    name: String,
    actor: Actor,
    roles: Vec<Role>,
    /// None in a personal case.
    account: Option<Account>,
    policies: Policies,
    /// What the policies ruled last of each action, and how the case stood: they rule the same of the same.
    rulings: Mutex<HashMap<String, (Situation, Ruling)>>,
    /// What may open the evidence here.
    identities: Vec<Identity>,
    /// None in a personal case.
    standing: Option<Standing>,
    /// Whether the records are within the case's authorities as they now are.
    line: Line,
    enquiry: Mutex<Option<String>>,
    lines: Vec<String>,
    writing: Writing,
}

impl Session {
    /// Begins work on a case.
    pub fn begin(root: &Path, who: Who, home: &Home, asking: &Asking) -> Result<Self, EngineError> {
        let file = read_case_file(root)?;
        let policies = policies(home)?;
        let standings = authority::standings(root)?;
        if file.kind == glasshouse_store::SELF_AUTHORITY {
            if !authority::is_own(&standings) {
                return Err(EngineError::Denied("A personal case can never become another kind, and this one holds another authority. Run glasshouse-verify on it.".into()));
            }
            let name = who.actor.who.clone();
            return Ok(Session {
                root: root.to_path_buf(),
                name,
                actor: who.actor,
                roles: vec![Role::Holder],
                account: None,
                policies,
                rulings: Mutex::default(),
                identities: home.processing().into_iter().collect(),
                standing: None,
                line: Line::default(),
                enquiry: Mutex::new(None),
                lines: Vec::new(),
                writing: Writing::default(),
            });
        }
        let Some(person) = who.person else {
            return Err(nobody());
        };
        let all = standings.clone();
        let standing = choose(standings, asking.authority.as_deref())?;
        let line_now = in_line(root, &all, &standing)?;
        let lines = standing.authority.lines_of_enquiry.clone();
        let enquiry = asking.enquiry.as_deref().map(|wanted| line(&lines, wanted)).transpose()?;
        let enquiry = enquiry.or_else(|| (lines.len() == 1).then(|| lines.first().cloned()).flatten());
        Ok(Session {
            root: root.to_path_buf(),
            actor: Actor { who: person.name.clone(), place: who.actor.place },
            account: Some(Account::of(home, &person)?),
            name: person.name,
            roles: person.roles,
            policies,
            rulings: Mutex::default(),
            identities: home.processing().into_iter().collect(),
            standing: Some(standing),
            line: line_now,
            enquiry: Mutex::new(enquiry),
            lines,
            writing: Writing::default(),
        })
    }

    /// Says whether the case is its holder's own, so that nothing is logged of what is looked at.
    pub fn is_own(&self) -> bool {
        self.standing.is_none()
    }

    /// Returns the authority that is acted under.
    pub fn standing(&self) -> Option<&Standing> {
        self.standing.as_ref()
    }

    /// Returns the case's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Asks whether this person may decide on what these people put aside.
    pub fn may_decide(&self, applicants: &BTreeSet<String>) -> Result<(), EngineError> {
        for quarantined_by in applicants {
            let situation = Situation { quarantined_by: quarantined_by.clone(), ..self.situation() };
            if let Err(denied) = self.may_in("quarantine.release", &situation) {
                self.log_denial("quarantine.release");
                return Err(denied);
            }
        }
        self.may("quarantine.release").map(|_| ())
    }

    /// Returns the name of the person, and their roles here.
    pub fn person(&self) -> (&str, &[Role]) {
        (&self.name, &self.roles)
    }

    /// Returns the lines of enquiry to choose from, and the one that is chosen.
    pub fn enquiries(&self) -> (&[String], Option<String>) {
        (&self.lines, self.enquiry())
    }

    /// Changes the line of enquiry for what follows: by its number, its text or the beginning of it.
    pub fn enquire(&self, wanted: &str) -> Result<(), EngineError> {
        let chosen = line(&self.lines, wanted)?;
        *self.enquiry.lock().unwrap_or_else(PoisonError::into_inner) = Some(chosen);
        Ok(())
    }

    fn enquiry(&self) -> Option<String> {
        self.enquiry.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns why this person may not do something, in sentences; nothing if they may.
    pub fn why_not(&self, action: &str) -> Option<String> {
        let ruling = self.ruled(action, &self.situation());
        (!ruling.allowed).then(|| ruling.why.join(" "))
    }

    /// Says whether an analysis may be run, without writing anything down: nobody has asked for it yet.
    pub fn offers(&self, analysis: &str) -> bool {
        let situation = Situation { analysis: analysis.to_owned(), ..self.situation() };
        self.ruled("analysis.run", &situation).allowed
    }

    /// Asks the policies; an error says why not.
    pub fn may(&self, action: &str) -> Result<Ruling, EngineError> {
        self.may_in(action, &self.situation())
    }

    fn may_in(&self, action: &str, situation: &Situation) -> Result<Ruling, EngineError> {
        let ruling = self.ruled(action, situation);
        if ruling.allowed {
            return Ok(ruling);
        }
        Err(EngineError::Denied(format!("{} may not do this ({action}). {}", self.name, ruling.why.join(" "))))
    }

    fn ruled(&self, action: &str, situation: &Situation) -> Ruling {
        let mut rulings = self.rulings.lock().unwrap_or_else(PoisonError::into_inner);
        match rulings.get(action) {
            Some((before, ruling)) if before == situation => ruling.clone(),
            _ => {
                let ruling = self.policies.decide(&self.name, &self.roles, action, situation);
                rulings.insert(action.to_owned(), (situation.clone(), ruling.clone()));
                ruling
            }
        }
    }

    /// Returns how the case stands now.
    pub fn situation(&self) -> Situation {
        let Some(standing) = &self.standing else { return Situation::own() };
        let now = now();
        Situation { records: self.line.at(now), ..standing.situation(now) }
    }

    /// Says whether the person, the authorities of the case, and the records under them, are what they were when this
    /// began.
    pub fn still_stands(&self) -> Result<bool, EngineError> {
        let Some(under) = &self.standing else { return Ok(true) };
        if let Some(account) = &self.account
            && !account.still_stands()?
        {
            return Ok(false);
        }
        let standings = authority::standings(&self.root)?;
        Ok(standings.contains(under) && in_line(&self.root, &standings, under)? == self.line)
    }

    /// Asks whether something may be looked at, and writes down that it is, before it is.
    ///
    /// `action` is one of the policies' (`record.search`, `record.show`, `record.bytes`, `record.sql`, `list.show`,
    /// `log.read`, `export.make`, …). In a personal case nothing is written down.
    pub fn consult(&self, action: &str, about: About) -> Result<(), EngineError> {
        let ruling = match self.may(action) {
            Ok(ruling) => ruling,
            Err(denied) => {
                self.log_denial(action);
                return Err(denied);
            }
        };
        if self.is_own() {
            return Ok(());
        }
        let (kind, logged) = logged(action);
        if self.enquiry().is_none() && needs_enquiry(action) {
            let lines: Vec<String> = (1..).zip(&self.lines).map(|(n, l)| format!("{n}. {l}")).collect();
            return Err(EngineError::Denied(format!(
                "Say which line of enquiry this is for, with --enquiry and its number or text:\n{}",
                lines.join("\n")
            )));
        }
        let mut event = self.event(&ruling, kind, logged, serde_json::json!({ "objects": about.objects }));
        event.content = about.content.into_iter().collect();
        self.log(Some(event))
    }

    /// Asks whether data may be given away, and has it in the log that they could not where not.
    pub fn permitted(&self, action: &str) -> Result<Ruling, EngineError> {
        self.may(action).inspect_err(|_| self.log_denial(action))
    }

    /// Writes down that data are given away, before they are; nothing in a personal case.
    pub fn disclose(&self, action: &str, about: About, detail: serde_json::Value) -> Result<(), EngineError> {
        let ruling = self.permitted(action)?;
        if self.is_own() {
            return Ok(());
        }
        let (kind, logged) = logged(action);
        let mut event = self.event(&ruling, kind, logged, detail);
        event.content = about.content.into_iter().collect();
        self.log(Some(event))
    }

    /// Writes down that this person came in, and by what they were known.
    pub fn begun(&self, by: &str) -> Result<(), EngineError> {
        let ruling = self.permitted("case.serve")?;
        if self.is_own() {
            return Ok(());
        }
        let detail = serde_json::json!({ "by": by });
        self.log(Some(self.event(&ruling, Kind::Consultation, "session.begun", detail)))
    }

    /// Takes note of records that were shown; they are written down in one event, with the next act at the latest.
    pub fn seen<S: Into<String>>(&self, ids: impl IntoIterator<Item = S>) {
        if !self.is_own() {
            self.writing.seen(ids.into_iter().map(Into::into));
        }
    }

    /// Writes down what was shown and is not in the log yet.
    pub fn flush(&self) -> Result<(), EngineError> {
        if self.is_own() || self.writing.nothing_seen() { Ok(()) } else { self.log(None) }
    }

    /// Asks whether an analysis may be run: in a case that is not its holder's own only if the authority names it.
    pub fn may_analyse(&self, analysis: &str) -> Result<Ruling, EngineError> {
        let situation = Situation { analysis: analysis.to_owned(), ..self.situation() };
        self.may_in("analysis.run", &situation).inspect_err(|_| self.log_denial("analysis.run"))
    }

    /// Asks whether the case may be combined with the cases of these ids.
    pub fn may_combine(&self, others: &[String]) -> Result<Ruling, EngineError> {
        let situation = Situation { others: others.to_vec(), ..self.situation() };
        self.may_in("case.combine", &situation).inspect_err(|_| self.log_denial("case.combine"))
    }

    /// Opens the case for writing, if it may be combined with the cases of these ids.
    pub fn open_to_combine(&self, others: &[String]) -> Result<Case, EngineError> {
        let ruling = self.may_combine(others)?;
        self.open_as(&ruling)
    }

    /// Opens the case for writing, if the policies allow `action`.
    pub fn open(&self, action: &str) -> Result<Case, EngineError> {
        let ruling = self.may(action)?;
        self.open_as(&ruling)
    }

    fn open_as(&self, ruling: &Ruling) -> Result<Case, EngineError> {
        let case = if self.is_own() {
            Case::open(&self.root, self.actor.clone())?
        } else {
            Case::open_within(&self.root, self.actor.clone(), PATIENCE)?
        };
        // Nobody writes it from here on: what was ruled on before may have ended while somebody else did.
        if let Some(under) = &self.standing
            && !authority::standings(&self.root)?.contains(under)
        {
            return Err(EngineError::Denied(format!(
                "The authority {} was changed meanwhile. Give the command again.",
                under.authority.id
            )));
        }
        case.unlock(&self.identities);
        case.act(self.acting(ruling));
        Ok(case)
    }

    /// Returns the keys of the case's evidence; an error says what can be done where they are not at hand.
    pub fn seal(&self) -> Result<Seal, EngineError> {
        Ok(Seal::open(&self.root, &read_case_file(&self.root)?, &self.identities)?)
    }

    /// Returns what opens sealed words of the log; nothing, where the key of the case is not at hand or this person may
    /// not read what the privilege reviewer looked at.
    pub fn words(&self) -> Words {
        let may = self.may("log.quarantine").map(|_| ());
        may.and_then(|()| self.seal()).and_then(|seal| Words::of(&seal)).unwrap_or_default()
    }

    /// Keeps the case open for the log from now on, as a server does; nobody else writes it then.
    pub fn hold(&self) -> Result<(), EngineError> {
        if self.is_own() { Ok(()) } else { self.writing.hold(&self.root, &self.actor) }
    }

    /// Returns an event of this session's person.
    fn event(&self, ruling: &Ruling, kind: Kind, action: &'static str, detail: serde_json::Value) -> Event {
        Event::by(&self.actor, self.acting(ruling), kind, action, Vec::new(), detail)
    }

    fn acting(&self, ruling: &Ruling) -> Acting {
        let Some(standing) = &self.standing else { return Acting::default() };
        Acting {
            authority: standing.authority.id.clone(),
            role: ruling.role.or(self.roles.first().copied()).map_or_else(String::new, |r| r.as_str().to_owned()),
            enquiry: self.enquiry().unwrap_or_default(),
            policies: ruling.policies.clone(),
        }
    }

    /// Writes an event, what was seen before it first; when it returns, it is durable.
    fn log(&self, asked: Option<Event>) -> Result<(), EngineError> {
        let shown = Ruling { allowed: true, role: None, policies: Vec::new(), why: Vec::new() };
        let seen = |detail| self.event(&shown, Kind::Consultation, "records.seen", detail);
        self.writing.write(&self.root, &self.actor, asked, seen)
    }

    /// That somebody tried what they may not do is known to the log; to fail at that changes nothing for them.
    fn log_denial(&self, action: &str) {
        if self.is_own() {
            return;
        }
        let ruling = self.ruled(action, &self.situation());
        let detail = serde_json::json!({ "action": action });
        let _ = self.log(Some(self.event(&ruling, Kind::Consultation, "access.denied", detail)));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What was shown was announced before; the list of it is the second half.
        let _ = self.flush();
    }
}

/// Writes down that somebody wanted in and was not let in, and for want of what. What was given as a name is in it only
/// where an account has that name: people type passwords there.
pub fn deny_entry(root: &Path, actor: &Actor, home: &Home, name: &str, why: &str) -> Result<(), EngineError> {
    let who = if home.person(name).is_ok() { name } else { "unknown" };
    let actor = Actor { who: who.to_owned(), place: actor.place.clone() };
    let authority = authority::standings(root)?.first().map_or_else(String::new, |s| s.authority.id.clone());
    let acting = Acting { authority, ..Acting::default() };
    let detail = serde_json::json!({ "action": "session.begin", "why": why });
    let event = Event::by(&actor, acting, Kind::Consultation, "access.denied", Vec::new(), detail);
    Case::open_to_log(root, actor, PATIENCE)?.append(&[event])?;
    Ok(())
}

/// Returns the policies of an installation: those shipped, and the rules that its organisation adds.
pub fn policies(home: &Home) -> Result<Policies, EngineError> {
    let Some(organisation) = home.organisation()? else { return Policies::shipped() };
    let mut more = Vec::new();
    for (name, expected) in &organisation.policies {
        let path = home.folder().join("policies").join(name);
        let text = std::fs::read_to_string(&path).map_err(|e| EngineError::io(&path, "read the policy", e))?;
        if hex(sha256(text.as_bytes())) != *expected {
            return Err(EngineError::Denied(format!(
                "{} is not the file that organisation.toml names: its hash is another. Nothing is permitted until it is put back or organisation.toml is signed anew.",
                path.display()
            )));
        }
        more.push((name.clone(), text));
    }
    Policies::with(&more)
}

/// Returns the time now in microseconds.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// Says that a person is needed.
pub fn nobody() -> EngineError {
    EngineError::Denied(
        "This needs a person: say who you are with --as NAME (or GLASSHOUSE_PERSON). `glasshouse person list` lists the accounts, `glasshouse person new` makes one.".into(),
    )
}

/// Says whether the newest records of a case are within its authorities as they stand.
fn in_line(root: &Path, standings: &[Standing], under: &Standing) -> Result<Line, EngineError> {
    let run = glasshouse_store::read_run(root)?.unwrap_or_default();
    Ok(Line::of(&run.authorities, standings, &under.authority.id))
}

fn choose(mut standings: Vec<Standing>, wanted: Option<&str>) -> Result<Standing, EngineError> {
    let names =
        |standings: &[Standing]| standings.iter().map(|s| s.authority.id.clone()).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = wanted {
        let known = names(&standings);
        let found = standings.into_iter().find(|s| s.authority.id == wanted);
        return found
            .ok_or_else(|| EngineError::Denied(format!("The case has no authority {wanted}. It has: {known}.")));
    }
    if standings.len() > 1 {
        let in_force: Vec<Standing> = standings.iter().filter(|s| s.state(now()) == "in force").cloned().collect();
        if in_force.is_empty() {
            let now = now();
            let states = standings.iter().map(|s| format!("{} is {}", s.authority.id, s.state(now)));
            return Err(EngineError::Denied(format!(
                "No authority of the case is in force: {}. To act under one all the same (to amend it, to end the keeping), name it with --under.",
                states.collect::<Vec<_>>().join(", ")
            )));
        }
        if in_force.len() > 1 {
            return Err(EngineError::Denied(format!(
                "The case has several authorities in force. Say which one with --under: {}.",
                names(&in_force)
            )));
        }
        standings = in_force;
    }
    standings.pop().ok_or_else(|| EngineError::Denied("The case has no authority. Nothing is read without one.".into()))
}

fn line(lines: &[String], wanted: &str) -> Result<String, EngineError> {
    let by_number = wanted.parse::<usize>().ok().and_then(|n| lines.get(n.checked_sub(1)?));
    let begins: Vec<&String> =
        lines.iter().filter(|l| !wanted.trim().is_empty() && l.starts_with(wanted.trim())).collect();
    let found = by_number.or_else(|| lines.iter().find(|l| *l == wanted)).or(match begins.as_slice() {
        [one] => Some(*one),
        _ => None,
    });
    found.cloned().ok_or_else(|| {
        let lines: Vec<String> = (1..).zip(lines).map(|(n, l)| format!("{n}. {l}")).collect();
        EngineError::Denied(format!(
            "`{wanted}` is no line of enquiry of the authority. Its lines:\n{}",
            lines.join("\n")
        ))
    })
}

/// Returns the kind and name of the event of an action.
fn logged(action: &str) -> (Kind, &'static str) {
    match action {
        "record.search" => (Kind::Consultation, "search.run"),
        "record.show" => (Kind::Consultation, "record.shown"),
        "record.bytes" => (Kind::Consultation, "bytes.shown"),
        "record.sql" => (Kind::Consultation, "sql.run"),
        "list.show" => (Kind::Consultation, "list.shown"),
        "case.show" => (Kind::Consultation, "case.shown"),
        "case.serve" => (Kind::Consultation, "case.served"),
        "authority.show" => (Kind::Consultation, "authority.shown"),
        "evidence.preview" => (Kind::Consultation, "evidence.previewed"),
        "quarantine.review" => (Kind::Consultation, "quarantine.reviewed"),
        "log.read" => (Kind::Consultation, "log.read"),
        "log.extract" => (Kind::Disclosure, "log.extracted"),
        "export.make" => (Kind::Disclosure, "case.exported"),
        "report.make" => (Kind::Disclosure, "report.made"),
        "statistics.make" => (Kind::Consultation, "statistics.made"),
        _ => (Kind::Consultation, "other.consulted"),
    }
}

/// Says whether an action looks at somebody's data, and so needs its justification.
fn needs_enquiry(action: &str) -> bool {
    action.starts_with("record.") || action == "list.show" || action == "case.serve" || action == "quarantine.review"
}
