//! Shows a caption while it arrives:
//!
//!     AIMLAPI_KEY=... cargo run --example stream song.mp3

#![allow(clippy::print_stdout, reason = "an example talks to people")]

use std::io::Write;

use anyhow::Context;
use caption::audio::{Clip, UploadOptions, prepare};
use caption::client::{ApiKey, Audio, Client, ClientOptions};
use caption::progress::{Event, Observer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1).context("name a file")?;
    let key = ApiKey::new(&std::env::var("AIMLAPI_KEY").context("set AIMLAPI_KEY")?)?;
    let mut options = ClientOptions::default();
    options.stream = true;
    if let Ok(url) = std::env::var("AIMLAPI_BASE_URL") {
        options.base_url = url;
    }

    let watch = Observer::new(|event| {
        if let Event::Text(text) = event {
            print!("{text}");
            let _ = std::io::stdout().flush();
        }
    });
    let sound = prepare(&Clip::open(path)?, &UploadOptions::default())?;
    let answer = Client::new(key, options)?.caption(&Audio::Clip(sound.clip), &watch).await?;
    println!("\n({:.1} s)", answer.elapsed.as_secs_f64());
    Ok(())
}
