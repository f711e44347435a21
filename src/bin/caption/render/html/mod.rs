//! HTML page for reviewers: waveform, player, caption and findings of every file, in one document
//! that works offline.
//!
//! Text from outside is data: JSON in elements that browsers do not run, added to the document as
//! text. The content security policy allows the page's own script and style only, by their hashes.

use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use caption::{Outcome, Status, sanitize};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use self::media::{Media, MediaLibrary};
use super::annotation::CUT_SHORT;
use super::record::Record;
use super::{End, RenderOptions, Renderer, location};

mod media;

const HEAD: &str = include_str!("head.html");
const STYLE: &str = include_str!("style.css");
const BODY: &str = include_str!("body.html");
const SCRIPT: &str = concat!(
    include_str!("base.js"),
    include_str!("list.js"),
    include_str!("player.js"),
    include_str!("detail.js"),
    include_str!("keys.js"),
);

/// Limit of a caption in characters.
const MAX_CAPTION_LEN: usize = 20_000;

/// Writes each file as it comes.
pub(super) struct Html {
    media: MediaLibrary,
    has_begun: bool,
}

/// Data of one file for the script of the page.
#[derive(Serialize)]
struct Asset<'a> {
    /// `broken`, `failed`, `warning`, `fine` or `skipped`.
    verdict: &'static str,
    #[serde(flatten)]
    record: Record,
    /// Peaks of the waveform in base64.
    waveform: Option<String>,
    media: Option<&'a Media>,
}

impl Html {
    pub(super) fn new(folder: &Path) -> Self {
        Self { media: MediaLibrary::new(folder), has_begun: false }
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        let head = HEAD.replace("STYLE-HASH", &hash(STYLE)).replace("SCRIPT-HASH", &hash(SCRIPT));
        write!(out, "{head}<style>{STYLE}</style>\n{BODY}")
    }
}

fn record(outcome: &Outcome) -> Record {
    let mut record = Record::new(outcome, &RenderOptions::default());
    record.input = location::name(outcome);
    // In contrast to other records, those of failures have all that is known about the file.
    record.findings.clone_from(&outcome.findings);
    record.seconds = outcome.seconds;
    record.sha256 = outcome.cache_key.as_ref().and_then(|cache_key| cache_key.sha256.clone());
    if let Some(error) = &mut record.error {
        error.message = location::rename(outcome, &error.message);
    }
    let windows = record.windows.iter_mut().map(|window| &mut window.caption);
    for caption in record.caption.iter_mut().chain(windows) {
        if let Some((end, _)) = caption.char_indices().nth(MAX_CAPTION_LEN) {
            caption.truncate(end);
            caption.push('…');
        }
    }
    record
}

/// Hash in the form of a content security policy.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

fn verdict(outcome: &Outcome) -> &'static str {
    match &outcome.status {
        _ if outcome.has_violation() => "broken",
        Status::Failed(_) => "failed",
        _ if !outcome.findings.is_empty() => "warning",
        Status::Skipped => "skipped",
        _ => "fine",
    }
}

/// Replaces harmful characters in every string of a document.
fn sanitize_json(value: &mut Value) {
    match value {
        Value::String(text) => *text = sanitize(text).into_owned(),
        Value::Array(values) => values.iter_mut().for_each(sanitize_json),
        Value::Object(values) => values.values_mut().for_each(sanitize_json),
        _ => {}
    }
}

/// JSON that neither opens nor closes an element.
fn json(value: &impl Serialize) -> io::Result<String> {
    let mut value = serde_json::to_value(value)?;
    sanitize_json(&mut value);
    let text = value.to_string();
    Ok(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

impl Renderer for Html {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        let media = self.media.media(outcome);
        let levels = outcome.sound.as_ref().and_then(|sound| sound.levels.as_ref());
        let asset = json(&Asset {
            verdict: verdict(outcome),
            record: record(outcome),
            waveform: levels.map(|levels| BASE64_STANDARD.encode(&levels.waveform)),
            media: media.as_ref().map(|(media, _)| media),
        })?;
        writeln!(out, "<script type=\"application/json\" class=\"asset\">{asset}</script>")?;
        let Some((_, Some(bytes))) = media else { return Ok(()) };
        let bytes = BASE64_STANDARD.encode(bytes);
        writeln!(out, "<script type=\"text/plain\" class=\"sound\">{bytes}</script>")
    }

    fn finish(&mut self, end: End, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        if end == End::CutShort {
            writeln!(out, "<p class=\"failed\" id=\"cut-short\">{CUT_SHORT}</p>")?;
        }
        writeln!(out, "<script>{SCRIPT}</script>\n</html>")
    }
}
