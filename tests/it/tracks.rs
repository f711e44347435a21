//! Audio tracks: the default one is taken and named, and `--track` takes another.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Caption, assert_says, caption, finish, unconfigured};
use crate::skipped_tests::{has_programs, skip};
use support::audio::{samples, sine};
use support::containers::{Track, element, movie, sound_entry};
use support::stand_in::StandIn;

/// Frequencies of the tracks in Hz.
const TONES: [f64; 3] = [440.0, 1000.0, 2000.0];

/// Matroska file with a tone in each track: its default flag, if it has one, and its language.
fn film(tracks: &[(Option<u8>, &[u8])]) -> Vec<u8> {
    let numbered = || (1_u8..).zip(tracks);
    let entries = numbered().map(|(number, (is_default, language))| {
        let audio = [
            element(b"\xb5", &16_000_f32.to_be_bytes()),
            element(b"\x9f", &[1]),
            element(b"\x62\x64", &[16]),
        ];
        let parts = [
            element(b"\xd7", &[number]),
            element(b"\x73\xc5", &[number]),
            element(b"\x83", &[2]),
            is_default.map(|flag| element(b"\x88", &[flag])).unwrap_or_default(),
            element(b"\x22\xb5\x9c", language),
            element(b"\x86", b"A_PCM/INT/LIT"),
            element(b"\xe1", &audio.concat()),
        ];
        element(b"\xae", &parts.concat())
    });
    let blocks = (0..10_u16).flat_map(|block| {
        numbered().flat_map(move |(number, _)| {
            let tone = sine(TONES[usize::from(number) - 1]);
            let start = f64::from(block) / 10.0;
            let samples = samples(16_000, 0.1, |t| 0.5 * tone(t + start)).into_iter();
            let packet = samples.flat_map(|sample| ((sample * 32_767.0) as i16).to_le_bytes());
            let head = [0x80 | number, ((block * 100) >> 8) as u8, (block * 100) as u8, 0x80];
            element(b"\xa3", &head.into_iter().chain(packet).collect::<Vec<_>>())
        })
    });
    let info = [
        element(b"\x2a\xd7\xb1", &1_000_000_u32.to_be_bytes()),
        element(b"\x4d\x80", b"test"),
        element(b"\x57\x41", b"test"),
    ];
    let content = [
        element(b"\x15\x49\xa9\x66", &info.concat()),
        element(b"\x16\x54\xae\x6b", &entries.collect::<Vec<_>>().concat()),
        element(b"\x1f\x43\xb6\x75", &[element(b"\xe7", &[0]), blocks.collect()].concat()),
    ];
    let head = element(b"\x1a\x45\xdf\xa3", &element(b"\x42\x82", b"matroska"));
    [head, element(b"\x18\x53\x80\x67", &content.concat())].concat()
}

/// Film with two tracks of a second each.
pub(crate) fn of_two() -> Vec<u8> {
    film(&[(None, b"eng"), (None, b"deu")])
}

fn run(stand_in: &StandIn, content: Vec<u8>, args: &[&str]) -> Caption {
    caption(stand_in).file("film.mkv", content).arg("film.mkv").args(args)
}

#[test]
fn the_default_track_is_captioned_with_a_note_and_track_takes_another() {
    let stand_in = StandIn::start();
    let first = run(&stand_in, of_two(), &[]).run();
    assert_says(&first.stdout, &["near 439 Hz"]);
    assert_eq!(
        first.stderr,
        "caption: note: film.mkv: track 1 of 2 (eng); --track 2 for the other\n"
    );
    let second = run(&stand_in, of_two(), &["--track", "2"]).run().captioned();
    assert_says(&second, &["near 1000 Hz"]);
    run(&stand_in, of_two(), &["-q"]).run().captioned();
}

#[test]
fn a_track_that_players_do_not_take_by_default_is_not_the_default() {
    let stand_in = StandIn::start();
    let content = film(&[(Some(0), b"eng"), (Some(1), b"deu"), (Some(0), b"und")]);
    let default = run(&stand_in, content.clone(), &[]).run();
    assert_says(&default.stdout, &["near 1000 Hz"]);
    assert_says(&default.stderr, &["track 2 of 3 (deu); --track N for another"]);
    let third = run(&stand_in, content, &["--track", "3"]).run().captioned();
    assert_says(&third, &["near 2000 Hz"]);
}

