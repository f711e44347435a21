//! A file that ffmpeg decodes reaches nothing else: no other file, no address, no key.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::fake_ffmpeg::{WMA, fake, fake_from_start};
use super::ffmpeg_formats::{ffmpeg, source, with_ffmpeg};
use crate::harness::{Caption, answer, assert_says, caption};
use crate::skipped_tests::has_programs;
use support::stand_in::{KEY, StandIn};

/// A named pipe that tells if anybody opened it to read.
struct Trap {
    is_sprung: Arc<AtomicBool>,
}

impl Trap {
    fn new(path: &Path) -> Self {
        let path = path.to_owned();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let is_sprung = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_sprung);
        std::thread::spawn(move || {
            // Waits until a reader comes.
            if fs::OpenOptions::new().write(true).open(path).is_ok() {
                flag.store(true, Ordering::Relaxed);
            }
        });
        Self { is_sprung }
    }
}

/// Playlists and descriptions that lead to a file and to an address.
fn playlists(file: &str, url: &str) -> Vec<(&'static str, String)> {
    vec![
        ("hls.avi", format!("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{file}\n#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n")),
        ("concat.wma", format!("ffconcat version 1.0\nfile '{file}'\nfile '{url}'\n")),
        ("dash.ts", format!("<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" mediaPresentationDuration=\"PT9S\"><Period><AdaptationSet mimeType=\"audio/mp4\"><Representation id=\"a\" bandwidth=\"1\"><BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>")),
        ("sdp.flv", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9999 RTP/AVP 0\n".to_owned()),
        ("redirect.wma", format!("[Reference]\nRef1={url}\nRef2=file://{file}\n")),
    ]
}

#[test]
fn a_playlist_dressed_as_media_reaches_nothing_else() {
    if !has_programs(&["ffmpeg", "mkfifo"]) {
        return;
    }
    let stand_in = StandIn::start();
    let secrets = StandIn::start();
    let run = with_ffmpeg(caption(&stand_in));
    let secret = run.folder().join("secret.wav");
    let trap = Trap::new(&secret);
    let lists = playlists(&secret.display().to_string(), &secrets.url("/secret.wav"));
    let mut run = run;
    for (name, text) in &lists {
        // As it is, and with bytes behind it that are no text.
        let dressed = [text.as_bytes(), &[0, 1, 2, 0xff, 0xfe, 0].repeat(300)].concat();
        run = run.file(name, text).file(&format!("dressed-{name}"), dressed);
        run = run.arg(name).arg(format!("dressed-{name}"));
    }
    let run = run.args(["--convert", "always", "-f", "jsonl"]).run();
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(run.records().len(), 2 * lists.len());
    assert!(
        run.records().iter().all(|record| record["error"]["kind"] == "input"),
        "{}",
        run.stderr
    );
    assert_eq!((secrets.connections(), stand_in.connections()), (0, 0));
    assert!(!trap.is_sprung.load(Ordering::Relaxed), "a playlist reached another file");
}

#[test]
fn a_name_is_never_an_option_a_protocol_or_a_pattern() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    let stand_in = StandIn::always(|| answer("Two tones."));
    let run = with_ffmpeg(caption(&stand_in));
    fs::write(run.folder().join("source.wav"), source()).unwrap();
    assert!(ffmpeg(run.folder(), &["-i", "source.wav", "-c:a", "wmav2", "sound.wma"]));
    let port = stand_in.address().port();
    let names = [
        "-i".to_owned(),
        "-".repeat(3),
        "concat:x.wma|y.wma".to_owned(),
        "http:x.ts".to_owned(),
        format!("tcp:127.0.0.1:{port}"),
        "file:x.wma".to_owned(),
        "x%03d.wma".to_owned(),
        "pipe:0".to_owned(),
        "a b'\"$(x);.wma".to_owned(),
        "line\nbreak.wma".to_owned(),
    ];
    let mut run = run;
    for (n, name) in names.iter().enumerate() {
        let mut content = fs::read(run.folder().join("sound.wma")).unwrap();
        content.extend([0, n as u8]);
        run = run.file(name, content);
    }
    fs::remove_file(run.folder().join("sound.wma")).unwrap();
    let run = run.args(["-f", "jsonl", "--"]).args(&names).run();
    let records = run.records();
    assert_eq!((run.code, records.len()), (0, names.len()), "{}", run.stderr);
    for record in records {
        assert_eq!(record["decoder"], "ffmpeg", "{record}");
        let seconds = record["seconds"].as_f64().unwrap();
        assert!((2.3..2.7).contains(&seconds), "{record}");
    }
    assert_eq!(stand_in.requests().len(), names.len());
}

/// Prepares a run whose script says this in its error.
fn tells(stand_in: &StandIn, what: &str) -> Caption {
    let script = format!("echo \"[error] $({what} | tr '\\n' ' ')\" >&2; exit 1");
    fake_from_start(caption(stand_in), &script).arg("a.wma")
}

#[test]
fn the_program_is_not_told_the_key_or_a_proxy() {
    let stand_in = StandIn::start();
    let run = tells(&stand_in, "env | cut -d= -f1 | sort");
    let run =
        run.env("HTTPS_PROXY", "http://u:p@x").env("FFREPORT", "file=x").env("LD_PRELOAD", "");
    let stderr = run.run().failed(3);
    assert_says(&stderr, &["ffmpeg can decode (", "AV_LOG_FORCE_NOCOLOR", "HOME", "PATH"]);
    for hidden in ["AIMLAPI", KEY, "PROXY", "FFREPORT", "CAPTION", "PRELOAD"] {
        assert!(!stderr.contains(hidden), "{stderr}");
    }
}

#[test]
fn the_file_is_handed_over_open_and_its_name_is_not() {
    let stand_in = StandIn::start();
    let stderr = tells(&stand_in, "cat").run().failed(3);
    assert_says(&stderr, &["and its content"]);
    let stderr = tells(&stand_in, "echo \"$*\" | grep -c a.wma").run().failed(3);
    assert_says(&stderr, &["ffmpeg can decode (0)"]);
    let stderr = tells(&stand_in, "echo \"$*\" | grep -o 'protocol_whitelist [a-z,]*'").run();
    assert_says(&stderr.failed(3), &["(protocol_whitelist file,pipe,fd)"]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_program_can_write_no_file() {
    let stand_in = StandIn::start();
    // The limits are set once the program runs, and those of its children when they are started.
    let script = "n=0; while [ $(ulimit -f) != 0 ] && [ $n -lt 9999 ]; do n=$((n + 1)); done\n\
        echo \"[error] $(ulimit -f) $(ulimit -v)\" >&2; exit 1";
    let run = fake_from_start(caption(&stand_in), script).arg("a.wma").run();
    let stderr = run.failed(3);
    assert_says(&stderr, &["(0 4194304)"]);
}

#[test]
fn two_runs_on_one_standard_input_do_not_share_its_position() {
    // Each of the two programs of a file reads it from its start.
    let stand_in = StandIn::scripted([answer("A buzz.")]);
    let script = "cmp - \"$FOLDER/a.wma\" >&2 && cat \"$SOUND\"";
    let run = fake(caption(&stand_in), script).args(["-q", "-"]).stdin(WMA).run();
    assert_eq!(run.captioned(), "A buzz.\n");
}
