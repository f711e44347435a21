//! What `--report` takes: a kind, and a file where it is not the usual one.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap_lex::OsStrExt;

use crate::render::ReportKind;

/// A report that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportOption {
    pub(crate) kind: ReportKind,
    /// `None` for standard error.
    pub(crate) file: Option<PathBuf>,
}

/// The kinds by name, and where each goes unless it is told.
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

/// What is meant by an option that may leave the file out: a kind, and the file unless it is none.
pub(crate) fn spelled_out(option: &str) -> (&str, Option<&str>) {
    match option.split_once('=') {
        Some((kind, file)) => (kind, Some(file)),
        None => (option, KINDS.iter().find(|(kind, ..)| *kind == option).and_then(|kind| kind.2)),
    }
}

pub(crate) fn report_parser() -> impl TypedValueParser<Value = ReportOption> {
    OsStringValueParser::new().try_map(|value| parse(&value))
}

fn parse(value: &OsStr) -> Result<ReportOption, String> {
    let (name, file) =
        value.split_once("=").map_or((value, None), |(name, file)| (name, Some(file)));
    let Some((name, kind, usual)) = KINDS.into_iter().find(|(kind, ..)| name == *kind) else {
        return Err("one of junit, sarif, github, html, with =FILE where you like".to_owned());
    };
    match file {
        Some(file) if file.is_empty() => Err(format!("{name}= names no file")),
        Some(file) if file == "-" => {
            Err("captions go to standard output: name a file for the report".to_owned())
        }
        Some(file) => Ok(ReportOption { kind, file: Some(file.into()) }),
        None => Ok(ReportOption { kind, file: usual.map(PathBuf::from) }),
    }
}
