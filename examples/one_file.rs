//! Captions one file:
//!
//!     AIMLAPI_KEY=... cargo run --example one_file song.mp3

#![allow(clippy::print_stdout, reason = "an example talks to people")]

use caption::{ApiKey, Client, ClientOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a file")?;
    let key = ApiKey::new(&std::env::var("AIMLAPI_KEY")?)?;
    let mut options = ClientOptions::default();
    if let Ok(url) = std::env::var("AIMLAPI_BASE_URL") {
        options.base_url = url;
    }
    let answer = Client::new(key, options)?.caption_file(path).await?;
    println!("{}", answer.caption);
    Ok(())
}
