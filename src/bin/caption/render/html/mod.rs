//! A page for the person who decides: every sound to be seen, read and listened to, in one file
//! and without network.
//!
//! What strangers wrote is data in the page: JSON in elements that browsers do not run, put into
//! the document as text. The page's policy allows its own script and style and no other, by their
//! hashes.

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use self::sound::{Media, Sounds};
use super::annotation::CUT_SHORT;
use super::{End, Report, ReportStyle, location};
use caption::manifest::record::Record;
use caption::outcome::{Outcome, Status};
use caption::text::harmless;

mod sound;

const HEAD: &str = include_str!("head.html");
const STYLE: &str = include_str!("style.css");
const BODY: &str = include_str!("body.html");
const SCRIPT: &str = concat!(
    include_str!("base.js"),
    include_str!("list.js"),
    include_str!("sound.js"),
    include_str!("detail.js"),
    include_str!("keys.js"),
);

/// What is longer of a caption is cut off, in characters.
const LONGEST_CAPTION: usize = 20_000;

/// Writes each sound as it comes.
pub(super) struct Html {
    style: ReportStyle,
    sounds: Sounds,
    has_begun: bool,
}

/// What the page's script knows of a sound.
#[derive(Serialize)]
struct Asset<'a> {
    /// `broken`, `failed`, `warning`, `fine` or `skipped`.
    verdict: &'static str,
    #[serde(flatten)]
    record: Record,
    /// The outline of the sound in base64.
    waveform: Option<String>,
    media: Option<&'a Media>,
}

impl Html {
    pub(super) fn new(style: ReportStyle) -> Self {
        let sounds = Sounds::new(&style.folder);
        Self { style, sounds, has_begun: false }
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        let head = HEAD.replace("STYLE-HASH", &hash(STYLE)).replace("SCRIPT-HASH", &hash(SCRIPT));
        write!(out, "{head}<style>{STYLE}</style>\n{BODY}")
    }

    fn record(&self, outcome: &Outcome) -> Record {
        let mut record = Record::new(outcome, self.style.hint);
        record.input = location::name(outcome);
        record.findings.clone_from(&outcome.findings);
        // A record of a failure tells nothing of the sound, though it may be known.
        record.seconds = outcome.seconds;
        record.sha256 = outcome.cache_key.as_ref().and_then(|cache_key| cache_key.sha256.clone());
        if let Some(error) = &mut record.error {
            error.message = location::told(outcome, &error.message);
        }
        let windows = record.windows.iter_mut().map(|window| &mut window.caption);
        for caption in record.caption.iter_mut().chain(windows) {
            if let Some((end, _)) = caption.char_indices().nth(LONGEST_CAPTION) {
                caption.truncate(end);
                caption.push('…');
            }
        }
        record
    }
}

/// As a policy names what it allows.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

fn verdict(outcome: &Outcome) -> &'static str {
    match &outcome.status {
        _ if outcome.is_broken() => "broken",
        Status::Failed(_) => "failed",
        _ if !outcome.findings.is_empty() => "warning",
        Status::Skipped => "skipped",
        _ => "fine",
    }
}

/// Makes every text in a document harmless.
fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = harmless(text).into_owned(),
        Value::Array(values) => values.iter_mut().for_each(clean),
        Value::Object(values) => values.values_mut().for_each(clean),
        _ => {}
    }
}

/// JSON that ends no element and opens none.
fn json(value: &impl Serialize) -> io::Result<String> {
    let mut value = serde_json::to_value(value)?;
    clean(&mut value);
    let text = value.to_string();
    Ok(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

impl Report for Html {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        let media = self.sounds.media(outcome);
        let levels = outcome.sound.as_ref().and_then(|sound| sound.levels.as_ref());
        let asset = Asset {
            verdict: verdict(outcome),
            record: self.record(outcome),
            waveform: levels.map(|levels| BASE64_STANDARD.encode(&levels.waveform)),
            media: media.as_ref().map(|(media, _)| media),
        };
        writeln!(
            out,
            "<script type=\"application/json\" class=\"asset\">{}</script>",
            json(&asset)?
        )?;
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
