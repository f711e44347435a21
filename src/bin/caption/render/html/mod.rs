//! HTML page for reviewers: waveform, player, caption and findings of every file, in one document
//! that works offline.
//!
//! Text from outside is data: JSON in elements that browsers do not run, added to the document as
//! text. The content security policy allows the page's own script and style only, by their hashes.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use caption::{
    AudioFormat, Clip, Convert, Outcome, Rule, SAMPLE_RATE, Source, Status, UploadOptions, sanitize,
};
use pathdiff::diff_paths;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::annotation::{CUT_SHORT, input_name, path_uri};
use super::record::record;
use super::{End, RenderOptions, Renderer};

mod run;

const HEAD: &str = include_str!("head.html");
const STYLE: &str = include_str!("style.css");
const BODY: &str = include_str!("body.html");
const SCRIPT: &str = concat!(
    include_str!("base.js"),
    include_str!("summary.js"),
    include_str!("list.js"),
    include_str!("player.js"),
    include_str!("detail.js"),
    include_str!("print.js"),
    include_str!("keys.js"),
);

/// Limit of a text in characters.
const MAX_TEXT_LEN: usize = 20_000;

/// Limits of one embedded file and of all together in bytes. Half of the room is reserved for files
/// with failures or findings. Browsers open such a page within two seconds.
const MAX_FILE_LEN: u64 = 1 << 20;
const MAX_TOTAL_LEN: u64 = 32 << 20;

/// Audio files are larger than this, in bytes.
const MIN_FILE_LEN: u64 = 100;

/// Size in bytes up to which a file is opened: a larger one does not fit even if it is converted,
/// and the other inputs wait meanwhile.
const MAX_SOURCE_LEN: u64 = 64 << 20;

/// Source of a player. The names of the variants are those of the page's script.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Media {
    /// Media type of a file that is embedded in the next element.
    Here(&'static str),
    /// URL of a file relative to the page.
    There(String),
}

/// Writes each file as it comes, and embeds audio until the page is full.
pub(super) struct Html {
    /// Folder of the page.
    folder: Option<PathBuf>,
    /// Facts of the run for the head of the page.
    run: Value,
    /// Bytes of audio that the page has room for.
    room: u64,
    has_begun: bool,
}

impl Html {
    /// Page in `folder` on an audit by `rules`.
    pub(super) fn new(folder: &Path, rules: &[Rule]) -> Self {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let mut run = run::facts(rules);
        sanitize_json(&mut run);
        Self { folder: folder.canonicalize().ok(), run, room: MAX_TOTAL_LEN, has_begun: false }
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        let head = HEAD.replace("STYLE-HASH", &hash(STYLE)).replace("SCRIPT-HASH", &hash(SCRIPT));
        write!(out, "{head}<style>{STYLE}</style>\n{BODY}")?;
        let run = escape(&self.run);
        writeln!(out, "<script type=\"application/json\" id=\"run\">{run}</script>")
    }

    /// Player source of an input, with the bytes to embed.
    fn media(&mut self, outcome: &Outcome) -> Option<(Media, Option<Vec<u8>>)> {
        let Source::File(path) = &outcome.input.as_ref()?.source else { return None };
        let is_unopened = outcome.error().is_some() && outcome.seconds.is_none();
        let needs_review = outcome.error().is_some() || !outcome.findings.is_empty();
        let reserved = if needs_review { 0 } else { MAX_TOTAL_LEN / 2 };
        let limit = self.room.saturating_sub(reserved).min(MAX_FILE_LEN);
        // A file that could not be opened is not tried again.
        let limit = if is_unopened { 0 } else { limit };
        if let Some((media_type, bytes)) = playable(path, limit, outcome.seconds) {
            self.room -= bytes.len() as u64;
            return Some((Media::Here(media_type), Some(bytes)));
        }
        // The file itself is not resolved: the target of a link may be private.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = folder.unwrap_or(Path::new(".")).canonicalize().ok()?.join(path.file_name()?);
        let file = diff_paths(file, self.folder.as_ref()?)?;
        Some((Media::There(path_uri(&file)), None))
    }
}

/// Data of one file for the script of the page.
fn asset(outcome: &Outcome, media: Option<&Media>) -> Value {
    let mut asset = record(outcome, &RenderOptions::default());
    asset["verdict"] = json!(verdict(outcome));
    asset["input"] = json!(input_name(outcome));
    // In contrast to other records, those of failures have all that is known about the file.
    if let Some(seconds) = outcome.seconds {
        asset["seconds"] = json!(seconds);
    }
    if let Some(sha256) = outcome.cache_key.as_ref().and_then(|key| key.sha256.as_ref()) {
        asset["sha256"] = json!(sha256);
    }
    asset["findings"] = json!(outcome.findings);
    sanitize_json(&mut asset);
    let levels = outcome.sound.as_ref().and_then(|sound| sound.levels.as_ref());
    asset["waveform"] = json!(levels.map(|levels| BASE64_STANDARD.encode(&levels.waveform)));
    asset["media"] = json!(media);
    asset
}

/// Hash in the form of a content security policy.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

fn verdict(outcome: &Outcome) -> &'static str {
    match &outcome.status {
        _ if outcome.has_violation() => "broken",
        Status::Failed(_) if outcome.is_not_tried() => "skipped",
        Status::Failed(_) => "failed",
        _ if !outcome.findings.is_empty() => "warning",
        Status::Skipped => "skipped",
        _ => "fine",
    }
}

/// Replaces harmful characters in every string of a document, and cuts long strings.
fn sanitize_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            *text = sanitize(text).into_owned();
            if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_LEN) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(values) => values.iter_mut().for_each(sanitize_json),
        Value::Object(values) => values.values_mut().for_each(sanitize_json),
        _ => {}
    }
}

/// JSON that neither opens nor closes an element.
fn escape(json: &Value) -> String {
    json.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

impl Renderer for Html {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        let media = self.media(outcome);
        let asset = escape(&asset(outcome, media.as_ref().map(|(media, _)| media)));
        writeln!(out, "<script type=\"application/json\" class=\"asset\">{asset}</script>")?;
        let Some((_, Some(bytes))) = media else { return Ok(()) };
        let bytes = BASE64_STANDARD.encode(bytes);
        writeln!(out, "<script type=\"text/plain\" class=\"sound\">{bytes}</script>")
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        if end == End::CutShort {
            writeln!(out, "<footer class=\"failed\" id=\"cut-short\">{CUT_SHORT}</footer>")?;
        }
        writeln!(out, "<script>{SCRIPT}</script>\n</html>")
    }
}

/// Reads a file that browsers play, or converts it as for an upload; `None` if the result has more
/// than `limit` bytes.
fn playable(path: &Path, limit: u64, seconds: Option<f64>) -> Option<(&'static str, Vec<u8>)> {
    if limit < MIN_FILE_LEN {
        return None;
    }
    let is_small = path.metadata().is_ok_and(|metadata| metadata.len() <= MAX_SOURCE_LEN);
    let clip = is_small.then(|| Clip::open(path).ok()).flatten()?;
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
