//! Options for the inputs and their audio. The doc comments are the text of `--help`.

use std::path::PathBuf;
use std::time::Duration;

use caption::Convert;
use clap::Args;

use super::values::{CONVERT, MaxUpload, named, parse_max_upload, parse_window};
use crate::shard::Shard;

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

    /// Send nothing of this size or more, counted in base64 (4/3 of the bytes); none for a server
    /// of your own
    #[arg(long, value_name = "SIZE", default_value = "10MB", value_parser = parse_max_upload)]
    pub(crate) max_upload: MaxUpload,
}
