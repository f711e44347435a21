//! The sounds themselves, in the page as far as there is room, else beside it.

use std::io::Read;
use std::path::{Path, PathBuf};

use pathdiff::diff_paths;
use serde::Serialize;

use crate::render::location;
use caption::audio::{AudioFormat, Clip, Convert, SAMPLE_RATE, UploadOptions, prepare};
use caption::input::Source;
use caption::outcome::Outcome;

/// The largest sound that is put into the page, and all of them together, in bytes: half of that
/// is kept for those that somebody has to look at. Browsers open such a page within a second or two.
const LARGEST: u64 = 1 << 20;
const LARGEST_IN_ALL: u64 = 32 << 20;

/// What a file needs at least to be sound, in bytes.
const SMALLEST: u64 = 100;

/// Where a browser finds a sound.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Media {
    /// In the page, right after; this is its media type.
    Here(&'static str),
    /// At this location, relative to the page.
    There(String),
}

/// Puts sounds into the page until it is full.
pub(super) struct Sounds {
    folder: Option<PathBuf>,
    room: u64,
}

impl Sounds {
    pub(super) fn new(folder: &Path) -> Self {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Self { folder: folder.canonicalize().ok(), room: LARGEST_IN_ALL }
    }

    /// Where the sound of an input is for the page, and its bytes where that is in the page.
    pub(super) fn media(&mut self, outcome: &Outcome) -> Option<(Media, Option<Vec<u8>>)> {
        let Source::File(path) = &outcome.input.as_ref()?.source else { return None };
        let needs_a_look = outcome.error().is_some() || !outcome.findings.is_empty();
        let kept = if needs_a_look { 0 } else { LARGEST_IN_ALL / 2 };
        let most = self.room.saturating_sub(kept).min(LARGEST);
        if let Some((media_type, bytes)) = bytes(path, most, outcome.seconds) {
            self.room -= bytes.len() as u64;
            return Some((Media::Here(media_type), Some(bytes)));
        }
        // Where a link leads is nobody's business.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let there = folder.unwrap_or(Path::new(".")).canonicalize().ok()?.join(path.file_name()?);
        let there = diff_paths(there, self.folder.as_ref()?)?;
        Some((Media::There(location::of_path(&there)), None))
    }
}

/// The file as it is where browsers play it and it is small, else what the model hears of it;
/// `None` where that is still too large.
fn bytes(path: &Path, most: u64, seconds: Option<f64>) -> Option<(&'static str, Vec<u8>)> {
    if most < SMALLEST {
        return None;
    }
    let clip = Clip::open(path).ok()?;
    if let Some(media_type) = media_type(clip.format())
        && clip.len() <= most
    {
        return Some((media_type, read(&clip)?));
    }
    #[expect(clippy::cast_precision_loss, reason = "a megabyte")]
    let longest = most as f64 / f64::from(2 * SAMPLE_RATE);
    if seconds.is_some_and(|seconds| seconds > longest) {
        return None;
    }
    let mut upload = UploadOptions::default();
    upload.convert = Convert::Always;
    // In base64.
    upload.max_upload = Some(most.div_ceil(3) * 4);
    Some(("audio/wav", read(&prepare(&clip, &upload).ok()?.clip)?))
}

fn read(clip: &Clip) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    clip.reader().read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// What all browsers play, and by which name.
fn media_type(format: &AudioFormat) -> Option<&'static str> {
    match (format.container.as_str(), format.codec.as_deref()?) {
        _ if format.is_mended => None,
        ("wav", codec) if codec.starts_with("pcm_") => Some("audio/wav"),
        ("mp3", "mp3") => Some("audio/mpeg"),
        ("flac", _) => Some("audio/flac"),
        ("ogg", "opus" | "vorbis" | "flac") => Some("audio/ogg"),
        ("aac", _) => Some("audio/aac"),
        ("m4a" | "mp4", "aac") => Some("audio/mp4"),
        _ => None,
    }
}
