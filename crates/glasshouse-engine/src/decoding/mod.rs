//! Taking pictures and films apart in a process of its own: the library that does it is not ours, and what it reads
//! was written by strangers.
//!
//! The process gets bytes through a pipe and answers through another. It opens nothing, has a bounded memory
//! and a bounded time, and is begun anew when it ends; what it ended over is not read, and a warning says so.

mod small;

pub use small::Small;

use glasshouse_providers::formats::exif::{Decoded, Decoder, NoExif, decode};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Longest question: the beginning of a file, as parsers get it.
const LONGEST_QUESTION: u64 = 65 << 20;
/// Longest answer that is taken.
const LONGEST_ANSWER: u64 = 128 << 20;
/// What a question asks for: its first byte, which the file follows.
const TAGS: u8 = 0;
const SMALL: u8 = 1;
const LARGE: u8 = 2;
/// Questions after which a process is begun anew: the bound of its time is one for all of them.
const QUESTIONS: u32 = 10_000;
/// What the process may use: kilobytes of address space, seconds of processor time; no core is written, and no file.
const BOUNDS: &str = "ulimit -c 0; ulimit -f 0; ulimit -t 60; ulimit -v 2097152; exec \"$0\" \"$@\"";

/// Asks processes, one for each thread that asks at the same time.
#[derive(Debug)]
pub struct Apart {
    program: PathBuf,
    arguments: Vec<String>,
    idle: Mutex<Vec<Process>>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    questions: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
    asked: u32,
}

impl Apart {
    /// Returns who asks processes of this program, which with these arguments does what [`answer`] does.
    pub fn new(program: PathBuf, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Apart { program, arguments, idle: Mutex::default() }
    }

    fn begin(&self) -> io::Result<Process> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", BOUNDS]).arg(&self.program).args(&self.arguments);
        // It needs nothing of what this process was told.
        command.env_clear().current_dir("/").stderr(Stdio::null());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(ErrorKind::BrokenPipe.into());
        };
        Ok(Process { child, questions: BufWriter::new(questions), answers: BufReader::new(answers), asked: 0 })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Process>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask_of(&self, mut process: Process, what: u8, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let answer = process.ask(what, bytes)?;
        process.asked += 1;
        if process.asked < QUESTIONS {
            self.idle().push(process);
        }
        Ok(answer)
    }

    fn ask(&self, what: u8, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let idle = self.idle().pop();
        if let Some(answer) = idle.and_then(|process| self.ask_of(process, what, bytes).ok()) {
            return Ok(answer);
        }
        // What ended a process that had answered before may have been its age: a new one says whether it is the file.
        self.ask_of(self.begin()?, what, bytes)
    }

    /// Returns a small picture of a picture, turned as it is to be seen; none where it is of a kind that is not taken
    /// apart here, damaged or too large.
    pub fn small(&self, picture: &[u8]) -> Option<Small> {
        self.picture(SMALL, picture)
    }

    /// Returns a picture that browsers can show, large enough to be looked at; none as for a small one.
    pub fn large(&self, picture: &[u8]) -> Option<Small> {
        self.picture(LARGE, picture)
    }

    fn picture(&self, what: u8, picture: &[u8]) -> Option<Small> {
        let answer = self.ask(what, picture).ok()?;
        let (look, jpeg) = answer.split_first_chunk::<8>()?;
        Some(Small { look: u64::from_le_bytes(*look), jpeg: jpeg.to_vec() })
    }
}

