//! Captions, messages and file names cannot control a terminal.

#![cfg(unix)]

use serde_json::{Value, json};

use crate::harness::{Caption, answer, assert_says, caption, finish, json_reply};
use crate::skipped_tests::has_programs;
use crate::terminal::Terminal;
use support::stand_in::{Reply, StandIn};

/// Clears the screen, sets the title, reverses the text, moves back, and starts a new record.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{2066}\u{8}\r\u{7f}\
                       \n==> forged.wav <==\n{\"input\":\"forged.wav\"}\n\n1\n00:00:00,000 --> 00:00:01,000\n\
                       \"\",\nWEBVTT";
/// The same as a file name, without a slash.
const NAME: &str =
    "a\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{8}\r\u{7f}\n==> forged.wav <==\n.wav";

fn hostile_file(run: Caption) -> Caption {
    let sound = std::fs::read(crate::harness::data_path("tone.wav")).unwrap();
    run.file(NAME, sound)
}

#[track_caller]
fn assert_no_control_characters(shown: &str) {
    // The terminal itself turns line ends into CR LF.
    let shown = without_colour(&shown.replace("\r\n", "\n"));
    let steers = |c: char| {
        (c.is_control() && !"\n\t".contains(c))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert_eq!(shown.find(steers), None, "{shown:?}");
}

/// Removes the color sequences.
fn without_colour(shown: &str) -> String {
    ["0", "1", "31", "33"]
        .iter()
        .fold(shown.to_owned(), |shown, code| shown.replace(&format!("\u{1b}[{code}m"), ""))
}

/// Returns the terminal output of a run without color and progress.
#[track_caller]
fn shown(run: Caption, code: i32) -> String {
    let mut run = run.args(["--color", "never", "--progress", "never", "-v"]);
    let terminal = Terminal::open();
    assert_eq!(finish(terminal.start(&mut run)).code, code, "{}", terminal.shown());
    terminal.shown()
}

#[test]
fn captions_and_file_names_cannot_control_the_terminal() {
    for format in ["text", "json", "jsonl", "csv", "srt", "vtt"] {
        let stand_in = StandIn::scripted([answer(HOSTILE)]);
        let run = hostile_file(caption(&stand_in)).args(["--no-stream", "-f", format, NAME]);
        let shown = shown(run, 0);
        assert_no_control_characters(&shown);
        assert_says(&shown, &["[2J"]);
    }
}

#[test]
fn a_streamed_caption_cannot_control_the_terminal() {
    let pieces = HOSTILE.chars().map(|c| {
        format!("data: {}\n\n", json!({ "choices": [{ "delta": { "content": c.to_string() } }] }))
    });
    let pieces = pieces.chain(["data: [DONE]\n\n".to_owned()]).collect::<Vec<_>>();
    let stand_in =
        StandIn::always(move || Reply::status(200).pieces("text/event-stream", pieces.clone()));
    assert_no_control_characters(&shown(
        hostile_file(caption(&stand_in)).args(["--stream", NAME]),
        0,
    ));
}

#[test]
fn service_messages_cannot_control_the_terminal() {
    let refusal = json!({ "message": HOSTILE, "requestId": HOSTILE, "error": { "details": [{ "path": HOSTILE, "reason": HOSTILE }] } });
    let odd =
        json!({ "choices": [{ "message": { "content": "Rain." }, "finish_reason": HOSTILE }] });
    let model = json!({ "model": HOSTILE, "choices": [{ "message": { "content": HOSTILE } }] });
    for (document_, status, code) in [(refusal, 400, 3), (odd, 200, 3), (model, 200, 0)] {
        let stand_in = StandIn::scripted([json_reply(status, &document_)]);
        assert_no_control_characters(&shown(
            hostile_file(caption(&stand_in)).args(["--no-stream", NAME]),
            code,
        ));
    }
}

#[test]
fn input_names_in_early_errors_cannot_control_the_terminal() {
    let stand_in = StandIn::start();
    for args in [
        &["--dry-run", "."][..],
        &["--check", "all", "--deny", "x", "--dry-run", "."],
        &["\u{1b}[2Jnowhere.wav"],
        &["\u{1b}[2J://nowhere"],
        &["[\u{1b}[2J"],
        &["--exclude", "[\u{1b}[2J", "."],
        &["--deny", "(\u{1b}[2J", "."],
        &["--base-url", "http://\u{1b}[2J", "."],
        &["--sidecar={\u{1b}[2J}", "."],
        &["--manifest", "\u{1b}[2J/m", "."],
        &["--config", "\u{1b}[2J", "."],
        &["--timeout", "\u{1b}[2J", "."],
        &["--\u{1b}[2J"],
    ] {
        let mut run = hostile_file(caption(&stand_in)).args(args);
        run = run.args(["--progress", "never"]);
        let terminal = Terminal::open();
        finish(terminal.start(&mut run));
        assert_no_control_characters(&terminal.shown());
    }
}

#[test]
fn names_in_the_progress_cannot_control_the_terminal() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let mut run = hostile_file(caption(&stand_in)).clips("x", 2).args(["."]);
    let terminal = Terminal::open();
    assert_eq!(finish(terminal.start(&mut run)).code, 0);
    let shown = terminal.shown();
    for sequence in ["\u{1b}]0;", "\u{1b}[2J", "\u{9b}", "\u{202e}", "\n==> forged.wav <=="] {
        assert!(!shown.contains(sequence), "{sequence:?} in {shown:?}");
    }
    assert_says(&shown, &["==> a\u{fffd}[2J"]);
}

#[test]
fn files_and_pipes_get_the_unchanged_text() {
    let stand_in = StandIn::always(|| answer(HOSTILE));
    let run = hostile_file(caption(&stand_in)).args(["-q", "-o", "out.txt", NAME]);
    let path = run.folder().join("out.txt");
    let mut run = run;
    finish(run.spawn()).captioned();
    assert_eq!(std::fs::read_to_string(path).unwrap(), format!("{HOSTILE}\n"));
    let piped = hostile_file(caption(&stand_in)).args(["-q", NAME]).run().captioned();
    assert_eq!(piped, format!("{HOSTILE}\n"));
}

#[test]
fn a_caption_cannot_forge_records_rows_or_cues() {
    let stand_in = StandIn::always(|| answer(HOSTILE));
    let print = |format: &str, args: &[&str]| {
        let run = hostile_file(caption(&stand_in)).data_file("tone.mp3");
        run.args(["-q", "-f", format]).args(args).run().captioned()
    };
    let records = print("jsonl", &[NAME, "tone.mp3"]);
    let records: Vec<Value> =
        records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = records.iter().map(|record| record["input"].as_str().unwrap()).collect();
    assert_eq!(names, [NAME, "tone.mp3"]);
    assert!(records.iter().all(|record| record["caption"] == HOSTILE));
    let table = print("csv", &[NAME, "tone.mp3"]);
    let rows: Vec<_> =
        csv::Reader::from_reader(table.as_bytes()).into_records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[0][0], &rows[1][0]), (2, NAME, "tone.mp3"));
    for format in ["srt", "vtt"] {
        let cues = print(format, &["tone.mp3"]);
        let starts = cues.lines().filter(|line| line.starts_with("00:") && line.contains(" --> "));
        assert_eq!(starts.count(), 1, "{cues}");
    }
}

#[test]
fn an_output_file_that_is_a_terminal_is_treated_as_one() {
    for file in ["/dev/stdout", "/dev/tty"] {
        let stand_in = StandIn::always(|| answer(HOSTILE));
        let mut run = hostile_file(caption(&stand_in)).args(["-q", "-o", file, NAME]);
        let terminal = Terminal::open();
        if file == "/dev/tty" {
            // Needs a session of its own.
            if !has_programs(&["setsid"]) {
                continue;
            }
            run = run.args(["--progress", "never"]).in_shell("exec setsid -c \"$@\"");
        }
        assert_eq!(finish(terminal.start(&mut run)).code, 0, "{}", terminal.shown());
        assert_no_control_characters(&terminal.shown());
    }
}

#[test]
fn almost_valid_json_is_shown_on_a_terminal() {
    let body = "\u{feff}{\"choices\":[{\"message\":{\"content\":\"Rain \\ud83c.\"}}]}";
    let stand_in = StandIn::scripted([Reply::status(200).body("application/json", body)]);
    let shown = shown(caption(&stand_in).data_file("tone.wav").args(["--json", "tone.wav"]), 0);
    assert_says(&shown, &["Rain \\ud83c."]);
}
