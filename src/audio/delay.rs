//! Frames that an encoder adds before the audio.

use symphonia::core::audio::AudioSpec;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::formats::Track;

use super::codec;
use super::container::{self, Layout};

/// Delay that is still to be removed.
pub(super) struct Delay {
    seconds: f64,
    /// Frames by which the decoder is ahead of the one that the delay is meant for.
    lead: usize,
    /// As many frames of samples, once there are any.
    held: Vec<f32>,
    /// The same in frames, once the rate of the samples is known: that of the core of HE-AAC is
    /// half the one of the track.
    frames: Option<u64>,
}

/// Seconds before the audio that an MP4 file declares.
pub(super) fn declared_start(layout: &Layout, track: &Track) -> f64 {
    let seconds = container::seconds(track.time_base, layout.audio_start.map(Into::into));
    seconds.unwrap_or(0.0)
}

impl Delay {
    /// The delay that an MP4 file declares; the decoder of Opus drops its own by itself.
    pub(super) fn of(layout: &Layout, track: &Track) -> Self {
        let codec = container::codec_parameters(track).map(|parameters| parameters.codec);
        let is_kept = codec == Some(CODEC_ID_OPUS);
        let seconds = if is_kept { 0.0 } else { declared_start(layout, track) };
        let lead = container::codec_parameters(track).map_or(0, codec::lead);
        Self { seconds, lead, held: Vec::new(), frames: None }
    }

    /// Removes the delay from the next interleaved samples.
    pub(super) fn remove(&mut self, spec: &AudioSpec, samples: &mut Vec<f32>) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let all = (self.seconds * f64::from(spec.rate())).round() as u64;
        let left = self.frames.get_or_insert(all);
        let channels = spec.channels().count().max(1);
        self.held.resize(self.lead * channels, 0.0);
        samples.splice(..0, self.held.drain(..));
        self.held = samples.split_off(samples.len() - self.lead * channels);
        let skipped = (*left).min((samples.len() / channels) as u64);
        *left -= skipped;
        samples.drain(..usize::try_from(skipped).unwrap_or(0) * channels);
    }
}
