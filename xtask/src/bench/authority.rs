//! What an authority costs: the same export in its holder's own case, and in cases under a warrant.
//!
//! Ratios of processor time, taken one after the other in every round and every second round backwards.

use super::alone::records;
use super::server::Server;
use super::stats::{Bar, Row, Spread};
use super::{Bench, open};
use crate::Fault;
use crate::measure::{self, Cost};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const WARRANT: &str = include_str!("../../../docs/authorities/warrant.toml");
const FAMILIES: &str = "mail message call post reaction contact account login device location visit trip web_visit \
    search media file note task event purchase payment play health voice setting app ad activity";
const SERVICES: &str =
    r#"["google", "mail", "vcard", "icalendar", "media", "gpx", "facebook", "whatsapp", "x", "amazon"]"#;
const MOMENTS: &str = r#"["sent", "received", "created", "modified", "taken", "start", "end", "observed"]"#;
/// Questions that are asked one after the other.
const REQUESTS: u32 = 200;

/// The cases of a round: their name, and the lines that differ from a warrant that lets everything in.
const CASES: [(&str, &[(&str, &str)], Option<&str>); 5] = [
    ("personal", &[], None),
    ("authorised, all let in", &[], None),
    ("authorised, a year and two services", NARROW, None),
    ("authorised, a term and a party put aside", &[], Some(r#""heliotrope""#)),
    ("authorised, a year, two services, a term and a party put aside", NARROW, Some(r#""heliotrope""#)),
];
const NARROW: &[(&str, &str)] =
    &[("from", "2022-01-01"), ("until", "2022-12-31"), ("services", r#"["google", "icalendar"]"#)];

/// An installation with two people, for the time of a measurement.
struct Office {
    home: PathBuf,
    /// What both of them have as their password.
    password: PathBuf,
    key: String,
}

impl Office {
    fn new(args: &Bench, scratch: &Path) -> Result<Self, Fault> {
        let mut office = Office { home: scratch.join("home"), password: scratch.join("password"), key: String::new() };
        std::fs::write(&office.password, "correct horse battery staple\n")?;
        for (name, role) in [("d.hart", "examiner"), ("r.okoro", "authoriser")] {
            office.said(args, name, &["person", "new", name, "--role", role])?;
        }
        let list = office.said(args, "r.okoro", &["person", "list"])?;
        let line = list.lines().find(|l| l.starts_with("r.okoro")).ok_or("The account is not listed.")?;
        line.rsplit(' ').next().unwrap_or_default().clone_into(&mut office.key);
        Ok(office)
    }

    /// Returns a command of the program by somebody.
    fn command<S: AsRef<std::ffi::OsStr>>(
        &self,
        args: &Bench,
        who: &str,
        what: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new("sh");
        // What is measured has no input: the password comes on a descriptor of its own.
        command.args(["-c", r#"exec "$@" --secret-fd 3 3<"$BENCH_PASSWORD""#, "sh"]).arg(&args.glasshouse).args(what);
        command.env("GLASSHOUSE_HOME", &self.home).env("GLASSHOUSE_PERSON", who).env("BENCH_PASSWORD", &self.password);
        command
    }

    fn said<S: AsRef<std::ffi::OsStr>>(
        &self,
        args: &Bench,
        who: &str,
        what: impl IntoIterator<Item = S>,
    ) -> Result<String, Fault> {
        let output = self.command(args, who, what).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        // 1 says that nothing was found.
        if !matches!(output.status.code(), Some(0 | 1)) {
            return Err(format!("A command of the office failed: {}", output.status).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Writes and signs a warrant; `accounts` are those that the export's records name.
    fn warrant(
        &self,
        args: &Bench,
        path: &Path,
        accounts: &str,
        changed: &[(&str, &str)],
        aside: Option<&str>,
    ) -> Result<(), Fault> {
        let families: Vec<String> = FAMILIES.split_ascii_whitespace().map(|f| format!("\"{f}\"")).collect();
        let families = format!("[{}]", families.join(", "));
        let key = format!("\"{}\"", self.key);
        let (mut section, mut lines) = (String::new(), Vec::new());
        for line in WARRANT.lines() {
            if line.starts_with('[') {
                line.clone_into(&mut section);
            }
            let name = line.split(" = ").next().unwrap_or_default();
            let wide = match (section.as_str(), name) {
                (_, "authoriser_key") => Some(key.as_str()),
                ("[scope]", "services") => Some(SERVICES),
                ("[scope]", "accounts") => Some(accounts),
                ("[scope]", "families") => Some(families.as_str()),
                ("[scope.window]", "from") => Some("1970-01-01"),
                ("[scope.window]", "until") => Some("2040-01-01"),
                ("[scope.window]", "moments") => Some(MOMENTS),
                ("[scope.timeless]", "other") => Some(r#""in""#),
                ("[risk]", "confidential") if aside.is_none() => Some("false"),
                ("[validity]", "until") => Some("2099-01-01"),
                ("[[exclude]]", "terms") => Some(""),
                _ => None,
            };
            let of_risk = section == "[risk]" && (name.starts_with("confidential_") || name == "likely_amount");
            if aside.is_none() && (section == "[[exclude]]" || of_risk) {
                continue;
            }
            let narrow = changed.iter().find(|(field, _)| section.starts_with("[scope") && *field == name);
            lines.push(match (narrow, wide, aside) {
                (Some((_, value)), ..) => format!("{name} = {value}"),
                (None, Some(""), Some(term)) => format!("{name} = [{term}]"),
                (None, Some(value), _) => format!("{name} = {value}"),
                (None, None, _) => line.to_owned(),
            });
        }
        std::fs::write(path, lines.join("\n") + "\n")?;
        let path = path.to_string_lossy().into_owned();
        self.said(args, "r.okoro", ["authority", "sign", &path]).map(|_| ())
    }
}

/// Takes the export into the kinds of cases in turn; prints what each took, and returns the ratios.
pub fn rows(args: &Bench, scratch: &Path) -> Result<Vec<Row>, Fault> {
    let office = Office::new(args, scratch)?;
    let first = tempfile::tempdir_in(scratch)?;
    let own = first.path().join("case");
    open(&args.glasshouse, &args.zip, &own)?;
    let accounts = accounts(args, &own)?;
    let mut costs: BTreeMap<usize, Vec<Cost>> = BTreeMap::new();
    let (mut found, mut share, mut waits, mut beyond) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..args.pairs {
        let mut order: Vec<usize> = (0..CASES.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            let Some((name, changed, aside)) = CASES.get(at).copied() else { continue };
            let fresh = tempfile::tempdir_in(scratch)?;
            let case = fresh.path().join("case");
            let cost = if at == 0 {
                open(&args.glasshouse, &args.zip, &case)?
            } else {
                let file = fresh.path().join("warrant.toml");
                office.warrant(args, &file, &accounts, changed, aside)?;
                let mut given: Vec<std::ffi::OsString> = vec!["open".into()];
                given.extend(args.zip.iter().map(|zip| zip.clone().into_os_string()));
                given.extend(["--account", "j.marsh@example.com", "--no-serve", "--quiet"].map(Into::into));
                given.extend(["--case".into(), case.clone().into(), "--authority".into(), file.into()]);
                measure::cost(&mut office.command(args, "d.hart", given))?
            };
            if round == 0 {
                let count = if at == 0 { records(&args.glasshouse, &case, "")? } else { shown(args, &office, &case)? };
                found.insert(name, count);
            }
            if at == 1 {
                let events = std::fs::read_dir(case.join("log/payload/0"))?.count() as f64;
                let asked = requests(args, &office, &case, &own)?;
                share.push(events * asked.cpu / cost.cpu_seconds);
                waits.push(asked.wait);
                beyond.push(asked.beyond);
            }
            eprintln!(
                "{name}: {:.2} s of processor, {:.2} s, load {}",
                cost.cpu_seconds,
                cost.seconds,
                measure::load()
            );
            costs.entry(at).or_default().push(cost);
        }
    }
    println!("| case | records | wall s | cpu s | RSS MB |\n| --- | ---: | ---: | ---: | ---: |");
    for (at, (name, ..)) in CASES.iter().enumerate() {
        let all = || costs.get(&at).into_iter().flatten();
        let median = |of: fn(&Cost) -> f64| Spread::of(all().map(of)).median();
        println!(
            "| {name} | {} | {:.2} | {:.2} | {:.0} |",
            found.get(name).copied().unwrap_or(0),
            median(|c| c.seconds),
            median(|c| c.cpu_seconds),
            median(|c| c.peak_rss_kb as f64 / 1024.0)
        );
    }
    println!();
    let ratio = |one: usize, other: usize| {
        let pairs = costs.get(&one).into_iter().flatten().zip(costs.get(&other).into_iter().flatten());
        Spread::of(pairs.map(|(a, b)| a.cpu_seconds / b.cpu_seconds))
    };
    let most = |must| Bar::AtMost { must, aim: None };
    Ok(vec![
        Row::new("sealed, all let in / personal, processor time", most(1.15), ratio(1, 0)),
        Row::new("with limits / all let in, processor time", most(1.0), ratio(2, 1)),
        Row::new("with what is put aside / all let in, processor time", Bar::None, ratio(3, 1)),
        Row::new("with limits and what is put aside / all let in, processor time", most(1.0), ratio(4, 1)),
        Row::new("the log's events / intake, processor time", most(0.05), Spread::of(share.into_iter())),
        Row::new(
            "a question beyond the same in a personal case, median, ms",
            most(10.0),
            Spread::of(beyond.into_iter()),
        ),
        Row::new("a logged question with its search, median, ms", Bar::None, Spread::of(waits.into_iter())),
    ])
}

/// Returns the accounts that the records of a case name, and the one that its parts are said to be of, as a list.
fn accounts(args: &Bench, case: &Path) -> Result<String, Fault> {
    let mut command = Command::new(&args.glasshouse);
    command.args(["sql", "--format", "json"]).arg(case);
    command.arg("SELECT DISTINCT account FROM records WHERE account IS NOT NULL");
    let output = command.output()?;
    let mut all = vec!["j.marsh@example.com".to_owned()];
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        all.extend(row.get("account").and_then(serde_json::Value::as_str).map(str::to_owned));
    }
    Ok(serde_json::to_string(&all)?)
}

fn shown(args: &Bench, office: &Office, case: &Path) -> Result<u64, Fault> {
    let case = case.to_string_lossy();
    let said = office.said(args, "d.hart", ["search", "--count", "--enquiry", "1", &case, ""])?;
    Ok(said.trim().replace(',', "").parse().map_err(|_| format!("no count of records: {said}"))?)
}

/// What a logged question costs, each beside the same question in a personal case.
struct Asked {
    /// Milliseconds that it waits, with its search.
    wait: f64,
    /// Milliseconds that it waits beyond the other: for the policies, and for the log to be on the disk.
    beyond: f64,
    /// Processor seconds beyond the other.
    cpu: f64,
}

/// Asks the same of both cases in turn.
fn requests(args: &Bench, office: &Office, case: &Path, own: &Path) -> Result<Asked, Fault> {
    let mut command = Command::new(&args.glasshouse);
    command.env("GLASSHOUSE_HOME", &office.home);
    let password = std::fs::read_to_string(&office.password)?;
    let mut logged = Server::enter(&mut command, case, "d.hart", password.trim())?;
    let mut plain = Server::start(&args.glasshouse, own)?;
    // The first ones make ready what the others find.
    for path in ["/api/list", "/api/histogram", "/api/facets", "/api/map", "/api/people"] {
        logged.ask(path)?;
    }
    for server in [&mut logged, &mut plain] {
        server.ask("/api/list?limit=1&q=family:task")?;
    }
    let before = (logged.cpu_seconds(), plain.cpu_seconds());
    let (mut waits, mut beyond) = (Vec::new(), Vec::new());
    for number in 0..REQUESTS {
        let question = format!("/api/list?limit=1&q=family:task%20-qzx{number}qzx");
        let (with, without) = (logged.ask(&question)?.0, plain.ask(&question)?.0);
        waits.push(with);
        beyond.push(with - without);
    }
    let cpu = (logged.cpu_seconds() - before.0) - (plain.cpu_seconds() - before.1);
    Ok(Asked {
        wait: Spread::of(waits.into_iter()).median(),
        beyond: Spread::of(beyond.into_iter()).median(),
        cpu: (cpu / f64::from(REQUESTS)).max(0.0),
    })
}
