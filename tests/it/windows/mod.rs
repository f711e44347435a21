//! Windows of long audio: requests and failures.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Caption, answer, assert_says, caption, finish, json_reply};
use support::audio::{samples, sine, wav};
use support::stand_in::{Gate, Reply, StandIn};

mod cache;
mod cuts;
mod output;

/// Returns a tone without pauses as 8-bit WAV.
fn tone(seconds: f64) -> Vec<u8> {
    let tone = sine(440.0);
    wav(8_000, 1, 8, &samples(8_000, seconds, |t| 0.5 * tone(t)))
}

fn caption_long(stand_in: &StandIn, seconds: f64) -> Caption {
    caption(stand_in).file("long.wav", tone(seconds)).args(["long.wav", "--window", "5s"])
}

/// Starts a stand-in whose captions are numbers in the order of the requests.
fn numbered_captions() -> StandIn {
    let served = AtomicUsize::new(0);
    StandIn::always(move || {
        answer(&format!("Sound {}.", served.fetch_add(1, Ordering::Relaxed) + 1))
    })
}

/// Returns start and end of each window of the only record.
fn spans(records: &[Value]) -> Vec<(f64, f64)> {
    let windows = records[0]["windows"].as_array().unwrap().iter();
    windows.map(|w| (w["start"].as_f64().unwrap(), w["end"].as_f64().unwrap())).collect()
}

#[test]
fn jobs_limits_concurrent_windows() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let stand_in = StandIn::always(move || answer("Rain.").held_by(&behind));
    let mut run = caption_long(&stand_in, 40.0).args(["-j", "3"]);
    let child = run.spawn();
    stand_in.wait_for_requests(3);
    gate.open();
    finish(child).captioned();
    assert_eq!(stand_in.requests().len(), 8);
    assert_eq!(stand_in.max_concurrent(), 3);
}

#[test]
fn windows_of_several_inputs_share_the_jobs() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let run = caption_long(&stand_in, 20.0).file("other.wav", tone(21.0)).args([
        "-q",
        "-j",
        "2",
        "other.wav",
    ]);
    run.run().captioned();
    assert_eq!(stand_in.requests().len(), 9);
    assert!(stand_in.max_concurrent() <= 2, "{}", stand_in.max_concurrent());
}

#[test]
fn a_transient_failure_retries_only_its_window() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        1 => Reply::status(503),
        _ => answer("Rain."),
    });
    let run = caption_long(&stand_in, 14.0).args(["-q", "-j", "1"]).run();
    assert_eq!(run.captioned().lines().count(), 3);
    assert_eq!(stand_in.requests().len(), 4);
}

#[test]
fn a_failure_that_ends_the_run_overrides_an_earlier_one() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        0 => json_reply(400, &json!({ "error": { "message": "no" } }))
            .delayed(Duration::from_millis(200)),
        _ => Reply::status(402),
    });
    let stderr = caption_long(&stand_in, 24.0).args(["-j", "2"]).run().failed(4);
    assert_says(&stderr, &["long.wav", "top up"]);
}

#[test]
fn a_retry_of_a_window_is_reported() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        1 => Reply::status(503),
        _ => answer("Rain."),
    });
    let run = caption_long(&stand_in, 9.0).args(["-j", "1"]).run();
    assert_says(&run.stderr, &["window 00:05 – 00:09: ", "503", "long.wav; attempt 2 in "]);
}

#[test]
fn a_slow_window_does_not_delay_the_others() {
    let gate = Gate::closed();
    let (slow, served) = (gate.clone(), AtomicUsize::new(0));
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        0 => answer("Slow.").held_by(&slow),
        _ => answer("Rain."),
    });
    let mut run = caption_long(&stand_in, 39.0).args(["-j", "2"]);
    let child = run.spawn();
    stand_in.wait_for_requests(8);
    gate.open();
    let text = finish(child).captioned();
    // Either of the first two requests may arrive first.
    assert!(text.lines().take(2).any(|line| line.ends_with("] Slow.")), "{text}");
    assert_says(&text, &["[00:00 – 00:05] ", "[00:35 – 00:39] Rain."]);
}

#[test]
fn an_impossible_window_is_rejected_before_any_request() {
    let stand_in = StandIn::start();
    for (arguments, words) in [
        (&["--window", "4m"][..], &["--window is too long", "at most 3m 50s, since"][..]),
        (&["--window", "999ms"], &["at least 1s"]),
        (&["--window", "30s", "--convert", "never"], &["remove --convert never"]),
    ] {
        let stderr = caption(&stand_in)
            .data_file("tone.wav")
            .arg("tone.wav")
            .args(arguments)
            .run()
            .failed(2);
        assert_says(&stderr, words);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_url_with_windows_is_downloaded() {
    let stand_in = StandIn::scripted([
        Reply::status(200).body("audio/wav", tone(7.0)),
        answer("Rain."),
        answer("Wind."),
    ]);
    let run =
        caption(&stand_in).args(["-q", "-j", "1", "--window", "5s"]).arg(stand_in.url("a.wav"));
    assert_eq!(run.run().captioned(), "[00:00 – 00:05] Rain.\n[00:05 – 00:07] Wind.\n");
}

#[test]
fn a_dry_run_counts_the_windows() {
    let stand_in = StandIn::start();
    let run = caption_long(&stand_in, 61.0).arg("--dry-run").run();
    assert_says(&run.stderr, &["1 input · 13 requests · ", "763 tokens of audio"]);
}
