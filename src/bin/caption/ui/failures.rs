//! Failures of a batch, which are printed at its end: the same failure of many inputs is one line.

use std::collections::HashMap;

use caption::{ApiErrorKind, Effect, Error};

use super::hints::hint;
use super::summary::count;

/// Lines of a batch are limited: further failures are counted.
const MAX_LINES: usize = 1000;

/// Inputs of one failure that are named.
const MAX_NAMES: usize = 5;

/// Failures of a batch in the order of the first of each.
#[derive(Default)]
pub(super) struct Failures {
    lines: Vec<Line>,
    /// Positions of the groups in the lines.
    groups: HashMap<Key, usize>,
    /// Failures without a line.
    further: usize,
}

/// Line of standard error, with its label.
enum Line {
    Text(String),
    Group(Group),
}

/// Status, message and hint that the failures of a group share.
type Key = (Option<u16>, String, String);

/// Inputs that failed in the same way.
struct Group {
    /// Line of the first failure.
    first: String,
    error: String,
    hint: String,
    /// Names of the first inputs.
    names: Vec<String>,
    count: u64,
    ends_run: bool,
}

impl Failures {
    /// Adds a line of its own.
    pub(super) fn push(&mut self, text: String, is_limited: bool) {
        if is_limited && self.lines.len() >= MAX_LINES {
            self.further += 1;
        } else {
            self.lines.push(Line::Text(text));
        }
    }

    /// Adds a failure to those that are the same.
    pub(super) fn add(&mut self, name: &str, error: &Error) {
        let (message, hint) = (error.to_string(), hint(error));
        let key = (error.status(), common_part(error, &message), hint.to_string());
        let is_full = self.lines.len() >= MAX_LINES;
        let at = match self.groups.get(&key) {
            Some(at) => *at,
            None if is_full => {
                self.further += 1;
                return;
            }
            None => {
                self.lines.push(Line::Group(Group {
                    first: describe(name, error),
                    error: message,
                    hint: hint.into_owned(),
                    names: Vec::new(),
                    count: 0,
                    ends_run: false,
                }));
                self.groups.insert(key, self.lines.len() - 1);
                self.lines.len() - 1
            }
        };
        if let Line::Group(group) = &mut self.lines[at] {
            group.count += 1;
            group.ends_run |= error.effect() == Effect::StopRun;
            if group.names.len() < MAX_NAMES {
                group.names.push(name.to_owned());
            }
        }
    }

    /// Returns the lines. `line` adds the label of an error. The first error that ended the run
    /// tells how many inputs were not tried.
    pub(super) fn text(self, not_tried: u64, line: impl Fn(&str) -> String) -> String {
        let mut not_tried = Some(not_tried).filter(|not_tried| *not_tried > 0);
        let lines = self.lines.into_iter().map(|entry| match entry {
            Line::Text(text) => text,
            Line::Group(group) => {
                let not_tried = if group.ends_run { not_tried.take() } else { None };
                line(&group.text(not_tried))
            }
        });
        let mut text = lines.collect::<String>();
        if self.further > 0 {
            text += &line(&format!("{} more failures", self.further));
        }
        text
    }
}

impl Group {
    fn text(&self, not_tried: Option<u64>) -> String {
        let Self { first, error, hint, names, count: number, .. } = self;
        let rest = not_tried.map(|not_tried| format!("; {not_tried} not tried"));
        let rest = rest.unwrap_or_default();
        if *number == 1 {
            return format!("{first}{rest}");
        }
        let more = if *number > names.len() as u64 { ", … (-v lists all)" } else { "" };
        let inputs = format!("{}: {}{more}", count(*number, "input"), names.join(", "));
        format!("{error}: {inputs}; {hint}{rest}")
    }
}

/// Failure of one input: the error, the input, and a hint.
pub(super) fn describe(name: &str, error: &Error) -> String {
    let id = error.request_id().map(|id| format!(" [request {id}]")).unwrap_or_default();
    format!("{error}: {name}; {}{id}", hint(error))
}

/// Message without the numbers and ids that differ in each response of a service. Numbers of an
/// input, such as its length, are part of its failure; the time of an outage is not.
fn common_part(error: &Error, message: &str) -> String {
    if let Error::Unserved { source, .. } = error {
        return common_part(source, &source.to_string());
    }
    let is_of_service =
        matches!(error.root(), Error::Api(error) if error.kind != ApiErrorKind::TooLarge);
    if !is_of_service {
        return message.to_owned();
    }
    let is_number = |word: &&str| word.contains(|letter: char| letter.is_ascii_digit());
    message.split_whitespace().filter(|word| !is_number(word)).collect::<Vec<_>>().join(" ")
}
