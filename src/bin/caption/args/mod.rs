//! Command line as clap structs. The doc comments are the text of `--help`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Command, Parser, ValueHint};

use self::generate::Document;
use self::options::{
    AudioArgs, AuditArgs, CacheArgs, NetworkArgs, OutputArgs, SearchArgs, ServiceArgs, SpendArgs,
};
use self::times::{ProgressChoice, parse_progress};
use self::values::{DOCUMENTS, WHEN, When, named};

pub(crate) mod generate;
pub(crate) mod notes;
mod offering;
pub(crate) mod options;
pub(crate) mod similarity;
pub(crate) mod times;
pub(crate) mod usage_error;
pub(crate) mod values;

/// Prints what a recording sounds like.
#[derive(Debug, Parser)]
// Not `caption.exe` on Windows.
#[command(bin_name = "caption")]
#[command(version, max_term_width = 100, styles = STYLES, after_help = notes::text())]
#[command(disable_help_flag = true, disable_version_flag = true, args_override_self = true)]
pub(crate) struct Cli {
    /// Audio or video files, folders, quoted globs, http(s) URLs, or - for standard input
    #[arg(value_name = "INPUT", value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<OsString>,

    #[command(flatten, next_help_heading = "Inputs")]
    pub(crate) search: SearchArgs,
    #[command(flatten, next_help_heading = "Output")]
    pub(crate) output: OutputArgs,
    #[command(flatten, next_help_heading = "Cache")]
    pub(crate) cache: CacheArgs,
    #[command(flatten, next_help_heading = "Cost")]
    pub(crate) spend: SpendArgs,
    #[command(flatten, next_help_heading = "Service")]
    pub(crate) service: ServiceArgs,
    #[command(flatten, next_help_heading = "Network")]
    pub(crate) network: NetworkArgs,
    #[command(flatten, next_help_heading = "Audio")]
    pub(crate) audio: AudioArgs,
    #[command(flatten, next_help_heading = "Audit")]
    pub(crate) audit: AuditArgs,
    #[command(flatten, next_help_heading = "General")]
    pub(crate) general: GeneralArgs,
}

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "the comments are the text of --help")]
pub(crate) struct GeneralArgs {
    /// Read settings from FILE instead of caption.toml and the user's configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Print errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Print more: what is uploaded, cost, tokens, time, and the causes of errors; add levels to
    /// jsonl records
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Progress on standard error: auto, always, never, or a line at each interval, such as 5m;
    /// auto is a bar on a terminal, else a line per minute
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = parse_progress)]
    pub(crate) progress: ProgressChoice,

    /// Color errors and notes; auto is on a terminal without NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = named(&WHEN))]
    pub(crate) color: When,

    /// Print the man page or shell completions: man, complete-bash, complete-zsh, complete-fish,
    /// complete-powershell or complete-elvish
    #[arg(long, value_name = "WHAT", value_parser = named(&DOCUMENTS))]
    #[arg(hide_possible_values = true)]
    pub(crate) generate: Option<Document>,

    /// Print help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,

    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

/// Options of daily use, which `-h` shows.
const DAILY: [&str; 21] = [
    "inputs",
    "files_from",
    "exclude",
    "format",
    "json",
    "output",
    "sidecar",
    "output_dir",
    "manifest",
    "offline",
    "dry_run",
    "max_spend",
    "jobs",
    "window",
    "sentences",
    "deny",
    "require",
    "check",
    "report",
    "quiet",
    "verbose",
];

/// Command whose help has the options of daily use only, each with the first part of its text.
pub(crate) fn with_brief_help(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        if !DAILY.contains(&argument.get_id().as_str()) {
            return argument.hide(true);
        }
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let first = help.split(';').next().unwrap_or_default().to_owned();
        let argument = argument.help(first);
        if argument.is_positional() {
            return argument;
        }
        let hides_default = argument.get_action().takes_values();
        argument.help_heading("Options").hide_default_value(hides_default)
    });
    command.after_help("All options, examples, environment and exit codes: caption --help")
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());
