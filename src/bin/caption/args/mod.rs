//! Command line as clap structs. The doc comments are the text of `--help`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Command, Parser, ValueHint};

use self::generate::Document;
use self::options::{
    AudioArgs, AuditArgs, CacheArgs, NetworkArgs, OutputArgs, SearchArgs, ServiceArgs, SpendArgs,
};
use self::values::{DOCUMENTS, ProgressChoice, WHEN, When, named, parse_progress};

pub(crate) mod generate;
pub(crate) mod options;
pub(crate) mod usage_error;
pub(crate) mod values;

/// Prints what a recording sounds like.
#[derive(Debug, Parser)]
// Not `caption.exe` on Windows.
#[command(bin_name = "caption")]
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
const DAILY: [&str; 20] = [
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
        argument.help(help.split(';').next().unwrap_or_default().to_owned())
    });
    command.after_help("All options, examples, environment and exit codes: caption --help")
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

pub(crate) const AFTER_HELP: &str = "\
The model takes no prompt: it describes speech, music and sounds, in English.

Examples:
  caption song.mp3                          caption one file
  caption https://example.com/a.wav         the service downloads the URL
  sox in.flac -t wav - | caption -          audio on standard input
  caption --json song.mp3 | jq .usage       raw response
  caption --manifest m.jsonl sfx/           a folder; rerun to resume
  caption --sidecar --dry-run sfx/          estimate the cost
  caption --window 30s -f srt talk.mp4      subtitles
  caption --deny 'speech|voice' ambience/   audit: no voices allowed

Environment:
  AIMLAPI_KEY          API key; else AIMLAPI_API_KEY, else AIML_API_KEY. Create one
                       at https://aimlapi.com/app/keys. No option takes the key
                       itself, because process lists would show it.
  AIMLAPI_BASE_URL     URL of the service
  CAPTION_MODEL        model
  HTTPS_PROXY          proxy; NO_PROXY lists exceptions
  SSL_CERT_FILE        CA certificates in place of the system's (Linux)
  NO_COLOR             no color

Exit codes:
  0    every input was captioned or cached
  1    a rule was violated; no input failed
  2    wrong usage or configuration; nothing was sent
  3    at least one input failed; the others were delivered
  4    no key, key refused, account unverified, out of credits or quota
  5    --max-spend reached
  130, 143, 129    ended by Ctrl-C, TERM or HUP";
