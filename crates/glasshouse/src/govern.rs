//! Authorities, people and the organisation at the command line.

use crate::acting::{As, home};
use crate::output;
use clap::{Args, Subcommand};
use glasshouse_engine::EngineError;
use glasshouse_engine::authority::{self, Asked, Authority, Ended, Standing};
use glasshouse_engine::combine;
use glasshouse_engine::enrol;
use glasshouse_engine::people::Role;
use glasshouse_engine::session::{About, now};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum AuthorityCommand {
    /// Writes an authority: asks for each field that its kind needs, says what it is for and which rule asks for it.
    New {
        /// Where to write it.
        file: PathBuf,
        /// Begin from this file, and ask only for what it lacks: a draft that an earlier try left, or another authority.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Says everything that is wrong with an authority's file, each with its line, the rule and the next step.
    Check { file: PathBuf },
    /// Approves an authority as its authoriser: signs it, and writes the signature beside it as FILE.sig.
    Sign { file: PathBuf },
    /// Adds another authority to a case. FILE.sig lies beside FILE.
    Add { case: PathBuf, file: PathBuf },
    /// Adds the next version of an authority that the case has; the versions before it stay.
    Amend { case: PathBuf, file: PathBuf },
    /// Records that an authority has ended: nothing new is taken in or read, and what was read is restricted.
    Withdraw(Withdraw),
    /// Lists the authorities of a case, and how they stand.
    List { case: PathBuf },
    /// Shows one authority, every field of its newest version.
    Show { case: PathBuf, id: Option<String> },
}

#[derive(Args)]
pub struct Withdraw {
    case: PathBuf,
    id: String,
    /// Why.
    #[arg(long)]
    reason: String,
    /// A court quashed it; it was withdrawn if left out.
    #[arg(long)]
    quashed: bool,
    /// When it ended, if before now; for the record.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

#[derive(Subcommand)]
pub enum PersonCommand {
    /// Makes an account with a password and a key to sign with.
    New {
        /// Short and of small letters, such as d.hart: what the log and authorities name.
        name: String,
        /// The person's whole name.
        #[arg(long, value_name = "TEXT")]
        full_name: Option<String>,
        /// A role; say it again for another.
        #[arg(long = "role", value_name = "ROLE", required = true)]
        roles: Vec<String>,
    },
    /// Lists the accounts with their roles and keys.
    List,
    /// Has the page ask you (--as) for a code of an app beside your password, or no longer.
    ///
    /// It prints what the app reads and ten codes for when the app is lost, and keeps it once you typed a code that the
    /// app shows. The command line asks for the password alone.
    SecondFactor {
        /// Take it away: yours, or as an administrator that of PERSON, who lost it.
        #[arg(long)]
        remove: bool,
        /// Whose is taken away; yours if left out.
        #[arg(requires = "remove")]
        person: Option<String>,
    },
    /// Prints the secret that opens evidence sealed to you (--as), for glasshouse-verify --identity or the program age.
    Identity,
}

#[derive(Subcommand)]
pub enum OrganisationCommand {
    /// Writes and signs organisation.toml: who is who, who may authorise, whether personal cases are allowed.
    ///
    /// Without --from it prints a draft with everybody who has an account, for you to change and give back.
    New {
        /// The organisation's name, for the draft.
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// The file to sign.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Checks organisation.toml, its signature and its policies; or another file of its kind.
    Check { file: Option<PathBuf> },
}

/// `glasshouse authority …`.
pub fn authority(command: &AuthorityCommand, acting: &As) -> Result<u8, EngineError> {
    match command {
        AuthorityCommand::New { file, from } => {
            if file.exists() {
                return Err(EngineError::other(format!("{} is there already. Choose another name.", file.display())));
            }
            let begun = from.as_ref().map(|f| read(f)).transpose()?;
            let draft = PathBuf::from(format!("{}.draft", file.display()));
            if begun.is_none() && draft.exists() {
                return Err(EngineError::other(format!(
                    "{0} holds what was answered before. Go on from there: glasshouse authority new {1} --from {0}. Remove it to begin anew.",
                    draft.display(),
                    file.display()
                )));
            }
            let mut input = Terminal { draft: Some(draft.clone()) };
            let text = authority::complete(begun.as_deref(), &mut input).map_err(|error| {
                if draft.exists() {
                    EngineError::other(format!(
                        "{error}\nWhat you answered is in {0}. Go on from there: glasshouse authority new {1} --from {0}",
                        draft.display(),
                        file.display()
                    ))
                } else {
                    error
                }
            })?;
            glasshouse_store::files::write_atomic(file, text.as_bytes())?;
            // It was made here, and all that it held is in the file.
            let _ = std::fs::remove_file(&draft);
            say!("Wrote {0}. It says:", file.display());
            if let Ok(authority) = authority::check(&text) {
                authority.limits_in_words().iter().for_each(|line| say!("  {}", output::plain(line)));
            }
            say!("Change it in any editor, and look with glasshouse authority check {0}.", file.display());
            say!("Then its authoriser signs it: glasshouse authority sign {0} --as NAME", file.display());
            Ok(0)
        }
        AuthorityCommand::Check { file } => match authority::check(&read(file)?) {
            Ok(authority) => {
                say!(
                    "{}: {} version {}, kind {}: whole.",
                    file.display(),
                    authority.id,
                    authority.version,
                    authority.kind
                );
                authority.limits_in_words().iter().for_each(|line| say!("  {}", output::plain(line)));
                say_strangers(&authority);
                Ok(0)
            }
            Err(faults) => {
                faults.iter().for_each(|f| say!("{}: {}", file.display(), output::plain(&f.to_string())));
                Ok(crate::EXIT_NO)
            }
        },
        AuthorityCommand::Sign { file } => {
            let name = acting.name()?;
            home().person(&name)?;
            let password = acting.password(&format!("Password of {name}: "))?;
            let signature = enrol::approve(file, &name, &password, &home())?;
            say!("{name} approved {}; the signature is {}.", file.display(), signature.display());
            authority::check(&read(file)?).iter().for_each(say_strangers);
            Ok(0)
        }
        AuthorityCommand::Add { case, file } => enrolled(case, file, acting, false),
        AuthorityCommand::Amend { case, file } => enrolled(case, file, acting, true),
        AuthorityCommand::Withdraw(withdraw) => {
            let session = acting.session(&withdraw.case)?;
            let ended = if withdraw.quashed { Ended::Quashed } else { Ended::Withdrawn };
            let at = withdraw.at.clone().unwrap_or_else(glasshouse_store::now);
            let ending = enrol::withdraw(&withdraw.case, &session, &withdraw.id, ended, &at, &withdraw.reason)?;
            say!(
                "{} has ended ({}). Nothing new is taken in or read under it; what was read is restricted: only a disclosure officer looks at it.",
                ending.withdrawal.id,
                output::plain(&ending.withdrawal.reason)
            );
            match (ending.unfinished, ending.dropped) {
                (0, _) => {}
                (_, true) => say!("An intake had not come to its end, and what it had copied is destroyed."),
                (n, false) => say!(
                    "An intake had not come to its end: {n} files below evidence/ are in no event, and are read under a new authority only. glasshouse verify names them."
                ),
            }
            let others = authority::standings(&withdraw.case)?;
            if others.iter().any(|other| other.state(now()) == "in force") {
                say!(
                    "Another authority of the case is in force: glasshouse process {} takes out what that one does not cover. Until then nobody else looks into the case.",
                    withdraw.case.display()
                );
            }
            ending.into.iter().for_each(|one| say!("{}", one.told()));
            Ok(0)
        }
        AuthorityCommand::List { case } => {
            acting.session(case)?.consult("authority.show", About::default())?;
            for standing in authority::standings(case)? {
                line(&standing);
            }
            Ok(0)
        }
        AuthorityCommand::Show { case, id } => {
            let session = acting.session(case)?;
            session.consult("authority.show", About { objects: id.iter().cloned().collect(), content: vec![] })?;
            let standings = authority::standings(case)?;
            let wanted = standings.iter().filter(|s| id.as_ref().is_none_or(|id| *id == s.authority.id));
            let mut any = false;
            for standing in wanted {
                any = true;
                line(standing);
                for (path, value) in &standing.authority.values {
                    say!("  {path}: {}", output::plain(value));
                }
                standing.authority.limits_in_words().iter().for_each(|l| say!("  {}", output::plain(l)));
                if let Some(w) = &standing.withdrawal {
                    say!(
                        "  ended {} ({}), recorded {} by {}",
                        w.at,
                        output::plain(&w.reason),
                        w.recorded,
                        w.recorded_by
                    );
                }
            }
            Ok(crate::args::found(any))
        }
    }
}

/// Says which services of an authority nothing is read of.
fn say_strangers(authority: &Authority) {
    let services = authority.limits.as_ref().map_or(&[][..], |limits| &limits.services);
    if let Some(strange) = authority::strangers(services) {
        eprintln!("glasshouse: {} Only a lens of your own can give such records.", output::plain(&strange));
    }
}

fn line(standing: &Standing) {
    let authority = &standing.authority;
    say!(
        "{}  version {}  {}  {}  {}",
        authority.id,
        authority.version,
        authority.kind,
        standing.state(now()),
        output::plain(&standing.enrolled.label())
    );
}

fn enrolled(case: &Path, file: &Path, acting: &As, amends: bool) -> Result<u8, EngineError> {
    let session = acting.session(case)?;
    let prepared = enrol::add(case, &session, &home(), file, amends)?;
    say!(
        "{} version {} is in the case: {}.",
        prepared.authority.id,
        prepared.authority.version,
        prepared.enrolled.label()
    );
    for name in &prepared.sealed_to {
        say!("{name} can open the evidence from now on.");
    }
    if amends {
        combine::made_into(case)?.iter().for_each(|one| say!("{}", one.told()));
    }
    crate::custody::say_gone(case)?;
    Ok(0)
}

fn read(path: &Path) -> Result<String, EngineError> {
    let bytes = std::fs::read(path).map_err(|e| EngineError::io(path, "read", e))?;
    String::from_utf8(bytes)
        .map_err(|_| EngineError::other(format!("{} is not UTF-8. Save it as UTF-8.", path.display())))
}

/// `glasshouse person …`.
pub fn person(command: &PersonCommand, acting: &As) -> Result<u8, EngineError> {
    match command {
        PersonCommand::New { name, full_name, roles } => {
            let parsed: Result<Vec<Role>, EngineError> = roles
                .iter()
                .map(|r| {
                    let known = Role::NAMES[1..].join(", ");
                    r.parse().map_err(|()| EngineError::other(format!("`{r}` is no role. Roles: {known}.")))
                })
                .collect();
            let password = acting.password(&format!("A password for {name}: "))?;
            let person = home().enrol(name, full_name.as_deref().unwrap_or(name), &parsed?, &password)?;
            say!("{}", person.key);
            if home().organisation()?.is_some() {
                say!("The administrator gives {name} roles in organisation.toml; until then there are none.");
            }
        }
        PersonCommand::Identity => {
            let name = acting.name()?;
            home().person(&name)?;
            let identity = home().identity(&name, &acting.password(&format!("Password of {name}: "))?)?;
            say!("# Opens the evidence of cases that is sealed to {name}. Whoever has this and a case sees all of it.");
            say!("# public key: {}", identity.recipient());
            say!("{}", identity.text().as_str());
        }
        PersonCommand::SecondFactor { remove: false, .. } => return second_factor(acting),
        PersonCommand::SecondFactor { person, .. } => {
            let acts = acting.authenticated()?;
            let of = person.as_deref().unwrap_or(&acts.name);
            if of != acts.name && !acts.roles.contains(&Role::Administrator) {
                return Err(EngineError::Denied(format!(
                    "Only an administrator takes the second factor of somebody else away, and {} is none.",
                    acts.name
                )));
            }
            if !home().drop_second(of)? {
                say!("{of} has no second factor.");
                return Ok(crate::EXIT_NO);
            }
            say!("{of} has no second factor any more.");
        }
        PersonCommand::List => {
            for person in home().people()? {
                let roles: Vec<_> = person.roles.iter().map(|r| r.as_str()).collect();
                let (full, recipient) = (output::plain(&person.full_name), person.recipient.unwrap_or_default());
                say!("{}  {full}  {}  {recipient}  {}", person.name, roles.join(","), person.key);
            }
        }
    }
    Ok(0)
}

/// Gives whoever acts a second factor, once they have shown that their app has it.
fn second_factor(acting: &As) -> Result<u8, EngineError> {
    let name = acting.name()?;
    home().person(&name)?;
    let password = acting.password(&format!("Password of {name}: "))?;
    home().authenticate(&name, &password)?;
    let fresh = home().new_second(&name)?;
    say!("For the app, as an address or by hand its secret:\n  {}", fresh.uri);
    say!("Codes for when the app is lost; each works once. Keep them apart from the password:");
    fresh.spare.iter().for_each(|code| say!("  {code}"));
    let code = Terminal::default().answer("The code that the app shows now: ")?.unwrap_or_default();
    let seconds = u64::try_from(now() / 1_000_000).unwrap_or(0);
    if !home().prove_second(&name, &password, &fresh, &code, seconds)? {
        return Err(EngineError::other(
            "That is not the code of now, and nothing was kept. Look whether the clocks of this machine and of the app agree, and begin anew.",
        ));
    }
    say!("From now on the page asks {name} for a code, too.");
    Ok(0)
}

/// `glasshouse organisation …`.
pub fn organisation(command: &OrganisationCommand, acting: &As) -> Result<u8, EngineError> {
    match command {
        OrganisationCommand::New { name, from: None } => {
            let title = name.as_deref().unwrap_or("The organisation's name");
            say!("{}", enrol::draft(title, &acting.name()?, &home())?.trim_end());
        }
        OrganisationCommand::New { from: Some(file), .. } => {
            let name = acting.name()?;
            home().person(&name)?;
            let password = acting.password(&format!("Password of {name}: "))?;
            let organisation = enrol::establish(&read(file)?, &name, &password, &home())?;
            say!("{} version {} is in force here, signed by {name}.", organisation.name, organisation.version);
        }
        OrganisationCommand::Check { file: Some(file) } => {
            return match glasshouse_engine::organisation::Organisation::check(&read(file)?) {
                Ok(organisation) => {
                    say!("{}: {} version {}: whole.", file.display(), organisation.name, organisation.version);
                    Ok(0)
                }
                Err(faults) => {
                    faults.iter().for_each(|f| say!("{}: {}", file.display(), output::plain(&f.to_string())));
                    Ok(crate::EXIT_NO)
                }
            };
        }
        OrganisationCommand::Check { file: None } => {
            let Some(organisation) = home().organisation()? else {
                say!("No organisation.toml in {}: authorities are self-enrolled.", home().folder().display());
                return Ok(crate::EXIT_NO);
            };
            glasshouse_engine::session::policies(&home())?;
            say!(
                "{} version {}: signed by {}, policies whole.",
                organisation.name,
                organisation.version,
                organisation.administrator
            );
        }
    }
    Ok(0)
}

/// The person at the terminal, or whatever is piped in.
#[derive(Default)]
struct Terminal {
    /// Where answers are kept until all are there.
    draft: Option<PathBuf>,
}

impl Asked for Terminal {
    fn tell(&mut self, text: &str) {
        eprintln!("{text}");
    }

    fn answer(&mut self, prompt: &str) -> Result<Option<String>, EngineError> {
        eprint!("{prompt}");
        let _ = std::io::stderr().flush();
        let mut text = String::new();
        let n = std::io::stdin().lock().read_line(&mut text).map_err(|e| EngineError::other(e.to_string()))?;
        Ok((n > 0).then_some(text))
    }

    fn keep(&mut self, draft: &str) -> Result<(), EngineError> {
        Ok(match &self.draft {
            Some(path) => glasshouse_store::files::write_atomic(path, draft.as_bytes())?,
            None => (),
        })
    }

    fn key(&self, name: &str) -> Option<String> {
        home().person(name).ok().map(|p| p.key)
    }
}
