//! Choice of the program that decodes what cannot be decoded here, and runs without one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::fake_ffmpeg::{WMA, fake, fake_from_start};
use crate::harness::{Caption, answer, assert_says, caption, data_path};
use support::stand_in::StandIn;

/// AMR of two channels, which is not decoded here, and which the service names.
const AMR: &[u8] = b"#!AMR_MC1.0\n\0\0\0\x02\x3c\x0f\x1e\x2d\x3c\x4b";

/// Puts the script in a folder under the name of ffmpeg.
fn install(run: &Caption, folder: &str) {
    let folder = run.folder().join(folder);
    fs::create_dir_all(&folder).unwrap();
    fs::rename(run.folder().join("fake"), folder.join("ffmpeg")).unwrap();
}

/// Prepares a run without the variable that names the script.
fn unnamed(stand_in: &StandIn) -> Caption {
    fake(caption(stand_in), "cat \"$SOUND\"").env_remove("CAPTION_FFMPEG")
}

#[test]
fn the_program_is_found_on_the_path() {
    let stand_in = StandIn::scripted([answer("A buzz.")]);
    let run = unnamed(&stand_in);
    install(&run, "bin");
    let path = format!("/nowhere:{}", run.folder().join("bin").display());
    let run = run.env("PATH", path).arg("a.wma").run();
    assert_says(&run.stderr, &["decoded by ffmpeg 7.1"]);
    assert_eq!(run.ended(0), "A buzz.\n");
}

#[test]
fn a_program_in_the_working_folder_is_never_found() {
    for path in ["", ".", ":", "bin:", "./bin"] {
        let stand_in = StandIn::start();
        let run = unnamed(&stand_in);
        install(&run, "bin");
        fs::hard_link(run.folder().join("bin/ffmpeg"), run.folder().join("ffmpeg")).unwrap();
        let stderr = run.env("PATH", path).arg("a.wma").run().failed(3);
        assert_says(&stderr, &["cannot be decoded here"]);
    }
}

#[test]
fn the_flag_overrides_the_variable_and_names_a_path_or_a_name_on_the_path() {
    let stand_in = StandIn::always(|| answer("A buzz."));
    let run = fake(caption(&stand_in), "cat \"$SOUND\"").args(["--ffmpeg", "never", "a.wma"]);
    assert_says(&run.run().failed(3), &["cannot be decoded here"]);
    let run = unnamed(&stand_in).args(["--ffmpeg", "./fake", "a.wma"]).run();
    assert_eq!(run.ended(0), "A buzz.\n");
    let run = unnamed(&stand_in);
    let path = format!("/nowhere:{}", run.folder().display());
    let run = run.env("PATH", path).args(["--ffmpeg", "fake", "a.wma"]).run();
    assert_eq!(run.ended(0), "A buzz.\n");
}

