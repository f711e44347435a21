//! Behaviour on a terminal: progress, streamed captions, and color.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::json;

use crate::harness::{Caption, answer, assert_says, caption, finish, json_reply, unconfigured};
use support::audio::wav;
use support::stand_in::{Gate, Reply, StandIn};

/// Maximum wait for a text on the terminal.
const TIMEOUT: Duration = Duration::from_secs(20);

#[test]
fn no_operand_on_a_terminal_prints_a_short_usage() {
    let terminal = Terminal::open();
    let mut run = unconfigured();
    run.command().stdin(terminal.device()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let stderr = finish(run.command().spawn().unwrap()).failed(2);
    assert_says(&stderr, &["no input", "Usage: caption [OPTIONS] [INPUT]...", "--help"]);
    assert!(stderr.lines().count() < 5, "{stderr}");
}

#[test]
fn standard_input_that_is_a_terminal_is_wrong_usage() {
    let terminal = Terminal::open();
    let mut run = unconfigured().env("AIMLAPI_KEY", "k").arg("-");
    run.command().stdin(terminal.device()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let stderr = finish(run.command().spawn().unwrap()).failed(2);
    assert_says(&stderr, &["standard input is a terminal: pipe audio into it"]);
}

#[test]
fn one_caption_as_text_streams_to_a_terminal() {
    let stand_in = StandIn::start();
    let shown = on_terminal(&stand_in, &["tone.wav"]);
    assert_says(&shown, &["near 1000 Hz", "\r\n"]);
    assert_eq!(stand_in.request().json()["stream"], true);
}

#[test]
fn no_stream_several_inputs_and_json_do_not_stream_to_a_terminal() {
    for args in [
        &["--no-stream", "tone.wav"][..],
        &["--stream", "--no-stream", "tone.wav"],
        &["tone.wav", "tone.mp3"],
        &["--json", "tone.wav"],
    ] {
        let stand_in = StandIn::start();
        on_terminal(&stand_in, args);
        assert_eq!(stand_in.requests()[0].json().get("stream"), None, "{args:?}");
    }
}

#[test]
fn pieces_are_shown_before_the_caption_is_whole() {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([streamed(&["Rain ", "and wind "], &gate)]);
    let terminal = Terminal::open();
    let mut run = caption(&stand_in).data_file("tone.wav").arg("tone.wav");
    let child = terminal.start(&mut run);
    terminal.wait_for("Rain and wind");
    gate.open();
    assert_eq!(finish(child).code, 0);
}

#[test]
fn a_caption_wraps_at_words_on_a_terminal_and_nowhere_else() {
    let words = ["wonderful"; 20].join(" ");
    for args in [&["--stream"][..], &["--no-stream"]] {
        let stand_in = StandIn::scripted([answer(&words), answer(&words)]);
        let terminal = Terminal::open();
        terminal.resize(25);
        let mut run = caption(&stand_in).data_file("tone.wav").arg("tone.wav").args(args);
        run = run.args(["--progress", "never", "-q"]);
        assert_eq!(finish(terminal.start(&mut run)).code, 0);
        assert_eq!(terminal.shown(), ["wonderful wonderful"; 10].join("\r\n") + "\r\n");
        let piped =
            caption(&stand_in).data_file("tone.wav").args(["tone.wav", "-q"]).args(args).run();
        assert_eq!(piped.captioned(), words.clone() + "\n");
    }
}

#[test]
fn ctrl_c_ends_the_line_of_a_streamed_caption_and_the_program_at_once() {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([streamed(&["Rain and wind"], &gate)]);
    let terminal = Terminal::open();
    let mut run = caption(&stand_in).data_file("tone.wav").arg("tone.wav");
    let child = terminal.start(&mut run);
    terminal.wait_for("Rain and");
    let started = std::time::Instant::now();
    crate::signals::send(&child, rustix::process::Signal::INT);
    assert_eq!(finish(child).code, 130);
    assert!(started.elapsed() < Duration::from_secs(3));
    let shown = terminal.shown();
    assert_says(&shown, &["Rain and wind\r\n", "interrupted: the caption is not complete"]);
}

#[test]
fn a_terminal_without_escape_sequences_gets_none() {
    let stand_in = StandIn::start();
    let terminal = Terminal::open();
    let mut run = caption(&stand_in).clips("x", 2).file("y.wav", "text").env("TERM", "dumb");
    run = run.args(["x", "y.wav"]);
    assert_eq!(finish(terminal.start(&mut run)).code, 3);
    assert!(!terminal.shown().contains('\u{1b}'), "{:?}", terminal.shown());
}

#[test]
fn json_is_indented_only_on_a_terminal() {
    let reply = || json_reply(200, &json!({ "choices": [{ "message": { "content": "x" } }] }));
    let stand_in = StandIn::scripted([reply()]);
    let shown = on_terminal(&stand_in, &["--json", "tone.wav"]);
    assert_says(&shown, &["{\r\n  \"choices\": [\r\n"]);
}

#[test]
fn a_caption_is_escaped_on_a_terminal_but_not_in_a_pipe() {
    let evil = "a\u{1b}]0;title\u{7}b\u{202e}c\u{9b}2Jd";
    let stand_in = StandIn::scripted([answer(evil), answer(evil)]);
    let shown = on_terminal(&stand_in, &["--no-stream", "tone.wav"]);
    assert_says(&shown, &["a\u{fffd}]0;title\u{fffd}b\u{fffd}c\u{fffd}2Jd"]);
    let piped = caption(&stand_in).data_file("tone.wav").arg("tone.wav").run().captioned();
    assert_eq!(piped, format!("{evil}\n"));
}

#[test]
fn progress_is_removed_before_the_caption() {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([answer("Rain.").held_by(&gate)]);
    let terminal = Terminal::open();
    let mut run = caption(&stand_in).data_file("tone.wav").arg("tone.wav");
    let child = terminal.start(&mut run);
    terminal.wait_for("listening");
    gate.open();
    assert_eq!(finish(child).code, 0);
    let shown = terminal.shown();
    let after = shown.rsplit("listening").next().unwrap();
    assert_says(after, &["\u{1b}[2K", "Rain."]);
}

#[test]
fn progress_of_several_inputs_is_there_from_the_start_and_removed_at_the_end() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let stand_in = StandIn::always(move || answer("Rain.").held_by(&behind));
    let terminal = Terminal::open();
    let mut run = caption(&stand_in).clips("x", 3).args(["-j", "2", "x"]);
    let child = terminal.start(&mut run);
    terminal.wait_for("x/001.wav");
    terminal.wait_for("0/3 done");
    gate.open();
    assert_eq!(finish(child).code, 0);
    // Lines end with their text, so that a narrower window wraps nothing.
    assert!(!terminal.shown().contains("     "), "{:?}", terminal.shown());
    assert_says(
        &terminal.shown(),
        &["==> x/000.wav <==\r\nRain.", "==> x/002.wav <==\r\nRain.", "3 captioned"],
    );
}

#[test]
fn progress_shows_uploaded_bytes() {
    let stand_in = StandIn::scripted([answer("Rain.")]);
    let mut run = caption(&stand_in).data_file("tone.wav");
    let wav = run.folder().join("tone.wav");
    OpenOptions::new().append(true).open(wav).unwrap().set_len(7_000_000).unwrap();
    run = run.args(["--convert", "never", "tone.wav"]);
    let terminal = Terminal::open();
    assert_eq!(finish(terminal.start(&mut run)).code, 0);
    assert_says(&terminal.shown(), &["sending", "MB/9.33 MB", "Rain."]);
}

#[test]
fn progress_counts_windows() {
    let gate = Gate::closed();
    let stand_in =
        StandIn::scripted([answer("Rain."), answer("Wind.").held_by(&gate), answer("Hail.")]);
    let mut run = caption(&stand_in).file("a.wav", wav(8_000, 1, 8, &vec![0.1; 8_000 * 12]));
    run = run.args(["-j", "1", "--window", "5s", "a.wav"]);
    let terminal = Terminal::open();
    let child = terminal.start(&mut run);
    terminal.wait_for("1/3 windows");
    gate.open();
    assert_eq!(finish(child).code, 0);
    assert_says(&terminal.shown(), &["[00:00 – 00:05] Rain.\r\n", "[00:10 – 00:12] Hail."]);
}

#[test]
fn progress_is_hidden_without_a_terminal_or_on_demand() {
    for (args, on_terminal) in [
        (&["tone.wav"][..], false),
        (&["-q", "tone.wav"], true),
        (&["--progress", "never", "tone.wav"], true),
    ] {
        let stand_in = StandIn::start();
        let terminal = Terminal::open();
        let mut run = caption(&stand_in).data_file("tone.wav").args(args);
        let command = run.command().stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(if on_terminal { terminal.device() } else { Stdio::piped() });
        finish(run.command().spawn().unwrap()).captioned();
        assert_eq!(terminal.shown(), "", "{args:?}");
    }
}

#[test]
fn progress_can_be_shown_without_a_terminal() {
    let stand_in = StandIn::start();
    let run =
        caption(&stand_in).data_file("tone.wav").args(["--progress", "always", "tone.wav"]).run();
    assert_eq!(run.code, 0);
    assert_says(&run.stderr, &["sending"]);
}

#[test]
fn colour_follows_the_terminal_no_color_and_the_option() {
    let red = "\u{1b}[";
    let on_terminal = |run: Caption| {
        let mut run = run.env("AIMLAPI_KEY", "k").args(["--progress", "never", "nowhere.wav"]);
        let terminal = Terminal::open();
        finish(terminal.start(&mut run));
        terminal.shown()
    };
    assert!(on_terminal(unconfigured()).contains(red));
    assert!(!on_terminal(unconfigured().env("NO_COLOR", "1")).contains(red));
    assert!(!on_terminal(unconfigured().args(["--color", "never"])).contains(red));
    let piped =
        |args: &[&str]| unconfigured().env("AIMLAPI_KEY", "k").args(args).arg("nowhere.wav").run();
    assert!(!piped(&[]).failed(3).contains(red));
    assert!(piped(&["--color", "always"]).failed(3).contains(red));
}

/// Reply with pieces of a caption, which ends once the gate is open.
fn streamed(pieces: &[&str], gate: &Gate) -> Reply {
    let event = |text: &&str| {
        format!("data: {}\n\n", json!({ "choices": [{ "delta": { "content": text } }] }))
    };
    let events: Vec<_> = pieces.iter().map(event).collect();
    Reply::status(200).pieces("text/event-stream", events).pieces_after(gate, ["data: [DONE]\n\n"])
}

/// Returns the terminal output of a run.
fn on_terminal(stand_in: &StandIn, args: &[&str]) -> String {
    let terminal = Terminal::open();
    let mut run = caption(stand_in).data_file("tone.wav").data_file("tone.mp3").args(args);
    assert_eq!(finish(terminal.start(&mut run)).code, 0, "{}", terminal.shown());
    terminal.shown()
}

/// A pseudoterminal that records its output.
pub(crate) struct Terminal {
    device: File,
    shown: Arc<(Mutex<String>, Condvar)>,
}

impl Terminal {
    pub(crate) fn open() -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let path = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        let device = OpenOptions::new().read(true).write(true).open(path).unwrap();
        let shown = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let (mut controller, sink) = (File::from(controller), shown.clone());
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut block = [0; 4096];
            while let Ok(n) = controller.read(&mut block) {
                bytes.extend_from_slice(&block[..n]);
                *sink.0.lock().unwrap() = String::from_utf8_lossy(&bytes).into_owned();
                sink.1.notify_all();
            }
        });
        Self { device, shown }
    }

    /// Sets the number of columns.
    fn resize(&self, columns: u16) {
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.device, size).unwrap();
    }

    fn device(&self) -> Stdio {
        self.device.try_clone().unwrap().into()
    }

    /// Starts the program with all streams on this terminal.
    pub(crate) fn start(&self, run: &mut Caption) -> Child {
        let command = run.command().stdin(self.device()).stdout(self.device());
        command.stderr(self.device()).spawn().unwrap()
    }

    pub(crate) fn wait_for(&self, text: &str) {
        let (shown, changed) = &*self.shown;
        let guard = shown.lock().unwrap();
        let (guard, timeout) =
            changed.wait_timeout_while(guard, TIMEOUT, |shown| !shown.contains(text)).unwrap();
        assert!(!timeout.timed_out(), "{text:?} is not shown: {:?}", *guard);
    }

    /// Returns all output of a program that has ended.
    pub(crate) fn shown(&self) -> String {
        // A terminal keeps the order: this mark arrives after all output.
        let mark = "\u{2}end\u{2}";
        std::io::Write::write_all(&mut &self.device, mark.as_bytes()).unwrap();
        self.wait_for(mark);
        self.shown.0.lock().unwrap().replace(mark, "")
    }
}
