//! Runs the program as a person would, over the synthetic account.
#![allow(dead_code)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

pub mod dump;
pub mod office;
pub mod schema;
pub mod server;
pub mod team;

/// The program, with what follows it.
pub fn glasshouse<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glasshouse"));
    command.args(args);
    command
}

/// Runs a command and returns what it printed, asserting that it left with `code`.
pub fn run(mut command: Command, code: i32) -> String {
    let output: Output = command.output().expect("the program runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{out}\n{err}");
    if code == 0 { out.into_owned() } else { format!("{out}{err}") }
}

/// Returns the command that takes paths into a case.
pub fn open(case: &Path, paths: &[PathBuf], more: &[&str]) -> Command {
    let mut command = glasshouse(["open", "--no-serve", "--yes", "--quiet", "--case"]);
    command.arg(case).args(more).args(paths);
    command
}

/// Returns rows of a SQL statement.
pub fn sql(case: &Path, statement: &str) -> Vec<BTreeMap<String, Value>> {
    let mut command = glasshouse(["sql", "--format", "json"]);
    command.arg(case).arg(statement);
    run(command, 0).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

/// Returns the one number that a SQL statement gives.
pub fn number(case: &Path, statement: &str) -> u64 {
    let rows = sql(case, statement);
    rows[0].values().next().and_then(Value::as_u64).expect("a number")
}

/// Returns the number of records that a search finds.
pub fn count(case: &Path, query: &str) -> u64 {
    let mut command = glasshouse(["search", "--count"]);
    command.arg(case).arg(query);
    let output = command.output().expect("the program runs");
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or_else(|_| panic!("{query}: {output:?}"))
}

/// Returns microseconds since 1970 of `2024-01-31T10:00:00.5Z`, or of the beginning of `2024-01-31`.
pub fn instant(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<i64>().ok());
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719_468;
    let clock = |from: usize, to: usize| if text.len() > 10 { number(from, to) } else { Some(0) };
    let seconds = days * 86_400 + clock(11, 13)? * 3600 + clock(14, 16)? * 60 + clock(17, 19)?;
    let fraction: String = text.get(19..).unwrap_or("").chars().filter(char::is_ascii_digit).take(6).collect();
    Some(seconds * 1_000_000 + format!("{fraction:0<6}").parse::<i64>().ok()?)
}

/// Returns the beginning of the day of `Apr 1, 2021, 6:47:59 AM CET` as UTC has it; its zone is not told.
pub fn named_day(text: &str) -> Option<i64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut parts = text.split([' ', ',']).filter(|part| !part.is_empty());
    let month = MONTHS.find(parts.next().filter(|m| m.len() == 3)?)? / 3 + 1;
    let day: u32 = parts.next()?.parse().ok()?;
    let year = parts.next().filter(|y| y.len() == 4)?;
    instant(&format!("{year}-{month:02}-{day:02}"))
}

pub fn digest(case: &Path) -> String {
    let mut command = glasshouse(["digest"]);
    command.arg(case);
    run(command, 0).trim().to_owned()
}

/// A synthetic account, made once for all tests of a file.
pub struct Account {
    pub folder: PathBuf,
    pub truth: Value,
    _keep: tempfile::TempDir,
}

impl Account {
    /// Returns the paths that hold what `truth.records` counts.
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut paths = self.parts();
        paths.push(self.folder.join("loose"));
        paths
    }

    /// Returns the archives of the Takeout.
    pub fn parts(&self) -> Vec<PathBuf> {
        let mut parts: Vec<_> = std::fs::read_dir(&self.folder)
            .expect("the account")
            .map(|e| e.expect("an entry").path())
            .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("takeout-")))
            .collect();
        parts.sort();
        parts
    }
}

pub fn account() -> &'static Account {
    static ACCOUNT: OnceLock<Account> = OnceLock::new();
    ACCOUNT.get_or_init(|| {
        let keep = tempfile::tempdir().expect("a folder");
        let folder = keep.path().join("account");
        let truth = glasshouse_testkit::write_account(&folder, 0.01, 7).expect("an account");
        Account { truth: serde_json::to_value(truth).expect("JSON"), folder, _keep: keep }
    })
}
