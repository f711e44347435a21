//! What can be typed. The doc comments are the text of `--help`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Parser, ValueEnum};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
The caption comes from AI/ML API's captioning model. It takes no prompt: it
describes speech, music and noises, in English.

Examples:
  caption song.mp3                     what does it sound like?
  caption https://example.com/a.wav    the service fetches the URL
  sox in.flac -t wav - | caption -     sound on standard input
  caption --json song.mp3 | jq .usage  the service's whole answer

The key is read from AIMLAPI_KEY, AIMLAPI_API_KEY or AIML_API_KEY; make one at
https://aimlapi.com/app/keys. There is no option that takes the key itself: it
would show in the process list.

Exit codes: 0 captioned, 2 wrong usage, 3 some inputs failed, 4 no key, key
refused, account unverified or out of credits.";

/// Prints what a recording sounds like.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "flags are")]
#[expect(clippy::doc_markdown, reason = "the comments are the text of --help")]
#[command(version, max_term_width = 100, styles = STYLES, after_help = AFTER_HELP)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub(crate) struct Cli {
    /// Audio or video files, http(s) URLs, or - for standard input
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<OsString>,

    /// What to print: the caption, or the service's response as received
    #[arg(short, long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(crate) format: OutputFormat,

    /// Short for --format json
    #[arg(long, conflicts_with = "format", help_heading = "Output")]
    pub(crate) json: bool,

    /// The model to ask [env: CAPTION_MODEL] [default: alibaba/qwen3-omni-30b-a3b-captioner]
    #[arg(short, long, value_name = "MODEL", help_heading = "Service")]
    pub(crate) model: Option<String>,

    /// Where the service is, with or without /v1 [env: AIMLAPI_BASE_URL] [default:
    /// https://api.aimlapi.com/v1]
    #[arg(long, value_name = "URL", help_heading = "Service")]
    pub(crate) base_url: Option<String>,

    /// Read the key from this file
    #[arg(long, value_name = "FILE", help_heading = "Service")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Cut the caption off after this many tokens
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    #[arg(help_heading = "Service")]
    pub(crate) max_tokens: Option<u32>,

    /// Show the caption while it arrives; the default for one input on a terminal
    #[arg(long, overrides_with = "no_stream", help_heading = "Service")]
    pub(crate) stream: bool,

    /// Wait for the whole caption
    #[arg(long, overrides_with = "stream", help_heading = "Service")]
    pub(crate) no_stream: bool,

    /// Send the key over unencrypted http:// to a host that is not this machine
    #[arg(long, help_heading = "Service")]
    pub(crate) allow_http: bool,

    /// Caption this many inputs at a time
    #[arg(short, long, value_name = "N", default_value = "4", help_heading = "Network")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: u16,

    /// Try again this often where that may help
    #[arg(long, value_name = "N", default_value = "3", help_heading = "Network")]
    pub(crate) max_retries: u32,

    /// Give up a try after this long, connecting and uploading included
    #[arg(long, value_name = "DURATION", default_value = "5m", help_heading = "Network")]
    #[arg(value_parser = parse_duration)]
    pub(crate) timeout: Duration,

    /// Give up connecting after this long
    #[arg(long, value_name = "DURATION", default_value = "10s", help_heading = "Network")]
    #[arg(value_parser = parse_duration)]
    pub(crate) connect_timeout: Duration,

    /// Download URLs here and send their bytes; done anyway for those that only this machine can
    /// reach
    #[arg(long, help_heading = "Sound")]
    pub(crate) inline: bool,

    /// Refuse sound that is this long or longer in base64; none for a server of your own
    #[arg(long, value_name = "SIZE", default_value = "10MB", help_heading = "Sound")]
    #[arg(value_parser = parse_max_upload)]
    pub(crate) max_upload: MaxUpload,

    /// Only errors on standard error
    #[arg(short, long, conflicts_with = "verbose", help_heading = "General")]
    pub(crate) quiet: bool,

    /// Say more: cost, tokens, time, and the causes of errors
    #[arg(short, long, help_heading = "General")]
    pub(crate) verbose: bool,

    /// Show progress on standard error; auto is on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "General")]
    pub(crate) progress: When,

    /// Colour errors and notes; auto is on a terminal and without NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "General")]
    pub(crate) color: When,

    /// Print help
    #[arg(short, long, action = ArgAction::Help, help_heading = "General")]
    help: Option<bool>,

    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "General")]
    version: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

impl When {
    pub(crate) fn holds(self, automatically: bool) -> bool {
        match self {
            Self::Auto => automatically,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// `None` is no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaxUpload(pub(crate) Option<u64>);

fn parse_max_upload(text: &str) -> Result<MaxUpload, String> {
    if text == "none" {
        return Ok(MaxUpload(None));
    }
    let size: ByteSize = text.parse().map_err(|_| "a size such as 10MB, or none".to_owned())?;
    Ok(MaxUpload(Some(size.as_u64())))
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("longer than nothing, such as 30s".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err("a time with its unit, such as 90s or 5m".to_owned()),
    }
}
