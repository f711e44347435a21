//! The packets of the track that is listened to, one stream after another.

use std::io;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use super::container;
use crate::error::Error;

/// A container that fails this often in a row will not come to its senses.
const MOST_FAULTS: u32 = 64;

/// What has a head that may tell of a part only.
const MPEG: [AudioCodecId; 3] = [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3];

/// Packets that an encoder leaves behind the sound.
const MOST_BEYOND: u32 = 2;

/// Reads packets, and reads on where one of them is damaged.
pub(super) struct Packets {
    reader: Box<dyn FormatReader>,
    track: Track,
    faults: u64,
    /// Packets in a row that the head of the file knows nothing of.
    beyond: u32,
}

/// What comes next.
pub(super) enum Next {
    Packet(Packet),
    /// One stream has ended and another one begins, in an Ogg file for one.
    Stream,
    End,
}

/// What packets come to.
#[derive(Default)]
pub(super) struct Count {
    pub(super) packets: u64,
    /// Without what is around them.
    pub(super) bytes: u64,
    /// Their length, where they tell it.
    pub(super) seconds: Option<f64>,
}

impl Packets {
    pub(super) fn new(reader: Box<dyn FormatReader>, track: Track) -> Self {
        Self { reader, track, faults: 0, beyond: 0 }
    }

    /// The track of the stream under way.
    pub(super) fn track(&self) -> &Track {
        &self.track
    }

    /// How many packets the container could not give.
    pub(super) fn faults(&self) -> u64 {
        self.faults
    }

    /// The end is also where the container is beyond repair.
    pub(super) fn next(&mut self) -> Result<Next, Error> {
        for _ in 0..MOST_FAULTS {
            match self.next_of_track() {
                Ok(Some(packet)) => return Ok(Next::Packet(packet)),
                Ok(None) => break,
                Err(SymphoniaError::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    break;
                }
                Err(SymphoniaError::IoError(e)) => return Err(Error::Unreadable(e)),
                Err(SymphoniaError::ResetRequired) => {
                    let Some(track) = container::first_sound(self.reader.as_ref()) else { break };
                    self.track = track.clone();
                    return Ok(Next::Stream);
                }
                Err(_) => self.faults += 1,
            }
        }
        Ok(Next::End)
    }

    fn next_of_track(&mut self) -> Result<Option<Packet>, SymphoniaError> {
        loop {
            match self.reader.next_packet()? {
                Some(packet) if packet.track_id != self.track.id => {}
                Some(packet) => return Ok(Some(self.with_its_length(packet))),
                None => return Ok(None),
            }
        }
    }

    /// An MP3 file may go on after what its head tells, most often with another one: all of those
    /// packets would be cut away. One or two are what an encoder leaves behind the sound.
    fn with_its_length(&mut self, mut packet: Packet) -> Packet {
        let coding = container::coding(&self.track);
        let is_mpeg = coding.is_some_and(|coding| MPEG.contains(&coding.codec));
        let is_beyond = is_mpeg && packet.trim_end >= packet.dur;
        self.beyond = if is_beyond { self.beyond + 1 } else { 0 };
        if self.beyond > MOST_BEYOND {
            packet.trim_end = Duration::ZERO;
            // Its length is its own again.
            self.beyond = MOST_BEYOND;
        }
        packet
    }

    /// Reads to the end, or to where the file is cut.
    pub(super) fn count(mut self) -> Result<Count, Error> {
        let mut count = Count::default();
        loop {
            let track = self.track.clone();
            let (mut sum, mut last) = (Duration::ZERO, track.start_ts);
            let end = loop {
                match self.next()? {
                    Next::Packet(packet) => {
                        count.packets += 1;
                        count.bytes += packet.data.len() as u64;
                        sum = sum.saturating_add(packet.dur);
                        last = last.max(packet.pts);
                    }
                    end => break end,
                }
            };
            // Matroska tells when a packet begins, and not how long it is.
            let length = Some(sum).filter(|sum| *sum > Duration::ZERO);
            let length = length.or_else(|| last.duration_from(track.start_ts));
            if let Some(seconds) = container::seconds(track.time_base, length) {
                count.seconds = Some(count.seconds.unwrap_or(0.0) + seconds);
            }
            if matches!(end, Next::End) {
                return Ok(count);
            }
        }
    }
}
