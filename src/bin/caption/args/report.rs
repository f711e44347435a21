//! Value of `--report`: a kind, and a file unless it is the default one.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap_lex::OsStrExt;

use crate::render::ReportKind;

/// One report to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportOption {
    pub(crate) kind: ReportKind,
    /// `None` for standard error.
    pub(crate) file: Option<PathBuf>,
}

/// Names of the kinds and their default files.
const KINDS: [(&str, ReportKind, Option<&str>); 4] = [
    ("junit", ReportKind::Junit, Some("caption-report.xml")),
    ("sarif", ReportKind::Sarif, Some("caption-report.sarif")),
    ("github", ReportKind::Github, None),
    ("html", ReportKind::Html, Some("caption-report.html")),
];

impl ReportOption {
    pub(crate) fn is_for_github(&self) -> bool {
        self.kind == ReportKind::Github
    }
}

/// Splits a value into its kind and its file, which defaults to that of the kind.
pub(crate) fn split_report(value: &OsStr) -> (&OsStr, Option<&OsStr>) {
    value.split_once("=").map_or_else(
        || {
            let default = KINDS.iter().find(|(kind, ..)| value == *kind);
            (value, default.and_then(|(_, _, file)| file.map(OsStr::new)))
        },
        |(kind, file)| (kind, Some(file)),
    )
}

pub(crate) fn report_parser() -> impl TypedValueParser<Value = ReportOption> {
    OsStringValueParser::new().try_map(|value| parse(&value))
}

fn parse(value: &OsStr) -> Result<ReportOption, String> {
    let (name, file) = split_report(value);
    let Some((name, kind, _)) = KINDS.into_iter().find(|(kind, ..)| name == *kind) else {
        return Err("one of junit, sarif, github, html, with =FILE where you like".to_owned());
    };
    match file {
        Some(file) if file.is_empty() => Err(format!("{name}= names no file")),
        Some(file) if file == "-" => {
            Err("captions go to standard output: name a file for the report".to_owned())
        }
        file => Ok(ReportOption { kind, file: file.map(PathBuf::from) }),
    }
}
