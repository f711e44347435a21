//! Rule against captions that repeat themselves.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Compression ratio above which text repeats itself. Source: `openai/whisper`, `transcribe.py`,
/// `compression_ratio_threshold`.
const MAX_RATIO: f64 = 2.4;

/// Describes the repetition in a caption, if there is any.
pub(super) fn violation(caption: &str) -> Option<String> {
    let ratio = compression_ratio(caption);
    (ratio > MAX_RATIO).then(|| {
        format!(
            "repeats itself: it shrinks to 1/{ratio:.1} of its size, and 1/{MAX_RATIO} is usual"
        )
    })
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn compression_ratio(text: &str) -> f64 {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(text.as_bytes());
    let compressed = encoder.finish().unwrap_or_default();
    text.len() as f64 / compressed.len().max(1) as f64
}
