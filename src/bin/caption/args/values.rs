//! Values of options: names, reports, sizes, money.

use std::ffi::OsStr;
use std::path::PathBuf;

use bytesize::ByteSize;
use caption::{AudioCheck, Convert, Dialect, MAX_AUTO_JOBS};
use clap::builder::{
    OsStringValueParser, PossibleValuesParser, StringValueParser, TypedValueParser,
};
use clap_complete::Shell;
use clap_lex::OsStrExt;

use super::generate::Document;
use super::offering::Offering;
use crate::render::{FormatKind, ReportKind};

pub(crate) const FORMATS: [(&str, FormatKind); 6] = [
    ("text", FormatKind::Text),
    ("json", FormatKind::Json),
    ("jsonl", FormatKind::Jsonl),
    ("csv", FormatKind::Csv),
    ("srt", FormatKind::Srt),
    ("vtt", FormatKind::Vtt),
];

pub(crate) const CONVERT: [(&str, Convert); 3] =
    [("auto", Convert::Auto), ("always", Convert::Always), ("never", Convert::Never)];

pub(crate) const WHEN: [(&str, When); 3] =
    [("auto", None), ("always", Some(true)), ("never", Some(false))];

pub(crate) const DIALECTS: [(&str, DialectChoice); 4] = [
    ("auto", None),
    ("aimlapi", Some(Dialect::Aimlapi)),
    ("openai", Some(Dialect::OpenAi)),
    ("vllm", Some(Dialect::Vllm)),
];

pub(crate) const DOCUMENTS: [(&str, Document); 6] = [
    ("man", Document::Manual),
    ("complete-bash", Document::Completions(Shell::Bash)),
    ("complete-zsh", Document::Completions(Shell::Zsh)),
    ("complete-fish", Document::Completions(Shell::Fish)),
    ("complete-powershell", Document::Completions(Shell::PowerShell)),
    ("complete-elvish", Document::Completions(Shell::Elvish)),
];

/// Names of the reports and their default files.
const REPORTS: [(&str, ReportKind, Option<&str>); 4] = [
    ("junit", ReportKind::Junit, Some("caption-report.xml")),
    ("sarif", ReportKind::Sarif, Some("caption-report.sarif")),
    ("github", ReportKind::Github, None),
    ("html", ReportKind::Html, Some("caption-report.html")),
];

// clap reads a field of type `Option` or `Vec` as one that may be absent or repeated; values that
// are such types themselves take an alias.
pub(crate) type DialectChoice = Option<Dialect>;
/// Fixed choice; `None` is automatic.
pub(crate) type When = Option<bool>;
/// Size limit of an upload in bytes; `None` is no limit.
pub(crate) type MaxUpload = Option<u64>;
/// One audio check, or all of them.
pub(crate) type AudioChecks = Vec<AudioCheck>;

/// Parses one of the names in a table to its value.
pub(crate) fn named<T: Clone + Send + Sync + 'static>(
    table: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(table.iter().map(|(name, _)| *name)).map(|given| {
        let row = table.iter().find(|(name, _)| name.eq_ignore_ascii_case(&given));
        row.expect("clap admits the names of the table only").1.clone()
    })
}

/// One report to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportOption {
    pub(crate) kind: ReportKind,
    /// `None` for standard error.
    pub(crate) file: Option<PathBuf>,
}

/// Splits a value into its kind and its file, which defaults to that of the kind.
pub(crate) fn split_report(value: &OsStr) -> (&OsStr, Option<&OsStr>) {
    value.split_once("=").map_or_else(
        || {
            let default = REPORTS.iter().find(|(kind, ..)| value == *kind);
            (value, default.and_then(|(_, _, file)| file.map(OsStr::new)))
        },
        |(kind, file)| (kind, Some(file)),
    )
}

pub(crate) fn report_parser() -> impl TypedValueParser<Value = ReportOption> {
    let parser = OsStringValueParser::new().try_map(|value| parse_report(&value));
    Offering { parser, offered: REPORTS.map(|(name, ..)| name).to_vec() }
}

