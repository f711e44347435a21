//! Packets of the track that is decoded, counted on the way.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::errors::{Error as SymphoniaError, limit_error};
use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use super::losses::Losses;
use super::mpeg_frame::{MPEG, MpegFormat};
use super::track::choose_track;
use super::{Layout, PatchedReader, codec_parameters, error_of};
use crate::audio::source_file::SourceFile;
use crate::error::Error;

/// The largest packet of audio, in bytes: FLAC of the longest block, eight channels and 24 bits.
const MAX_PACKET: usize = 2 << 20;

/// Errors in a row after which a container is given up.
const MAX_ERRORS: u32 = 64;

/// Longest loss in seconds. A longer jump of the timestamps is a cut between two recordings.
const MAX_GAP: f64 = 60.0;

/// Reads the packets of one audio track, and continues behind damaged ones.
pub(in crate::audio) struct Packets {
    pub(in crate::audio) reader: Box<dyn FormatReader>,
    layout: Arc<Layout>,
    /// Bytes that the reader may read on.
    limit: Arc<AtomicU64>,
    /// Those that it may read for one packet.
    packet_limit: u64,
    /// Bytes that were read to open the container.
    pub(in crate::audio) header_len: u64,
    /// Track of the current stream.
    pub(in crate::audio) track: Track,
    /// Packets of any track that have been read already, and the error behind them.
    ahead: VecDeque<Result<Packet, SymphoniaError>>,
    losses: Losses,
    /// Number of packets that the container could not deliver.
    pub(in crate::audio) errors: u64,
    count: Count,
    /// Sum of the durations in the current stream, and the start of its last packet.
    stream: (Duration, Timestamp),
}

