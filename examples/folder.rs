//! Captions what is in a folder with the library, a few at a time, and keeps what it learns:
//!
//!     AIMLAPI_KEY=... cargo run --example folder sfx/

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to people")]

use std::path::Path;

use anyhow::Context;
use caption::batch;
use caption::captioner::{Captioner, CaptionerOptions};
use caption::client::{ApiKey, Client, Options};
use caption::input::{Input, Search};
use caption::manifest::Manifest;
use caption::manifest::cache::Cache;
use caption::progress::Observer;
use caption::shutdown::Shutdown;
use futures_util::{StreamExt, stream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).context("name a folder")?;
    let key = ApiKey::new(&std::env::var("AIMLAPI_KEY").context("set AIMLAPI_KEY")?)?;
    let mut options = Options::default();
    if let Ok(url) = std::env::var("AIMLAPI_BASE_URL") {
        options.base_url = url;
    }

    // What is known by its content is not asked again, in this run or the next.
    let memory = Cache::new(Manifest::open(Path::new("captions.jsonl"))?, false);
    let preparation = CaptionerOptions::default();
    let jobs = preparation.jobs;
    let captioner =
        Captioner::new(preparation).with_client(Client::new(key, options)?).with_cache(memory);

    let found = Search::default().expand_folder(Input::parse(&folder)?)?;
    let (stop, watch) = (Shutdown::new(), Observer::none());
    let outcomes =
        batch::run(stream::iter(found), jobs, &stop, |input| captioner.caption(input, &watch));
    let mut outcomes = std::pin::pin!(outcomes);
    while let Some(outcome) = outcomes.next().await {
        match (outcome.answer(), outcome.error()) {
            (Some(answer), _) => println!("{}: {}", outcome.name, answer.caption),
            (None, Some(error)) => eprintln!("{}: {error}", outcome.name),
            (None, None) => {}
        }
    }
    Ok(())
}
