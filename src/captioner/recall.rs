//! What is known, and what will be.

use std::collections::HashSet;

use super::{Captioner, join};
use crate::outcome::{Ending, Outcome, Question};
use crate::record::Record;

impl Captioner {
    pub(super) fn recall(&self, question: &Question) -> Option<Record> {
        self.memory.as_ref()?.recall(question)
    }

    /// With what the windows cost, which is kept with each of them and not with their whole.
    pub(super) fn recall_joined(&self, question: &Question) -> Option<Record> {
        let mut record = self.recall(question)?;
        // Each is read once, whatever somebody wrote into the manifest.
        let windows = record.windows.iter().map(|window| question.about(window.start, window.end));
        for window in windows.collect::<HashSet<_>>() {
            let Some(part) = self.recall(&window) else { continue };
            record.usage = join::add(record.usage, part.usage, |one, other| one + other);
            record.usd = join::add(record.usd, part.usd, |one, other| one + other);
        }
        Some(record)
    }

    /// Keeps a new caption the moment it is there.
    pub(super) fn keep(&self, outcome: &mut Outcome) {
        let (Some(memory), Ending::Captioned(_), Some(question)) =
            (&self.memory, &outcome.ending, &outcome.question)
        else {
            return;
        };
        if question.sha256.is_some() {
            let mut record = Record::new(outcome, |_| String::new());
            if !record.windows.is_empty() {
                // Each of them tells it, and a sum over the manifest is to be right.
                (record.usage, record.usd) = (None, None);
            }
            outcome.unkept = memory.keep(question, &record).err().or(outcome.unkept.take());
        }
    }
}
