//! `JUnit` XML: a test case for each input, for Jenkins, GitLab and whoever reads the same.
//!
//! There is no one standard; what is written is what the schema of Jenkins' xUnit plugin has,
//! without times, so that the same outcomes make the same bytes.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::annotation::{Annotation, CUT_SHORT, remarks};
use super::{End, Report, ReportStyle, location};
use caption::outcome::{Outcome, Status};
use caption::rules::finding::Severity;
use caption::text::harmless;

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

    fn begin(&mut self, name: &str) -> io::Result<()> {
        self.tests += 1;
        let mut case = BytesStart::new("testcase");
        case.extend_attributes([("name", harmless(name).as_ref()), ("classname", "caption")]);
        self.cases.get_mut().extend_from_slice(b"\n    ");
        self.cases.write_event(Event::Start(case))
    }

    fn end(&mut self) -> io::Result<()> {
        self.cases.write_event(Event::End(BytesEnd::new("testcase")))
    }

    /// What an input failed by: an error, or the rules that it breaks.
    fn problem(&mut self, remarks: &[Annotation]) -> io::Result<()> {
        let is_problem = |remark: &&Annotation| remark.severity == Severity::Error;
        let problems: Vec<_> = remarks.iter().filter(is_problem).collect();
        let Some(first) = problems.first() else { return Ok(()) };
        let lines: Vec<_> = problems.iter().map(|remark| told(remark)).collect();
        let (element, count) = if first.is_failure {
            ("error", &mut self.errors)
        } else {
            ("failure", &mut self.failures)
        };
        *count += 1;
        self.cases
            .create_element(element)
            .with_attribute(("type", first.rule.as_str()))
            .with_attribute(("message", first.message.as_str()))
            .write_text_content(BytesText::new(&lines.join("\n")))?;
        Ok(())
    }

    /// What is no failure but worth reading, and the caption that it is about.
    fn aside(&mut self, outcome: &Outcome, remarks: &[Annotation]) -> io::Result<()> {
        let warnings = remarks.iter().filter(|remark| remark.severity == Severity::Warning);
        let mut lines: Vec<_> =
            warnings.map(|remark| format!("warning: {}", told(remark))).collect();
        if let Some(answer) = outcome.answer() {
            lines.push(answer.caption.chars().take(LONGEST_CAPTION).collect());
        }
        let text = lines.join("\n");
        if !text.is_empty() {
            let element = self.cases.create_element("system-out");
            element.write_text_content(BytesText::new(&harmless(&text)))?;
        }
        Ok(())
    }

    /// The opening tag of the one suite, or of all.
    fn suite(&self, element: &'static str) -> BytesStart<'static> {
        let mut suite = BytesStart::new(element);
        suite.push_attribute(("name", "caption"));
        for (name, count) in
            [("tests", self.tests), ("failures", self.failures), ("errors", self.errors)]
        {
            suite.push_attribute((name, count.to_string().as_str()));
        }
        suite
    }
}

fn told(remark: &Annotation) -> String {
    format!("{}: {}", remark.rule, remark.message)
}

impl Report for Junit {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        self.begin(&location::name(outcome))?;
        let remarks = remarks(outcome, &self.style);
        self.problem(&remarks)?;
        if matches!(outcome.status, Status::Skipped) {
            self.skipped += 1;
            let skipped = self.cases.create_element("skipped");
            skipped.with_attribute(("message", "what would be written is there")).write_empty()?;
        }
        if !remarks.is_empty() {
            self.aside(outcome, &remarks)?;
        }
        self.end()
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        if end == End::CutShort {
            self.errors += 1;
            self.begin("the run")?;
            let error = self.cases.create_element("error");
            error.with_attribute(("message", CUT_SHORT)).write_empty()?;
            self.end()?;
        }
        let mut suite = self.suite("testsuite");
        suite.push_attribute(("skipped", self.skipped.to_string().as_str()));
        let mut writer = Writer::new(out);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        writer.get_mut().write_all(b"\n")?;
        writer.write_event(Event::Start(self.suite("testsuites")))?;
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
