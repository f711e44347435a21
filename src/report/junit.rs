//! `JUnit` XML: a test case for each input, for Jenkins, GitLab and whoever reads the same.
//!
//! There is no one standard; what is written is what the schema of Jenkins' xUnit plugin has,
//! without times, so that the same outcomes make the same bytes.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::words::{Remark, remarks};
use super::{Report, ReportStyle, address};
use crate::finding::Severity;
use crate::outcome::{Ending, Outcome};
use crate::text::harmless;

/// What is longer of a caption is cut off, in characters.
const LONGEST_CAPTION: usize = 4000;

/// Holds the cases back until they are counted.
pub(super) struct Junit {
    style: ReportStyle,
    cases: Writer<Vec<u8>>,
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
}

impl Junit {
    pub(super) fn new(style: ReportStyle) -> Self {
        let cases = Writer::new(Vec::new());
        Self { style, cases, tests: 0, failures: 0, errors: 0, skipped: 0 }
    }

    /// A case that keeps all rules, with what is still to be said about it.
    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        let remarks = remarks(outcome, &self.style);
        let has_broken =
            |remark: &&Remark| !remark.is_failure && remark.severity == Severity::Error;
        let failure = remarks.iter().find(|remark| remark.is_failure);
        let broken: Vec<_> = remarks.iter().filter(has_broken).collect();
        self.errors += u64::from(failure.is_some());
        if let Some(failure) = failure {
            self.problem("error", failure, &failure.message)?;
        } else if let Some(first) = broken.first() {
            self.failures += 1;
            let all: Vec<_> = broken.iter().map(|remark| told(remark)).collect();
            self.problem("failure", first, &all.join("\n"))?;
        } else if matches!(outcome.ending, Ending::Skipped) {
            self.skipped += 1;
            let skipped = self.cases.create_element("skipped");
            skipped.with_attribute(("message", "what would be written is there")).write_empty()?;
        }
        if !remarks.is_empty() {
            self.aside(outcome, &remarks)?;
        }
        Ok(())
    }

    fn problem(&mut self, element: &str, remark: &Remark, text: &str) -> io::Result<()> {
        let (message, rule) = (harmless(&remark.message), harmless(&remark.rule));
        self.cases
            .create_element(element)
            .with_attribute(("type", rule.as_ref()))
            .with_attribute(("message", message.as_ref()))
            .write_text_content(BytesText::new(&harmless(text)))?;
        Ok(())
    }

    /// What is no failure but worth reading, and the caption that it is about.
    fn aside(&mut self, outcome: &Outcome, remarks: &[Remark]) -> io::Result<()> {
        let warnings = remarks.iter().filter(|remark| remark.severity == Severity::Warning);
        let mut lines: Vec<_> =
            warnings.map(|remark| format!("warning: {}", told(remark))).collect();
        if let Some(answer) = outcome.answer() {
            lines.push(answer.caption.chars().take(LONGEST_CAPTION).collect());
        }
        if !lines.is_empty() {
            let text = lines.join("\n");
            let element = self.cases.create_element("system-out");
            element.write_text_content(BytesText::new(&harmless(&text)))?;
        }
        Ok(())
    }

    /// The counts, of the one suite and of all.
    fn counts(&self) -> [(&'static str, String); 3] {
        [
            ("tests", self.tests.to_string()),
            ("failures", self.failures.to_string()),
            ("errors", self.errors.to_string()),
        ]
    }
}

fn told(remark: &Remark) -> String {
    format!("{}: {}", remark.rule, remark.message)
}

impl Report for Junit {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        self.tests += 1;
        let name = harmless(address::plain(&outcome.name));
        let mut case = BytesStart::new("testcase");
        case.extend_attributes([("name", name.as_ref()), ("classname", "caption")]);
        self.cases.get_mut().extend_from_slice(b"\n    ");
        self.cases.write_event(Event::Start(case))?;
        self.case(outcome)?;
        self.cases.write_event(Event::End(BytesEnd::new("testcase")))
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = Writer::new(out);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let counts = self.counts();
        let counts = || counts.iter().map(|(name, count)| (*name, count.as_str()));
        let mut suites = BytesStart::new("testsuites");
        suites.extend_attributes([("name", "caption")].into_iter().chain(counts()));
        let skipped = self.skipped.to_string();
        let mut suite = BytesStart::new("testsuite");
        suite.extend_attributes([("name", "caption")].into_iter().chain(counts()));
        suite.push_attribute(("skipped", skipped.as_str()));
        writer.get_mut().write_all(b"\n")?;
        writer.write_event(Event::Start(suites))?;
        writer.get_mut().write_all(b"\n  ")?;
        writer.write_event(Event::Start(suite))?;
        writer.get_mut().write_all(self.cases.get_ref())?;
        writer.get_mut().write_all(b"\n  ")?;
        writer.write_event(Event::End(BytesEnd::new("testsuite")))?;
        writer.get_mut().write_all(b"\n")?;
        writer.write_event(Event::End(BytesEnd::new("testsuites")))?;
        writer.get_mut().write_all(b"\n")
    }
}
