//! Windows: the positions of the cuts.

use std::io::{Read, Write};
use std::time::Duration;

use caption::{Clip, Convert, UploadOptions};

use crate::harness::caption;
use support::audio::{CONVERTED_RATE, read_converted, samples, signal_to_noise, sine, wav};
use support::stand_in::StandIn;

use super::{caption_long, spans};

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
    let cuts =
        |seconds| spans(&caption_long(&stand_in, seconds).args(["-f", "jsonl"]).run().records());
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
    caption_long(&stand_in, 12.0).args(["-j", "1"]).run().captioned();
    let sent: Vec<_> =
        stand_in.requests().iter().flat_map(|request| read_converted(&request.audio())).collect();
    let tone = sine(440.0);
    let expected = samples(CONVERTED_RATE, 12.0, |t| 0.5 * tone(t));
    assert_eq!(sent.len(), expected.len());
    assert!(signal_to_noise(&expected, &sent) > 35.0);
}
