//! Captions that go round in circles.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// Text that shrinks to less than 1/2.4 of its size repeats itself. Source: `openai/whisper`,
/// `transcribe.py`, `compression_ratio_threshold`.
#[derive(Debug, Clone)]
pub(super) struct Repetition {
    ratio: f64,
}

impl Default for Repetition {
    fn default() -> Self {
        Self { ratio: 2.4 }
    }
}

impl Repetition {
    pub(super) fn violation(&self, caption: &str) -> Option<String> {
        let ratio = compression_ratio(caption);
        (ratio > self.ratio).then(|| {
            format!(
                "repeats itself: it shrinks to 1/{ratio:.1} of its size, and 1/{} is usual",
                self.ratio
            )
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn compression_ratio(text: &str) -> f64 {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(text.as_bytes());
    let compressed = encoder.finish().unwrap_or_default();
    text.len() as f64 / compressed.len().max(1) as f64
}
