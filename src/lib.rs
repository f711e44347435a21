//! Asks a chat-completions service what a recording sounds like.
//!
//! The service is [AI/ML API](https://aimlapi.com) with the model
//! `alibaba/qwen3-omni-30b-a3b-captioner`, or a server that takes sound in the same way. The model
//! takes no prompt: one recording in, one description in English out.
//!
//! One recording at hand takes a [`Clip`](audio::Clip), a [`Client`](client::Client) and a key:
//!
//! ```no_run
//! use caption::audio::{Clip, UploadOptions, prepare};
//! use caption::client::{ApiKey, Audio, Client, Options};
//! use caption::progress::Observer;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let key = ApiKey::new(&std::env::var("AIMLAPI_KEY")?)?;
//! let client = Client::new(key, Options::default())?;
//!
//! let song = prepare(&Clip::open("song.flac")?, &UploadOptions::default())?;
//! let answer = client.caption(&Audio::Clip(song.clip), &Observer::none()).await?;
//! println!("{}", answer.caption);
//! # Ok(())
//! # }
//! ```
//!
//! What can be told without asking anybody is told of any file, and what is wrong with one is an
//! [`Error`](error::Error) with a stable [`ErrorKind`](error::ErrorKind):
//!
//! ```
//! use caption::audio::{Clip, measure};
//! use caption::error::{Effect, ErrorKind};
//!
//! let bell = Clip::open("examples/audio/doorbell.mp3")?;
//! assert_eq!(bell.format().container, "mp3");
//! let levels = measure(&bell)?.levels.expect("MP3 can be decoded here");
//! assert!(levels.peak_dbfs.is_some_and(|peak| peak < 0.0));
//!
//! let error = Clip::open("README.md").unwrap_err();
//! assert_eq!((error.kind(), error.effect()), (ErrorKind::Input, Effect::FailInput));
//! # Ok::<(), caption::error::Error>(())
//! ```
//!
//! The parts, from the bottom up:
//!
//! - [`audio`] opens a file, refuses what is not sound, converts what the service may not take,
//!   cuts what is long, and measures.
//! - [`client`] sends it and reads the answer; the only part that knows HTTP and the key.
//! - [`input`] finds inputs: files, folders, globs, lists, URLs, standard input.
//! - [`captioner`] takes an input to an [`outcome`], with what a [`manifest`] knows and a
//!   [`budget`] allows.
//! - [`batch`] does that for many inputs, in their order.
//! - [`rules`] says what a sound and its caption have to keep, and makes the findings.
//! - [`progress`] reports the events of a request; [`error`] of what went wrong.
//!
//! [`client::Client`] is for one recording at hand, [`captioner::Captioner`] for whatever people
//! name, and [`batch::run`] with it for many; the example `folder` puts them together. All of it
//! runs on tokio. What is `#[non_exhaustive]` is made with `default()` and changed field by field:
//! there will be more fields.
//!
//! Nothing here prints or reads the environment, but for the proxy variables and certificates
//! that the HTTP client looks up as every other does.

// In the order of the floors: a module uses only those above it.
pub mod text;

pub mod error;

mod blocking;
mod hash;
mod platform;
pub mod shutdown;

pub mod audio;

pub mod budget;
pub mod progress;
pub mod rules;

pub mod input;

pub mod client;
pub mod outcome;

pub mod batch;

pub mod manifest;

pub mod captioner;