fn parse_report(value: &OsStr) -> Result<ReportOption, String> {
    let (name, file) = split_report(value);
    let Some((name, kind, _)) = REPORTS.into_iter().find(|(kind, ..)| name == *kind) else {
        return Err("one of junit, sarif, github, html, or KIND=FILE".to_owned());
    };
    match file {
        Some(file) if file.is_empty() => Err(format!("{name}= names no file")),
        Some(file) if file == "-" => {
            Err("captions go to standard output: name a file for the report".to_owned())
        }
        file => Ok(ReportOption { kind, file: file.map(PathBuf::from) }),
    }
}

pub(crate) fn parse_max_upload(text: &str) -> Result<MaxUpload, &'static str> {
    if text == "none" {
        return Ok(None);
    }
    let size: Option<ByteSize> = text.parse().ok();
    // A number alone would be bytes, which nobody means.
    let size = size.filter(|_| text.ends_with(|last: char| last.is_ascii_alphabetic()));
    Ok(Some(size.ok_or("a size with its unit, such as 10MB, or none")?.as_u64()))
}

/// Requests at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jobs {
    /// As many as the service gains from.
    Auto,
    AtMost(usize),
}

impl Jobs {
    /// Number that the user set.
    pub(crate) fn number(self) -> Option<usize> {
        match self {
            Self::Auto => None,
            Self::AtMost(number) => Some(number),
        }
    }

    /// Most requests at a time.
    pub(crate) fn most(self) -> usize {
        self.number().unwrap_or(MAX_AUTO_JOBS)
    }
}

pub(crate) fn parse_jobs(text: &str) -> Result<Jobs, &'static str> {
    match text.parse() {
        Ok(number @ 1..=1024) => Ok(Jobs::AtMost(number)),
        _ if text == "auto" => Ok(Jobs::Auto),
        _ => Err("auto, or a number from 1 to 1024"),
    }
}

/// Decoder of what cannot be decoded here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FfmpegChoice {
    /// The one that is installed, if any.
    Auto,
    Never,
    /// Path, or a name on the `PATH`.
    Program(PathBuf),
}

pub(crate) fn ffmpeg_parser() -> impl TypedValueParser<Value = FfmpegChoice> {
    OsStringValueParser::new().try_map(|value| match value.to_str() {
        Some("auto") => Ok(FfmpegChoice::Auto),
        Some("never") => Ok(FfmpegChoice::Never),
        Some("") => Err("auto, never, or the path of ffmpeg"),
        _ => Ok(FfmpegChoice::Program(value.into())),
    })
}

pub(crate) fn checks_parser() -> impl TypedValueParser<Value = AudioChecks> {
    let offered = AudioCheck::all().map(|check| check.name()).into_iter().chain(["all"]).collect();
    Offering { parser: StringValueParser::new().try_map(|name| parse_checks(&name)), offered }
}

fn parse_checks(name: &str) -> Result<AudioChecks, String> {
    if name == "all" {
        return Ok(AudioCheck::all().into());
    }
    AudioCheck::by_name(name).map(|check| vec![check]).ok_or_else(|| {
        let names = AudioCheck::all().map(|check| check.name());
        format!("one or more of {}, or all", names.join(", "))
    })
}

pub(crate) fn parse_usd(text: &str) -> Result<f64, &'static str> {
    let usd: Option<f64> = text.strip_prefix('$').unwrap_or(text).parse().ok();
    usd.filter(|usd| usd.is_finite() && *usd > 0.0).ok_or("US dollars, such as 0.50")
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use support::random::{cases, one_of, soup};

    use crate::args::Cli;

    #[test]
    fn a_random_value_of_an_option_is_parsed_or_refused() {
        const OPTIONS: [&str; 12] = [
            "--timeout",
            "--rate",
            "--max-upload",
            "--window",
            "--max-spend",
            "--shard",
            "--check",
            "--report",
            "--jobs",
            "--max-tokens",
            "--max-retries",
            "--convert",
        ];
        const WORDS: [&str; 16] = [
            "1",
            "9",
            "99999999999999999999",
            "0",
            ".",
            "-",
            "e",
            "/",
            "s",
            "m",
            "MB",
            "none",
            "inf",
            "NaN",
            "=",
            ",",
        ];
        cases(|random| {
            let value = String::from_utf8_lossy(&soup(random, 4, &WORDS)).into_owned();
            let option = one_of(random, &OPTIONS);
            // A panic would fail the test.
            let _ = Cli::try_parse_from(["caption", &format!("{option}={value}"), "a.wav"]);
        });
    }
}