impl Process {
    fn ask(&mut self, what: u8, bytes: &[u8]) -> io::Result<Vec<u8>> {
        write_piece(&mut self.questions, &[&[what], bytes])?;
        Ok(read_piece(&mut self.answers, LONGEST_ANSWER)?.ok_or(ErrorKind::UnexpectedEof)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Decoder for Apart {
    fn decode(&self, bytes: &[u8]) -> Result<Decoded, NoExif> {
        let answer = self.ask(TAGS, bytes).and_then(|answer| Ok(serde_json::from_slice(&answer)?));
        answer.unwrap_or(Err(NoExif::Failed))
    }
}

/// Answers questions until there are no more: what the process does that is asked.
pub fn answer(questions: impl Read, answers: impl Write) -> io::Result<()> {
    let (mut questions, mut answers) = (BufReader::new(questions), BufWriter::new(answers));
    while let Some(question) = read_piece(&mut questions, LONGEST_QUESTION)? {
        let (what, bytes) = question.split_first().ok_or(ErrorKind::InvalidData)?;
        match *what {
            // No picture is an answer of no bytes.
            SMALL | LARGE => match if *what == SMALL { small::small(bytes) } else { small::large(bytes) } {
                Some(Small { look, jpeg }) => write_piece(&mut answers, &[&look.to_le_bytes(), &jpeg])?,
                None => write_piece(&mut answers, &[])?,
            },
            _ => write_piece(&mut answers, &[&serde_json::to_vec(&decode(bytes))?])?,
        }
    }
    Ok(())
}

/// Writes bytes with the length of all of them before them.
fn write_piece(out: &mut impl Write, bytes: &[&[u8]]) -> io::Result<()> {
    let length: usize = bytes.iter().map(|bytes| bytes.len()).sum();
    out.write_all(&(length as u64).to_le_bytes())?;
    for bytes in bytes {
        out.write_all(bytes)?;
    }
    out.flush()
}

/// Reads bytes with their length before them; none at the end.
fn read_piece(input: &mut impl Read, longest: u64) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    match input.read_exact(&mut length) {
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u64::from_le_bytes(length);
    if length > longest {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    input.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG with one tag: the maker `Acme`.
    fn picture() -> Vec<u8> {
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x05\0\0\0\x1a\0\0\0\0\0\0\0Acme\0".to_vec();
        let mut jpeg = b"\xff\xd8\xff\xe1".to_vec();
        jpeg.extend((exif.len() as u16 + 2).to_be_bytes());
        jpeg.append(&mut exif);
        jpeg.extend(b"\xff\xda\0\x08\x01\x01\0\0\x3f\0\xff\xd9");
        jpeg
    }

    #[test]
    fn questions_are_answered_in_order() {
        let mut questions = Vec::new();
        write_piece(&mut questions, &[&[TAGS], &picture()]).expect("written");
        write_piece(&mut questions, &[&[TAGS], b"nothing"]).expect("written");
        write_piece(&mut questions, &[&[SMALL], b"nothing"]).expect("written");
        let mut answers = Vec::new();
        answer(questions.as_slice(), &mut answers).expect("answered");
        let mut answers = answers.as_slice();
        let mut piece = || read_piece(&mut answers, LONGEST_ANSWER).expect("whole").expect("there");
        let mut next = || serde_json::from_slice::<Result<Decoded, NoExif>>(&piece()).expect("an answer");
        assert_eq!(next(), decode(&picture()));
        assert_eq!(next().expect_err("none"), decode(b"nothing").expect_err("none"));
        assert_eq!(piece(), b"", "no picture");
        assert_eq!(decode(&picture()).expect("a tag").tags, [("Make".to_owned(), "Acme".to_owned())]);
        assert!(answer(&b"\xff\xff\xff\xff\xff\xff\xff\xff"[..], io::sink()).is_err(), "no memory is taken for a word");
    }

    #[test]
    fn a_process_that_ends_fails_that_file_alone() {
        let crash = Apart::new("/bin/sh".into(), &["-c", "kill -9 $$"]);
        assert_eq!(crash.decode(&picture()), Err(NoExif::Failed));
        assert_eq!(crash.small(&picture()), None);
        let missing = Apart::new("/nonexistent/program".into(), &[]);
        assert_eq!(missing.decode(&picture()), Err(NoExif::Failed));
        let junk = Apart::new("/bin/sh".into(), &["-c", "cat /dev/zero"]);
        assert_eq!(junk.decode(&picture()), Err(NoExif::Failed));
        // One answers once and ends, as one does that is killed between two files.
        let once = "printf '\\020\\0\\0\\0\\0\\0\\0\\0{\"Err\":\"Absent\"}'; exec head -c 8";
        let once = Apart::new("/bin/sh".into(), &["-c", once]);
        assert_eq!(once.decode(b""), Err(NoExif::Absent));
        assert_eq!(once.decode(b""), Err(NoExif::Absent));
    }
}
