//! Content that another thread makes.

use crate::container::EntryProblem;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

const CHUNK: usize = 1 << 16;

/// Reads what another thread sends. Dropping it ends that thread at its next chunk.
pub(crate) struct Pipe {
    chunks: Receiver<Message>,
    chunk: Vec<u8>,
    at: usize,
    ended: bool,
}

enum Message {
    Opened,
    Failed(EntryProblem),
    Chunk(Vec<u8>),
    Broken(io::Error),
    End,
}

/// The side of the thread that makes the content.
pub(crate) struct PipeSink(SyncSender<Message>);

impl PipeSink {
    /// Says that the content cannot be opened.
    pub(crate) fn fail(self, problem: EntryProblem) {
        // If nobody listens any more, nobody needs to know.
        let _ = self.0.send(Message::Failed(problem));
    }

    /// Sends the whole content.
    pub(crate) fn pump(self, content: &mut dyn Read) {
        if self.0.send(Message::Opened).is_err() {
            return;
        }
        loop {
            let mut chunk = vec![0; CHUNK];
            let message = match content.read(&mut chunk) {
                Ok(0) => Message::End,
                Ok(n) => {
                    chunk.truncate(n);
                    Message::Chunk(chunk)
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => Message::Broken(e),
            };
            let last = !matches!(message, Message::Chunk(_));
            if self.0.send(message).is_err() || last {
                return;
            }
        }
    }
}

impl Pipe {
    /// Starts a thread and waits until it has opened the content, or says why it cannot.
    pub(crate) fn open(work: impl FnOnce(PipeSink) + Send + 'static) -> Result<Box<dyn Read + Send>, EntryProblem> {
        let (sender, chunks) = sync_channel(2);
        std::thread::Builder::new()
            .name("entry".into())
            .spawn(move || work(PipeSink(sender)))
            .map_err(|e| EntryProblem::Refused(format!("no thread could be started: {e}")))?;
        match chunks.recv() {
            Ok(Message::Opened) => Ok(Box::new(Self { chunks, chunk: Vec::new(), at: 0, ended: false })),
            Ok(Message::Failed(problem)) => Err(problem),
            _ => Err(EntryProblem::Damaged("its reader stopped".into())),
        }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() && !self.ended {
            match self.chunks.recv() {
                Ok(Message::Chunk(chunk)) => {
                    self.chunk = chunk;
                    self.at = 0;
                }
                Ok(Message::End) => self.ended = true,
                Ok(Message::Broken(e)) => return Err(e),
                _ => return Err(io::Error::other("the reader of the entry stopped")),
            }
        }
        let n = self.chunk.get(self.at..).unwrap_or_default().read(buffer)?;
        self.at += n;
        Ok(n)
    }
}
