//! Audio captions from a chat-completions service.
//!
//! The service is [AI/ML API](https://aimlapi.com) with the model
//! `alibaba/qwen3-omni-30b-a3b-captioner`, or a server with a compatible API. The model takes no
//! prompt: it returns one description in English for one audio file.
//!
//! # One file
//!
//! [`Client::caption_file`] opens, converts and sends a file:
//!
//! ```no_run
//! use caption::{ApiKey, Client, ClientOptions};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let key = ApiKey::new(&std::env::var("AIMLAPI_KEY")?)?;
//! let client = Client::new(key, ClientOptions::default())?;
//! println!("{}", client.caption_file("song.flac").await?.caption);
//! # Ok(())
//! # }
//! ```
//!
//! # Many inputs
//!
//! [`Captioner`] captions files, URLs and standard input. It splits long files into windows, looks
//! captions up in a [`Manifest`], keeps a spending limit and checks [`Rule`]s. A failure is part of
//! the [`Outcome`]. Opening the manifest and searching folders block, and are done outside async
//! code here:
//!
//! ```no_run
//! use caption::{
//!     ApiKey, Captioner, CaptionerOptions, Client, ClientOptions, FolderSearch, Input, Manifest,
//!     Observer,
//! };
//! use futures_util::{StreamExt, stream};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = ApiKey::new(&std::env::var("AIMLAPI_KEY")?)?;
//! let captioner = Captioner::new(CaptionerOptions::default().jobs(8))
//!     .with_client(Client::new(key, ClientOptions::default())?)
//!     .with_cache(Manifest::open("captions.jsonl")?);
//! let inputs: Vec<_> = FolderSearch::default().expand(Input::parse("sfx")?)?.collect();
//!
//! tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//!     let mut outcomes = captioner.caption_all(stream::iter(inputs), &Observer::none());
//!     while let Some(outcome) = outcomes.next().await {
//!         match (outcome.answer(), outcome.error()) {
//!             (Some(answer), _) => println!("{}: {}", outcome.name, answer.caption),
//!             (None, Some(error)) => eprintln!("{}: {error}", outcome.name),
//!             (None, None) => {} // blocked by a rule
//!         }
//!     }
//! });
//! # Ok(())
//! # }
//! ```
//!
//! # Audio without a service
//!
//! [`Clip`] and [`measure`] need no network. An [`Error`] has a stable [`ErrorKind`] and an
//! [`Effect`]:
//!
//! ```
//! use caption::{Clip, Effect, ErrorKind, measure};
//!
//! let bell = Clip::open("examples/audio/doorbell.mp3")?;
//! assert_eq!(bell.format().container, "mp3");
//! let levels = measure(&bell)?.levels.expect("MP3 can be decoded");
//! assert!(levels.peak_dbfs.is_some_and(|peak| peak < 0.0));
//!
//! let error = Clip::open("README.md").unwrap_err();
//! assert_eq!((error.kind(), error.effect()), (ErrorKind::Input, Effect::FailInput));
//! # Ok::<(), caption::Error>(())
//! ```
//!
//! # Other formats
//!
//! The decoders of this library know the formats of most recordings. [`Ffmpeg`] is a program that
//! decodes others, if it is installed:
//!
//! ```no_run
//! use caption::{CaptionerOptions, Clip, Ffmpeg, measure};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = CaptionerOptions::default().ffmpeg(Ffmpeg::find());
//! let ffmpeg = Ffmpeg::at("/opt/ffmpeg/bin/ffmpeg")?;
//! let film = Clip::open_with("film.avi", &ffmpeg)?;
//! println!("{} by {:?}: {:?}", film.format(), film.decoder(), measure(&film)?.levels);
//! # Ok(())
//! # }
//! ```
//!
//! # Layers
//!
//! Each uses only those above it:
//!
//! 1. Errors: [`Error`].
//! 2. Audio: [`Clip`], conversion, windows, levels. No network.
//! 3. [`Client`], the only layer with HTTP and the key; inputs ([`Input`], [`FolderSearch`],
//!    [`read_list`], [`dedup`]); the [`Manifest`]; and [`Rule`]s.
//! 4. [`Captioner`]: one input to one [`Outcome`], and many of them.
//!
//! The library runs on tokio. It prints nothing, and the environment is read only for proxies,
//! certificates, the folder of temporary files, and ffmpeg. Options are created with `default()`, and changed
//! with their setters or field by field.
//!
//! The feature `cli`, on by default, builds the program. A library turns it off. Most users also
//! need these crates:
//!
//! ```toml
//! caption = { version = "0.1", default-features = false }
//! tokio = { version = "1", features = ["macros", "rt"] }
//! futures-util = "0.3" # StreamExt, for the outcomes of Captioner::caption_all
//! ```

mod encoding;
mod path_name;
mod sentences;
mod text;
mod url_name;

mod answer;
mod error;

mod glob;

mod descriptors;
mod platform;
mod shutdown;
mod text_file;

mod audio;

mod progress;

mod budget;

mod client;
mod input;

mod manifest;
mod rules;

mod outcome;

mod captioner;

pub use self::audio::{
    AudioFormat, AudioTrack, Clip, Convert, Ffmpeg, Levels, MAX_UPLOAD, SAMPLE_RATE, Sound,
    Truncation, UploadOptions, is_decoding, measure,
};
pub use self::budget::{Prices, Spending};
pub use self::captioner::{
    BLOCKING_STACK, Captioner, CaptionerOptions, Estimate, MAX_AUTO_JOBS, Run, blocking_threads,
};
#[cfg(fuzzing)]
#[doc(hidden)]
pub use self::client::receive;
pub use self::client::{Answer, ApiKey, Audio, Client, ClientOptions, Dialect, Usage, Window};
pub use self::encoding::decode_text;
pub use self::error::{
    Advice, ApiError, ApiErrorKind, Effect, Error, ErrorKind, OverBudget, Received, Setting,
    Shortfall,
};
pub use self::input::{
    FolderSearch, Input, InputError, Source, dedup, dedup_with_names, is_audio_name,
    leads_to_several, read_list,
};
pub use self::manifest::{CacheKey, Manifest};
pub use self::outcome::{Outcome, Status};
pub use self::path_name::path_name;
pub use self::progress::{Event, Observer};
pub use self::rules::{AudioCheck, Finding, Rule, Severity};
pub use self::sentences::first_sentences;
pub use self::shutdown::Shutdown;
pub use self::text::{duration, milliseconds, one_line, plain_path, sanitize, span};
pub use self::text_file::TextFile;
