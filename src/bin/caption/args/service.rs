//! Options for the service and the network. The doc comments are the text of `--help`.

use std::path::PathBuf;
use std::time::Duration;

use caption::ClientOptions;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, value_parser};

use super::values::{DIALECTS, DialectChoice, named, parse_duration, parse_rate};

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
    /// Make this many requests at a time
    #[arg(short, long, value_name = "N", default_value = "4")]
    #[arg(value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: u16,

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

    /// Go through this HTTP proxy [env: HTTPS_PROXY, and NO_PROXY for hosts that are excepted]
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,

    /// Trust the certificates of this file (PEM) too, beside the system's or those of SSL_CERT_FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
}
