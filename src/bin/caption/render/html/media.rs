//! Playable audio of the page: embedded as far as there is room, linked otherwise.

use std::io::Read;
use std::path::{Path, PathBuf};

use caption::{AudioFormat, Clip, Convert, Outcome, SAMPLE_RATE, Source, UploadOptions};
use pathdiff::diff_paths;
use serde::Serialize;

use crate::render::location;

/// Limits of one embedded file and of all together in bytes. Half of the room is reserved for files
/// with failures or findings. Browsers open such a page within two seconds.
const MAX_FILE_LEN: u64 = 1 << 20;
const MAX_TOTAL_LEN: u64 = 32 << 20;

/// Audio files are larger than this, in bytes.
const MIN_FILE_LEN: u64 = 100;

/// Source of a player. The names of the variants are those of the page's script.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Media {
    /// Media type of a file that is embedded in the next element.
    Here(&'static str),
    /// URL of a file relative to the page.
    There(String),
}

/// Embeds files until the page is full.
pub(super) struct MediaLibrary {
    folder: Option<PathBuf>,
    room: u64,
}

impl MediaLibrary {
    /// `folder` is the folder of the page.
    pub(super) fn new(folder: &Path) -> Self {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Self { folder: folder.canonicalize().ok(), room: MAX_TOTAL_LEN }
    }

    /// Player source of an input, with the bytes to embed.
    pub(super) fn media(&mut self, outcome: &Outcome) -> Option<(Media, Option<Vec<u8>>)> {
        let Source::File(path) = &outcome.input.as_ref()?.source else { return None };
        let needs_review = outcome.error().is_some() || !outcome.findings.is_empty();
        let reserved = if needs_review { 0 } else { MAX_TOTAL_LEN / 2 };
        let limit = self.room.saturating_sub(reserved).min(MAX_FILE_LEN);
        if let Some((media_type, bytes)) = playable(path, limit, outcome.seconds) {
            self.room -= bytes.len() as u64;
            return Some((Media::Here(media_type), Some(bytes)));
        }
        // The file itself is not resolved: the target of a link may be private.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = folder.unwrap_or(Path::new(".")).canonicalize().ok()?.join(path.file_name()?);
        let file = diff_paths(file, self.folder.as_ref()?)?;
        Some((Media::There(location::of_path(&file)), None))
    }
}

/// Reads a file that browsers play, or converts it as for an upload; `None` if the result has more
/// than `limit` bytes.
fn playable(path: &Path, limit: u64, seconds: Option<f64>) -> Option<(&'static str, Vec<u8>)> {
    if limit < MIN_FILE_LEN {
        return None;
    }
    let clip = Clip::open(path).ok()?;
    if let Some(media_type) = media_type(clip.format())
        && clip.len() <= limit
    {
        return Some((media_type, read(&clip)?));
    }
    #[expect(clippy::cast_precision_loss, reason = "a megabyte")]
    let max_seconds = limit as f64 / f64::from(2 * SAMPLE_RATE);
    if seconds.is_some_and(|seconds| seconds > max_seconds) {
        return None;
    }
    let mut upload = UploadOptions::default();
    upload.convert = Convert::Always;
    // Uploads are limited by their size in base64.
    upload.max_upload = Some(limit.div_ceil(3) * 4);
    Some(("audio/wav", read(&clip.prepare(&upload).ok()?)?))
}

fn read(clip: &Clip) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    clip.reader().read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Media type of a format that all browsers play.
fn media_type(format: &AudioFormat) -> Option<&'static str> {
    match (format.container.as_str(), format.codec.as_deref()?) {
        _ if format.is_repaired => None,
        ("wav", codec) if codec.starts_with("pcm_") => Some("audio/wav"),
        ("mp3", "mp3") => Some("audio/mpeg"),
        ("flac", _) => Some("audio/flac"),
        ("ogg", "opus" | "vorbis" | "flac") => Some("audio/ogg"),
        ("aac", _) => Some("audio/aac"),
        ("m4a" | "mp4", "aac") => Some("audio/mp4"),
        _ => None,
    }
}
