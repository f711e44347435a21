//! `JUnit` XML for Jenkins, GitLab and compatible readers: one test case per input.
//!
//! There is no official standard. The document follows the schema of Jenkins' xUnit plugin and has
//! no times, so that the same outcomes make the same bytes.

use std::io::{self, Write};

use caption::outcome::{Outcome, Status};
use caption::rules::finding::Severity;
use caption::text::harmless;
use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

use super::annotation::{Annotation, CUT_SHORT, annotations};
use super::{End, Renderer, location};

/// Limit of a caption in characters.
const MAX_CAPTION_LEN: usize = 4000;

/// Holds the cases back until they are counted.
pub(super) struct Junit {
    cases: Writer<Vec<u8>>,
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
}

impl Default for Junit {
    fn default() -> Self {
        let cases = Writer::new(Vec::new());
        Self { cases, tests: 0, failures: 0, errors: 0, skipped: 0 }
    }
}

impl Junit {
    fn begin_case(&mut self, name: &str) -> io::Result<()> {
        self.tests += 1;
        let mut case = BytesStart::new("testcase");
        case.extend_attributes([("name", harmless(name).as_ref()), ("classname", "caption")]);
        self.cases.get_mut().extend_from_slice(b"\n    ");
        self.cases.write_event(Event::Start(case))
    }

    fn end_case(&mut self) -> io::Result<()> {
        self.cases.write_event(Event::End(BytesEnd::new("testcase")))
    }

    /// Writes the error of an input, or the violations that fail it.
    fn problem(&mut self, annotations: &[Annotation]) -> io::Result<()> {
        let problems = of_severity(annotations, Severity::Error);
        let Some(first) = problems.first() else { return Ok(()) };
        let lines: Vec<_> = problems.iter().map(|problem| line(problem)).collect();
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

    /// Writes warnings, and the caption that they are about.
    fn system_out(&mut self, outcome: &Outcome, annotations: &[Annotation]) -> io::Result<()> {
        let warnings = of_severity(annotations, Severity::Warning);
        let mut lines: Vec<_> =
            warnings.iter().map(|warning| format!("warning: {}", line(warning))).collect();
        if let Some(answer) = outcome.answer() {
            lines.push(answer.caption.chars().take(MAX_CAPTION_LEN).collect());
        }
        let text = lines.join("\n");
        if !text.is_empty() {
            let element = self.cases.create_element("system-out");
            element.write_text_content(BytesText::new(&harmless(&text)))?;
        }
        Ok(())
    }
}

fn of_severity(annotations: &[Annotation], severity: Severity) -> Vec<&Annotation> {
    annotations.iter().filter(|annotation| annotation.severity == severity).collect()
}

fn line(annotation: &Annotation) -> String {
    format!("{}: {}", annotation.rule, annotation.message)
}

impl Renderer for Junit {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        self.begin_case(&location::name(outcome))?;
        let annotations = annotations(outcome);
        self.problem(&annotations)?;
        if matches!(outcome.status, Status::Skipped) {
            self.skipped += 1;
            let skipped = self.cases.create_element("skipped");
            skipped.with_attribute(("message", "what would be written is there")).write_empty()?;
        }
        if !annotations.is_empty() {
            self.system_out(outcome, &annotations)?;
        }
        self.end_case()
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        if end == End::CutShort {
            self.errors += 1;
            self.begin_case("the run")?;
            let error = self.cases.create_element("error");
            error.with_attribute(("message", CUT_SHORT)).write_empty()?;
            self.end_case()?;
        }
        let Self { tests, failures, errors, skipped, .. } = self;
        let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(out, "<testsuites name=\"caption\" {counts}>")?;
        write!(out, "  <testsuite name=\"caption\" {counts} skipped=\"{skipped}\">")?;
        out.write_all(self.cases.get_ref())?;
        out.write_all(b"\n  </testsuite>\n</testsuites>\n")
    }
}
