//! Options of the command line, in the groups of `--help`. The doc comments are its text.

use std::path::PathBuf;
use std::time::Duration;

use caption::{ClientOptions, Convert};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, value_parser};

use super::values::{
    AudioChecks, CONVERT, DIALECTS, DialectChoice, FORMATS, FfmpegChoice, Jobs, MaxUpload,
    ReportOption, ffmpeg_parser, named, parse_checks, parse_duration, parse_jobs, parse_max_upload,
    parse_outage, parse_rate, parse_usd, parse_window, report_parser,
};
use crate::inputs::Shard;
use crate::render::FormatKind;
use crate::render::sidecar::Sidecars;

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

    /// Follow links that lead out of the folder that is searched
    #[arg(long)]
    pub(crate) follow: bool,

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
    #[arg(id = "format", short, long, value_name = "FORMAT", default_value = "text")]
    #[arg(value_parser = named(&FORMATS), ignore_case = true, hide_possible_values = true)]
    pub(crate) formats: Vec<FormatKind>,

    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
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
#[expect(clippy::struct_excessive_bools, reason = "flags are")]
pub(crate) struct CacheArgs {
    /// Keep captions in this file (JSON Lines) and ask for none that is in it
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,

    /// Ask for nothing: only captions that the manifest knows
    #[arg(long, requires = "manifest")]
    pub(crate) offline: bool,

    /// Write sidecars anew from the manifest, free of charge
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Request cached captions again, at their price
    #[arg(long, conflicts_with = "offline")]
    pub(crate) refresh: bool,

    /// The same as --overwrite --refresh
    #[arg(long, conflicts_with = "offline")]
    pub(crate) force: bool,
}

impl CacheArgs {
    /// True if sidecars that exist are written anew.
    pub(crate) fn overwrites(&self) -> bool {
        self.overwrite || self.force
    }

    /// True if cached captions are requested again.
    pub(crate) fn refreshes(&self) -> bool {
        self.refresh || self.force
    }
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
#[expect(clippy::doc_markdown, reason = "the comments are the text of --help")]
pub(crate) struct ServiceArgs {
    /// The model to ask
    #[arg(short, long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    #[arg(env = "CAPTION_MODEL", hide_env_values = true, default_value_t = ClientOptions::default().model)]
    pub(crate) model: String,

    /// Where the service is, with or without /v1
    #[arg(long, value_name = "URL")]
    #[arg(env = "AIMLAPI_BASE_URL", hide_env_values = true, default_value_t = ClientOptions::default().base_url)]
    pub(crate) base_url: String,

    /// How the server takes sound: aimlapi (a data URL), openai (base64 and its format; OpenAI,
    /// OpenRouter, llama.cpp, SGLang) or vllm (audio_url); auto goes by the host and tries the
    /// others where a server refuses that
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = named(&DIALECTS))]
    #[arg(hide_possible_values = true)]
    pub(crate) dialect: DialectChoice,

    /// Read the key from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Cut the caption off after this many tokens
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) max_tokens: Option<u32>,

    /// Show the caption while it arrives; the default for one input on a terminal
    #[arg(long, overrides_with = "no_stream")]
    pub(crate) stream: bool,

    /// Wait for the whole caption
    #[arg(long, overrides_with = "stream")]
    pub(crate) no_stream: bool,

    /// Send the key over unencrypted http:// to a host that is not this machine
    #[arg(long)]
    pub(crate) allow_http: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "the comments are the text of --help")]
pub(crate) struct NetworkArgs {
    /// Make at most this many requests at a time; auto begins with 4 and finds how many help
    #[arg(short, long, value_name = "N|auto", default_value = "auto", value_parser = parse_jobs)]
    pub(crate) jobs: Jobs,

    /// Send no more requests than this, such as 5/s or 100/m
    #[arg(long, value_name = "N/s|N/m", value_parser = parse_rate)]
    pub(crate) rate: Option<Duration>,

    /// Try again this often where that may help
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) max_retries: u32,

    /// Give up a try after this long, such as 90s, connecting and uploading included
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub(crate) timeout: Duration,

    /// Give up connecting after this long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub(crate) connect_timeout: Duration,

    /// Wait this long for a service or network that fails for all inputs, then end; 0 ends at once
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = parse_outage)]
    pub(crate) outage: Duration,

    /// Go through this HTTP proxy [env: HTTPS_PROXY, and NO_PROXY for hosts that are excepted]
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,

    /// Trust the certificates of this file (PEM) too, beside the system's or those of SSL_CERT_FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AudioArgs {
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
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = named(&CONVERT))]
    pub(crate) convert: Convert,

    /// Decode by ffmpeg what cannot be decoded here: auto where it is on the PATH, never, or the
    /// program's path
    #[arg(long, value_name = "WHICH", default_value = "auto", value_parser = ffmpeg_parser())]
    #[arg(env = "CAPTION_FFMPEG", hide_env_values = true)]
    pub(crate) ffmpeg: FfmpegChoice,

    /// Send nothing of this size or more, counted in base64 (4/3 of the bytes); none for a server
    /// of your own
    #[arg(long, value_name = "SIZE", default_value = "10MB", value_parser = parse_max_upload)]
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
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = parse_checks)]
    pub(crate) check: Vec<AudioChecks>,

    /// Measure levels even if the manifest has them; rules of severity error always do
    #[arg(long)]
    pub(crate) remeasure: bool,

    /// Write a report beside the normal output: junit, sarif, html, or github (annotations in the
    /// log and a table in the job's summary); repeatable [default files: caption-report.xml,
    /// caption-report.sarif, caption-report.html]
    #[arg(long, value_name = "KIND[=FILE]", value_parser = report_parser())]
    pub(crate) report: Vec<ReportOption>,
}
