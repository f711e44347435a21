//! Workflow commands of GitHub Actions, which become annotations.
//!
//! Of one step, ten errors and ten warnings are shown as annotations (GitHub Docs, "Workflow
//! commands" and "Checks API", 2026); the last of them says how many more there are.

use std::io::{self, Write};

use super::annotation::{Annotation, BySeverity, CUT_SHORT, remarks};
use super::{End, Report, ReportStyle, location};
use caption::outcome::Outcome;
use caption::text::harmless;

const MOST_OF_A_KIND: usize = 10;

/// Holds back what is found, so that the last one can tell of the others.
pub(super) struct Github {
    style: ReportStyle,
    annotations: BySeverity<Annotations>,
}

/// The first ones, and how many there are.
struct Annotations {
    command: &'static str,
    first: Vec<String>,
    count: usize,
}

impl Github {
    pub(super) fn new(style: ReportStyle) -> Self {
        let (errors, warnings) = (Annotations::new("error"), Annotations::new("warning"));
        Self { style, annotations: BySeverity { errors, warnings } }
    }
}

impl Annotations {
    fn new(command: &'static str) -> Self {
        Self { command, first: Vec::new(), count: 0 }
    }

    fn add(&mut self, name: &str, remark: &Annotation) {
        self.count += 1;
        if self.first.len() < MOST_OF_A_KIND {
            let (file, title) = (property(name), property(&remark.rule));
            let (command, message) = (self.command, data(&remark.message));
            self.first.push(format!("::{command} file={file},title={title}::{message}\n"));
        }
    }

    fn write(&mut self, most: usize, out: &mut dyn Write) -> io::Result<()> {
        if self.count > most {
            self.first.truncate(most - 1);
            let (command, more) = (self.command, self.count - self.first.len());
            self.first.push(format!("::{command} title=caption::and {more} more like these\n"));
        }
        out.write_all(self.first.concat().as_bytes())
    }
}

/// Text that ends no command and begins none, not even for those who look for `##[` and `##vso[`
/// in the middle of a line.
fn data(text: &str) -> String {
    let mut text = harmless(text).into_owned();
    for next in ["[", "v", "V"] {
        text = text.replace(&["##", next].concat(), &["##\u{200b}", next].concat());
    }
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

impl Report for Github {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        let name = location::name(outcome);
        for remark in remarks(outcome, &self.style) {
            self.annotations.of(remark.severity).add(&name, &remark);
        }
        Ok(())
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        let mut most_errors = MOST_OF_A_KIND;
        if end == End::CutShort {
            writeln!(out, "::error title=caption::{CUT_SHORT}")?;
            most_errors -= 1;
        }
        self.annotations.errors.write(most_errors, out)?;
        self.annotations.warnings.write(MOST_OF_A_KIND, out)
    }
}
