//! The library as other programs use it.

use std::sync::{Arc, Mutex};

use caption::{
    ApiKey, Audio, Captioner, CaptionerOptions, Client, ClientOptions, Clip, Dialect, Effect,
    Error, ErrorKind, Event, Input, Observer,
};

use crate::harness::{assert_says, data_path};
use crate::skipped_tests::skip;
use futures_util::{StreamExt, stream};
use support::stand_in::{KEY, Reply, StandIn};

fn options(stand_in: &StandIn) -> ClientOptions {
    let mut options = ClientOptions::default();
    options.base_url = stand_in.base_url();
    options
}

#[tokio::test]
async fn a_clip_is_captioned_with_all_details() {
    let stand_in = StandIn::start();
    let client = Client::new(ApiKey::new(KEY).unwrap(), options(&stand_in)).unwrap();
    let clip = Clip::open(data_path("tone.wav")).unwrap();
    assert_eq!(clip.len(), 4044);
    let format = clip.format().clone();
    assert_eq!((format.container.as_str(), format.sample_rate), ("wav", Some(8000)));
    assert_eq!((format.channels, format.seconds), (Some(1), Some(0.25)));

    let answer = client.caption(&Audio::Clip(clip), &Observer::none()).await.unwrap();
    assert_says(&answer.caption, &["near 1000 Hz"]);
    assert_eq!(answer.usage.unwrap().prompt_tokens, 21);
    assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
    assert_eq!(answer.request_id.as_deref(), Some("stand-in-request"));
    assert_eq!(answer.attempts, 1);
    assert!(answer.usd.unwrap() > 0.0 && answer.elapsed.as_nanos() > 0 && answer.body.is_some());
}

#[tokio::test]
async fn a_file_is_prepared_for_the_dialect_of_the_server_and_clones_share_it() {
    let stand_in = StandIn::start();
    let options = ClientOptions::default().base_url(stand_in.url("openai/v1")).max_tokens(500);
    let client = Client::new(ApiKey::new(KEY).unwrap(), options).unwrap();
    let answer = client.clone().caption_file(data_path("tones/adts.aac")).await.unwrap();
    assert_eq!((answer.attempts, client.dialect()), (2, Dialect::OpenAi));
    let answer = client.caption_file(data_path("tone.mp3")).await.unwrap();
    assert_eq!(answer.attempts, 1);
    let error = client.caption_file("README.md").await.unwrap_err();
    assert!(matches!(error, Error::NotAudio { .. }), "{error:?}");
    let formats = stand_in.requests().into_iter().map(|request| {
        let json = request.json();
        json["messages"][0]["content"][0]["input_audio"]["format"].as_str().map(str::to_owned)
    });
    let formats: Vec<_> = formats.collect();
    assert_eq!(formats, [None, Some("wav".to_owned()), Some("mp3".to_owned())]);
}

#[tokio::test]
async fn streamed_pieces_add_up_to_the_caption() {
    let stand_in = StandIn::start();
    let mut options = options(&stand_in);
    options.stream = true;
    let client = Client::new(ApiKey::new(KEY).unwrap(), options).unwrap();
    let text = Arc::new(Mutex::new(String::new()));
    let received = text.clone();
    let watch = Observer::new(move |event| {
        if let Event::Text(piece) = event {
            received.lock().unwrap().push_str(&piece);
        }
    });
    let clip = Audio::Clip(Clip::open(data_path("tone.wav")).unwrap());
    let answer = client.caption(&clip, &watch).await.unwrap();
    assert_eq!(answer.body, None);
    assert_eq!(*text.lock().unwrap(), answer.caption);
}

#[tokio::test]
async fn the_cache_key_holds_the_requested_model() {
    let stand_in = StandIn::start();
    let mut options = options(&stand_in);
    options.model = "another".to_owned();
    options.max_tokens = Some(500);
    let client = Client::new(ApiKey::new(KEY).unwrap(), options).unwrap();
    let captioner = Captioner::new(CaptionerOptions::default()).with_client(client);
    let input = Input::parse(data_path("tone.wav").as_os_str()).unwrap();
    let outcome = captioner.caption(input, &Observer::none()).await;
    let cache_key = outcome.cache_key.unwrap();
    assert_eq!((cache_key.model.as_str(), cache_key.max_tokens), ("another", Some(500)));
    assert_eq!(stand_in.request().json()["model"], "another");
}

#[tokio::test]
async fn a_captioner_can_be_sent_to_a_task() {
    let stand_in = StandIn::start();
    let options = options(&stand_in);
    let client = Client::new(ApiKey::new(KEY).unwrap(), options).unwrap();
    let captioner = Captioner::new(CaptionerOptions::default()).with_client(client);
    let outcome = tokio::spawn(async move {
        let input = Input::parse("nowhere.wav").unwrap();
        captioner.caption(input, &Observer::none()).await
    });
    let outcome = outcome.await.unwrap();
    assert_eq!(outcome.name, "nowhere.wav");
    let error = outcome.error().unwrap();
    assert!(matches!(error, Error::Unreadable(_)), "{error:?}");
    assert_eq!((error.kind(), error.effect()), (ErrorKind::Input, Effect::FailInput));
    assert_eq!(error.kind().to_string(), "input");
}

#[test]
fn the_examples_run() {
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_caption")).parent().unwrap();
    let stand_in = StandIn::start();
    for (name, clips, words) in [
        ("one_file", vec!["tone.wav"], vec!["near 1000 Hz"]),
        ("stream", vec!["tone.wav"], vec!["near 1000 Hz", "\n("]),
        ("folder", vec!["."], vec!["tone.mp3: Stand-in", "tone.wav: Stand-in"]),
    ] {
        let example = folder.join("examples").join(name);
        if !example.exists() {
            skip(&format!("the example {name} is not built; cargo test builds it"));
            continue;
        }
        let run = crate::harness::caption(&stand_in).data_file("tone.wav").data_file("tone.mp3");
        let mut command = std::process::Command::new(example);
        command.args(clips).current_dir(run.folder()).env_clear();
        command.env("AIMLAPI_KEY", KEY).env("AIMLAPI_BASE_URL", stand_in.base_url());
        let output = command.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_says(&printed, &words);
    }
}

#[tokio::test]
async fn a_refused_key_stops_a_batch_of_the_library() {
    let refusal = || Reply::status(401).body("application/json", r#"{"message":"Invalid key"}"#);
    let stand_in = StandIn::always(refusal);
    let client = Client::new(ApiKey::new(KEY).unwrap(), options(&stand_in)).unwrap();
    let captioner = Captioner::new(CaptionerOptions::default().jobs(2)).with_client(client);
    let inputs = (0..20).map(|_| Ok(Input::parse(data_path("tone.wav")).unwrap()));
    let outcomes = captioner.caption_all(stream::iter(inputs), &Observer::none());
    let outcomes: Vec<_> = outcomes.collect().await;
    let requests = stand_in.requests().len();
    assert!((1..=3).contains(&requests), "{requests} requests");
    assert_eq!(outcomes.len(), 20);
    let (not_tried, refused): (Vec<_>, Vec<_>) =
        outcomes.iter().partition(|outcome| outcome.is_not_tried());
    assert_eq!((refused.len(), not_tried.len()), (requests, 20 - requests));
    assert!(refused.iter().all(|outcome| outcome.error().unwrap().effect() == Effect::StopRun));
}
