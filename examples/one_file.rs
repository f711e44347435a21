//! Captions one file:
//!
//!     AIMLAPI_KEY=... cargo run --example one_file song.mp3

#![allow(clippy::print_stdout, reason = "an example talks to people")]

use caption::audio::{Clip, UploadOptions, prepare};
use caption::client::{ApiKey, Audio, Client, Options};
use caption::progress::Observer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a file")?;
    let key = ApiKey::new(&std::env::var("AIMLAPI_KEY")?)?;
    let mut options = Options::default();
    if let Ok(url) = std::env::var("AIMLAPI_BASE_URL") {
        options.base_url = url;
    }

    let client = Client::new(key, options)?;
    let sound = prepare(&Clip::open(path)?, &UploadOptions::default())?;
    let answer = client.caption(&Audio::Clip(sound.clip), &Observer::none()).await?;
    println!("{}", answer.caption);
    Ok(())
}
