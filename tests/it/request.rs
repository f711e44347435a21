//! The request, as the service documents it.

use serde_json::json;

use crate::harness::{answer, assert_says, caption, caption_tone, data_path, finish};
use crate::process_monitor::ProcessMonitor;
use support::stand_in::{KEY, Reply, StandIn};

#[test]
fn the_request_has_only_documented_fields() {
    let stand_in = StandIn::start();
    caption_tone(&stand_in, &[]).captioned();
    let request = stand_in.request();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/chat/completions"));
    let mut json = request.json();
    let data = json["messages"][0]["content"][0]["input_audio"]["data"].take();
    assert!(data.as_str().unwrap().starts_with("data:;base64,UklGR"), "{data}");
    assert_eq!(
        json,
        json!({
            "model": "alibaba/qwen3-omni-30b-a3b-captioner",
            "messages": [{ "role": "user", "content": [
                { "type": "input_audio", "input_audio": { "data": null } }
            ] }],
        })
    );
}

#[test]
fn headers_carry_key_length_and_user_agent() {
    let stand_in = StandIn::start();
    caption_tone(&stand_in, &[]).captioned();
    let request = stand_in.request();
    assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let length = request.body.len().to_string();
    assert_eq!(request.header("content-length"), Some(length.as_str()));
    let version = concat!("caption/", env!("CARGO_PKG_VERSION"));
    assert_eq!(request.header("user-agent"), Some(version));
}

#[test]
fn every_request_has_a_unique_valid_id() {
    let stand_in = StandIn::scripted([Reply::status(503).header("retry-after", "0")]);
    caption_tone(&stand_in, &["-q"]).captioned();
    let ids: Vec<_> = stand_in
        .requests()
        .iter()
        .map(|request| request.header("x-client-request-id").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    for id in ids {
        assert!((1..=128).contains(&id.len()), "{id}");
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || "._:-".contains(c)), "{id}");
    }
}

#[test]
fn option_or_environment_set_the_model() {
    let stand_in = StandIn::start();
    let env = |run: crate::harness::Caption| run.env("CAPTION_MODEL", "from-environment");
    env(caption(&stand_in)).arg(data_path("tone.wav")).run().captioned();
    let args = ["-m", "from-\"option\" data:;base64,"];
    env(caption(&stand_in)).args(args).arg(data_path("tone.wav")).run().captioned();
    let models: Vec<_> =
        stand_in.requests().iter().map(|request| request.json()["model"].clone()).collect();
    assert_eq!(models, ["from-environment", "from-\"option\" data:;base64,"]);
}

#[test]
fn the_base_url_works_with_and_without_v1() {
    let stand_in = StandIn::start();
    let root = stand_in.url("");
    for url in [root.trim_end_matches('/'), &root, &stand_in.base_url()] {
        caption_tone(&stand_in, &["--base-url", url]).captioned();
    }
    assert!(stand_in.requests().iter().all(|request| request.path == "/v1/chat/completions"));
}

#[test]
fn max_tokens_is_sent_only_on_demand() {
    let stand_in = StandIn::start();
    caption_tone(&stand_in, &["--max-tokens", "50"]).captioned();
    assert_eq!(stand_in.request().json()["max_tokens"], 50);
}

#[test]
fn a_stream_is_requested_with_its_usage() {
    let stand_in = StandIn::start();
    caption_tone(&stand_in, &["--stream"]).captioned();
    let json = stand_in.request().json();
    assert_eq!(json["stream"], true);
    assert_eq!(json["stream_options"], json!({ "include_usage": true }));
}

#[test]
fn a_url_is_passed_on_for_the_service_to_fetch() {
    let stand_in = StandIn::start();
    let url = "https://cdn.example.com/a%20b.mp3?sig=x%2By&n=1";
    let caption = caption(&stand_in).arg(url).run().captioned();
    assert_says(&caption, &[url]);
    let json = stand_in.request().json();
    assert_eq!(json["messages"][0]["content"][0]["input_audio"]["data"], url);
}

#[test]
fn content_length_is_exact_for_any_size() {
    // Sizes around the block size, with every padding of base64.
    let block = 384 * 1024;
    for len in [100, 101, 102, block - 1, block, block + 1, 2 * block + 2] {
        let mut wav = std::fs::read(data_path("tone.wav")).unwrap();
        wav.resize(len.max(60), 7);
        let stand_in = StandIn::scripted([answer("Fine.")]);
        caption(&stand_in)
            .file("a.wav", &wav)
            .args(["-q", "--convert", "never", "a.wav"])
            .run()
            .captioned();
        let request = stand_in.request();
        let sent = request.json()["messages"][0]["content"][0]["input_audio"]["data"].clone();
        assert_eq!(sent, format!("data:;base64,{}", base64(&wav)), "{len} bytes");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_file() {
    let peak = |megabytes: u64| {
        let stand_in = StandIn::scripted([answer("Large.").discard_body()]);
        let mut run = caption(&stand_in).data_file("tone.wav");
        let path = run.folder().join("tone.wav");
        let file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.set_len(megabytes * 1_000_000).unwrap();
        run = run.args(["--max-upload", "none", "--convert", "never", "tone.wav"]);
        let child = run.spawn();
        let monitor = ProcessMonitor::start(&child, KEY);
        finish(child).captioned();
        monitor.end().0 / 1000
    };
    let (small, large) = (peak(20), peak(200));
    assert!(large < small + 8, "{small} MB for 20 MB of sound, {large} MB for 200 MB");
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
