//! Costs: the limit, the estimate of a dry run, and the sum.

use serde_json::json;

use crate::harness::{assert_says, caption, json_reply, unconfigured};
use support::stand_in::{Reply, StandIn};

#[test]
fn a_run_stops_at_max_spend() {
    let stand_in = StandIn::always(|| paid(0.25));
    for jobs in ["1", "8"] {
        let before = stand_in.posts();
        let run =
            caption(&stand_in).clips("x", 20).args(["-j", jobs, "--max-spend", "1.10", "x"]).run();
        assert_eq!(run.code, 5, "{}", run.stderr);
        // Four are 1.00; a fifth would exceed the limit.
        assert_eq!(stand_in.posts() - before, 4, "-j {jobs}");
        assert_eq!(run.stdout.matches("Rain.").count(), 4);
        assert_says(
            &run.stderr,
            &["$1.0000 of $1.1000 is spent", "raise --max-spend", "4 captioned", "$1.00"],
        );
    }
}

#[test]
fn a_run_below_max_spend_ends_normally() {
    let stand_in = StandIn::always(|| paid(0.25));
    let run = caption(&stand_in).clips("x", 4).args(["-j", "4", "--max-spend", "$1", "x"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn cached_captions_cost_nothing() {
    let stand_in = StandIn::always(|| paid(0.25));
    let manifest = tempfile::NamedTempFile::new().unwrap();
    let run = |args: &[&str]| {
        let run = caption(&stand_in).clips("x", 4).args(args).arg("x").arg("--manifest");
        run.arg(manifest.path()).run()
    };
    run(&[]).ended(0);
    let again = run(&["--max-spend", "0.01"]);
    assert_says(&again.stderr, &["0 captioned · 4 cached"]);
    assert_eq!(again.code, 0);
}

#[test]
fn max_spend_needs_a_service_that_reports_costs() {
    let stand_in = StandIn::always(|| crate::harness::answer("Rain."));
    let run = caption(&stand_in).clips("x", 5).args(["-j1", "--max-spend", "1", "x"]).run();
    assert_eq!(run.code, 5);
    assert_eq!(stand_in.posts(), 1);
    assert_says(&run.stderr, &["the service reports no cost"]);
}

#[test]
fn billed_responses_without_a_caption_count_as_spent() {
    let empty = || {
        json_reply(
            200,
            &json!({
                "choices": [{ "message": { "content": "" }, "finish_reason": "stop" }],
                "meta": { "usage": { "usd_spent": 0.25 } },
            }),
        )
    };
    let stand_in = StandIn::always(empty);
    let run = caption(&stand_in).clips("x", 40).args(["-j1", "--max-spend", "1", "x"]).run();
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert_eq!(stand_in.posts(), 4);
    assert_says(&run.stderr, &["$1.0000 of $1.0000 is spent", "0 captioned · ", "$1.00"]);
    let stand_in = StandIn::always(|| Reply::status(200).body("text/html", "<html>"));
    let run = caption(&stand_in).clips("x", 5).args(["-j1", "--max-spend", "1", "x"]).run();
    assert_eq!((run.code, stand_in.posts()), (5, 1), "{}", run.stderr);
}

#[test]
fn prices_are_looked_up_once_and_only_for_a_limit() {
    let methods = |args: &[&str]| {
        let stand_in = StandIn::start();
        caption(&stand_in).clips("x", 3).args(args).arg("x").run().ended(0);
        stand_in.requests().into_iter().map(|request| request.method).collect::<Vec<_>>()
    };
    assert_eq!(methods(&["--max-spend", "1"]), ["GET", "POST", "POST", "POST"]);
    assert_eq!(methods(&[]), ["POST", "POST", "POST"]);
}

#[test]
fn a_url_counts_as_the_longest_audio_that_the_service_takes() {
    let stand_in = StandIn::start();
    let args = ["--max-spend", "0.05", "--max-tokens", "100", "https://sounds.example.com/a.mp3"];
    let stderr = caption(&stand_in).args(args).run().failed(5);
    // 40 minutes at 12.5 tokens a second and 3.81 USD for a million.
    assert_says(&stderr, &["of up to $0.1146, whose length is unknown", "--inline"]);
    assert_eq!(stand_in.posts(), 0);
}

#[test]
fn max_spend_must_be_an_amount() {
    for bad in ["0", "-1", "lots", "inf"] {
        let run = unconfigured().args([&format!("--max-spend={bad}"), "a.wav"]).run();
        assert_says(&run.failed(2), &["US dollars, such as 0.50"]);
    }
}

#[test]
fn a_dry_run_lists_inputs_without_key_or_requests() {
    let stand_in = StandIn::scripted([prices()]);
    let run = unconfigured().env("AIMLAPI_BASE_URL", stand_in.base_url());
    let run = run.clips("x", 2).data_file("tone.mp3").file("x/same.wav", crate::harness::clip(0));
    let run = run.args(["--dry-run", "x", "tone.mp3", "https://example.com/a.mp3"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_says(lines[0], &["0.25 s", "5.4 kB", "13 tokens", "new", "x/000.wav"]);
    assert_says(lines[2], &["0.25 s", "duplicate", "x/same.wav"]);
    assert_says(lines[3], &["0.58 s", "tokens", "new", "tone.mp3"]);
    assert_says(lines[4], &["-", "25 B", "new", "https://example.com/a.mp3"]);
    assert_says(&run.stderr, &["5 inputs · 4 requests · ", " · 39 tokens of audio"]);
    assert_says(&run.stderr, &["1 input of unknown length"]);
    // Per million tokens: 39 at 4 USD, and four captions of 400 at 3 USD.
    assert_says(
        &run.stderr,
        &["at least $0.004956: $0.000156 for the audio and $0.004800 for captions"],
    );
    let request = stand_in.request();
    assert_eq!(request.method, "GET");
    assert_eq!(
        request.path,
        "/v1/models?id=alibaba%2Fqwen3-omni-30b-a3b-captioner&include=pricing"
    );
    assert_eq!(request.header("authorization"), None);
}

#[test]
fn a_dry_run_reports_cached_and_skipped_inputs() {
    let stand_in = StandIn::start();
    let manifest = tempfile::NamedTempFile::new().unwrap();
    let run = || caption(&stand_in).clips("x", 3).file("x/002.txt", "mine");
    run().args(["-q", "x/000.wav", "--manifest"]).arg(manifest.path()).run().ended(0);
    let run = run().args(["--dry-run", "--sidecar", "x", "--manifest"]).arg(manifest.path()).run();
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_says(lines[0], &["cached", "x/000.wav"]);
    assert_says(lines[1], &["new", "x/001.wav"]);
    assert_says(lines[2], &["skipped", "x/002.wav"]);
    assert_says(&run.stderr, &["3 inputs · 1 request · "]);
}

#[test]
fn a_dry_run_without_a_price_reports_tokens() {
    for reply in [Reply::status(404), json_reply(200, &json!({ "data": [] })), Reply::raw("junk")] {
        let stand_in = StandIn::scripted([reply]);
        let run = caption(&stand_in).data_file("tone.wav").args(["--dry-run", "tone.wav"]).run();
        assert_eq!(run.code, 0);
        assert_says(&run.stderr, &["no price known for alibaba/", "tokens only"]);
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let stand_in = StandIn::scripted([prices()]);
    let mut run = caption(&stand_in).data_file("tone.wav");
    run = run.args(["--dry-run", "--output-dir", "out", "--manifest", "m.jsonl", "tone.wav"]);
    let folder = run.folder().to_owned();
    crate::harness::finish(run.spawn()).ended(0);
    let left: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["tone.wav"]);
}

#[test]
fn a_dry_run_keeps_the_output_of_the_last_run() {
    let stand_in = StandIn::scripted([prices()]);
    let mut run = caption(&stand_in).data_file("tone.wav").file("out.txt", "old");
    run = run.args(["--dry-run", "-o", "out.txt", "tone.wav"]);
    let ended = crate::harness::finish(run.spawn());
    assert_says(&ended.stdout, &["new", "tone.wav"]);
    assert_eq!(std::fs::read_to_string(run.folder().join("out.txt")).unwrap(), "old");
}

#[test]
fn an_offline_dry_run_requests_no_price() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav").file("m", "");
    let run = run.args(["--dry-run", "--offline", "--manifest", "m", "tone.wav"]).run();
    assert_says(&run.stdout, &["not cached", "tone.wav"]);
    assert_says(&run.stderr, &["1 input · 0 requests"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_dry_run_reports_inputs_that_would_fail() {
    let stand_in = StandIn::scripted([]);
    let run = caption(&stand_in).file("a.wav", "text").args(["--dry-run", "a.wav"]).run();
    assert_says(&run.stderr, &["not audio but text: a.wav"]);
    assert_eq!(run.code, 3);
}

fn paid(usd: f64) -> Reply {
    json_reply(
        200,
        &json!({
            "choices": [{ "message": { "content": "Rain." }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 21, "completion_tokens": 40, "total_tokens": 61 },
            "meta": { "usage": { "usd_spent": usd, "credits_used": 1 } },
        }),
    )
}

fn prices() -> Reply {
    let unit = |content: &str, origin: &str, price: f64| json!({ "name": "token", "content": content, "origin": origin, "price": price, "per": 1e6 });
    json_reply(
        200,
        &json!({ "data": [{
        "id": "alibaba/qwen3-omni-30b-a3b-captioner",
        "pricing": { "units": [unit("audio", "provided", 4.0), unit("text", "generated", 3.0)] },
    }] }),
    )
}
