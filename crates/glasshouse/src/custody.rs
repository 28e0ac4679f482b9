//! What leaves a case: what is discarded, and what is given away.

use crate::acting::As;
use crate::args::{How, Process, What};
use crate::{intake, output};
use clap::Args;
use glasshouse_engine::EngineError;
use glasshouse_engine::combine::{self, Wanted};
use glasshouse_engine::export;
use glasshouse_engine::ingest::{self, Asked, Restricted};
use glasshouse_engine::session::now;
use glasshouse_engine::{authority, erase};
use glasshouse_layout::{Certificate, Discarded, paths};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Export {
    case: PathBuf,
    /// Words and fields, as in `search`.
    query: Vec<String>,
    /// Only records that somebody gave this tag.
    #[arg(long, value_name = "TEXT")]
    tag: Option<String>,
    /// Folder to write to; it must not be there.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Who gets it; written down.
    #[arg(long, value_name = "TEXT", default_value = "")]
    recipient: String,
    /// What for; written down.
    #[arg(long, value_name = "TEXT", default_value = "")]
    purpose: String,
}

#[derive(Args)]
pub struct Combine {
    /// The cases, two or more. They stay as they are.
    #[arg(required = true, num_args = 2..)]
    cases: Vec<PathBuf>,
    /// Folder of the new case.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// The authority that was made for it, which names the cases it is for. FILE.sig lies beside it.
    #[arg(long, value_name = "FILE")]
    authority: PathBuf,
    #[arg(long)]
    title: Option<String>,
    /// Read passwords for encrypted parts from this file descriptor, one a line. What a password opened in the cases
    /// needs it again.
    #[arg(long, value_name = "FD")]
    password_fd: Option<i32>,
    /// Leave closed what a password opened in the cases; what came of it is not in the new one.
    #[arg(long, conflicts_with = "password_fd")]
    leave_closed: bool,
    /// Number of threads; all cores if left out.
    #[arg(long)]
    threads: Option<usize>,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Args)]
pub struct Destroy {
    case: PathBuf,
    /// Why; written down, but in a personal case, of which nothing is left.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Confirm that it is to be destroyed.
    #[arg(long)]
    yes: bool,
}

/// `glasshouse case combine`.
pub fn combine(asked: &Combine, acting: &As) -> Result<u8, EngineError> {
    let mut sessions = Vec::new();
    for case in &asked.cases {
        sessions.push(acting.session(case)?);
    }
    let title = asked.title.clone().unwrap_or_else(|| intake::name_of(&asked.into));
    let wanted = Wanted { into: &asked.into, title: &title, authority: &asked.authority, closed: asked.leave_closed };
    let how = How {
        in_place: false,
        password_fd: asked.password_fd,
        account: None,
        lens: Vec::new(),
        threads: asked.threads,
        quiet: asked.quiet,
        yes: false,
    };
    let options = intake::options(&how)?;
    let (who, home) = (acting.who()?, crate::acting::home());
    let done =
        intake::with_progress(&how, |progress| combine::combine(&sessions, &wanted, &who, &home, &options, progress))?;
    let into = asked.into.display();
    say!(
        "Made {into} out of {} cases; the log of each says so, and `sources` says what came from which.",
        sessions.len()
    );
    say!(
        "What ends or changes an authority of theirs from now on is not known to {into}: it is written down in both (`authority withdraw` there names this case)."
    );
    if done.closed > 0 {
        say!(
            "{} entries that a password opened in them are closed here. To open them: glasshouse process {into} --password-fd FD",
            output::count(done.closed as u64)
        );
    }
    output::summary(&asked.into, &done.report.run);
    output::keep(&done.case)?;
    Ok(0)
}

/// `glasshouse case destroy`.
pub fn destroy(asked: &Destroy, acting: &As) -> Result<u8, EngineError> {
    let confirmed = || match asked.yes {
        true => Ok(()),
        false => Err(EngineError::other("This cannot be undone. Confirm it with --yes.")),
    };
    if erase::is_cut_off(&asked.case) {
        confirmed()?;
        erase::whole(&asked.case)?;
        say!("{} is gone; what an earlier command had begun is done.", asked.case.display());
        return Ok(0);
    }
    let session = acting.session(&asked.case)?;
    session.permitted("case.destroy")?;
    confirmed()?;
    if asked.reason.trim().is_empty() && !session.is_own() {
        return Err(EngineError::other("Say why, with --reason: it stands in the log."));
    }
    let own = session.is_own();
    erase::case(&session, asked.reason.trim())?;
    let case = asked.case.display();
    if own {
        say!("{case} is gone. Parts that were left in their places are where they were; backups are not reached.");
    } else {
        say!(
            "Evidence, records and people's work of {case} are destroyed; the log and the authorities prove that they were there. Backups are not reached."
        );
    }
    Ok(0)
}

