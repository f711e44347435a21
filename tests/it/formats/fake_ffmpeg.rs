//! A script in the place of ffmpeg, for what the real one does seldom.

use std::process::Command;

use crate::harness::Caption;

/// Start of a file that only another program decodes: ASF.
pub(super) const WMA: &[u8] = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c\
    and its content";

/// Messages of ffmpeg about a file of one track, and of 10 s.
const MESSAGES: &str = "\
    echo '[info] ffmpeg version 7.1 Copyright' >&2\n\
    echo \"[info] Input #0, asf, from 'file:/dev/fd/0':\" >&2\n\
    echo '[info]   Duration: 00:00:10.00, start: 0.000000, bitrate: 1 kb/s' >&2\n\
    echo '[info]   Stream #0:0: Audio: wmav2, 8000 Hz, mono' >&2\n\
    echo '[info] Stream mapping:' >&2\n\
    echo '[info]   Stream #0:0 -> #0:0 (wmav2 (native) -> pcm_f32le (native))' >&2\n";

/// WAV of 8 kHz as ffmpeg writes it to a pipe, with a rectangle of this length in seconds.
fn wav(seconds: usize) -> Vec<u8> {
    let header =
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x03\0\x01\0\x40\x1f\0\0\0\x7d\0\0\x04\0\x20\0\
        data\xff\xff\xff\xff";
    let samples = (0..8000 * seconds).map(|n| if n / 20 % 2 == 0 { 0.2_f32 } else { -0.2 });
    header.iter().copied().chain(samples.flat_map(f32::to_le_bytes)).collect()
}

/// Makes `--ffmpeg` a script that shows the first frame as the real one does, and then does this.
/// `$SOUND` is a file with 10 s of sound.
pub(super) fn fake(run: Caption, script: &str) -> Caption {
    let frame = "case \"$*\" in *-frames:a*) head -c 4096 \"$SOUND\"; exit;; esac";
    fake_from_start(run, &format!("{MESSAGES}{frame}\n{script}"))
}

/// Makes `--ffmpeg` a script.
pub(super) fn fake_from_start(run: Caption, script: &str) -> Caption {
    let run = run.file("sound.bin", wav(10)).file("a.wma", WMA);
    let folder = run.folder().display().to_string();
    let script = format!(
        "#!/bin/sh\nPATH=/usr/bin:/bin\nSOUND='{folder}/sound.bin'\nFOLDER='{folder}'\n{script}\n"
    );
    let path = run.folder().join("fake");
    // Written by another process: a program that another test starts meanwhile would have the file
    // open, so that it could not be started.
    let mut shell = Command::new("sh");
    shell.args(["-c", "printf '%s' \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh"]);
    assert!(shell.arg(&path).arg(script).status().unwrap().success());
    run.env("PATH", "/nowhere").env("CAPTION_FFMPEG", path)
}
