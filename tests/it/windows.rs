//! Windows of long audio: cuts, requests, output, and cache.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use caption::{Clip, Convert, UploadOptions};
use serde_json::{Value, json};

use crate::harness::{Caption, answer, assert_says, caption, finish, json_reply};
use support::audio::{CONVERTED_RATE, read_converted, samples, signal_to_noise, sine, wav};
use support::stand_in::{Gate, Reply, StandIn};

/// Returns a tone without pauses as 8-bit WAV.
fn tone(seconds: f64) -> Vec<u8> {
    let tone = sine(440.0);
    wav(8_000, 1, 8, &samples(8_000, seconds, |t| 0.5 * tone(t)))
}

fn long(stand_in: &StandIn, seconds: f64) -> Caption {
    caption(stand_in).file("long.wav", tone(seconds)).args(["long.wav", "--window", "5s"])
}

/// Starts a stand-in whose captions are numbers in the order of the requests.
fn numbered() -> StandIn {
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
fn text_has_a_line_for_each_window() {
    let stand_in = numbered();
    let text = long(&stand_in, 12.0).args(["-j", "1"]).run().captioned();
    assert_eq!(
        text,
        "[00:00 – 00:05] Sound 1.\n[00:05 – 00:10] Sound 2.\n[00:10 – 00:12] Sound 3.\n"
    );
}

#[test]
fn a_caption_of_several_lines_stays_on_the_line_of_its_window() {
    let stand_in = StandIn::always(|| answer("Rain.\n\nThen\twind."));
    let text = long(&stand_in, 3.0).run().captioned();
    assert_eq!(text, "[00:00 – 00:03] Rain. Then wind.\n");
}

#[test]
fn subtitles_have_a_cue_for_each_window() {
    let stand_in = numbered();
    let srt = long(&stand_in, 7.5).args(["-j", "1", "-f", "srt"]).run().captioned();
    assert_eq!(
        srt,
        "1\n00:00:00,000 --> 00:00:05,000\nSound 1.\n\n2\n00:00:05,000 --> 00:00:07,500\nSound 2.\n"
    );
    let vtt = long(&stand_in, 7.5).args(["-j", "1", "-f", "vtt"]).run().captioned();
    assert_eq!(
        vtt,
        "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nSound 3.\n\n00:00:05.000 --> 00:00:07.500\nSound 4.\n"
    );
}

#[test]
fn subtitles_without_windows_have_one_cue() {
    let stand_in = numbered();
    let run =
        |format| caption(&stand_in).data_file("tone.wav").args(["tone.wav", "-f", format]).run();
    assert_eq!(run("srt").captioned(), "1\n00:00:00,000 --> 00:00:00,250\nSound 1.\n");
    assert_eq!(run("vtt").captioned(), "WEBVTT\n\n00:00:00.000 --> 00:00:00.250\nSound 2.\n");
}

#[test]
fn long_captions_are_wrapped_inside_their_cue() {
    let hostile = "A very long caption that goes on well past the end of any line.\n\n\
                   00:00:09,000 --> 00:00:10,000\n<b>& more</b>\r\rnext\u{1b}[31m\u{2028}\u{2028}";
    let stand_in = StandIn::always(move || answer(hostile));
    let run =
        |format| caption(&stand_in).data_file("tone.wav").args(["tone.wav", "-f", format]).run();
    let srt = run("srt").captioned();
    assert_eq!(srt.matches("-->").count(), 1, "{srt}");
    assert!(!srt.trim_end().contains("\n\n"), "{srt}");
    assert!(!srt.contains(['\r', '\u{1b}', '\u{2028}']), "{srt:?}");
    assert!(srt.lines().all(|line| line.chars().count() <= 42), "{srt}");
    let vtt = run("vtt").captioned();
    assert_eq!(vtt.matches("-->").count(), 1, "{vtt}");
    assert_says(&vtt, &["&lt;b&gt;&amp; more&lt;/b&gt;"]);
}

#[test]
fn subtitles_need_the_duration() {
    let stand_in = StandIn::start();
    let said =
        caption(&stand_in).data_file("tone.amr").args(["tone.amr", "-f", "srt"]).run().failed(3);
    assert_says(&said, &["its length is not known", "tone.amr"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn subtitles_of_several_inputs_need_sidecars() {
    let stand_in = StandIn::start();
    let run = || caption(&stand_in).clips("x", 2).args(["x", "-q", "-f", "srt"]);
    assert_says(&run().run().failed(2), &["subtitles are of one sound", "--sidecar"]);
    assert_eq!(stand_in.connections(), 0);
    let run = run().arg("--sidecar");
    let folder = run.folder().join("x");
    let mut run = run;
    finish(run.spawn()).captioned();
    for name in ["000.srt", "001.srt"] {
        let srt = std::fs::read_to_string(folder.join(name)).unwrap();
        assert_says(&srt, &["1\n00:00:00,000 --> 00:00:00,250\nStand-in"]);
    }
}

#[test]
fn a_record_has_the_windows_and_their_sums() {
    let stand_in = StandIn::start();
    let run = long(&stand_in, 12.0).args(["-f", "jsonl", "--prepend", "Heard: "]).run();
    let record = &run.records()[0];
    assert_eq!(record["seconds"], 12.0);
    assert_eq!(record["window"], 5.0);
    let windows = record["windows"].as_array().unwrap();
    assert_eq!(windows.len(), 3);
    assert!(windows.iter().all(|w| w["caption"].as_str().unwrap().starts_with("Heard: Stand-in")));
    let usage = stand_in.requests().len() as u64;
    assert_eq!((usage, &record["attempts"]), (3, &json!(3)));
    // 63, 63 and 25 tokens of audio, and 8 of the frame around each.
    assert_eq!(record["usage"]["prompt_tokens"], 63 + 63 + 25 + 3 * 8);
    assert!(record["usd"].as_f64().unwrap() > 0.0);
}

#[test]
fn json_has_one_response_per_window_and_line() {
    let stand_in = numbered();
    let lines = long(&stand_in, 7.0).args(["-j", "1", "--json"]).run().captioned();
    let captions: Vec<_> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|document| document["choices"][0]["message"]["content"].clone())
        .collect();
    assert_eq!(captions, ["Sound 1.", "Sound 2."]);
}

#[test]
fn windows_are_cut_in_pauses() {
    let (low, high) = (sine(180.0), sine(700.0));
    // Like speech: a stop of 60 ms inside a word at 5 s, a pause at 6.2 s.
    let speech = |t: f64| match t {
        t if (4.97..5.03).contains(&t) || (6.2..6.5).contains(&t) => 0.0,
        t => 0.3 * low(t) + 0.2 * high(t),
    };
    let stand_in = StandIn::start();
    let content = wav(8_000, 1, 16, &samples(8_000, 9.0, speech));
    let run =
        caption(&stand_in).file("a.wav", content).args(["--window", "5s", "-f", "jsonl", "a.wav"]);
    let spans = spans(&run.run().records());
    assert_eq!(spans.len(), 2);
    let cut = spans[0].1;
    assert!((6.25..=6.45).contains(&cut), "cut at {cut} s");
}

#[test]
fn a_pause_within_two_seconds_of_the_cut_is_used() {
    let (low, high) = (sine(180.0), sine(700.0));
    for (rate, window, pauses) in [(8_000, "5s", [-1.8, 1.7]), (44_100, "3s", [-1.2, 1.3])] {
        for pause in pauses {
            let due = window[..1].parse::<f64>().unwrap();
            let speech = |t: f64| match t {
                t if (due + pause..due + pause + 0.25).contains(&t) => 0.0,
                t => 0.3 * low(t) + 0.2 * high(t),
            };
            let stand_in = StandIn::start();
            let content = wav(rate, 1, 16, &samples(rate, due * 2.0 + 0.5, speech));
            let run = caption(&stand_in).file("a.wav", content).args(["--window", window]);
            let spans = spans(&run.args(["-f", "jsonl", "a.wav"]).run().records());
            let from_due = spans[0].1 - due;
            let is_inside = (pause + 0.05..=pause + 0.2).contains(&from_due);
            assert!(is_inside, "{rate} Hz, a pause at {pause:+}: cut at {from_due:+.2}");
        }
    }
}

#[test]
fn a_rest_under_a_second_joins_the_last_window() {
    let stand_in = StandIn::start();
    let cuts = |seconds| spans(&long(&stand_in, seconds).args(["-f", "jsonl"]).run().records());
    assert_eq!(cuts(10.5), [(0.0, 5.0), (5.0, 10.5)]);
    assert_eq!(cuts(5.9), [(0.0, 5.9)]);
    assert_eq!(cuts(0.4), [(0.0, 0.4)]);
}

#[test]
fn windows_cover_the_audio_and_last_at_least_a_second() {
    let mut random = fastrand::Rng::with_seed(11);
    for case in 0..15 {
        let (seconds, window) = (random.f64() * 20.0 + 0.05, random.u64(1000..6000));
        let mut level = 0.0;
        let noise = samples(CONVERTED_RATE, seconds, |_| 0.0).into_iter().map(|_| {
            if random.u16(..) == 0 || level == 0.0 {
                level = random.f64();
            }
            level * (random.f64() - 0.5)
        });
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&wav(CONVERTED_RATE, 1, 16, &noise.collect::<Vec<_>>())).unwrap();
        let clip = Clip::open(file.path()).unwrap();
        let mut upload = UploadOptions::default();
        (upload.convert, upload.window) = (Convert::Always, Some(Duration::from_millis(window)));
        let whole = content(&clip.prepare(&upload).unwrap());

        let (mut joined, mut end) = (Vec::new(), 0.0);
        for window in upload.windows(&clip).unwrap() {
            let (span, part) = window.unwrap();
            assert!((span.start - end).abs() < 1e-9, "case {case}: a gap or an overlap");
            let length = span.end - span.start;
            assert!(length >= 1.0 || seconds < 2.0, "case {case}: a window of {length} s");
            end = span.end;
            joined.extend(content(&part));
        }
        assert!(joined == whole, "case {case}: {seconds} s in windows of {window} ms");
    }
}

fn content(clip: &Clip) -> Vec<f64> {
    let mut bytes = Vec::new();
    clip.reader().read_to_end(&mut bytes).unwrap();
    read_converted(&bytes)
}

#[test]
fn the_requests_of_windows_carry_the_whole_audio() {
    let stand_in = StandIn::start();
    long(&stand_in, 12.0).args(["-j", "1"]).run().captioned();
    let sent: Vec<_> =
        stand_in.requests().iter().flat_map(|request| read_converted(&request.audio())).collect();
    let tone = sine(440.0);
    let expected = samples(CONVERTED_RATE, 12.0, |t| 0.5 * tone(t));
    assert_eq!(sent.len(), expected.len());
    assert!(signal_to_noise(&expected, &sent) > 35.0);
}

#[test]
fn jobs_limits_concurrent_windows() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let stand_in = StandIn::always(move || answer("Rain.").held_by(&behind));
    let mut run = long(&stand_in, 40.0).args(["-j", "3"]);
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
    let run =
        long(&stand_in, 20.0).file("other.wav", tone(21.0)).args(["-q", "-j", "2", "other.wav"]);
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
    let run = long(&stand_in, 14.0).args(["-q", "-j", "1"]).run();
    assert_eq!(run.captioned().lines().count(), 3);
    assert_eq!(stand_in.requests().len(), 4);
}

#[test]
fn a_failed_window_fails_the_input_but_the_others_are_cached() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = |stand_in: &StandIn| {
        let arguments = ["-j", "1", "--max-retries", "0", "--manifest"];
        long(stand_in, 24.0).args(arguments).arg(&manifest).run()
    };
    let served = AtomicUsize::new(0);
    let broken = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        2 => json_reply(400, &json!({ "error": { "message": "no" } })),
        number => answer(&format!("First {number}.")),
    });
    let said = run(&broken).failed(3);
    assert_says(&said, &["window 00:10 – 00:15: ", "long.wav"]);
    assert_eq!(broken.requests().len(), 3);
    assert_eq!(lines(&manifest).len(), 2);

    let sound = StandIn::always(|| answer("Second."));
    let text = run(&sound).captioned();
    assert_says(&text, &["[00:00 – 00:05] First 0.", "First 1.", "[00:10 – 00:15] Second."]);
    assert_eq!(sound.requests().len(), 3, "only what was not known");

    let unused = StandIn::start();
    assert_eq!(run(&unused).captioned(), text);
    assert_eq!(unused.connections(), 0);
}

