//! The mail of an export, indexed by mu, by notmuch and by Glasshouse.
//!
//! The two read a Maildir, which is made before the clock starts: they are spared the splitting of the mbox, and
//! they keep no copy of the mail. Glasshouse takes in the mbox as a loose file and does both.

use super::stats::{Bar, Row, Spread};
use super::{Bench, open};
use crate::measure::{self, Cost};
use crate::{Fault, calibrate};
use std::path::Path;
use std::process::Command;

const NOTMUCH_CONFIG: &str = "notmuch-config";

/// Measures the peers that are installed.
pub fn rows(args: &Bench, scratch: &Path) -> Result<Vec<Row>, Fault> {
    let (mu, notmuch) = (measure::on_path("mu"), measure::on_path("notmuch"));
    for (there, program, package) in [(mu, "mu", "maildir-utils"), (notmuch, "notmuch", "notmuch")] {
        if !there {
            println!("{program} is not installed (Debian package {package}); it is left out.");
        }
    }
    if !mu && !notmuch {
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir_in(scratch)?;
    let mbox = folder.path().join("mail.mbox");
    calibrate::extract(&args.zip, &mbox)?;
    let maildir = folder.path().join("Maildir");
    let count = write_maildir(&mbox, &maildir)?;
    println!("mail peers: {count} messages");
    let (mut by_mu, mut by_notmuch) = (Vec::new(), Vec::new());
    for number in 0..args.pairs {
        let fresh = tempfile::tempdir_in(folder.path())?;
        let ours = open(&args.glasshouse, std::slice::from_ref(&mbox), &fresh.path().join("case"))?;
        let mut line = format!("mail {}: glasshouse {:.2} s", number + 1, ours.seconds);
        if mu {
            let cost = index_with_mu(&maildir, &fresh.path().join("mu"))?;
            line += &format!(", mu {:.2} s", cost.seconds);
            by_mu.push(cost.seconds / ours.seconds);
        }
        if notmuch {
            let cost = index_with_notmuch(&maildir, fresh.path())?;
            line += &format!(", notmuch {:.2} s", cost.seconds);
            by_notmuch.push(cost.seconds / ours.seconds);
        }
        eprintln!("{line}, load {}", measure::load());
        if number == 0 {
            // A peer that had indexed nothing would be fast: what each can find is said beside the ratios.
            say_found(args, fresh.path(), mu, notmuch)?;
        }
    }
    let at_least = |must, aim| Bar::AtLeast { must, aim: Some(aim) };
    let rows = [
        Row::new("mu wall / glasshouse wall, mail", at_least(6.0, 12.0), Spread::of(by_mu.into_iter())),
        Row::new("notmuch wall / glasshouse wall, mail", at_least(15.0, 35.0), Spread::of(by_notmuch.into_iter())),
    ];
    Ok(rows.into_iter().filter(Row::is_measured).collect())
}

fn index_with_mu(maildir: &Path, home: &Path) -> Result<Cost, Fault> {
    let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
    let mut init = Command::new("mu");
    init.args(["init", "--quiet", &option("muhome", home), &option("maildir", maildir)]);
    let mut index = Command::new("mu");
    index.args(["index", "--quiet", &option("muhome", home)]);
    let (init, index) = (measure::cost(&mut init)?, measure::cost(&mut index)?);
    Ok(Cost {
        seconds: init.seconds + index.seconds,
        cpu_seconds: init.cpu_seconds + index.cpu_seconds,
        peak_rss_kb: init.peak_rss_kb.max(index.peak_rss_kb),
    })
}

/// Prints how many messages each program finds.
fn say_found(args: &Bench, fresh: &Path, mu: bool, notmuch: bool) -> Result<(), Fault> {
    let output = |command: &mut Command| -> Result<String, Fault> {
        Ok(String::from_utf8_lossy(&command.output()?.stdout).into_owned())
    };
    let mut ours = Command::new(&args.glasshouse);
    ours.arg("search").arg(fresh.join("case")).args(["--count", "family:mail"]);
    print!("mail found: glasshouse {}", output(&mut ours)?.trim());
    if mu {
        let home = format!("--muhome={}", fresh.join("mu").display());
        let found = output(Command::new("mu").args(["find", &home, "--fields=i", ""]))?;
        print!(", mu {}", found.lines().count());
    }
    if notmuch {
        let mut count = Command::new("notmuch");
        count.args(["count", "--output=files", "*"]).env("NOTMUCH_CONFIG", fresh.join(NOTMUCH_CONFIG));
        print!(", notmuch {}", output(&mut count)?.trim());
    }
    println!();
    Ok(())
}

fn index_with_notmuch(maildir: &Path, folder: &Path) -> Result<Cost, Fault> {
    let database = folder.join("notmuch");
    std::fs::create_dir_all(&database)?;
    let config = folder.join(NOTMUCH_CONFIG);
    let text = format!(
        "[database]\npath={}\nmail_root={}\n[user]\nname=Test\nprimary_email=test@example.com\n[new]\ntags=new\n[maildir]\nsynchronize_flags=false\n",
        database.display(),
        maildir.display()
    );
    std::fs::write(&config, text)?;
    measure::cost(Command::new("notmuch").args(["new", "--quiet"]).env("NOTMUCH_CONFIG", config))
}

/// Writes each message of an mbox as a file with the line ends a Maildir has; returns their number.
fn write_maildir(mbox: &Path, maildir: &Path) -> Result<usize, Fault> {
    for folder in ["cur", "new", "tmp"] {
        std::fs::create_dir_all(maildir.join(folder))?;
    }
    let bytes = std::fs::read(mbox)?;
    let mut count = 0;
    for message in calibrate::messages(&bytes) {
        let mut lines = Vec::with_capacity(message.len());
        for line in message.split_inclusive(|b| *b == b'\n') {
            match line.strip_suffix(b"\r\n") {
                Some(text) => {
                    lines.extend_from_slice(text);
                    lines.push(b'\n');
                }
                None => lines.extend_from_slice(line),
            }
        }
        std::fs::write(maildir.join(format!("cur/1700000000.{count}.host:2,S")), lines)?;
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::write_maildir;

    #[test]
    fn a_maildir_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let mbox = folder.path().join("mbox");
        std::fs::write(&mbox, "From a\r\nSubject: 1\r\n\r\none\r\n\r\nFrom b\r\nSubject: 2\r\n\r\ntwo\r\n").unwrap();
        assert_eq!(write_maildir(&mbox, &folder.path().join("m")).unwrap(), 2);
        let second = std::fs::read_to_string(folder.path().join("m/cur/1700000000.1.host:2,S")).unwrap();
        assert_eq!(second, "Subject: 2\n\ntwo\n");
    }
}
