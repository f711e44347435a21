//! From a clip to its samples, packet by packet.

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;

use super::clip::Clip;
use super::codec;
use super::container::{self, Next, Packets};
use crate::error::Error;

/// Largest sample, full scale being 1: larger ones come from data that is not audio.
const MAX_SAMPLE: f32 = 16.0;

/// Interleaved samples of one packet.
pub(super) struct Block<'a> {
    /// Frames a second, in Hz.
    pub(super) rate: u32,
    pub(super) channels: usize,
    /// Weight of each channel in the loudness.
    pub(super) weights: &'a [f32],
    /// Full scale is 1.
    pub(super) samples: &'a [f32],
}

/// Decodes the first audio track of a clip.
pub(super) struct Decoder {
    container: String,
    packets: Packets,
    codec: Box<dyn AudioDecoder>,
    /// Frames of encoder delay that are still to be dropped.
    to_skip: u64,
    samples: Vec<f32>,
    /// Rate in Hz and number of channels of the last samples.
    spec: (u32, usize),
    weights: Vec<f32>,
    decoded_packets: u64,
    failed_packets: u64,
    is_empty: bool,
}

impl Decoder {
    /// Finds the audio track and its decoder.
    ///
    /// Fails with [`Error::Undecodable`] if there is none, and with [`Error::Damaged`].
    pub(super) fn open(clip: &Clip) -> Result<Self, Error> {
        let container = clip.format().container.clone();
        let packets = match clip.format().codec {
            Some(_) => clip.packets().map_err(|error| error_of(&container, error))?,
            None => None,
        };
        let Some(packets) = packets else {
            return Err(Error::Undecodable { container: container.to_uppercase() });
        };
        Ok(Self {
            codec: make_codec(&container, &packets.track)?,
            to_skip: frames_to_skip(clip.probed.layout.edit_start, &packets.track).unwrap_or(0),
            packets,
            container,
            samples: Vec::new(),
            spec: (0, 0),
            weights: Vec::new(),
            decoded_packets: 0,
            failed_packets: 0,
            is_empty: true,
        })
    }

    /// Decodes the next packet; `None` at the end. A packet that cannot be decoded becomes silence
    /// as long as the packet before it.
    ///
    /// Fails if less than half of the packets can be decoded, if there is no sample at all, and if
    /// rate or channels are those of no recording.
    pub(super) fn next(&mut self) -> Result<Option<Block<'_>>, Error> {
        loop {
            let packet = match self.packets.next()? {
                Next::Packet(packet) => packet,
                Next::Stream => {
                    self.codec = make_codec(&self.container, &self.packets.track)?;
                    continue;
                }
                Next::End => return self.end(),
            };
            self.decode(&packet)?;
            let (rate, channels) = self.spec;
            if !self.samples.is_empty() {
                let (weights, samples) = (&self.weights, &self.samples);
                return Ok(Some(Block { rate, channels, weights, samples }));
            }
        }
    }

    fn decode(&mut self, packet: &Packet) -> Result<(), Error> {
        let Ok(buffer) = self.codec.decode(packet) else {
            self.failed_packets += 1;
            // Silence in its place keeps the time of what follows.
            self.samples.fill(0.0);
            return Ok(());
        };
        let spec = (buffer.spec().rate(), buffer.spec().channels().count());
        container::check_parameters(&self.container, spec.0, spec.1)?;
        if self.spec != spec {
            (self.spec, self.weights) = (spec, weights(buffer.spec().channels()));
        }
        buffer.copy_to_vec_interleaved(&mut self.samples);
        self.decoded_packets += 1;
        self.skip(spec.1);
        self.is_empty &= self.samples.is_empty();
        // Float formats can store any number, also infinite ones.
        for sample in &mut self.samples {
            *sample = if sample.is_finite() { sample.clamp(-MAX_SAMPLE, MAX_SAMPLE) } else { 0.0 };
        }
        Ok(())
    }

    fn end(&self) -> Result<Option<Block<'_>>, Error> {
        let (damaged, decoded) = (self.damaged_packets(), self.decoded_packets);
        let reason = if damaged > decoded {
            format!("{damaged} of {} packets cannot be decoded", damaged + decoded)
        } else if self.is_empty {
            "not a single sample".to_owned()
        } else {
            return Ok(None);
        };
        Err(Error::Damaged { container: self.container.to_uppercase(), reason })
    }

    /// Number of packets that could not be decoded so far.
    pub(super) fn damaged_packets(&self) -> u64 {
        self.failed_packets + self.packets.errors
    }

    /// Seconds of the packets read so far, by their own account.
    pub(super) fn counted_seconds(&self) -> Option<f64> {
        self.packets.count().seconds
    }

    /// Reads the rest without decoding it; returns the seconds of all packets.
    pub(super) fn count_rest(self) -> Result<Option<f64>, Error> {
        Ok(self.packets.count_all()?.seconds)
    }

    /// Drops encoder delay from the last samples.
    fn skip(&mut self, channels: usize) {
        let frames = (self.samples.len() / channels.max(1)) as u64;
        let skipped = self.to_skip.min(frames);
        self.to_skip -= skipped;
        self.samples.drain(..usize::try_from(skipped).unwrap_or(0) * channels);
    }
}

fn make_codec(container: &str, track: &Track) -> Result<Box<dyn AudioDecoder>, Error> {
    let Some(parameters) = container::codec_parameters(track) else {
        return Err(Error::Undecodable { container: container.to_uppercase() });
    };
    let codec = codec::registry().make_audio_decoder(parameters, &AudioDecoderOptions::default());
    codec.map_err(|error| error_of(container, error))
}

/// Frames before the first edit of an MP4 file; the decoder of Opus drops them by itself.
fn frames_to_skip(edit_start: Option<u64>, track: &Track) -> Option<u64> {
    let parameters = container::codec_parameters(track)?;
    if parameters.codec == CODEC_ID_OPUS {
        return None;
    }
    let seconds = track.time_base?.calc_duration(edit_start?.into())?.as_secs_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    Some((seconds * f64::from(parameters.sample_rate?)).round() as u64)
}

fn error_of(container: &str, error: SymphoniaError) -> Error {
    match error {
        SymphoniaError::Unsupported(_) => {
            Error::Undecodable { container: container.to_uppercase() }
        }
        error => container::error_of(container, error),
    }
}

/// Weight of each channel in the loudness. Source: ITU-R BS.1770-4, table 4.
fn weights(channels: &Channels) -> Vec<f32> {
    let Channels::Positioned(positions) = channels else { return vec![1.0; channels.count()] };
    let surround =
        Position::SIDE_LEFT | Position::SIDE_RIGHT | Position::REAR_LEFT | Position::REAR_RIGHT;
    let weight = |position| match position {
        Position::LFE1 | Position::LFE2 => 0.0,
        position if surround.contains(position) => 1.41,
        _ => 1.0,
    };
    positions.iter().map(weight).collect()
}