#[test]
fn a_disabled_track_of_mp4_is_not_the_default() {
    let stand_in = StandIn::start();
    let data: Vec<u8> = samples(16_000, 1.0, sine(440.0))
        .into_iter()
        .flat_map(|sample| ((sample * 16_000.0) as i16).to_be_bytes())
        .collect();
    // Half of the data, and all of it.
    let tracks = [(1, 8000), (2, 16_000)].map(|(id, count)| {
        let entry = sound_entry(b"twos", 1, 16, 16_000, &[]);
        Track { id, handler: b"soun", entry, sample: 2, count }
    });
    let mut content = movie(b"mp42", &tracks, &data);
    for (args, default, expected) in [(&[][..], 1, 1.0), (&["--track", "1"], 1, 0.5), (&[], 0, 0.5)]
    {
        let heads: Vec<_> =
            (0..content.len() - 4).filter(|at| content[*at..].starts_with(b"tkhd")).collect();
        for (position, head) in heads.into_iter().enumerate() {
            content[head + 7] = u8::from(position == default);
        }
        let run = run(&stand_in, content.clone(), args).args(["-f", "jsonl"]).run();
        assert_eq!(run.records()[0]["seconds"], expected, "{args:?}: {}", run.stderr);
    }
}

#[test]
fn a_track_beyond_the_last_one_is_an_error_of_the_input_before_any_request() {
    let stand_in = StandIn::start();
    for args in [&["--track", "3"][..], &["--track", "3", "--dry-run"]] {
        let error = run(&stand_in, of_two(), args).run().failed(3);
        assert_says(
            &error,
            &["no audio track 3: the file has 2 audio tracks: film.mkv; choose a lower --track"],
        );
    }
    let wav = caption(&stand_in).data_file("tone.wav").args(["--track", "2", "tone.wav"]);
    assert_says(&wav.run().failed(3), &["only one audio track: tone.wav; leave --track out"]);
    let one = caption(&stand_in).data_file("tone.wav").args(["--track", "1", "tone.wav"]);
    one.run().captioned();
    assert_eq!(stand_in.posts(), 1);
    for number in ["0", "-1", "eng"] {
        let error = run(&stand_in, of_two(), &[&format!("--track={number}")]).run().failed(2);
        assert_says(&error, &["--track"]);
    }
    let error = run(&stand_in, of_two(), &["--track", "2", "--convert", "never"]).run().failed(2);
    assert_says(&error, &["--track", "--convert never"]);
}

#[test]
fn each_track_has_its_own_caption_in_the_manifest() {
    let stand_in = StandIn::start();
    let mut first = run(&stand_in, of_two(), &["--manifest", "m", "-q"]);
    finish(first.spawn()).captioned();
    let manifest = fs::read_to_string(first.folder().join("m")).unwrap();
    let again = |args: &[&str]| {
        run(&stand_in, of_two(), &["--manifest", "m", "-f", "jsonl"])
            .file("m", &manifest)
            .args(args)
    };
    // The default track, asked for by its number.
    let cached = again(&["--track", "1", "--offline"]).run();
    assert_says(cached.records()[0]["caption"].as_str().unwrap(), &["439 Hz"]);
    assert_eq!(cached.records()[0]["track"], 1);
    assert_eq!(again(&["--track", "2", "--offline"]).run().code, 3);
    let mut other = again(&["--track", "2"]);
    let record = &finish(other.spawn()).records()[0];
    assert_says(record["caption"].as_str().unwrap(), &["1000 Hz"]);
    let manifest = fs::read_to_string(other.folder().join("m")).unwrap();
    let tracks =
        manifest.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["track"].clone());
    assert_eq!(tracks.collect::<Vec<_>>(), [Value::Null, 2.into()]);
    let offline = unconfigured().file("film.mkv", of_two()).file("m", manifest);
    let offline = offline.args(["--manifest", "m", "--offline", "--track", "2", "film.mkv"]);
    assert_says(&offline.run().captioned(), &["1000 Hz"]);
}

