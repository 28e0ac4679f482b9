//! Who types, and under what they act: from options, the environment, and a password.

use crate::intake;
use clap::Args;
use glasshouse_engine::EngineError;
use glasshouse_engine::people::{Home, Person};
use glasshouse_engine::session::{Asking, Session, Who, nobody};
use glasshouse_store::Password;
use std::cell::OnceCell;
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Said with any command on a case that is not your own.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "In a case that is not your own")]
pub struct As {
    /// Who you are; GLASSHOUSE_PERSON if left out.
    #[arg(id = "acting_person", long = "as", value_name = "NAME", global = true)]
    pub person: Option<String>,
    /// Read your password from this file descriptor (its first line) and not from the terminal.
    #[arg(long, value_name = "FD", global = true)]
    pub secret_fd: Option<i32>,
    /// Id of the authority that you act under, if the case has several.
    #[arg(long, value_name = "ID", global = true)]
    pub under: Option<String>,
    /// Line of enquiry that this is for: its number in the authority, or its text; GLASSHOUSE_ENQUIRY if left out.
    #[arg(long, value_name = "LINE", global = true)]
    pub enquiry: Option<String>,
    /// Whoever has given their password to this process.
    #[arg(skip)]
    known: OnceCell<Person>,
}

impl As {
    /// Returns the name of whoever acts.
    pub fn name(&self) -> Result<String, EngineError> {
        let name = self.person.clone().or_else(|| std::env::var("GLASSHOUSE_PERSON").ok());
        name.filter(|n| !n.is_empty()).ok_or_else(nobody)
    }

    /// Begins work on a case: as its holder, or as a person who gives their password.
    pub fn session(&self, case: &Path) -> Result<Session, EngineError> {
        let own = glasshouse_store::read_case_file(case)?.kind == glasshouse_store::SELF_AUTHORITY;
        let enquiry =
            self.enquiry.clone().or_else(|| std::env::var("GLASSHOUSE_ENQUIRY").ok().filter(|e| !e.is_empty()));
        let asking = Asking { authority: self.under.clone(), enquiry };
        let person = if own { None } else { Some(self.authenticated()?) };
        Session::begin(case, Who { actor: intake::actor(), person }, &home(), &asking)
    }

    /// Returns who acts, with their password checked.
    pub fn who(&self) -> Result<Who, EngineError> {
        Ok(Who { actor: intake::actor(), person: Some(self.authenticated()?) })
    }

    /// Returns the person who acts, with their password checked.
    pub fn authenticated(&self) -> Result<Person, EngineError> {
        if let Some(person) = self.known.get() {
            return Ok(person.clone());
        }
        let name = self.name()?;
        home().person(&name)?;
        let person = home().authenticate(&name, &self.password(&format!("Password of {name}: "))?)?;
        Ok(self.known.get_or_init(|| person).clone())
    }

    /// Returns a password that was typed or read, without its line end.
    pub fn password(&self, prompt: &str) -> Result<Vec<u8>, EngineError> {
        if let Some(fd) = self.secret_fd {
            return first_line(fd);
        }
        if !std::io::stdin().is_terminal() {
            return Err(EngineError::other(
                "Your password is needed, and there is no terminal to ask at. Give it with --secret-fd and a file descriptor.",
            ));
        }
        eprint!("{prompt}");
        let quiet = echo(false);
        let mut line = Vec::new();
        let read = std::io::stdin().lock().read_until(b'\n', &mut line);
        if quiet {
            echo(true);
            eprintln!();
        }
        read.map_err(|e| EngineError::other(format!("The password cannot be read: {e}.")))?;
        Ok(trimmed(line))
    }
}

/// Turns the terminal's echo on or off; says whether that was done.
fn echo(on: bool) -> bool {
    let how = if on { "echo" } else { "-echo" };
    Command::new("stty").arg(how).stdin(Stdio::inherit()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Returns the first line of what a file descriptor gives.
pub fn first_line(fd: i32) -> Result<Vec<u8>, EngineError> {
    let path = PathBuf::from(format!("/dev/fd/{fd}"));
    let file = std::fs::File::open(&path).map_err(|e| EngineError::io(&path, "read the password from", e))?;
    let mut line = Vec::new();
    std::io::BufReader::new(file.take(4096))
        .read_until(b'\n', &mut line)
        .map_err(|e| EngineError::io(&path, "read the password from", e))?;
    Ok(trimmed(line))
}

/// Returns the lines of what a file descriptor gives, as passwords.
pub fn lines(fd: i32) -> Result<Vec<Password>, EngineError> {
    let path = PathBuf::from(format!("/dev/fd/{fd}"));
    let failed = |e| EngineError::io(&path, "read the passwords from", e);
    let mut text = Password::default();
    std::fs::File::open(&path).map_err(failed)?.take(64 << 10).read_to_end(&mut text).map_err(failed)?;
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    Ok(lines.filter(|line| !line.is_empty()).map(|line| line.to_vec().into()).collect())
}

fn trimmed(mut line: Vec<u8>) -> Vec<u8> {
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    line
}

/// Returns the folder of this installation: GLASSHOUSE_HOME, or `glasshouse` where the user's settings are.
pub fn home() -> Home {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let folder = set("GLASSHOUSE_HOME")
        .or_else(|| set("XDG_CONFIG_HOME").map(|f| f.join("glasshouse")))
        .or_else(|| set("HOME").map(|f| f.join(".config/glasshouse")));
    Home::at(folder.unwrap_or_else(|| PathBuf::from(".glasshouse")))
}
