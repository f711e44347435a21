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
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::media::{Media, MediaLibrary};
use super::annotation::CUT_SHORT;
use super::record::record;
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

/// Limit of a text in characters.
const MAX_TEXT_LEN: usize = 20_000;

/// Writes each file as it comes.
pub(super) struct Html {
    media: MediaLibrary,
    has_begun: bool,
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

/// Data of one file for the script of the page.
fn asset(outcome: &Outcome, media: Option<&Media>) -> Value {
    let mut asset = record(outcome, &RenderOptions::default());
    asset["verdict"] = json!(verdict(outcome));
    asset["input"] = json!(location::name(outcome));
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
        let media = self.media.media(outcome);
        let asset = escape(&asset(outcome, media.as_ref().map(|(media, _)| media)));
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
