//! Outcomes that wait for an earlier one: in memory up to a limit, then their texts in a temporary
//! file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::error::Error;
use crate::outcome::{Outcome, Status};

/// Bytes of captions and responses that wait in memory.
const MAX_MEMORY: usize = 4 << 20;

/// Puts outcomes into the order of their inputs.
#[derive(Debug, Default)]
pub(super) struct InOrder {
    /// Number of the input whose outcome is next.
    next: usize,
    waiting: HashMap<usize, Waiting>,
    /// Bytes of the texts in memory.
    in_memory: usize,
    /// Number of outcomes with their texts in the file.
    in_file: usize,
    file: Option<File>,
}

#[derive(Debug)]
struct Waiting {
    outcome: Outcome,
    texts: Texts,
}

/// Place of the texts of an outcome.
#[derive(Debug, Clone, Copy)]
enum Texts {
    /// In the outcome, with their length in bytes.
    InMemory(usize),
    /// In the file, from this offset.
    InFile(u64),
}

impl InOrder {
    /// Adds the outcome of an input by its number, from 0. Returns it, maybe without its texts.
    pub(super) fn insert(&mut self, number: usize, mut outcome: Outcome) -> &Outcome {
        let len = texts(&mut outcome.status).iter().map(|text| text.len()).sum();
        let is_full = number != self.next && self.in_memory.saturating_add(len) > MAX_MEMORY;
        // Without room on the disk, the texts stay in memory.
        let offset = if is_full { self.move_to_file(&mut outcome).ok() } else { None };
        let texts = offset.map_or(Texts::InMemory(len), Texts::InFile);
        match texts {
            Texts::InMemory(len) => self.in_memory += len,
            Texts::InFile(_) => self.in_file += 1,
        }
        &self.waiting.entry(number).insert_entry(Waiting { outcome, texts }).into_mut().outcome
    }

    /// True if [`take`](Self::take) returns an outcome.
    pub(super) fn is_ready(&self) -> bool {
        self.waiting.contains_key(&self.next)
    }

    /// Removes the next outcome. `None` if its input is still in progress.
    pub(super) fn take(&mut self) -> Option<Outcome> {
        let Waiting { mut outcome, texts } = self.waiting.remove(&self.next)?;
        self.next += 1;
        match texts {
            Texts::InMemory(len) => self.in_memory -= len,
            Texts::InFile(offset) => {
                if let Err(error) = self.move_to_memory(&mut outcome, offset) {
                    outcome.status = Status::Failed(Error::TempFile(error));
                }
                self.in_file -= 1;
            }
        }
        Some(outcome)
    }

    /// Moves the texts to the end of the file, each with its length in front, and returns their
    /// offset.
    fn move_to_file(&mut self, outcome: &mut Outcome) -> io::Result<u64> {
        let mut file = match &self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        if self.in_file == 0 {
            file.set_len(0)?;
        }
        let offset = file.seek(SeekFrom::End(0))?;
        let mut texts = texts(&mut outcome.status);
        let mut bytes = Vec::new();
        for text in &texts {
            bytes.extend(text.len().to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        file.write_all(&bytes)?;
        // Only now, since a failure leaves them in memory.
        for text in &mut texts {
            **text = String::new();
        }
        Ok(offset)
    }

    fn move_to_memory(&mut self, outcome: &mut Outcome, offset: u64) -> io::Result<()> {
        let mut file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(offset))?;
        for text in texts(&mut outcome.status) {
            let mut len = [0; size_of::<usize>()];
            file.read_exact(&mut len)?;
            let mut bytes = vec![0; usize::from_le_bytes(len)];
            file.read_exact(&mut bytes)?;
            *text = String::from_utf8(bytes).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

/// Texts of an outcome that may be long: captions and responses.
fn texts(status: &mut Status) -> Vec<&mut String> {
    match status {
        Status::Captioned(answer) | Status::Cached(answer) => {
            let windows = answer.windows.iter_mut();
            let windows = windows.flat_map(|part| [Some(&mut part.caption), part.body.as_mut()]);
            let whole = [Some(&mut answer.caption), answer.body.as_mut()];
            whole.into_iter().chain(windows).flatten().collect()
        }
        Status::Failed(error) => error.received_mut().map_or_else(Vec::new, |received| {
            received.partial.iter_mut().chain(&mut received.bodies).collect()
        }),
        Status::Skipped | Status::Blocked => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Answer, Window};
    use crate::error::Received;
    use crate::input::Input;

    fn outcome(number: usize) -> Outcome {
        let text = |part: usize| part.to_string().repeat(300_000);
        let answer = Answer {
            caption: text(number),
            body: Some(text(number + 1)),
            windows: vec![Window { caption: text(number + 2), ..Window::default() }],
            ..Answer::default()
        };
        let status = if number.is_multiple_of(3) {
            Status::Failed(Error::Interrupted.with_received(Received::from(answer)))
        } else {
            Status::Captioned(answer)
        };
        Outcome::new(Input::parse("a.wav").unwrap(), status)
    }

    #[test]
    fn texts_that_waited_in_the_file_are_unaltered() {
        let mut in_order = InOrder::default();
        for round in 0..3 {
            let numbers = round * 20..(round + 1) * 20;
            for number in numbers.clone().rev() {
                assert!(!in_order.is_ready());
                in_order.insert(number, outcome(number));
                assert!(in_order.in_memory <= MAX_MEMORY + 3 * 600_000);
            }
            assert!(in_order.in_file > 10);
            for number in numbers {
                let taken = in_order.take().unwrap();
                assert_eq!(
                    format!("{:?}", taken.answer()),
                    format!("{:?}", outcome(number).answer())
                );
                let received =
                    |outcome: &Outcome| outcome.error().and_then(Error::received).cloned();
                assert!(received(&taken) == received(&outcome(number)));
            }
            assert_eq!((in_order.in_memory, in_order.in_file), (0, 0));
        }
    }
}