#[test]
fn a_dry_run_names_the_track_and_counts_the_other_one_as_new() {
    let stand_in = StandIn::start();
    let listed = run(&stand_in, of_two(), &["--dry-run"]).run();
    assert_says(&listed.stdout, &["new"]);
    assert_says(&listed.stderr, &["film.mkv: track 1 of 2 (eng)"]);
    let other = run(&stand_in, of_two(), &["--dry-run", "--track", "2"]).run();
    assert!(!other.stderr.contains("track"), "{}", other.stderr);
}

#[test]
fn notes_about_the_tracks_of_many_files_are_counted() {
    let stand_in = StandIn::start();
    let names = (0..8).map(|number| format!("films/{number}.mkv"));
    let run = names.fold(caption(&stand_in), |run, name| {
        run.file(&name, [of_two(), vec![0xec, 0x81, name.as_bytes()[6]]].concat())
    });
    let run = run.arg("films/*.mkv").run();
    assert_eq!(run.stderr.matches("track 1 of 2 (eng)").count(), 5, "{}", run.stderr);
    assert_says(&run.stderr, &["default audio track was taken of 3 more inputs"]);
}

#[test]
fn a_file_with_several_tracks_is_not_sent_as_it_is() {
    let stand_in = StandIn::start();
    let data = vec![0; 32_000];
    let tracks = [1, 2].map(|id| {
        let entry = sound_entry(b"twos", 1, 16, 16_000, &[]);
        Track { id, handler: b"soun", entry, sample: 2, count: 16_000 }
    });
    let content = movie(b"3gp4", &tracks, &data);
    let run = caption(&stand_in).file("call.3gp", content).arg("call.3gp").run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(stand_in.request().audio().starts_with(b"RIFF"));
}

/// File that ffmpeg makes of two tones; `None` if it cannot.
fn made_by_ffmpeg(name: &str, codecs: &[&str]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]);
    for tone in &TONES[..2] {
        let source = format!("aevalsrc=0.5*sin({tone}*2*PI*t):s=48000:d=1");
        command.args(["-f", "lavfi", "-i", &source]);
    }
    command.args(["-map", "0", "-map", "1"]).args(codecs).arg(folder.path().join(name));
    if !command.output().ok()?.status.success() {
        skip(&format!("ffmpeg cannot write {name}"));
        return None;
    }
    fs::read(folder.path().join(name)).ok()
}

#[test]
fn ffmpeg_decodes_the_track_that_is_asked_for() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    let stand_in = StandIn::start();
    for (name, codecs) in [
        ("film.avi", &["-c:a", "ac3"][..]),
        ("film.ts", &["-c:a", "ac3"]),
        ("film.mkv", &["-c:a", "ac3"]),
        // The default track is not the one that can be decoded without ffmpeg.
        ("mixed.mkv", &["-c:a:0", "ac3", "-c:a:1", "pcm_s16le"]),
    ] {
        let Some(content) = made_by_ffmpeg(name, codecs) else { continue };
        let run = |args: &[&str]| {
            let run = caption(&stand_in).file(name, &content).arg(name).args(args);
            run.env("PATH", std::env::var_os("PATH").unwrap()).run()
        };
        let first = run(&[]);
        assert_says(&first.stdout, &["near 4"]);
        assert_says(&first.stderr, &[name, "track 1 of 2"]);
        let second = run(&["--track", "2"]);
        assert_says(&second.stdout, &["near 1000 Hz"]);
        assert!(!second.stderr.contains("--track"), "{}", second.stderr);
        assert_says(&run(&["--track", "3"]).failed(3), &["the file has 2 audio tracks"]);
    }
}

#[test]
fn without_ffmpeg_a_track_that_can_be_decoded_is_taken_for_the_default_one() {
    if !has_programs(&["ffmpeg"]) {
        return;
    }
    let codecs = ["-c:a:0", "ac3", "-c:a:1", "pcm_s16le"];
    let Some(content) = made_by_ffmpeg("film.mkv", &codecs) else { return };
    let stand_in = StandIn::start();
    let taken = run(&stand_in, content, &["--ffmpeg", "never"]).run();
    assert_says(&taken.stdout, &["near 1000 Hz"]);
    assert_says(&taken.stderr, &["track 2 of 2, since the default track 1 cannot be decoded here"]);
}