/// Result of reading on.
pub(in crate::audio) enum Next {
    Packet(Packet),
    /// Seconds that are lost before the next packet.
    Gap(f64),
    /// Start of another stream in the same file; Ogg may have several, and the format of MPEG
    /// frames may change.
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
        let limit = Arc::new(AtomicU64::new(layout.max_header));
        let source = PatchedReader::new(file.clone(), Arc::clone(layout), Arc::clone(&limit));
        let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
        let reader = layout.family.open(layout, stream)?;
        let header_len = layout.max_header - limit.load(Ordering::Relaxed);
        let packet_limit = layout.family.max_packet_read();
        let track = choose_track(&*reader, layout);
        Ok(track.map(|track| Self {
            layout: Arc::clone(layout),
            header_len,
            packet_limit,
            limit,
            stream: (Duration::ZERO, track.start_ts),
            reader,
            track,
            ahead: VecDeque::new(),
            losses: Losses::of(layout),
            errors: layout.is_last_page_damaged.into(),
            count: Count::default(),
        }))
    }

    /// Reads ahead to the first packet of any track; false if there is none.
    pub(in crate::audio) fn has_packet(&mut self) -> Result<bool, SymphoniaError> {
        match self.read_packet() {
            Err(error @ SymphoniaError::LimitError(_)) => Err(error),
            packet => {
                self.ahead.extend(packet.ok().flatten().map(Ok));
                Ok(!self.ahead.is_empty())
            }
        }
    }

    /// Reads the next packet of any track. Fails with a limit if it takes too much memory.
    fn read_packet(&mut self) -> Result<Option<Packet>, SymphoniaError> {
        self.limit.store(self.packet_limit, Ordering::Relaxed);
        match self.reader.next_packet() {
            Err(SymphoniaError::IoError(e)) if e.kind() == io::ErrorKind::FileTooLarge => {
                limit_error("a packet of that size")
            }
            Ok(Some(packet))
                if packet.track_id == self.track.id && packet.data.len() > MAX_PACKET =>
            {
                limit_error("a packet of that size")
            }
            packet => packet,
        }
    }

    /// Reads the next packet. A container beyond repair ends.
    pub(in crate::audio) fn next(&mut self) -> Result<Next, Error> {
        for _ in 0..MAX_ERRORS {
            match self.next_of_track() {
                Ok(Some(packet)) => {
                    if let Some(next) = self.before(&packet) {
                        self.ahead.push_front(Ok(packet));
                        return Ok(next);
                    }
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
                Err(error @ SymphoniaError::LimitError(_)) => {
                    return Err(error_of(self.reader.format_info().short_name, error));
                }
                Err(SymphoniaError::ResetRequired) => {
                    let Some(track) = choose_track(&*self.reader, &self.layout) else { break };
                    return Ok(self.start_stream(track));
                }
                Err(_) => self.errors += 1,
            }
        }
        Ok(Next::End)
    }

    fn next_of_track(&mut self) -> Result<Option<Packet>, SymphoniaError> {
        loop {
            let packet = match self.ahead.pop_front() {
                Some(packet) => Some(packet?),
                None => self.read_packet()?,
            };
            match packet {
                Some(packet) if packet.track_id != self.track.id => {}
                Some(packet) => return self.decoded(packet).map(Some),
                None => return Ok(None),
            }
        }
    }

    /// Reads ahead to so many packets of the track behind the current one. An error ends that, and
    /// comes behind the packets.
    fn read_ahead(&mut self, count: usize) -> impl Iterator<Item = &Packet> {
        let id = self.track.id;
        let is_of_track = move |packet: &&Packet| packet.track_id == id;
        while self.ahead.iter().flatten().filter(is_of_track).count() < count
            && !self.ahead.iter().any(Result::is_err)
        {
            match self.read_packet() {
                Ok(None) => break,
                Ok(Some(packet)) => self.ahead.push_back(Ok(packet)),
                Err(error) => self.ahead.push_back(Err(error)),
            }
        }
        self.ahead.iter().flatten().filter(is_of_track).take(count)
    }

    /// What comes between the last packet and the next one.
    fn before(&mut self, packet: &Packet) -> Option<Next> {
        if let Some(track) = self.other_format(packet) {
            return Some(self.start_stream(track));
        }
        let mut losses = std::mem::take(&mut self.losses);
        let ticks = |packet: &Packet| packet.block_dur().get();
        let gap = losses.before(packet, |packets| {
            let behind = self.read_ahead(packets.saturating_sub(1)).map(ticks).sum::<u64>();
            ticks(packet) + behind
        });
        let seconds = gap.and_then(|gap| seconds(self.track.time_base, Some(gap.into())));
        let next = seconds.zip(gap).and_then(|(seconds, gap)| {
            if seconds > MAX_GAP {
                self.errors += 1;
                return None;
            }
            self.errors += (gap / ticks(packet).max(1)).max(1);
            let silence = losses.replace(seconds);
            self.count.seconds = Some(self.count.seconds.unwrap_or(0.0) + silence);
            Some(Next::Gap(silence))
        });
        self.losses = losses;
        next
    }

    /// The track of an MPEG frame that has another format than the ones before, if the next frame
    /// has that too: a single one is damaged.
    fn other_format(&mut self, packet: &Packet) -> Option<Track> {
        let parameters = codec_parameters(&self.track)?;
        if !MPEG.contains(&parameters.codec) {
            return None;
        }
        let format = MpegFormat::of(&packet.data)?;
        let track = format.apply_to(&self.track)?;
        let mut next = self.read_ahead(1);
        (next.next().and_then(|packet| MpegFormat::of(&packet.data)) == Some(format))
            .then_some(track)
    }

    fn start_stream(&mut self, track: Track) -> Next {
        self.count = self.count();
        self.stream = (Duration::ZERO, track.start_ts);
        self.track = track;
        Next::Stream
    }

    /// A packet as its codec wrote it, with all of its audio.
    fn decoded(&mut self, mut packet: Packet) -> Result<Packet, SymphoniaError> {
        let mut tracks = self.layout.tracks.iter();
        if let Some(track) = tracks.find(|track| track.id == self.track.id) {
            packet.data = track.encoding.decode(packet.data)?;
        }
        Ok(packet)
    }

    /// The packets read so far.
    pub(in crate::audio) fn count(&self) -> Count {
        let (sum, last) = self.stream;
        // Matroska has the start of a packet, and not its duration.
        let length = Some(sum).filter(|sum| *sum > Duration::ZERO);
        let length = length.or_else(|| last.duration_from(self.track.start_ts));
        let earlier = self.count.seconds;
        let seconds = seconds(self.track.time_base, length).map(|s| earlier.unwrap_or(0.0) + s);
        Count { seconds: seconds.or(earlier), ..self.count }
    }

    /// Reads to the end, or to where the file is cut.
    pub(in crate::audio) fn count_all(mut self) -> Result<Count, Error> {
        while !matches!(self.next()?, Next::End) {}
        Ok(self.count())
    }
}

/// A length in seconds, unless it is unknown or zero.
pub(in crate::audio) fn seconds(base: Option<TimeBase>, length: Option<Duration>) -> Option<f64> {
    let seconds = base?.calc_duration(length?)?.as_secs_f64();
    (seconds > 0.0).then_some(seconds)
}
