//! Opening cases and taking things in, with one progress bar.

use crate::acting::{As, home, lines};
use crate::args::{How, Open, Serve};
use crate::custody;
use crate::output;
use crate::serve::{Door, Listening};
use crate::signals;
use glasshouse_engine::EngineError;
use glasshouse_engine::enrol;
use glasshouse_engine::ingest::{Options, Progress, Report, Taken, ingest};
use glasshouse_engine::session::About;
use glasshouse_store::{Actor, Case, Password, SELF_STATEMENT, is_case};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// `glasshouse open`.
pub fn open(open: Open, acting: &As) -> Result<u8, EngineError> {
    for path in &open.paths {
        std::fs::metadata(path).map_err(|e| EngineError::io(path, "open", e))?;
    }
    let folder = open.case.clone().unwrap_or_else(|| case_for(&open.paths));
    let case = if is_case(&folder) {
        if open.authority.is_some() {
            return Err(EngineError::other(
                "The case is there already. Add an authority to it with `glasshouse authority add`.",
            ));
        }
        if open.seal && glasshouse_store::read_case_file(&folder)?.encryption != glasshouse_layout::SEALED {
            return Err(EngineError::other(
                "The case is there already, and its evidence lies in clear. Make another case with --seal, and destroy this one.",
            ));
        }
        acting.session(&folder)?.open("evidence.add")?
    } else {
        // What is refused leaves no empty case behind.
        glasshouse_engine::ingest::check(&folder, &open.paths, open.how.in_place)?;
        let custody = if open.how.in_place { "external" } else { "copied" };
        make(
            &folder,
            open.authority.as_deref(),
            &title(&open.paths),
            custody,
            Own { seal: open.seal, yes: open.how.yes },
            acting,
        )?
    };
    let report = take_in(&case, &open.paths, &open.how)?;
    say(&case, &report)?;
    confirm_owners(&case, &report, open.how.yes)?;
    drop(case);
    if open.no_serve {
        return Ok(0);
    }
    serve(&Serve { case: folder, listen: open.listen, tls_cert: None, tls_key: None, names: Vec::new() }, acting)
}

/// `glasshouse serve`.
pub fn serve(serve: &Serve, acting: &As) -> Result<u8, EngineError> {
    let own = glasshouse_store::read_case_file(&serve.case)?.kind == glasshouse_store::SELF_AUTHORITY;
    let door = if own {
        let session = acting.session(&serve.case)?;
        session.may("case.serve")?;
        Door::Link(session)
    } else {
        // Whoever starts the server sees nothing by that: people sign in to the page, each for themselves.
        Door::People(home())
    };
    let tls = serve.tls_cert.as_deref().zip(serve.tls_key.as_deref());
    let listening = Listening { address: &serve.listen, tls, names: &serve.names };
    crate::serve::serve(&serve.case, &listening, door)
}

/// What a personal case is made with.
#[derive(Clone, Copy)]
pub struct Own {
    /// Its evidence is sealed.
    pub seal: bool,
    /// Its holder has confirmed that it is theirs.
    pub yes: bool,
}

/// Makes a case: under an authority, or as its account's holder.
fn make(
    folder: &Path,
    authority: Option<&Path>,
    title: &str,
    custody: &str,
    own: Own,
    acting: &As,
) -> Result<Case, EngineError> {
    let Some(file) = authority else {
        enrol::own_refused(&home())?;
        confirm(own.yes)?;
        if !own.seal {
            return Ok(Case::create(folder, title, custody, actor())?);
        }
        drop(Case::create_sealed(folder, title, custody, actor(), home().sealed_to_itself()?)?);
        say!(
            "Its evidence is sealed: {} opens it, and nothing else does. Keep a copy of that file elsewhere. What is read of it lies in clear below runs/, and what you write in work.sqlite: to put the case away, remove runs/ and cache/; `glasshouse process` reads it again.",
            home().processing_path().display()
        );
        return acting.session(folder)?.open("evidence.add");
    };
    if custody == "external" {
        return Err(EngineError::other(
            "Only a personal case may leave its parts in place: others hold copies of their own.",
        ));
    }
    let (case, prepared) = enrol::found(folder, title, custody, &acting.who()?, &home(), file)?;
    let authority = &prepared.authority;
    say!("Under {} version {} ({}): {}.", authority.id, authority.version, authority.kind, prepared.enrolled.label());
    let key = home().processing_path();
    match (&authority.people, prepared.sealed_to.first()) {
        (_, Some(name)) => say!("Its evidence is sealed: {} opens it, and {name} can.", key.display()),
        (Some(people), None) => {
            let name = &people.authoriser;
            say!("Its evidence is sealed: {} alone opens it, for no key of {name} is known here.", key.display());
        }
        (None, None) => {}
    }
    drop(case);
    // From here on the authority has to be in force.
    acting.session(folder)?.open("case.show")
}

