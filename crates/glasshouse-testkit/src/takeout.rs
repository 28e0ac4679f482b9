//! The Takeout archives: two parts of one export.

use crate::mail::{LABEL, Post, mail, mbox_entry, pdf};
use crate::story::Spread;
use crate::truth::Tally;
use crate::{Sizes, activity, chat, location, photos};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The names of the parts.
pub(crate) const PARTS: [&str; 2] = ["takeout-20250104T101530Z-001.zip", "takeout-20250104T101530Z-002.zip"];

/// An archive that is being written; what is written to it goes to the entry begun last.
pub(crate) struct Archive {
    zip: ZipWriter<BufWriter<File>>,
    options: SimpleFileOptions,
    /// Gathers small writes, each of which would cost a call of the compressor.
    held: Vec<u8>,
}

impl Archive {
    const HELD: usize = 64 << 10;

    fn create(path: &Path, large: bool) -> io::Result<Self> {
        let zip = ZipWriter::new(BufWriter::new(File::create(path)?));
        Ok(Self { zip, options: options(large)?, held: Vec::with_capacity(2 * Self::HELD) })
    }

    fn entry(&mut self, path: &str) -> io::Result<&mut Self> {
        self.pass_on()?;
        self.zip.start_file(path, self.options)?;
        Ok(self)
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.entry(path)?.write_all(bytes)
    }

    fn finish(mut self) -> io::Result<()> {
        self.pass_on()?;
        self.zip.finish()?.flush()
    }

    fn pass_on(&mut self) -> io::Result<()> {
        if !self.held.is_empty() {
            self.zip.write_all(&self.held)?;
            self.held.clear();
        }
        Ok(())
    }
}

impl Write for Archive {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= Self::HELD {
            self.pass_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()
    }
}

/// Returns how entries are written: fast, and with one date, since the seed alone may decide over bytes.
pub(crate) fn options(large: bool) -> io::Result<SimpleFileOptions> {
    let date = DateTime::from_date_and_time(2025, 1, 4, 10, 15, 30).map_err(io::Error::other)?;
    Ok(SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1))
        .last_modified_time(date)
        .large_file(large))
}

/// Writes both parts.
pub(crate) fn takeout(dir: &Path, seed: u64, sizes: &Sizes, spread: &Spread, tally: &mut Tally<'_>) -> io::Result<()> {
    let mut first = Archive::create(&dir.join(PARTS[0]), sizes.large)?;
    let mut second = Archive::create(&dir.join(PARTS[1]), sizes.large)?;
    first.put("Takeout/archive_browser.html", b"<html><body><h1>Your Takeout</h1></body></html>\n")?;
    mails(&mut first, Post { seed, stream: 10, count: sizes.mails, spread }, tally)?;
    chats(&mut first, seed, sizes.messages, spread, tally)?;
    let history = "Takeout/Location History (Timeline)";
    location::records(second.entry(&format!("{history}/Records.json"))?, seed, sizes.points, spread, tally)?;
    outings(&mut second, history, seed, sizes.outings, spread, tally)?;
    activities(&mut second, seed, sizes.activities, spread, tally)?;
    let mut parts = [first, second];
    let mut put = |file: photos::File| -> io::Result<()> {
        parts[file.part].put(&format!("Takeout/Google Photos/{}", file.path), &file.bytes)
    };
    let count = photos::each(seed, sizes.photos, &mut put)?;
    let (files, rare) = photos::rarities(seed);
    files.into_iter().try_for_each(put)?;
    tally.records("google.photos", count + rare);
    parts.into_iter().try_for_each(Archive::finish)
}

fn mails(part: &mut Archive, post: Post<'_>, tally: &mut Tally<'_>) -> io::Result<()> {
    let out = part.entry("Takeout/Mail/All mail Including Spam and Trash.mbox")?;
    for index in 0..post.count {
        let mail = mail(post, index);
        out.write_all(&mbox_entry(&mail, index))?;
        tally.record("google.mail", &mail.text);
    }
    // The label's own mbox repeats messages, byte for byte.
    let out = part.entry(&format!("Takeout/Mail/{LABEL}.mbox"))?;
    for index in 0..post.count {
        let mail = mail(post, index);
        if mail.labels.split(',').any(|label| label == LABEL) {
            out.write_all(&mbox_entry(&mail, index))?;
        }
    }
    Ok(())
}

fn chats(part: &mut Archive, seed: u64, count: u64, spread: &Spread, tally: &mut Tally<'_>) -> io::Result<()> {
    for group in chat::GROUPS {
        let folder = format!("Takeout/Google Chat/Groups/{}", group.folder);
        part.put(&format!("{folder}/group_info.json"), chat::group_info(group).as_bytes())?;
        let out = part.entry(&format!("{folder}/messages.json"))?;
        chat::messages(out, group, seed, count * group.share / 100, spread, tally)?;
        if let Some(file) = group.file {
            part.put(&format!("{folder}/{file}"), &pdf("Sheet 3"))?;
        }
    }
    let user = chat::user_info(tally);
    part.put("Takeout/Google Chat/Users/User 104520000000000000007/user_info.json", user.as_bytes())
}

fn outings(
    part: &mut Archive,
    history: &str,
    seed: u64,
    count: u64,
    spread: &Spread,
    tally: &mut Tally<'_>,
) -> io::Result<()> {
    let mut month = String::new();
    for index in 0..count {
        let outing = location::outing(index, count, spread);
        let file = location::month_file(outing.times[0]);
        let begins = file != month;
        if begins && !month.is_empty() {
            part.write_all(b"]\n}\n")?;
        }
        if begins {
            part.entry(&format!("{history}/Semantic Location History/{file}"))?
                .write_all(b"{\n  \"timelineObjects\": [")?;
            month = file;
        } else {
            part.write_all(b", ")?;
        }
        location::semantic(part, seed, index, &outing, tally)?;
    }
    if month.is_empty() { Ok(()) } else { part.write_all(b"]\n}\n") }
}

fn activities(part: &mut Archive, seed: u64, count: u64, spread: &Spread, tally: &mut Tally<'_>) -> io::Result<()> {
    let mut rest = count;
    for (product, share) in activity::JSON {
        let count = count * share / 100;
        rest -= count;
        let out = part.entry(&format!("Takeout/My Activity/{product}/MyActivity.json"))?;
        activity::json(out, product, seed, count, spread, tally)?;
    }
    let out = part.entry(&format!("Takeout/My Activity/{}/MyActivity.html", activity::HTML))?;
    activity::html(out, activity::HTML, seed, rest, spread, tally)
}
