//! A chat that WhatsApp exported, read by whatstk and by Glasshouse.
//!
//! whatstk gets the text, which is taken out of its zip before the clock starts, and makes a table of it in memory;
//! Glasshouse takes in the same text as a loose file: it also copies it, hashes it, and indexes every message.

use super::stats::{Bar, Row, Spread};
use super::{Bench, open};
use crate::{Fault, calibrate, measure};
use std::path::Path;
use std::process::Command;

/// Reads a chat and says how many messages there are. whatstk refuses long chats unless it is told not to.
const PROGRAM: &str = "import sys\nfrom whatstk import WhatsAppChat\nprint(len(WhatsAppChat.from_source(sys.argv[1], max_size=None).df))\n";

/// Measures both in turn.
pub fn rows(args: &Bench, zip: &Path, scratch: &Path) -> Result<Vec<Row>, Fault> {
    let known = Command::new(&args.python).args(["-c", "import whatstk"]).output();
    if !known.is_ok_and(|output| output.status.success()) {
        println!("whatstk is not installed for {} (pip install whatstk); it is left out.", args.python.display());
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir_in(scratch)?;
    let chat = folder.path().join("WhatsApp Chat with Friends.txt");
    calibrate::extract_text(zip, &chat)?;
    let mut walls = Vec::new();
    for number in 0..args.pairs {
        let fresh = tempfile::tempdir_in(folder.path())?;
        let case = fresh.path().join("case");
        let theirs = |chat: &Path| {
            let mut command = Command::new(&args.python);
            command.args(["-c", PROGRAM]).arg(chat);
            command
        };
        let early = if number % 2 == 1 { Some(measure::cost(&mut theirs(&chat))?) } else { None };
        let ours = open(&args.glasshouse, std::slice::from_ref(&chat), &case)?;
        let whatstk = match early {
            Some(cost) => cost,
            None => measure::cost(&mut theirs(&chat))?,
        };
        eprintln!(
            "chat {}: glasshouse {:.2} s ({:.2} s of processor), whatstk {:.2} s ({:.2} s), load {}",
            number + 1,
            ours.seconds,
            ours.cpu_seconds,
            whatstk.seconds,
            whatstk.cpu_seconds,
            measure::load()
        );
        walls.push(whatstk.seconds / ours.seconds);
        if number == 0 {
            // A program that had read nothing would be fast.
            let found = theirs(&chat).output()?;
            let count = super::alone::records(&args.glasshouse, &case, "format:whatsapp.chat")?;
            println!("chat found: glasshouse {count}, whatstk {}", String::from_utf8_lossy(&found.stdout).trim());
        }
    }
    let bar = Bar::AtLeast { must: 6.0, aim: Some(12.0) };
    Ok(vec![Row::new("whatstk wall / glasshouse wall, chat", bar, Spread::of(walls.into_iter()))])
}