#[test]
fn a_name_of_no_program_is_wrong_usage() {
    let stand_in = StandIn::start();
    for name in ["/nowhere/ffmpeg", "nothing", "./sound.bin", "/tmp", ""] {
        let run = unnamed(&stand_in).arg(format!("--ffmpeg={name}")).arg("a.wma").run();
        assert_says(&run.failed(2), &["ffmpeg"]);
    }
    let run = unnamed(&stand_in).env("CAPTION_FFMPEG", "/nowhere/x").arg("a.wma").run();
    assert_says(&run.failed(2), &["--ffmpeg names no program: /nowhere/x"]);
    // A blank variable counts as unset.
    let run = unnamed(&stand_in).env("CAPTION_FFMPEG", " ").arg("a.wma").run();
    assert_says(&run.failed(3), &["cannot be decoded here"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_project_cannot_name_the_program_and_the_user_can() {
    let stand_in = StandIn::always(|| answer("A buzz."));
    for value in ["./fake", "auto", "never"] {
        let toml = format!("ffmpeg = '{value}'\n");
        let run = unnamed(&stand_in).file("caption.toml", toml).arg("a.wma").run();
        assert_says(&run.failed(2), &["caption.toml: a project's file cannot set ffmpeg"]);
    }
    assert_eq!(stand_in.connections(), 0);
    let run = unnamed(&stand_in);
    let toml = format!("ffmpeg = '{}'\n", run.folder().join("fake").display());
    let run = run.file("own.toml", toml).args(["--config", "own.toml", "a.wma"]).run();
    assert_eq!(run.ended(0), "A buzz.\n");
}

#[test]
fn without_the_program_the_error_says_what_the_file_is_and_two_ways_out() {
    let stand_in = StandIn::start();
    for args in [&[][..], &["--window", "1s"], &["--dry-run"], &["--convert", "always"]] {
        let run = unnamed(&stand_in).args(args).arg("a.wma").run();
        let words = [
            "Windows Media cannot be decoded here: a.wma; install ffmpeg",
            "or convert",
            "ffmpeg -i FILE -ac 1 -ar 16000 FILE.wav",
        ];
        assert_says(&run.failed(3), &words);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn sound_that_nothing_decodes_is_sent_only_if_the_service_names_its_format() {
    let stand_in = StandIn::always(|| answer("A voice."));
    let without = |name: &str, content: &[u8]| {
        caption(&stand_in).file(name, content).args(["--ffmpeg", "never", name]).run()
    };
    assert_eq!(without("a.amr", AMR).captioned(), "A voice.\n");
    assert_eq!(stand_in.request().audio(), AMR);
    without("a.wma", WMA).failed(3);
    let refuses = "echo '[error] no decoder' >&2; exit 1";
    let run = fake_from_start(caption(&stand_in), refuses).file("a.amr", AMR).arg("a.amr").run();
    assert_eq!(run.captioned(), "A voice.\n");
    // A user may insist.
    let run = caption(&stand_in).file("a.wma", WMA).args(["--convert", "never", "a.wma"]).run();
    assert_eq!(run.captioned(), "A voice.\n");
    assert_eq!(stand_in.requests().len(), 3);
}

#[test]
fn what_can_be_decoded_here_starts_no_program() {
    let stand_in = StandIn::always(|| answer("A tone."));
    let mut run =
        fake_from_start(caption(&stand_in), "exit 1").data_file("tone.wav").arg("tone.wav");
    for name in ["mp3.mp3", "vorbis.ogg", "opus.opus", "native.flac", "alac.m4a", "aac.m4a"] {
        let Ok(content) = fs::read(data_path("tones").join(name)) else { continue };
        run = run.file(name, content).arg(name);
    }
    let run = run.args(["-f", "jsonl", "-v", "--check", "decodes"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let records = run.records();
    assert!(records.len() > 3 && records.iter().all(|record| record["decoder"].is_null()));
}

#[test]
fn the_note_comes_once_in_a_run_and_not_with_quiet() {
    let stand_in = StandIn::always(|| answer("A buzz."));
    let prepare = || {
        let run = fake(caption(&stand_in), "cat \"$SOUND\"");
        (0..4)
            .fold(run, |run, n| run.file(&format!("x/{n}.wma"), [WMA, &[n]].concat()))
            .arg("x/0.wma")
    };
    let all = ["x/1.wma", "x/2.wma", "x/3.wma"];
    let run = prepare().args(all).run();
    assert_eq!(run.stderr.matches("decoded by ffmpeg").count(), 1, "{}", run.stderr);
    prepare().args(all).arg("-q").run().captioned();
}

#[test]
fn a_manifest_knows_the_caption_with_and_without_the_program() {
    let stand_in = StandIn::scripted([answer("A buzz.")]);
    let run = fake(caption(&stand_in), "cat \"$SOUND\"");
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    run.arg("--manifest").arg(&manifest).arg("a.wma").run().ended(0);
    for choice in ["never", "./fake"] {
        let run = fake(caption(&stand_in), "cat \"$SOUND\"").args(["-q", "--ffmpeg", choice]);
        let run = run.arg("--manifest").arg(&manifest).arg("a.wma").run();
        assert_eq!(run.captioned(), "A buzz.\n");
    }
}

#[test]
fn windows_in_a_manifest_become_subtitles_without_the_program() {
    let stand_in = StandIn::always(|| answer("A buzz."));
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("m.jsonl");
    let windows = ["--window", "1s", "-q", "a.wma", "--manifest"];
    let run = fake(caption(&stand_in), "cat \"$SOUND\"").args(windows).arg(&manifest);
    run.run().ended(0);
    let run = fake(caption(&stand_in), "cat \"$SOUND\"").args(windows).arg(&manifest);
    let run = run.args(["--offline", "--ffmpeg", "never", "-f", "srt"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("1\n00:00:00,000 --> 00:00:0"), "{}", run.stdout);
}

#[test]
fn sound_on_standard_input_and_of_a_url_is_decoded_too() {
    let stand_in = StandIn::always(|| answer("A buzz."));
    let run = fake(caption(&stand_in), "cat \"$SOUND\"").args(["-q", "-"]).stdin(WMA).run();
    assert_eq!(run.captioned(), "A buzz.\n");
    let sounds = StandIn::always(|| support::stand_in::Reply::status(200).body("audio/x", WMA));
    let run = fake(caption(&stand_in), "cat \"$SOUND\"").arg("-q").arg(sounds.url("/a.wma")).run();
    assert_says(&run.ended(0), &["A buzz."]);
    for request in stand_in.requests() {
        assert!(request.audio().starts_with(b"RIFF"));
    }
}

#[test]
fn a_program_that_is_not_executable_is_none() {
    let stand_in = StandIn::start();
    let run = fake(caption(&stand_in), "cat \"$SOUND\"");
    fs::set_permissions(run.folder().join("fake"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_says(&run.arg("a.wma").run().failed(2), &["--ffmpeg names no program"]);
}
