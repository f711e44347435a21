//! Facts about the audio of an input: from the open file, and from the manifest where that agrees.

use crate::audio::{AudioFormat, Clip, Sound, Truncation};
use crate::manifest::entry::ManifestEntry;

/// Difference of two lengths of one file in seconds: a header may leave out encoder delay.
const TOLERANCE: f64 = 0.05;

/// Facts about the audio of an input, before it is decoded.
pub(super) struct Facts {
    /// Length in seconds, if known: that of the manifest if it agrees, since it may be counted.
    pub(super) seconds: Option<f64>,
    /// Length in seconds by the file alone, which rules are checked with.
    pub(super) actual: Option<f64>,
    /// End that is missing, if so.
    pub(super) truncation: Option<Truncation>,
    /// Levels of the manifest, if the file has the format and the length that come with them.
    pub(super) sound: Option<Sound>,
}

impl Facts {
    /// Takes the length and the format from the open file. Those of the manifest may be forged.
    pub(super) fn new(
        clip: &Clip,
        truncation: Option<Truncation>,
        cached: Option<&ManifestEntry>,
    ) -> Self {
        let actual = truncation.and_then(Truncation::present).or(clip.format().seconds);
        let recorded = cached.and_then(|entry| entry.seconds);
        let agrees = match (actual, recorded) {
            (Some(actual), Some(recorded)) => (actual - recorded).abs() <= TOLERANCE,
            (actual, recorded) => actual.is_none() && recorded.is_none(),
        };
        let sound = cached.and_then(|entry| entry.sound.clone());
        Self {
            actual,
            seconds: if agrees { recorded } else { actual },
            truncation,
            sound: sound.filter(|sound| agrees && is_same(&sound.format, clip.format())),
        }
    }
}

/// True if two formats are equal in what the manifest stores.
fn is_same(one: &AudioFormat, other: &AudioFormat) -> bool {
    (&one.container, &one.codec, one.sample_rate, one.channels)
        == (&other.container, &other.codec, other.sample_rate, other.channels)
}