/// Says which dates of the case's authorities have come.
pub fn say_due(case: &Path) {
    // Whoever verifies a case that is damaged is told about that elsewhere.
    for standing in authority::standings(case).unwrap_or_default() {
        for due in standing.due(now()) {
            eprintln!("glasshouse: {}", output::plain(&due));
        }
    }
}

/// `glasshouse export`.
pub fn export(asked: &Export, acting: &As) -> Result<u8, EngineError> {
    let session = acting.session(&asked.case)?;
    let wanted = export::Wanted {
        query: asked.query.join(" "),
        tag: asked.tag.clone(),
        recipient: asked.recipient.clone(),
        purpose: asked.purpose.clone(),
    };
    let exported = export::export(&session, &wanted, &asked.to, &export::Progress::default())?;
    let (records, bytes) = (output::count(exported.records), output::count(exported.bytes));
    let to = asked.to.display();
    say!("Wrote {records} records ({bytes} bytes) to {to}; index.html opens in any browser, without a network.");
    if session.is_own() {
        say!("No legal basis recorded: this is a personal case, and its log says nothing of the export.");
    }
    say!("Whoever gets it checks it with: glasshouse-verify {to}");
    Ok(0)
}

/// `glasshouse process --discard`.
pub fn discard(process: &Process, acting: &As) -> Result<u8, EngineError> {
    let file = glasshouse_store::read_case_file(&process.case)?;
    if file.kind == glasshouse_store::SELF_AUTHORITY {
        return Err(EngineError::Denied(
            "A personal case has no limits, so that nothing in it is outside them. What you do not want to keep you do not take in: make a new case of the rest.".into(),
        ));
    }
    if file.encryption != glasshouse_layout::SEALED {
        return Err(EngineError::other(
            "The evidence of this case lies in clear, and no copy of a file in clear can be said to be destroyed. Make a new case of it.",
        ));
    }
    let reason = process.reason.as_deref().unwrap_or_default().trim();
    if reason.is_empty() && !process.preview {
        return Err(EngineError::other("Say why, with --reason: it stands in the certificate."));
    }
    let session = acting.session(&process.case)?;
    let ruling = session.may("evidence.discard")?;
    let case = session.open("evidence.discard")?;
    let asked = Asked {
        person: session.person().0.to_owned(),
        place: intake::actor().place,
        reason: reason.to_owned(),
        withheld: process.withheld,
        restricted: process.restricted.map(|what| match what {
            What::Keep => Restricted::Keep,
            What::Destroy => Restricted::Destroy,
        }),
    };
    if process.preview {
        let options = intake::options(&process.how)?;
        let counts =
            intake::with_progress(&process.how, |progress| ingest::discard_preview(&case, &asked, &options, progress))?;
        say_discarded(&counts, "would go");
        if counts.is_empty() {
            say!("Nothing lies outside the limits.");
        }
        return Ok(0);
    }
    let role = ruling.role.map_or("", |role| role.as_str());
    let options = intake::options(&process.how)?;
    let done =
        intake::with_progress(&process.how, |progress| ingest::discard(&case, &asked, role, &options, progress))?;
    let Some(certificate) = done else {
        say!("Nothing lies outside the limits; nothing was discarded.");
        return Ok(0);
    };
    let path = process.case.join(paths::discard(certificate.number));
    say_discarded(&certificate.outcomes, "discarded");
    for sentence in &certificate.method {
        say!("{sentence}");
    }
    say!("The certificate is {}, and its hash is in the log.", path.display());
    output::keep(&case)?;
    Ok(0)
}

fn say_discarded(outcomes: &[Discarded], what: &str) {
    for one in outcomes {
        let (n, unit) = (output::count(one.count), &one.unit);
        say!("{n:>14} {unit:<7}  {what:<9}  {:<12} {:<12} {}", one.service, one.family, one.reason);
    }
}

/// Says what no authority brings back, where something was discarded.
pub fn say_gone(case: &Path) -> Result<(), EngineError> {
    for certificate in ingest::read_certificates(case)? {
        say!("{}", output::plain(&gone(&certificate)));
    }
    Ok(())
}

/// Returns what a certificate says in a sentence.
fn gone(certificate: &Certificate) -> String {
    let of = |unit: &str| certificate.outcomes.iter().filter(|o| o.unit == unit).map(|o| o.count).sum::<u64>();
    format!(
        "What lay outside {} was discarded on {}: {} records, and {} entries that were not read. No authority brings it back ({}).",
        certificate.authorities.join(" and "),
        certificate.destroyed.get(..10).unwrap_or_default(),
        output::count(of("records")),
        output::count(of("entries")),
        paths::discard(certificate.number)
    )
}
