//! Options for output, cache, spending and audit. The doc comments are the text of `--help`.

use std::path::PathBuf;

use clap::Args;

use super::report::{ReportOption, report_parser};
use super::values::{AudioChecks, FORMATS, named, parse_checks, parse_usd};
use crate::render::FormatKind;
use crate::render::sidecar::Sidecars;

#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// What to print: text, json (the service's response), jsonl or csv (our records), srt or
    /// vtt (subtitles, best with --window); repeatable with --sidecar
    #[arg(short, long = "format", value_name = "FORMAT", default_value = "text")]
    #[arg(value_parser = named(&FORMATS), ignore_case = true, hide_possible_values = true)]
    pub(crate) formats: Vec<FormatKind>,

    /// Short for --format json
    #[arg(long, conflicts_with = "formats")]
    pub(crate) json: bool,

    /// Write to this file, replaced once the run has something to say
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["sidecar", "output_dir"])]
    pub(crate) output: Option<PathBuf>,

    /// Write each caption to a file beside its sound and print none; one that exists is kept
    /// and its input skipped [default pattern: {stem}.{ext}]
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = Sidecars::DEFAULT_PATTERN)]
    pub(crate) sidecar: Option<String>,

    /// Write sidecars into this folder, in the same tree as the inputs
    #[arg(long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,

    /// Put text before every caption
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) prepend: String,

    /// Put text after every caption
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) append: String,
}

#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    /// Keep captions in this file (JSON Lines) and ask for none that is in it
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,

    /// Ask for nothing: only captions that the manifest knows
    #[arg(long, requires = "manifest")]
    pub(crate) offline: bool,

    /// Ask again for what is known, and write sidecars anew
    #[arg(long, conflicts_with = "offline")]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SpendArgs {
    /// List what would be sent and what it would cost, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Stop before more than this is spent
    #[arg(long, value_name = "USD", value_parser = parse_usd)]
    pub(crate) max_spend: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// No caption may match this, whatever the case of its letters; repeatable
    #[arg(long, value_name = "REGEX")]
    pub(crate) deny: Vec<String>,

    /// Every caption has to match this; repeatable
    #[arg(long, value_name = "REGEX")]
    pub(crate) require: Vec<String>,

    /// Check the sound itself before anything is sent: silence, clipping, duration, channels, rate,
    /// loudness, decodes, or all
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = parse_checks)]
    pub(crate) check: Vec<AudioChecks>,

    /// Write a report beside the normal output: junit, sarif, html, or github (annotations in the
    /// log and a table in the job's summary); repeatable [default files: caption-report.xml,
    /// caption-report.sarif, caption-report.html]
    #[arg(long, value_name = "KIND[=FILE]", value_parser = report_parser())]
    pub(crate) report: Vec<ReportOption>,
}
