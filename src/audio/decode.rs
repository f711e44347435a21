//! From a clip to its samples, packet by packet.

use std::io;

use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as Fault;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use super::clip::Clip;
use super::codecs::codecs;
use super::{container, edits};
use crate::error::Error;

/// A container that fails this often in a row will not come to its senses.
const MOST_FAULTS: u32 = 64;

/// Samples of one packet, the channels taking turns.
pub(super) struct Block<'a> {
    /// Frames a second, in Hz.
    pub(super) rate: u32,
    pub(super) channels: usize,
    /// Full scale is 1.
    pub(super) samples: &'a [f32],
}

/// Decodes the first track of sound in a clip.
pub(super) struct Decoder {
    container: String,
    reader: Box<dyn FormatReader>,
    codec: Box<dyn AudioDecoder>,
    track: u32,
    /// Frames that the encoder put in front and nobody took away.
    to_skip: u64,
    samples: Vec<f32>,
    tally: Tally,
}

/// What became of the packets.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    decoded: u64,
    damaged: u64,
}

/// The track that is listened to and its decoder.
fn begin(
    container: &str,
    reader: &dyn FormatReader,
) -> Result<(u32, Box<dyn AudioDecoder>), Error> {
    let track = container::first_sound(reader);
    let coding = track.and_then(container::coding);
    let (Some(track), Some(coding)) = (track, coding) else {
        return Err(Error::Undecodable { container: container.to_uppercase() });
    };
    let codec = codecs().make_audio_decoder(coding, &AudioDecoderOptions::default());
    Ok((track.id, codec.map_err(|fault| sort(container, fault))?))
}

/// What is to be left out at the start of an MP4 file; Opus does that by itself.
fn frames_to_skip(clip: &Clip, reader: &dyn FormatReader) -> u64 {
    let skipped = || {
        let track = container::first_sound(reader)?;
        let coding = container::coding(track).filter(|coding| coding.codec != CODEC_ID_OPUS)?;
        let ticks = edits::ticks_to_skip(clip.file())?;
        let time = track.time_base?.calc_duration(ticks.into())?.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        Some((time * f64::from(coding.sample_rate?)).round() as u64)
    };
    skipped().unwrap_or(0)
}

/// What a fault means.
fn sort(container: &str, fault: Fault) -> Error {
    let container = container.to_uppercase();
    match fault {
        Fault::Unsupported(_) => Error::Undecodable { container },
        Fault::IoError(e) if e.kind() != io::ErrorKind::UnexpectedEof => Error::Unreadable(e),
        fault => Error::Damaged { container, reason: fault.to_string() },
    }
}

impl Decoder {
    /// Finds the track and its decoder.
    ///
    /// Fails with [`Error::Undecodable`] where there is none, and with [`Error::Damaged`].
    pub(super) fn open(clip: &Clip) -> Result<Self, Error> {
        let container = clip.format().container.clone();
        let reader = container::open(clip.file()).map_err(|fault| sort(&container, fault))?;
        let (track, codec) = begin(&container, reader.as_ref())?;
        let to_skip = frames_to_skip(clip, reader.as_ref());
        let (samples, tally) = (Vec::new(), Tally::default());
        Ok(Self { container, reader, codec, track, to_skip, samples, tally })
    }

    /// The next samples, or `None` at the end. What cannot be decoded is left out.
    ///
    /// Fails where less than half of the packets could be decoded, and where the numbers of the
    /// sound make no sense.
    pub(super) fn next(&mut self) -> Result<Option<Block<'_>>, Error> {
        while let Some(packet) = self.next_packet()? {
            let Ok(buffer) = self.codec.decode(&packet) else {
                self.tally.damaged += 1;
                continue;
            };
            let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
            buffer.copy_to_vec_interleaved(&mut self.samples);
            self.tally.decoded += 1;
            container::check(&self.container, rate, channels)?;
            self.skip(channels);
            if !self.samples.is_empty() {
                // A file may hold any float.
                let samples = self.samples.iter_mut();
                samples.filter(|sample| !sample.is_finite()).for_each(|sample| *sample = 0.0);
                return Ok(Some(Block { rate, channels, samples: &self.samples }));
            }
        }
        let Tally { decoded, damaged } = self.tally;
        if damaged > decoded {
            return Err(self.damaged(&format!(
                "{damaged} of {} packets cannot be decoded",
                damaged + decoded
            )));
        }
        Ok(None)
    }

    /// The next packet of the track; `None` also where the container is beyond repair.
    fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        let mut faults = 0;
        while faults < MOST_FAULTS {
            match self.reader.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track => return Ok(Some(packet)),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(Fault::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(Fault::IoError(e)) => return Err(Error::Unreadable(e)),
                // One stream ends and another one begins, in an Ogg file for one.
                Err(Fault::ResetRequired) => {
                    (self.track, self.codec) = begin(&self.container, self.reader.as_ref())?;
                    faults += 1;
                }
                Err(_) => {
                    faults += 1;
                    self.tally.damaged += 1;
                }
            }
        }
        Ok(None)
    }

    /// How many packets could not be decoded so far.
    pub(super) fn damaged_packets(&self) -> u64 {
        self.tally.damaged
    }

    fn skip(&mut self, channels: usize) {
        let frames = (self.samples.len() / channels.max(1)) as u64;
        let skipped = self.to_skip.min(frames);
        self.to_skip -= skipped;
        self.samples.drain(..usize::try_from(skipped).unwrap_or(0) * channels);
    }

    fn damaged(&self, reason: &str) -> Error {
        Error::Damaged { container: self.container.to_uppercase(), reason: reason.to_owned() }
    }
}
