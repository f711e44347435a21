//! What can be typed. The doc comments are the text of `--help`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use caption::{MAX_UPLOAD, Rule};
use clap::{ArgAction, Args, Parser, ValueHint};

use crate::args::help::{AFTER_HELP, STYLES};
use crate::args::report::{ReportOption, report_parser};
use crate::args::service::{NetworkArgs, ServiceArgs};
use crate::args::values::{
    Check, ConvertName, FormatName, Generated, MaxUpload, When, parse_check, parse_usd,
    parse_window,
};
use crate::shard::Shard;

pub(crate) mod generate;
pub(crate) mod help;
pub(crate) mod parse;
pub(crate) mod report;
pub(crate) mod service;
pub(crate) mod suggest;
pub(crate) mod values;

/// Prints what a recording sounds like.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, styles = STYLES, after_help = AFTER_HELP)]
#[command(disable_help_flag = true, disable_version_flag = true, args_override_self = true)]
pub(crate) struct Cli {
    /// Audio or video files, folders, quoted globs, http(s) URLs, or - for standard input
    #[arg(value_name = "INPUT", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<OsString>,

    #[command(flatten, next_help_heading = "Inputs")]
    pub(crate) search: SearchArgs,
    #[command(flatten, next_help_heading = "Output")]
    pub(crate) output: OutputArgs,
    #[command(flatten, next_help_heading = "Known captions")]
    pub(crate) known: KnownArgs,
    #[command(flatten, next_help_heading = "Money")]
    pub(crate) money: MoneyArgs,
    #[command(flatten, next_help_heading = "Service")]
    pub(crate) service: ServiceArgs,
    #[command(flatten, next_help_heading = "Network")]
    pub(crate) network: NetworkArgs,
    #[command(flatten, next_help_heading = "Sound")]
    pub(crate) sound: SoundArgs,
    #[command(flatten, next_help_heading = "Audit")]
    pub(crate) audit: AuditArgs,
    #[command(flatten, next_help_heading = "General")]
    pub(crate) general: GeneralArgs,

    /// Those of `caption.toml`.
    #[arg(skip)]
    pub(crate) rules: Vec<Rule>,

    /// The folder of a project that asks for sidecars, which are not to leave it.
    #[arg(skip)]
    pub(crate) project: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are")]
pub(crate) struct SearchArgs {
    /// Read inputs from this file, one a line, # for comments; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,

    /// Inputs in --files-from end in NUL, as find -print0 writes them
    #[arg(short = '0', long, requires = "files_from")]
    pub(crate) null: bool,

    /// Look into hidden folders and at hidden files
    #[arg(long)]
    pub(crate) hidden: bool,

    /// Pass over .gitignore and .ignore files in folders
    #[arg(long)]
    pub(crate) no_ignore: bool,

    /// Leave out what matches in folders and globs; repeatable
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Caption only the K-th of N parts; an input's part goes by its name
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<Shard>,

    /// It is no error when there is nothing to caption
    #[arg(long)]
    pub(crate) allow_empty: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// What to print: text, json (the service's response), jsonl or csv (our records), srt or
    /// vtt (subtitles, best with --window); repeatable with --sidecar
    #[arg(
        short,
        long = "format",
        value_name = "FORMAT",
        default_value = "text",
        ignore_case = true
    )]
    #[arg(hide_possible_values = true)]
    pub(crate) formats: Vec<FormatName>,

    /// Short for --format json
    #[arg(long, conflicts_with = "formats")]
    pub(crate) json: bool,

    /// Write to this file, replaced once the run has something to say
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["sidecar", "output_dir"])]
    pub(crate) output: Option<PathBuf>,

    /// Write each caption to a file beside its sound and print none; one that exists is kept
    /// and its input skipped [default pattern: {stem}.{ext}]
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = crate::render::sidecar::Sidecars::DEFAULT_PATTERN)]
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
pub(crate) struct KnownArgs {
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
pub(crate) struct MoneyArgs {
    /// List what would be sent and what it would cost, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Stop before more than this is spent
    #[arg(long, value_name = "USD", value_parser = parse_usd)]
    pub(crate) max_spend: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct SoundArgs {
    /// Download URLs here and send their bytes; done anyway for those that only this machine can
    /// reach, for servers that fetch none, and with --window, srt and vtt
    #[arg(long)]
    pub(crate) inline: bool,

    /// Caption long sound in windows of this length, such as 30s, give or take 2 s: they are cut
    /// where it is quiet
    #[arg(long, value_name = "DURATION", value_parser = parse_window)]
    pub(crate) window: Option<Duration>,

    /// Whether sound is sent as WAV with 16 kHz and one channel, which is what the model hears;
    /// auto leaves MP3, AAC, AMR and 3GP as they are where they fit
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) convert: ConvertName,

    /// Send nothing of this size or more, counted in base64 (4/3 of the bytes); none for a server
    /// of your own
    #[arg(long, value_name = "SIZE", default_value_t = MaxUpload(Some(MAX_UPLOAD)))]
    pub(crate) max_upload: MaxUpload,
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
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = parse_check)]
    pub(crate) check: Vec<Check>,

    /// Write a report beside the normal output: junit, sarif, html, or github (annotations in the
    /// log and a table in the job's summary); repeatable [default files: caption-report.xml,
    /// caption-report.sarif, caption-report.html]
    #[arg(long, value_name = "KIND[=FILE]", value_parser = report_parser())]
    pub(crate) report: Vec<ReportOption>,
}

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "the comments are the text of --help")]
pub(crate) struct GeneralArgs {
    /// Read options and rules from this file, in place of caption.toml here and in the user's
    /// folder for configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Only errors on standard error
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say more: what is sent, cost, tokens, time, the causes of errors; and put levels into
    /// jsonl records
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Show progress on standard error; auto is on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) progress: When,

    /// Colour errors and notes; auto is on a terminal and without NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,

    /// Print the manual page, or completions for a shell: man, complete-bash, complete-zsh,
    /// complete-fish, complete-powershell or complete-elvish
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    pub(crate) generate: Option<Generated>,

    /// Print help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,

    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}