#[test]
fn the_sum_includes_windows_of_failed_inputs() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        2 => json_reply(400, &json!({ "error": { "message": "no" } })),
        _ => priced("Rain."),
    });
    let run = long(&stand_in, 24.0).file("b.wav", tone(3.0)).args(["-j", "1", "b.wav"]).run();
    assert_eq!(run.code, 3);
    // Two windows of the first input and one of the second.
    assert_says(&run.stderr, &["window 00:10 – 00:15: ", "1 captioned · 1 failed", "$0.75"]);
}

/// Reply with a caption that costs 0.25 USD.
fn priced(caption: &str) -> Reply {
    let choice = json!({ "message": { "content": caption }, "finish_reason": "stop" });
    let meta = json!({ "usage": { "usd_spent": 0.25, "credits_used": 1 } });
    json_reply(200, &json!({ "choices": [choice], "meta": meta }))
}

#[test]
fn the_manifest_and_cached_inputs_report_the_whole_cost() {
    let stand_in = StandIn::always(|| priced("Rain."));
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = || {
        let run = long(&stand_in, 14.0).args(["-f", "jsonl", "--manifest"]).arg(&manifest).run();
        run.records()[0]["usd"].as_f64()
    };
    assert_eq!(run(), Some(0.75));
    let kept: f64 = lines(&manifest).iter().filter_map(|line| line["usd"].as_f64()).sum();
    assert!((kept - 0.75).abs() < 1e-9, "{kept}");
    assert_eq!(run(), Some(0.75));
    assert_eq!(stand_in.requests().len(), 3);
}

