//! Captions one file with the library:
//!
//!     AIMLAPI_KEY=... cargo run --example one_file song.mp3

#![allow(clippy::print_stdout, reason = "an example talks to people")]

use std::path::PathBuf;

use anyhow::Context;
use caption::audio::{Clip, UploadOptions, prepare};
use caption::client::{ApiKey, Audio, Client, ClientOptions};
use caption::progress::Observer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let path: PathBuf = std::env::args_os().nth(1).context("name a file")?.into();
    let key = ApiKey::new(&std::env::var("AIMLAPI_KEY").context("set AIMLAPI_KEY")?)?;
    let mut options = ClientOptions::default();
    if let Ok(url) = std::env::var("AIMLAPI_BASE_URL") {
        options.base_url = url;
    }

    let client = Client::new(key, options)?;
    let sound = prepare(&Clip::open(&path)?, &UploadOptions::default())?;
    let answer = client.caption(&Audio::Clip(sound.clip), &Observer::none()).await?;
    println!("{}", answer.caption);
    Ok(())
}
