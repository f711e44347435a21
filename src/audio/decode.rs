//! From a clip to its samples, packet by packet.

use symphonia::core::audio::AudioSpec;
use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;

use super::audio_format::duration;
use super::clip::Clip;
use super::codec;
use super::container::{self, Next, Packets};
use super::delay::Delay;
use super::measure::{Levels, Meter};
use crate::error::Error;
use crate::platform::lock;

/// Largest sample, full scale being 1: larger ones come from data that is not audio.
const MAX_SAMPLE: f32 = 16.0;

/// Longest packet, in seconds.
const MAX_PACKET: f64 = 1.5;

/// Longest block of silence of a gap, in seconds.
const MAX_SILENCE: f64 = 0.1;

/// Interleaved samples of one packet.
pub(super) struct Block<'a> {
    /// Rate and channels.
    pub(super) spec: &'a AudioSpec,
    /// Full scale is 1.
    pub(super) samples: &'a [f32],
}

/// Decodes the first audio track of a clip.
pub(super) struct Decoder {
    container: String,
    packets: Packets,
    codec: Box<dyn AudioDecoder>,
    delay: Delay,
    /// Seconds of silence that take the place of lost audio.
    gap: f64,
    samples: Vec<f32>,
    /// The first samples, until a gap before them, of their rate and channels, is filled.
    held: Vec<f32>,
    /// Rate and channels of the last samples.
    spec: AudioSpec,
    /// Frames since the last change of `spec`.
    frames: u64,
    /// Length of the audio before that change.
    seconds: f64,
    meter: Option<Meter>,
    decoded_packets: u64,
    failed_packets: u64,
}

/// Result of decoding a clip.
#[derive(Default)]
pub(super) struct Decoded {
    /// Length of the samples.
    pub(super) seconds: Option<f64>,
    /// Length of the packets, by their own account.
    pub(super) counted: Option<f64>,
    /// Number of packets that could not be decoded.
    pub(super) damaged_packets: u64,
    /// Levels, if they were measured.
    pub(super) levels: Option<Levels>,
}

impl Decoder {
    /// Finds the audio track and its decoder. With `measures`, levels are measured on the way.
    ///
    /// Fails with [`Error::Undecodable`] if there is none, and with [`Error::Damaged`].
    pub(super) fn open(clip: &Clip, measures: bool) -> Result<Self, Error> {
        let container = clip.format().container.clone();
        let packets = clip.packets().map_err(|error| error_of(&container, error))?;
        let packets = packets.ok_or_else(|| clip.undecodable())?;
        Ok(Self {
            codec: make_codec(&container, &packets.track)?,
            delay: Delay::of(&clip.probed.layout, &packets.track),
            gap: 0.0,
            packets,
            container,
            samples: Vec::new(),
            held: Vec::new(),
            spec: AudioSpec::default(),
            frames: 0,
            seconds: 0.0,
            meter: measures.then(Meter::default),
            decoded_packets: 0,
            failed_packets: 0,
        })
    }