/// `glasshouse case new`.
pub fn new_case(
    folder: &Path,
    authority: Option<&Path>,
    title: Option<String>,
    own: Own,
    acting: &As,
) -> Result<u8, EngineError> {
    let title = title.unwrap_or_else(|| name_of(folder));
    let case = make(folder, authority, &title, "copied", own, acting)?;
    say!("Made the case {}.", folder.display());
    output::keep(&case)?;
    Ok(0)
}

/// `glasshouse add` and `glasshouse process`.
pub fn add(folder: &Path, paths: &[PathBuf], how: &How, acting: &As) -> Result<u8, EngineError> {
    let action = if paths.is_empty() { "evidence.process" } else { "evidence.add" };
    let case = acting.session(folder)?.open(action)?;
    let report = take_in(&case, paths, how)?;
    say(&case, &report)?;
    confirm_owners(&case, &report, how.yes)?;
    custody::say_gone(folder)?;
    custody::say_due(folder);
    Ok(0)
}

/// `glasshouse process --preview`.
pub fn preview(folder: &Path, how: &How, acting: &As) -> Result<u8, EngineError> {
    let session = acting.session(folder)?;
    session.consult("evidence.preview", About::default())?;
    let case = session.open("evidence.preview")?;
    let options = options(how)?;
    let counts = with_progress(how, |progress| glasshouse_engine::ingest::preview(&case, &options, progress))?;
    for ((outcome, service, family, reason), n) in &counts {
        let unit = if outcome == "not read" { "entries" } else { "records" };
        say!("{:>12} {unit}  {outcome:<12} {service:<12} {family:<12} {reason}", output::count(*n));
    }
    if counts.is_empty() {
        say!("Nothing of what the case holds would be read.");
    }
    Ok(0)
}

/// Says who acts, as the operating system knows them.
pub fn actor() -> Actor {
    let who = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let uid = || std::fs::metadata("/proc/self").map_or(0, |m| std::os::unix::fs::MetadataExt::uid(&m));
    let who = who.unwrap_or_else(|_| format!("uid {}", uid()));
    let place =
        std::fs::read_to_string("/proc/sys/kernel/hostname").map_or_else(|_| "unknown".into(), |n| n.trim().to_owned());
    Actor { who, place }
}

fn take_in(case: &Case, paths: &[PathBuf], how: &How) -> Result<Report, EngineError> {
    if how.in_place && case.file().custody != "external" {
        return Err(EngineError::other(
            "This case keeps copies of its parts; --in-place can only be chosen when a case is made.",
        ));
    }
    let options = options(how)?;
    with_progress(how, |progress| ingest(case, paths, &options, progress))
}

pub(crate) fn options(how: &How) -> Result<Options, EngineError> {
    let mut options = Options {
        in_place: how.in_place,
        passwords: passwords(how.password_fd)?,
        account: how.account.clone(),
        decoder: Arc::new(crate::decoder()),
        ..Options::default()
    };
    for path in &how.lens {
        let text = std::fs::read_to_string(path).map_err(|e| EngineError::io(path, "read the lens", e))?;
        options.lenses.push((name_of(path), text));
    }
    if let Some(threads) = how.threads {
        options.threads = threads.clamp(1, 256);
    }
    Ok(options)
}

