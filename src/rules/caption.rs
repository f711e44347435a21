//! Checks of the text of a caption: patterns that must or must not match, and repetition.

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress, Status};
use regex::{Regex, RegexBuilder};

use super::{Finding, violation};
use crate::error::{Error, Setting};
use crate::sentences::sentences;
use crate::text::one_line;

/// Limits of quoted text, in characters.
const MAX_MATCH_LEN: usize = 100;
const MAX_SENTENCE_LEN: usize = 400;

/// Size limits of a compiled pattern in bytes, the smallest that suffices is used: for words,
/// classes of letters, repeated classes, and the largest of all.
const SIZE_LIMITS: [usize; 4] = [8 << 10, 64 << 10, 512 << 10, 4 << 20];

/// Compression ratio above which text repeats itself. Source: `openai/whisper`, `transcribe.py`,
/// `compression_ratio_threshold`.
const MAX_RATIO: f64 = 2.4;

/// Compiled regular expression that a caption must or must not match.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    regex: Regex,
    /// Upper limit of the compiled size in bytes.
    pub(super) size: usize,
    is_required: bool,
}

impl Pattern {
    pub(super) fn new(pattern: &str, is_required: bool) -> Result<Self, Error> {
        let (regex, size) = compile(pattern)?;
        Ok(Self { regex, size, is_required })
    }

    pub(super) fn violation(&self, caption: &str) -> Option<Finding> {
        match self.regex.find(caption) {
            Some(found) if !self.is_required => {
                let matched = one_line(found.as_str(), MAX_MATCH_LEN);
                let sentence = sentence(caption, found.start(), found.end());
                Some(Finding {
                    message: format!("says \"{matched}\""),
                    matched: Some(matched),
                    sentence: Some(one_line(sentence, MAX_SENTENCE_LEN)),
                    ..Finding::default()
                })
            }
            None if self.is_required => Some(violation(format!("does not say {}", self.regex))),
            _ => None,
        }
    }
}

/// Compiles a pattern and returns the first size limit that suffices.
fn compile(pattern: &str) -> Result<(Regex, usize), Error> {
    let mut builder = RegexBuilder::new(pattern);
    builder.case_insensitive(true);
    let mut build = |size| builder.size_limit(size).build().map(|regex| (regex, size));
    let [first, rest @ ..] = SIZE_LIMITS;
    let regex = rest.into_iter().fold(build(first), |result, size| match result {
        Err(regex::Error::CompiledTooBig(_)) => build(size),
        result => result,
    });
    regex.map_err(|e| {
        // The last line is the reason; those above point into the pattern.
        let text = e.to_string();
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Error::invalid(Setting::Regex, pattern, reason)
    })
}

/// Returns the sentence around a match, or all sentences that the match covers.
fn sentence(caption: &str, start: usize, end: usize) -> &str {
    let mut covered = sentences(caption).filter(|sentence| sentence.end > start);
    let first = covered.next().unwrap_or(start..end);
    let last = covered.take_while(|sentence| sentence.start < end).last();
    let to = last.map_or(first.end, |last| last.end);
    caption[first.start.min(start)..to.max(end)].trim()
}

/// Describes the repetition in a caption, if there is any.
pub(super) fn repetition(caption: &str) -> Option<String> {
    let ratio = compression_ratio(caption);
    (ratio > MAX_RATIO).then(|| {
        format!(
            "repeats itself: it shrinks to 1/{ratio:.1} of its size, and 1/{MAX_RATIO} is usual"
        )
    })
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn compression_ratio(text: &str) -> f64 {
    thread_local! {
        // Setting up the compressor takes longer than compressing a caption.
        static COMPRESS: RefCell<Compress> =
            RefCell::new(Compress::new(Compression::default(), true));
    }
    let mut compressed = [0; 4096];
    let compressed_len = COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        loop {
            let rest = usize::try_from(compress.total_in()).ok().and_then(|read| text.get(read..));
            let rest = rest.unwrap_or_default().as_bytes();
            match compress.compress(rest, &mut compressed, FlushCompress::Finish) {
                Ok(Status::Ok) => {}
                Ok(Status::StreamEnd | Status::BufError) | Err(_) => break compress.total_out(),
            }
        }
    });
    text.len() as f64 / compressed_len.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_quoted_in_its_sentence() {
        let caption = "Rain at 3.5 dB. A man says \"Stop!\" twice. Then silence";
        for (word, expected) in [
            ("rain", "Rain at 3.5 dB."),
            ("3.5", "Rain at 3.5 dB."),
            ("man", "A man says \"Stop!\" twice."),
            ("twice.", "A man says \"Stop!\" twice."),
            ("silence", "Then silence"),
            ("dB. A", "Rain at 3.5 dB. A man says \"Stop!\" twice."),
        ] {
            let violation = Pattern::new(word, false).unwrap().violation(caption).unwrap();
            assert_eq!(violation.sentence.as_deref(), Some(expected), "{word}");
        }
    }
}
