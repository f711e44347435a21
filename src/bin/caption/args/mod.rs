//! Command line as clap structs. The doc comments are the text of `--help`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, ValueHint};

use self::generate::Document;
use self::options::{
    AudioArgs, AuditArgs, CacheArgs, NetworkArgs, OutputArgs, SearchArgs, ServiceArgs, SpendArgs,
};
use self::values::{DOCUMENTS, WHEN, When, named};

pub(crate) mod generate;
pub(crate) mod options;
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
    pub(crate) cache: CacheArgs,
    #[command(flatten, next_help_heading = "Money")]
    pub(crate) spend: SpendArgs,
    #[command(flatten, next_help_heading = "Service")]
    pub(crate) service: ServiceArgs,
    #[command(flatten, next_help_heading = "Network")]
    pub(crate) network: NetworkArgs,
    #[command(flatten, next_help_heading = "Sound")]
    pub(crate) audio: AudioArgs,
    #[command(flatten, next_help_heading = "Audit")]
    pub(crate) audit: AuditArgs,
    #[command(flatten, next_help_heading = "General")]
    pub(crate) general: GeneralArgs,
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
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = named(&WHEN))]
    pub(crate) progress: When,

    /// Colour errors and notes; auto is on a terminal and without NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = named(&WHEN))]
    pub(crate) color: When,

    /// Print the manual page, or completions for a shell: man, complete-bash, complete-zsh,
    /// complete-fish, complete-powershell or complete-elvish
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

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

pub(crate) const AFTER_HELP: &str = "\
The caption comes from AI/ML API's captioning model. It takes no prompt: it
describes speech, music and noises, in English.

Examples:
  caption song.mp3                        what does it sound like?
  caption https://example.com/a.wav       the service fetches the URL
  sox in.flac -t wav - | caption -        sound on standard input
  caption --json song.mp3 | jq .usage     the service's whole answer
  caption --manifest m.jsonl sfx/         a folder; never asked or paid twice
  caption --sidecar --dry-run sfx/        what would it take?
  caption --window 30s -f srt talk.mp4    subtitles of what is to be heard
  caption --deny 'speech|voice' ambience/ no voices in the ambience?

The key is read from AIMLAPI_KEY, AIMLAPI_API_KEY or AIML_API_KEY; make one at
https://aimlapi.com/app/keys. There is no option that takes the key itself: it
would show in the process list.

Exit codes: 0 captioned, 1 a rule was broken, 2 wrong usage, 3 some inputs
failed, 4 no key, key refused, account unverified or out of credits or quota, 5
--max-spend reached, 130 interrupted, 143 terminated, 129 hung up.";