#[test]
fn an_input_with_all_windows_cached_works_offline() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = |arguments: &[&str]| {
        long(&stand_in, 14.0).args(arguments).arg("--manifest").arg(&manifest).run()
    };
    let text = run(&["-j", "1"]).captioned();
    // As if the run had been killed before the last line.
    let kept = std::fs::read_to_string(&manifest).unwrap();
    let windows: Vec<_> = kept.split_inclusive('\n').take(3).collect();
    std::fs::write(&manifest, windows.concat()).unwrap();
    assert_eq!(run(&["--offline"]).captioned(), text);
    std::fs::write(&manifest, windows[..2].concat()).unwrap();
    assert_says(&run(&["--offline"]).failed(3), &["window 00:10 – 00:14: no known caption"]);
    assert_eq!(stand_in.requests().len(), 3);
}

#[test]
fn a_failure_that_ends_the_run_overrides_an_earlier_one() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        0 => json_reply(400, &json!({ "error": { "message": "no" } }))
            .delayed(Duration::from_millis(200)),
        _ => Reply::status(402),
    });
    let said = long(&stand_in, 24.0).args(["-j", "2"]).run().failed(4);
    assert_says(&said, &["long.wav", "top up"]);
}

#[test]
fn a_retry_of_a_window_is_reported() {
    let served = AtomicUsize::new(0);
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        1 => Reply::status(503),
        _ => answer("Rain."),
    });
    let run = long(&stand_in, 9.0).args(["-j", "1"]).run();
    assert_says(&run.stderr, &["window 00:05 – 00:09: ", "503", "long.wav; try 2 in "]);
}

