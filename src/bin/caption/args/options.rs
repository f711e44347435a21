//! Options of the command line, in the groups of `--help`. The doc comments are its text.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use caption::{ClientOptions, Convert};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueHint, value_parser};

use super::times::{parse_duration, parse_outage, parse_rate, parse_window};
use super::values::{
    AudioChecks, CONVERT, DIALECTS, DialectChoice, FORMATS, FfmpegChoice, Jobs, MaxUpload,
    ReportOption, checks_parser, ffmpeg_parser, named, parse_jobs, parse_max_upload, parse_usd,
    report_parser,
};
use crate::inputs::Shard;
use crate::render::FormatKind;
use crate::render::sidecar::Sidecars;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are")]
pub(crate) struct SearchArgs {
    /// Read inputs from FILE, one per line, # for comments; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,

    /// Inputs in --files-from are separated by NUL, as from find -print0
    #[arg(short = '0', long, requires = "files_from")]
    pub(crate) null: bool,

    /// Search hidden files and folders too
    #[arg(long)]
    pub(crate) hidden: bool,

    /// Follow symbolic links that lead out of the searched folder
    #[arg(long)]
    pub(crate) follow: bool,

    /// Don't respect .gitignore and .ignore files
    #[arg(long)]
    pub(crate) no_ignore: bool,

    /// Exclude matching files from folders and globs; repeatable
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Caption only part K of N; the name of an input decides its part
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<Shard>,

    /// Exit 0 if no input is found
    #[arg(long)]
    pub(crate) allow_empty: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Output format: text, json (raw response), jsonl or csv (records), srt or vtt (subtitles,
    /// best with --window); repeatable with --sidecar
    #[arg(id = "format", short, long, value_name = "FORMAT", default_value = "text")]
    #[arg(value_parser = named(&FORMATS), ignore_case = true, hide_possible_values = true)]
    pub(crate) formats: Vec<FormatKind>,

    /// Same as --format json
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,

    /// Write the output to FILE atomically, in place of standard output
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["sidecar", "output_dir"])]
    pub(crate) output: Option<PathBuf>,

    /// Write each caption to a file beside its audio and print nothing; an existing file is kept
    /// and its input skipped [default pattern: {stem}.{ext}]
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = Sidecars::DEFAULT_PATTERN)]
    pub(crate) sidecar: Option<String>,

    /// Write sidecars to DIR, in the same tree as the inputs
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output_dir: Option<PathBuf>,

    /// Write only the first N sentences of each caption; of each window with --window; the manifest
    /// keeps all
    #[arg(long, value_name = "N")]
    pub(crate) sentences: Option<NonZeroUsize>,

    /// Put TEXT before every caption
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) prepend: String,

    /// Put TEXT after every caption
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) append: String,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are")]
pub(crate) struct CacheArgs {
    /// Keep captions in FILE (JSON Lines) and reuse them
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,

    /// Use cached captions only; never contact the service
    #[arg(long, requires = "manifest")]
    pub(crate) offline: bool,

    /// Rewrite existing sidecars from the manifest, free of charge
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Request cached captions again; they are billed again
    #[arg(long, conflicts_with = "offline")]
    pub(crate) refresh: bool,

    /// Same as --overwrite --refresh
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
    /// List the inputs and their estimated cost; send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Stop before the run costs more than this, in US dollars
    #[arg(long, value_name = "USD", value_parser = parse_usd)]
    pub(crate) max_spend: Option<f64>,
}

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "the comments are the text of --help")]
pub(crate) struct ServiceArgs {
    /// Model to request
    #[arg(short, long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    #[arg(env = "CAPTION_MODEL", hide_env_values = true, default_value_t = ClientOptions::default().model)]
    pub(crate) model: String,

    /// URL of the service, with or without /v1
    #[arg(long, value_name = "URL")]
    #[arg(env = "AIMLAPI_BASE_URL", hide_env_values = true, default_value_t = ClientOptions::default().base_url)]
    pub(crate) base_url: String,

