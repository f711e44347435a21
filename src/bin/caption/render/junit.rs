//! `JUnit` XML for Jenkins, GitLab and compatible readers: one test case per input.
//!
//! There is no official standard. The document follows the schema of Jenkins' xUnit plugin and has
//! no times, so that the same outcomes make the same bytes.

use std::io::{self, Write};

use caption::{Outcome, Severity, Status, sanitize};
use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::annotation::{Annotation, CUT_SHORT, annotations, input_name};
use super::{End, Renderer};

/// Limit of a caption in characters.
const MAX_CAPTION_LEN: usize = 4000;

/// Holds the cases back until they are counted.
#[derive(Default)]
pub(super) struct Junit {
    cases: Vec<u8>,
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
}

type CaseWriter<'a> = Writer<&'a mut Vec<u8>>;

impl Junit {
    fn add_case(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut CaseWriter<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.tests += 1;
        self.cases.extend_from_slice(b"\n    ");
        let mut writer = Writer::new(&mut self.cases);
        let case = writer.create_element("testcase");
        let case = case.with_attribute(("name", sanitize(name).as_ref()));
        case.with_attribute(("classname", "caption")).write_inner_content(content).map(drop)
    }
}

/// Writes the error of an input, or the violations that fail it.
fn write_problem(writer: &mut CaseWriter<'_>, problems: &[&Annotation]) -> io::Result<()> {
    let Some(first) = problems.first() else { return Ok(()) };
    let lines: Vec<_> = problems.iter().map(|problem| line(problem)).collect();
    let element = writer.create_element(if first.is_failure { "error" } else { "failure" });
    element
        .with_attribute(("type", first.rule.as_str()))
        .with_attribute(("message", first.message.as_str()))
        .write_text_content(BytesText::new(&lines.join("\n")))
        .map(drop)
}

/// Writes warnings, and the caption that they are about.
fn write_system_out(
    writer: &mut CaseWriter<'_>,
    outcome: &Outcome,
    annotations: &[Annotation],
) -> io::Result<()> {
    let warnings = of_severity(annotations, Severity::Warning);
    let mut lines: Vec<_> =
        warnings.iter().map(|warning| format!("warning: {}", line(warning))).collect();
    if let Some(answer) = outcome.answer() {
        lines.push(answer.caption.chars().take(MAX_CAPTION_LEN).collect());
    }
    let text = lines.join("\n");
    if text.is_empty() {
        return Ok(());
    }
    let element = writer.create_element("system-out");
    element.write_text_content(BytesText::new(&sanitize(&text))).map(drop)
}

fn of_severity(annotations: &[Annotation], severity: Severity) -> Vec<&Annotation> {
    annotations.iter().filter(|annotation| annotation.severity == severity).collect()
}

fn line(annotation: &Annotation) -> String {
    format!("{}: {}", annotation.rule, annotation.message)
}

impl Renderer for Junit {
    fn outcome(&mut self, outcome: &Outcome, _out: &mut dyn Write) -> io::Result<()> {
        let annotations = annotations(outcome);
        let problems = of_severity(&annotations, Severity::Error);
        match problems.first() {
            Some(first) if first.is_failure => self.errors += 1,
            Some(_) => self.failures += 1,
            None => {}
        }
        let skipped = match outcome.error() {
            Some(error) if outcome.is_not_tried() => Some(error.to_string()),
            None if matches!(outcome.status, Status::Skipped) => {
                Some("what would be written is there".to_owned())
            }
            _ => None,
        };
        self.skipped += u64::from(skipped.is_some());
        self.add_case(&input_name(outcome), |writer| {
            write_problem(writer, &problems)?;
            if let Some(reason) = &skipped {
                let skipped = writer.create_element("skipped");
                skipped.with_attribute(("message", reason.as_str())).write_empty()?;
            }
            if annotations.is_empty() {
                return Ok(());
            }
            write_system_out(writer, outcome, &annotations)
        })
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        if end == End::CutShort {
            self.errors += 1;
            self.add_case("the run", |writer| {
                let error = writer.create_element("error");
                error.with_attribute(("message", CUT_SHORT)).write_empty().map(drop)
            })?;
        }
        let Self { tests, failures, errors, skipped, cases } = self;
        let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(out, "<testsuites name=\"caption\" {counts}>")?;
        write!(out, "  <testsuite name=\"caption\" {counts} skipped=\"{skipped}\">")?;
        out.write_all(cases)?;
        out.write_all(b"\n  </testsuite>\n</testsuites>\n")
    }
}
