//! Windows: text, subtitles, records and JSON.

use serde_json::{Value, json};

use crate::harness::{answer, assert_says, caption, finish};
use support::stand_in::StandIn;

use super::{caption_long, numbered_captions};

#[test]
fn text_has_a_line_for_each_window() {
    let stand_in = numbered_captions();
    let text = caption_long(&stand_in, 12.0).args(["-j", "1"]).run().captioned();
    assert_eq!(
        text,
        "[00:00 – 00:05] Sound 1.\n[00:05 – 00:10] Sound 2.\n[00:10 – 00:12] Sound 3.\n"
    );
}

#[test]
fn each_window_has_its_first_sentences() {
    let stand_in = StandIn::always(|| answer("Rain. Wind."));
    let run = caption_long(&stand_in, 12.0).args(["--sentences", "1", "-f", "jsonl"]).run();
    let record = &run.records()[0];
    assert_eq!(record["windows"][2]["caption"], "Rain.");
    assert_eq!(record["caption"], "Rain.\nRain.\nRain.");
}

#[test]
fn a_caption_of_several_lines_stays_on_the_line_of_its_window() {
    let stand_in = StandIn::always(|| answer("Rain.\n\nThen\twind."));
    let text = caption_long(&stand_in, 3.0).run().captioned();
    assert_eq!(text, "[00:00 – 00:03] Rain. Then wind.\n");
}

#[test]
fn subtitles_have_a_cue_for_each_window() {
    let stand_in = numbered_captions();
    let srt = caption_long(&stand_in, 7.5).args(["-j", "1", "-f", "srt"]).run().captioned();
    assert_eq!(
        srt,
        "1\n00:00:00,000 --> 00:00:05,000\nSound 1.\n\n2\n00:00:05,000 --> 00:00:07,500\nSound 2.\n"
    );
    let vtt = caption_long(&stand_in, 7.5).args(["-j", "1", "-f", "vtt"]).run().captioned();
    assert_eq!(
        vtt,
        "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nSound 3.\n\n00:00:05.000 --> 00:00:07.500\nSound 4.\n"
    );
}

#[test]
fn subtitles_without_windows_have_one_cue() {
    let stand_in = numbered_captions();
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
    let stderr = caption(&stand_in)
        .data_file("multichannel.amr")
        .args(["multichannel.amr", "-f", "srt"])
        .run()
        .failed(3);
    assert_says(&stderr, &["the length of the audio, which is unknown", "multichannel.amr"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn subtitles_of_several_inputs_need_sidecars() {
    let stand_in = StandIn::start();
    let run = || caption(&stand_in).clips("x", 2).args(["x", "-q", "-f", "srt"]);
    assert_says(
        &run().run().failed(2),
        &["subtitles of several inputs need a file each", "--sidecar"],
    );
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
    let run = caption_long(&stand_in, 12.0).args(["-f", "jsonl", "--prepend", "Heard: "]).run();
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
    let stand_in = numbered_captions();
    let lines = caption_long(&stand_in, 7.0).args(["-j", "1", "--json"]).run().captioned();
    let captions: Vec<_> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|document| document["choices"][0]["message"]["content"].clone())
        .collect();
    assert_eq!(captions, ["Sound 1.", "Sound 2."]);
}
