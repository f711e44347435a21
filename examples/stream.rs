//! Prints a caption while it arrives:
//!
//!     AIMLAPI_KEY=... cargo run --example stream song.mp3

#![allow(clippy::print_stdout, reason = "an example talks to people")]

use std::io::Write;

use caption::{
    ApiKey, Captioner, CaptionerOptions, Client, ClientOptions, Event, Input, Observer, Status,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let input = Input::parse(std::env::args_os().nth(1).ok_or("name a file")?)?;
    let key = ApiKey::new(&std::env::var("AIMLAPI_KEY")?)?;
    let mut options = ClientOptions::default();
    options.stream = true;
    if let Ok(url) = std::env::var("AIMLAPI_BASE_URL") {
        options.base_url = url;
    }

    let observer = Observer::new(|event| {
        if let Event::Text(text) = event {
            print!("{text}");
            let _ = std::io::stdout().flush();
        }
    });
    let captioner =
        Captioner::new(CaptionerOptions::default()).with_client(Client::new(key, options)?);
    match captioner.caption(input, &observer).await.status {
        Status::Captioned(answer) => println!("\n({:.1} s)", answer.elapsed.as_secs_f64()),
        Status::Failed(error) => return Err(error.into()),
        _ => {}
    }
    Ok(())
}
