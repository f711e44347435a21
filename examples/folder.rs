//! Captions the files in a folder, several at a time, and keeps the captions in a manifest:
//!
//!     AIMLAPI_KEY=... cargo run --example folder sfx/

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to people")]

use caption::{
    ApiKey, Captioner, CaptionerOptions, Client, ClientOptions, FolderSearch, Input, Manifest,
    Observer,
};
use futures_util::{StreamExt, stream};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Input::parse(std::env::args_os().nth(1).ok_or("name a folder")?)?;
    let key = ApiKey::new(&std::env::var("AIMLAPI_KEY")?)?;
    let mut options = ClientOptions::default();
    if let Ok(url) = std::env::var("AIMLAPI_BASE_URL") {
        options.base_url = url;
    }

    // Reading the manifest and the folder blocks: it is done outside the runtime.
    let captioner = Captioner::new(CaptionerOptions::default())
        .with_client(Client::new(key, options)?)
        .with_cache(Manifest::open("captions.jsonl")?);
    let inputs: Vec<_> = FolderSearch::default().expand(folder)?.collect();

    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut outcomes = captioner.caption_all(stream::iter(inputs), &Observer::none());
        while let Some(outcome) = outcomes.next().await {
            match (outcome.answer(), outcome.error()) {
                (Some(answer), _) => println!("{}: {}", outcome.name, answer.caption),
                (None, Some(error)) => eprintln!("{}: {error}", outcome.name),
                (None, None) => {}
            }
        }
    });
    Ok(())
}
