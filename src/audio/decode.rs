//! From a clip to its samples, packet by packet.

use std::io;

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;

use super::clip::Clip;
use super::codecs::codecs;
use super::packets::{Next, Packets};
use super::{container, edits};
use crate::error::Error;

/// No sound is louder, full scale being 1: what is comes from bytes that are no sound.
const LOUDEST: f32 = 16.0;

/// Samples of one packet, the channels taking turns.
pub(super) struct Block<'a> {
    /// Frames a second, in Hz.
    pub(super) rate: u32,
    pub(super) channels: usize,
    /// How much each channel counts for loudness.
    pub(super) weights: &'a [f32],
    /// Full scale is 1.
    pub(super) samples: &'a [f32],
}

/// Decodes the first track of sound in a clip.
pub(super) struct Decoder {
    container: String,
    packets: Packets,
    codec: Box<dyn AudioDecoder>,
    /// Frames that the encoder put in front and nobody took away.
    to_skip: u64,
    samples: Vec<f32>,
    /// The rate in Hz and the number of channels of the last samples.
    spec: (u32, usize),
    weights: Vec<f32>,
    /// Packets that could be decoded, and those that could not.
    decoded: u64,
    damaged: u64,
    is_empty: bool,
}

fn make_codec(container: &str, track: &Track) -> Result<Box<dyn AudioDecoder>, Error> {
    let Some(coding) = container::coding(track) else {
        return Err(Error::Undecodable { container: container.to_uppercase() });
    };
    let codec = codecs().make_audio_decoder(coding, &AudioDecoderOptions::default());
    codec.map_err(|api_error| classify(container, api_error))
}

/// What is to be left out at the start of an MP4 file; Opus does that by itself.
fn frames_to_skip(clip: &Clip, track: &Track) -> u64 {
    let skipped = || {
        let coding = container::coding(track).filter(|coding| coding.codec != CODEC_ID_OPUS)?;
        let ticks = edits::ticks_to_skip(clip.file())?;
        let time = track.time_base?.calc_duration(ticks.into())?.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        Some((time * f64::from(coding.sample_rate?)).round() as u64)
    };
    skipped().unwrap_or(0)
}

/// What a fault means.
fn classify(container: &str, api_error: SymphoniaError) -> Error {
    let container = container.to_uppercase();
    match api_error {
        SymphoniaError::Unsupported(_) => Error::Undecodable { container },
        SymphoniaError::IoError(e) if e.kind() != io::ErrorKind::UnexpectedEof => {
            Error::Unreadable(e)
        }
        api_error => Error::Damaged { container, reason: api_error.to_string() },
    }
}

impl Decoder {
    /// Finds the track and its decoder.
    ///
    /// Fails with [`Error::Undecodable`] where there is none, and with [`Error::Damaged`].
    pub(super) fn open(clip: &Clip) -> Result<Self, Error> {
        let container = clip.format().container.clone();
        let reader =
            container::open(clip.file()).map_err(|api_error| classify(&container, api_error))?;
        let Some(track) = container::first_sound(reader.as_ref()).cloned() else {
            return Err(Error::Undecodable { container: container.to_uppercase() });
        };
        let codec = make_codec(&container, &track)?;
        Ok(Self {
            to_skip: frames_to_skip(clip, &track),
            packets: Packets::new(reader, track),
            container,
            codec,
            samples: Vec::new(),
            spec: (0, 0),
            weights: Vec::new(),
            decoded: 0,
            damaged: 0,
            is_empty: true,
        })
    }

    /// The next samples, or `None` at the end. In place of what cannot be decoded
    /// there is silence, as long as the packet before it.
    ///
    /// Fails where less than half of the packets could be decoded, where there is not a single
    /// sample, and where the numbers of the sound make no sense.
    pub(super) fn next(&mut self) -> Result<Option<Block<'_>>, Error> {
        loop {
            let packet = match self.packets.next()? {
                Next::Packet(packet) => packet,
                Next::Stream => {
                    self.codec = make_codec(&self.container, self.packets.track())?;
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
            self.damaged += 1;
            // Without it, all that follows would come too early.
            self.samples.fill(0.0);
            return Ok(());
        };
        let spec = (buffer.spec().rate(), buffer.spec().channels().count());
        container::check(&self.container, spec.0, spec.1)?;
        if self.spec != spec {
            (self.spec, self.weights) = (spec, weights(buffer.spec().channels()));
        }
        buffer.copy_to_vec_interleaved(&mut self.samples);
        self.decoded += 1;
        self.skip(spec.1);
        self.is_empty &= self.samples.is_empty();
        // A file may hold any float.
        for sample in &mut self.samples {
            *sample = if sample.is_finite() { sample.clamp(-LOUDEST, LOUDEST) } else { 0.0 };
        }
        Ok(())
    }

    fn end(&self) -> Result<Option<Block<'_>>, Error> {
        let (damaged, decoded) = (self.damaged_packets(), self.decoded);
        let reason = if damaged > decoded {
            format!("{damaged} of {} packets cannot be decoded", damaged + decoded)
        } else if self.is_empty {
            "not a single sample".to_owned()
        } else {
            return Ok(None);
        };
        Err(Error::Damaged { container: self.container.to_uppercase(), reason })
    }

    /// How many packets could not be decoded so far.
    pub(super) fn damaged_packets(&self) -> u64 {
        self.damaged + self.packets.faults()
    }

    fn skip(&mut self, channels: usize) {
        let frames = (self.samples.len() / channels.max(1)) as u64;
        let skipped = self.to_skip.min(frames);
        self.to_skip -= skipped;
        self.samples.drain(..usize::try_from(skipped).unwrap_or(0) * channels);
    }
}

/// What each channel counts for loudness. Source: ITU-R BS.1770-4, table 4.
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