#[test]
fn a_slow_window_does_not_delay_the_others() {
    let gate = Gate::closed();
    let (slow, served) = (gate.clone(), AtomicUsize::new(0));
    let stand_in = StandIn::always(move || match served.fetch_add(1, Ordering::Relaxed) {
        0 => answer("Slow.").held_by(&slow),
        _ => answer("Rain."),
    });
    let mut run = long(&stand_in, 39.0).args(["-j", "2"]);
    let child = run.spawn();
    stand_in.wait_for_requests(8);
    gate.open();
    let text = finish(child).captioned();
    // Either of the first two requests may arrive first.
    assert!(text.lines().take(2).any(|line| line.ends_with("] Slow.")), "{text}");
    assert_says(&text, &["[00:00 – 00:05] ", "[00:35 – 00:39] Rain."]);
}

#[test]
fn a_cached_caption_without_duration_makes_no_subtitles() {
    let stand_in = StandIn::scripted([answer("A tone.")]);
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let run = |format| {
        let run = caption(&stand_in).data_file("tone.amr").args(["tone.amr", "-f", format]);
        run.arg("--manifest").arg(&manifest).run()
    };
    run("text").captioned();
    assert_says(&run("srt").failed(3), &["its length is not known", "tone.amr"]);
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn another_window_length_is_not_cached() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let stand_in = StandIn::always(|| answer("Rain."));
    for (window, requests) in [(Some("6s"), 2), (Some("4s"), 5), (None, 6), (Some("6s"), 6)] {
        let run = caption(&stand_in).file("a.wav", tone(12.0)).args(["-q", "a.wav", "--manifest"]);
        let run = run.arg(&manifest);
        let run = if let Some(window) = window { run.args(["--window", window]) } else { run };
        run.run().captioned();
        assert_eq!(stand_in.requests().len(), requests, "{window:?}");
    }
}

#[test]
fn max_spend_applies_within_an_input() {
    // The first response reports the price; another request would exceed the limit.
    let stand_in = StandIn::start();
    let run =
        long(&stand_in, 24.0).args(["-j", "1", "--max-spend", "0.0005", "--manifest", "m.jsonl"]);
    let manifest = run.folder().join("m.jsonl");
    let mut run = run;
    let said = finish(run.spawn()).failed(5);
    assert_says(&said, &["window ", "is spent", "long.wav"]);
    let kept = lines(&manifest).len();
    assert_eq!(kept, stand_in.requests().len());
    assert!((1..5).contains(&kept), "{kept}");
}

#[test]
fn an_impossible_window_is_rejected_before_any_request() {
    let stand_in = StandIn::start();
    for (arguments, words) in [
        (&["--window", "4m"][..], &["--window is too long", "at most 3m 50s, since"][..]),
        (&["--window", "999ms"], &["at least 1s"]),
        (&["--window", "30s", "--convert", "never"], &["leave --convert never out"]),
    ] {
        let said = caption(&stand_in)
            .data_file("tone.wav")
            .arg("tone.wav")
            .args(arguments)
            .run()
            .failed(2);
        assert_says(&said, words);
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
    let run = long(&stand_in, 61.0).arg("--dry-run").run();
    assert_says(&run.stderr, &["1 input · 13 requests · ", "763 tokens of sound"]);
}
