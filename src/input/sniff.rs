//! Audio in files whose extension is not searched for.

use std::path::Path;

use crate::platform;

/// Extensions of videos, most of which have an audio track.
const VIDEO: [&str; 11] =
    ["avi", "flv", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ts", "webm", "wmv"];

/// Extensions of files that hold no audio, so that they are not opened.
const OTHER: [&str; 27] = [
    "bmp", "c", "css", "csv", "gif", "h", "html", "ico", "jpeg", "jpg", "js", "json", "jsonl",
    "md", "pdf", "png", "py", "rs", "srt", "svg", "toml", "txt", "vtt", "xml", "yaml", "yml",
    "zip",
];

/// Bytes at the start of audio files, by their offset.
const SIGNATURES: [(usize, &[u8]); 14] = [
    (8, b"WAVE"),
    (8, b"AIFF"),
    (8, b"AIFC"),
    (4, b"ftyp"),
    (0, b"fLaC"),
    (0, b"OggS"),
    (0, b"ID3"),
    (0, b"\x1a\x45\xdf\xa3"),
    (0, b"#!AMR"),
    (0, b"caff"),
    (0, b"wvpk"),
    (0, b".snd"),
    (0, b"MAC "),
    (0, b"riff\x2e\x91\xcf\x11"),
];

/// Length of the longest signature with its offset.
const START: usize = 12;

/// True if a file is a video by its name, or audio by its first bytes.
pub(super) fn is_audio(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    if OTHER.contains(&extension.as_str()) {
        return false;
    }
    VIDEO.contains(&extension.as_str()) || starts_like_audio(path).unwrap_or(false)
}

fn starts_like_audio(path: &Path) -> std::io::Result<bool> {
    let file = platform::open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    let mut start = [0; START];
    platform::fill_at(&file, &mut start, 0)?;
    Ok(SIGNATURES.iter().any(|(offset, signature)| start[*offset..].starts_with(signature)))
}
