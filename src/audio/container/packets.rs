//! Packets of the track that is decoded, counted on the way.

use std::io;
use std::sync::Arc;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::{FormatReader, Track, TrackType};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use super::{Layout, codec_parameters};
use crate::audio::file::SourceFile;
use crate::error::Error;

/// Errors in a row after which a container is given up.
const MAX_ERRORS: u32 = 64;

/// Codecs whose header may declare only a part of the file.
const MPEG: [AudioCodecId; 3] = [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3];

/// Packets behind the declared end that an encoder leaves there.
const MAX_BEYOND_END: u32 = 2;

/// Reads the packets of the first audio track, and continues behind damaged ones.
pub(in crate::audio) struct Packets {
    reader: Box<dyn FormatReader>,
    /// Bytes that were read to open the container.
    pub(in crate::audio) header_len: u64,
    track: Track,
    /// First packet, if it has been read already.
    first: Option<Packet>,
    errors: u64,
    /// Packets in a row that are behind the declared end.
    beyond_end: u32,
    count: Count,
    /// Sum of the durations in the current stream, and the start of its last packet.
    stream: (Duration, Timestamp),
}

/// Result of reading on.
pub(in crate::audio) enum Next {
    Packet(Packet),
    /// Start of another stream in the same file; Ogg may have several.
    Stream,
    End,
}

/// Packets read so far.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::audio) struct Count {
    /// Content of the packets, in bytes.
    pub(in crate::audio) bytes: u64,
    /// Duration, if the packets have one.
    pub(in crate::audio) seconds: Option<f64>,
}

impl Packets {
    /// Opens a file that has been walked; `None` if it has no audio track.
    pub(in crate::audio) fn open(
        file: &SourceFile,
        layout: &Arc<Layout>,
    ) -> Result<Option<Self>, SymphoniaError> {
        let (reader, header_len) = super::open(file, layout)?;
        let Some(track) = audio_track(reader.as_ref()).cloned() else { return Ok(None) };
        let (stream, count) = ((Duration::ZERO, track.start_ts), Count::default());
        Ok(Some(Self {
            reader,
            header_len,
            track,
            first: None,
            errors: 0,
            beyond_end: 0,
            count,
            stream,
        }))
    }

    pub(in crate::audio) fn reader(&self) -> &dyn FormatReader {
        self.reader.as_ref()
    }

    /// The track of the current stream.
    pub(in crate::audio) fn track(&self) -> &Track {
        &self.track
    }

    /// Number of packets that the container could not deliver.
    pub(in crate::audio) fn errors(&self) -> u64 {
        self.errors
    }

    /// Reads ahead to the first packet of any track; false if there is none.
    pub(in crate::audio) fn has_packet(&mut self) -> bool {
        let Ok(Some(packet)) = self.reader.next_packet() else { return false };
        self.first = Some(packet);
        true
    }

    /// Reads the next packet. A container beyond repair ends.
    pub(in crate::audio) fn next(&mut self) -> Result<Next, Error> {
        for _ in 0..MAX_ERRORS {
            match self.next_of_track() {
                Ok(Some(packet)) => {
                    self.count.bytes += packet.data.len() as u64;
                    let (sum, last) = self.stream;
                    self.stream = (sum.saturating_add(packet.dur), last.max(packet.pts));
                    return Ok(Next::Packet(packet));
                }
                Ok(None) => break,
                Err(SymphoniaError::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    break;
                }
                Err(SymphoniaError::IoError(e)) => return Err(Error::Unreadable(e)),
                Err(SymphoniaError::ResetRequired) => {
                    let Some(track) = audio_track(self.reader.as_ref()) else { break };
                    let track = track.clone();
                    self.count = self.count();
                    self.stream = (Duration::ZERO, track.start_ts);
                    self.track = track;
                    return Ok(Next::Stream);
                }
                Err(_) => self.errors += 1,
            }
        }
        Ok(Next::End)
    }

    fn next_of_track(&mut self) -> Result<Option<Packet>, SymphoniaError> {
        loop {
            let packet = match self.first.take() {
                Some(packet) => Some(packet),
                None => self.reader.next_packet()?,
            };
            match packet {
                Some(packet) if packet.track_id != self.track.id => {}
                Some(packet) => return Ok(Some(self.untrimmed(packet))),
                None => return Ok(None),
            }
        }
    }

    /// Keeps packets behind the declared end of an MP3 file, which symphonia would trim away: most
    /// often another file is appended. One or two are what an encoder leaves behind the audio.
    fn untrimmed(&mut self, mut packet: Packet) -> Packet {
        let parameters = codec_parameters(&self.track);
        let is_mpeg = parameters.is_some_and(|parameters| MPEG.contains(&parameters.codec));
        let is_beyond_end = is_mpeg && packet.trim_end >= packet.dur;
        self.beyond_end = if is_beyond_end { self.beyond_end + 1 } else { 0 };
        if self.beyond_end > MAX_BEYOND_END {
            packet.trim_end = Duration::ZERO;
            self.beyond_end = MAX_BEYOND_END;
        }
        packet
    }

    /// The packets read so far.
    pub(in crate::audio) fn count(&self) -> Count {
        let (sum, last) = self.stream;
        // Matroska has the start of a packet, and not its duration.
        let length = Some(sum).filter(|sum| *sum > Duration::ZERO);
        let length = length.or_else(|| last.duration_from(self.track.start_ts));
        let seconds = match seconds(self.track.time_base, length) {
            Some(seconds) => Some(self.count.seconds.unwrap_or(0.0) + seconds),
            None => self.count.seconds,
        };
        Count { seconds, ..self.count }
    }

    /// Reads to the end, or to where the file is cut.
    pub(in crate::audio) fn count_all(mut self) -> Result<Count, Error> {
        while !matches!(self.next()?, Next::End) {}
        Ok(self.count())
    }
}

fn audio_track(reader: &dyn FormatReader) -> Option<&Track> {
    reader.first_track(TrackType::Audio)
}

/// A length in seconds, unless it is unknown or zero.
pub(in crate::audio) fn seconds(base: Option<TimeBase>, length: Option<Duration>) -> Option<f64> {
    let seconds = base?.calc_duration(length?)?.as_secs_f64();
    (seconds > 0.0).then_some(seconds)
}