/// Does long work with a progress bar, until it is done or the person stops it.
pub(crate) fn with_progress<T>(
    how: &How,
    work: impl FnOnce(&Progress) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let progress = Arc::new(Progress::default());
    signals::working(&progress);
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let bar = (!how.quiet).then(|| show_progress(progress.clone(), done.clone()));
    let result = work(&progress);
    signals::idle();
    done.store(true, Ordering::Relaxed);
    if let Some(bar) = bar {
        let _ = bar.join();
    }
    result
}

fn show_progress(progress: Arc<Progress>, done: Arc<std::sync::atomic::AtomicBool>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let bar = ProgressBar::new(0);
        let style = "{msg:24!} {bar:28} {bytes}/{total_bytes} {prefix} {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        while !done.load(Ordering::Relaxed) {
            bar.set_length(progress.total.load(Ordering::Relaxed));
            bar.set_position(progress.done.load(Ordering::Relaxed));
            bar.set_message(progress.phase());
            let (records, warnings) =
                (progress.records.load(Ordering::Relaxed), progress.warnings.load(Ordering::Relaxed));
            bar.set_prefix(format!("{} records {} warnings", output::count(records), output::count(warnings)));
            std::thread::sleep(Duration::from_millis(100));
        }
        bar.finish_and_clear();
    })
}

fn say(case: &Case, report: &Report) -> Result<(), EngineError> {
    for (path, taken) in &report.taken {
        if let Taken::Held(source) = taken {
            say!("{} is in the case already ({source}).", path.display());
        }
    }
    if !report.changed {
        say!("Nothing new to read.");
    }
    output::summary(case.root(), &report.run);
    output::keep(case)
}

/// Asks for the one thing that the authority `self` needs.
fn confirm(yes: bool) -> Result<(), EngineError> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(EngineError::other(format!(
            "This opens a case under the authority `self`, which needs one statement: \"{SELF_STATEMENT}\" Confirm it with --yes."
        )));
    }
    eprintln!("This case has no legal basis but yours: \"{SELF_STATEMENT}\"");
    eprint!("Is that so? Type yes to confirm: ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|e| EngineError::other(e.to_string()))?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        Ok(())
    } else {
        Err(EngineError::other("Not confirmed; nothing was read."))
    }
}

/// Asks again where a personal case came to hold the accounts of several owners on one service.
fn confirm_owners(case: &Case, report: &Report, yes: bool) -> Result<(), EngineError> {
    let own = case.file().kind == glasshouse_store::SELF_AUTHORITY;
    if !own || yes || !report.changed || !std::io::stdin().is_terminal() {
        return Ok(());
    }
    let root = case.root().display();
    for (service, owners) in glasshouse_engine::facts::several_owners(case.root())? {
        eprintln!("This case holds {} accounts of {service}:", owners.len());
        for owner in owners {
            eprintln!("  {}", output::plain(&owner.into_iter().collect::<Vec<_>>().join(", ")));
        }
        eprint!("Are all of them your own? Type yes to confirm: ");
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map_err(|e| EngineError::other(e.to_string()))?;
        if !answer.trim().eq_ignore_ascii_case("yes") {
            return Err(EngineError::other(format!(
                "Not confirmed. A personal case is of one's own accounts alone: destroy this one with glasshouse case destroy {root} --yes, and make one of what is yours. What is somebody else's needs an authority."
            )));
        }
    }
    Ok(())
}

fn passwords(fd: Option<i32>) -> Result<Vec<Password>, EngineError> {
    fd.map_or(Ok(Vec::new()), lines)
}

fn case_for(paths: &[PathBuf]) -> PathBuf {
    let first = paths.first().map_or_else(|| "account".into(), |p| name_of(p));
    let stem = first.split('.').next().filter(|s| !s.is_empty()).unwrap_or("account").to_owned();
    PathBuf::from(format!("{stem}.case"))
}

fn title(paths: &[PathBuf]) -> String {
    paths.first().map_or_else(|| "account".into(), |p| name_of(p))
}

pub(crate) fn name_of(path: &Path) -> String {
    let full = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    full.file_name().map_or_else(|| "case".into(), |n| n.to_string_lossy().into_owned())
}
