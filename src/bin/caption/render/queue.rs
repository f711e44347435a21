//! Output on a thread of its own: a reader that stops holds up neither requests nor signals.

use std::future::pending;
use std::io::{self, Write};
use std::mem;
use std::sync::mpsc;

use tokio::sync::{oneshot, watch};

use super::sink::Sink;

/// Bytes that may wait for the reader before new inputs wait too.
const MAX_WAITING: usize = 1 << 20;

/// Text on its way to a [`Sink`]. Flushing passes it on, and does not wait for the reader.
pub(crate) struct OutputQueue {
    text: Vec<u8>,
    /// `None` once the output is complete.
    sender: Option<mpsc::Sender<Chunk>>,
    waiting: Waiting,
    result: oneshot::Receiver<(Sink, io::Result<()>)>,
    /// The sink, once nothing more is written to it.
    sink: Option<Sink>,
    is_terminal: bool,
}

struct Chunk {
    text: Vec<u8>,
    /// Closed when the text is written.
    _written: mpsc::Sender<()>,
}

/// Number of bytes that wait for the reader. Clones share it.
#[derive(Clone)]
pub(crate) struct Waiting(watch::Sender<usize>);

impl Waiting {
    /// Returns once there is room for the output of another input.
    pub(crate) async fn room(&self) {
        // The sender is `self`, so the channel cannot close.
        let _ = self.0.subscribe().wait_for(|bytes| *bytes < MAX_WAITING).await;
    }

    fn add(&self, bytes: usize) {
        self.0.send_modify(|waiting| *waiting += bytes);
    }

    fn remove(&self, bytes: usize) {
        self.0.send_modify(|waiting| *waiting = waiting.saturating_sub(bytes));
    }
}

impl OutputQueue {
    pub(crate) fn new(sink: Sink) -> Self {
        let (sender, queue) = mpsc::channel();
        let (done, result) = oneshot::channel();
        let waiting = Waiting(watch::Sender::new(0));
        let (written, is_terminal) = (waiting.clone(), sink.is_terminal());
        std::thread::spawn(move || {
            let mut sink = sink;
            let result = write_all(&mut sink, &queue, &written);
            drop(queue);
            written.remove(usize::MAX);
            // Nobody waits for it after a second signal.
            let _ = done.send((sink, result));
        });
        Self { text: Vec::new(), sender: Some(sender), waiting, result, sink: None, is_terminal }
    }

    pub(crate) fn waiting(&self) -> Waiting {
        self.waiting.clone()
    }

    /// Marks the output as complete: [`ended`](Self::ended) returns once all of it is written.
    pub(crate) fn complete(&mut self) {
        // A queue in memory can be flushed at any time.
        let _ = self.flush();
        self.sender = None;
    }

    /// Returns the result of writing once all is written or writing has failed, and only once.
    pub(crate) async fn ended(&mut self) -> io::Result<()> {
        if self.sink.is_some() {
            return pending().await;
        }
        let ended = (&mut self.result).await;
        let (sink, result) = ended.expect("the thread of the output does not panic");
        self.sink = Some(sink);
        result
    }

    /// Returns once there is room for more. Fails if writing has failed.
    pub(crate) async fn ready(&mut self) -> io::Result<()> {
        let waiting = self.waiting();
        tokio::select! {
            biased;
            result = self.ended() => result,
            () = waiting.room() => Ok(()),
        }
    }

    /// Puts a file in place, unless the output was abandoned.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.sink.map_or(Ok(()), Sink::finish)
    }
}

fn write_all(sink: &mut Sink, queue: &mpsc::Receiver<Chunk>, waiting: &Waiting) -> io::Result<()> {
    for chunk in queue {
        sink.write_all(&chunk.text)?;
        sink.flush()?;
        waiting.remove(chunk.text.len());
    }
    Ok(())
}

impl Write for OutputQueue {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = mem::take(&mut self.text);
        let Some(sender) = self.sender.as_ref().filter(|_| !text.is_empty()) else { return Ok(()) };
        let (sent, written) = mpsc::channel();
        let bytes = text.len();
        self.waiting.add(bytes);
        if sender.send(Chunk { text, _written: sent }).is_err() {
            // The error of the output is in its result.
            self.waiting.remove(bytes);
        } else if self.is_terminal {
            // Messages on the same terminal come after it.
            let _ = written.recv();
        }
        Ok(())
    }
}