    /// Decodes the next packet; `None` at the end. A packet that cannot be decoded becomes
    /// silence.
    ///
    /// Fails if less than half of the packets can be decoded, if there is no sample at all, and if
    /// rate or channels are those of no recording.
    pub(super) fn next(&mut self) -> Result<Option<Block<'_>>, Error> {
        loop {
            if self.gap > 0.0 && self.spec.rate() > 0 {
                self.fill_gap();
            } else if !self.held.is_empty() {
                self.samples = std::mem::take(&mut self.held);
            } else {
                match self.packets.next()? {
                    Next::Packet(packet) => self.decode(&packet)?,
                    Next::Gap(seconds) => {
                        self.gap = seconds;
                        continue;
                    }
                    Next::Stream => {
                        self.codec = make_codec(&self.container, &self.packets.track)?;
                        continue;
                    }
                    Next::End => return self.end(),
                }
                if self.gap > 0.0 {
                    self.held = std::mem::take(&mut self.samples);
                }
            }
            if !self.samples.is_empty() {
                let block = Block { spec: &self.spec, samples: &self.samples };
                self.frames += (block.samples.len() / block.spec.channels().count()) as u64;
                if let Some(meter) = &mut self.meter {
                    meter.push(block.spec, block.samples);
                }
                return Ok(Some(block));
            }
        }
    }

    /// Puts silence in the place of a packet, which keeps the time of what follows: as long as the
    /// packet, or as the last samples if that is not known.
    fn replace(&mut self, packet: &Packet) {
        let seconds = container::seconds(self.packets.track.time_base, Some(packet.dur));
        match seconds.filter(|seconds| *seconds <= MAX_PACKET) {
            Some(seconds) => self.fill(seconds),
            None => self.samples.fill(0.0),
        }
    }

    /// Takes silence from the gap, with the rate and the channels of the last samples.
    fn fill_gap(&mut self) {
        let seconds = self.gap.min(MAX_SILENCE);
        self.gap = (self.gap - seconds).max(0.0);
        self.fill(seconds);
    }

    fn fill(&mut self, seconds: f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let frames = (seconds * f64::from(self.spec.rate())).round() as usize;
        self.samples.clear();
        self.samples.resize(frames * self.spec.channels().count(), 0.0);
    }

    fn decode(&mut self, packet: &Packet) -> Result<(), Error> {
        let decoded =
            codec::check_packet(&*self.codec, packet).and_then(|()| self.codec.decode(packet));
        let Ok(buffer) = decoded else {
            self.failed_packets += 1;
            self.replace(packet);
            return Ok(());
        };
        let channels = buffer.spec().channels().count();
        container::check_parameters(&self.container, buffer.spec().rate(), channels)?;
        if self.spec != *buffer.spec() {
            self.seconds += duration(self.frames, self.spec.rate().max(1));
            (self.spec, self.frames) = (buffer.spec().clone(), 0);
        }
        buffer.copy_to_vec_interleaved(&mut self.samples);
        self.decoded_packets += 1;
        self.delay.remove(&self.spec, &mut self.samples);
        // Float formats can store any number, also infinite ones.
        for sample in &mut self.samples {
            *sample = bounded(*sample);
        }
        Ok(())
    }

    fn end(&self) -> Result<Option<Block<'_>>, Error> {
        let (damaged, decoded) = (self.damaged_packets(), self.decoded_packets);
        let reason = if damaged > decoded {
            format!("{damaged} of {} packets cannot be decoded", damaged + decoded)
        } else if self.frames == 0 && self.seconds == 0.0 {
            "not a single sample".to_owned()
        } else {
            return Ok(None);
        };
        Err(Error::Damaged { container: self.container.to_uppercase(), reason })
    }

    fn damaged_packets(&self) -> u64 {
        self.failed_packets + self.packets.errors
    }

    /// The result, complete once there is no more block.
    pub(super) fn finish(self) -> Decoded {
        let damaged_packets = self.damaged_packets();
        Decoded {
            seconds: Some(self.seconds + duration(self.frames, self.spec.rate().max(1))),
            counted: self.packets.count().seconds,
            damaged_packets,
            levels: self.meter.map(|meter| meter.finish(damaged_packets)),
        }
    }

    /// Reads the rest without decoding it; returns the seconds of all packets.
    pub(super) fn count_rest(self) -> Result<Option<f64>, Error> {
        Ok(self.packets.count_all()?.seconds)
    }
}

/// A sample without numbers that no recording has.
pub(super) fn bounded(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-MAX_SAMPLE, MAX_SAMPLE) } else { 0.0 }
}

/// True if there is a decoder for the audio of a clip, or if it fails for another reason.
pub(super) fn has_decoder(clip: &Clip) -> bool {
    if !clip.probed.is_decodable {
        return false;
    }
    let container = clip.format().container.as_str();
    let opened = lock(&clip.probed.packets);
    let is_missing = |codec| matches!(codec, Err(Error::Undecodable { .. }));
    match (&clip.format().codec, opened.as_ref()) {
        (None, _) => false,
        (Some(_), Some(packets)) => !is_missing(make_codec(container, &packets.track)),
        (Some(_), None) => {
            drop(opened);
            !matches!(Decoder::open(clip, false), Err(Error::Undecodable { .. }))
        }
    }
}

fn make_codec(container: &str, track: &Track) -> Result<Box<dyn AudioDecoder>, Error> {
    let Some(parameters) = container::codec_parameters(track) else {
        return Err(Error::Undecodable { container: container.to_uppercase() });
    };
    codec::make_decoder(parameters).map_err(|error| error_of(container, error))
}

fn error_of(container: &str, error: SymphoniaError) -> Error {
    match error {
        SymphoniaError::Unsupported(_) => {
            Error::Undecodable { container: container.to_uppercase() }
        }
        error => container::error_of(container, error),
    }
}