    /// Request format of the server: aimlapi (data URL), openai (base64 and format; OpenRouter,
    /// llama.cpp and SGLang too) or vllm (audio_url); auto starts from the host name and tries the
    /// others if the server refuses it
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = named(&DIALECTS))]
    #[arg(hide_possible_values = true)]
    pub(crate) dialect: DialectChoice,

    /// Read the API key from FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Limit each caption to N tokens; a longer one is cut
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) max_tokens: Option<u32>,

    /// Print the caption while it arrives; the default for one input on a terminal
    #[arg(long, overrides_with = "no_stream")]
    pub(crate) stream: bool,

    /// Wait for the complete caption
    #[arg(long, overrides_with = "stream")]
    pub(crate) no_stream: bool,

    /// Allow sending the key over unencrypted http:// to another machine
    #[arg(long)]
    pub(crate) allow_http: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "the comments are the text of --help")]
pub(crate) struct NetworkArgs {
    /// Send at most N requests at a time; auto starts with 4 and finds the best number
    #[arg(short, long, value_name = "N|auto", default_value = "auto", value_parser = parse_jobs)]
    pub(crate) jobs: Jobs,

    /// Limit the request rate, such as 5/s or 100/m
    #[arg(long, value_name = "N/s|N/m", value_parser = parse_rate)]
    pub(crate) rate: Option<Duration>,

    /// Retry a failed request up to N times
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) max_retries: u32,

    /// Time limit of one attempt, such as 90s, connecting and uploading included
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub(crate) timeout: Duration,

    /// Time limit for connecting
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub(crate) connect_timeout: Duration,

    /// Wait this long while the service or network fails for all inputs, then stop; 0 stops at once
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = parse_outage)]
    pub(crate) outage: Duration,

    /// Use this HTTP proxy [env: HTTPS_PROXY; NO_PROXY lists exceptions]
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,

    /// Trust the CA certificates in this PEM file too
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AudioArgs {
    /// Download URLs here and upload their bytes; automatic for URLs that only this machine can
    /// reach, for servers that fetch none, and with --window, srt and vtt
    #[arg(long)]
    pub(crate) inline: bool,

    /// Split long audio into windows of about this length, such as 30s, cut at quiet points, and
    /// caption each
    #[arg(long, value_name = "DURATION", value_parser = parse_window)]
    pub(crate) window: Option<Duration>,

    /// Caption audio track N of files with several, counted from 1, in place of the default track
    #[arg(long, value_name = "N")]
    pub(crate) track: Option<NonZeroUsize>,

    /// When to convert audio to 16 kHz mono WAV; auto uploads MP3, AAC, AMR and 3GP unchanged if
    /// they fit
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = named(&CONVERT))]
    pub(crate) convert: Convert,

    /// Decoder for formats that are not decoded here: auto uses ffmpeg if it is on the PATH; never, or
    /// the path of the program
    #[arg(long, value_name = "WHICH", default_value = "auto", value_parser = ffmpeg_parser())]
    #[arg(env = "CAPTION_FFMPEG", hide_env_values = true)]
    pub(crate) ffmpeg: FfmpegChoice,

    /// Refuse uploads of this size or more, counted in base64 (4/3 of the bytes); none removes the
    /// limit
    #[arg(long, value_name = "SIZE", default_value = "10MB", value_parser = parse_max_upload)]
    pub(crate) max_upload: MaxUpload,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Report captions that match this regular expression (case-insensitive); repeatable
    #[arg(long, value_name = "REGEX")]
    pub(crate) deny: Vec<String>,

    /// Report captions that don't match this regular expression; repeatable
    #[arg(long, value_name = "REGEX")]
    pub(crate) require: Vec<String>,

    /// Check the audio before it is uploaded: silence, clipping, duration, channels, rate,
    /// loudness, decodes, or all
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = checks_parser())]
    #[arg(hide_possible_values = true)]
    pub(crate) check: Vec<AudioChecks>,

    /// Measure levels again even if the manifest has them; rules of severity error always do
    #[arg(long)]
    pub(crate) remeasure: bool,

    /// Write a report: junit, sarif, html, or github (log annotations and a job summary);
    /// repeatable [default files: caption-report.xml, caption-report.sarif, caption-report.html]
    #[arg(long, value_name = "KIND[=FILE]", value_parser = report_parser())]
    #[arg(hide_possible_values = true)]
    pub(crate) report: Vec<ReportOption>,
}
