//! Containers that are read here and not by symphonia: frames or samples behind a head.

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::{Error, Result, SeekErrorKind, decode_error, seek_error};
use symphonia::core::formats::{
    FormatInfo, FormatReader, MediaInfo, SeekMode, SeekTo, SeekedTo, Track,
};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::{Metadata, MetadataLog};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use super::family::Family;
use super::layout::{Layout, Walker};
use super::samples::Samples;

pub(super) use self::adts::AdtsHeader;
pub(super) use self::gsm::is_gsm;
pub(in crate::audio) use self::headless::Headless;

mod adts;
mod amr;
mod gsm;
mod headless;
mod info_tag;
mod mpeg;
mod synced;
mod tags;
mod tta;
mod wavpack;

/// A container of frames.
pub(super) trait Frames: Send + Sync {
    /// Name of the container.
    fn info(&self) -> &FormatInfo;

    /// Parameters of what follows.
    fn parameters(&self) -> AudioCodecParameters;

    /// Reads the next frame and its duration in ticks; `None` at the end. Fails with
    /// [`Error::ResetRequired`] where the parameters change.
    fn next(&mut self, stream: &mut MediaSourceStream<'_>) -> Result<Option<(Vec<u8>, u64)>>;

    /// Place of the frame that was read last, or of the end.
    fn place(&mut self) -> Place {
        Place::default()
    }
}

/// Place of a frame in the sound.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// Ticks that are lost before the frame; zero if their number is not known.
    pub(super) lost: Option<u64>,
    /// Ticks of the frame that are no sound, at its start and its end.
    pub(super) trim_start: u64,
    pub(super) trim_end: u64,
}

/// Reads frames as packets.
struct RawReader<'s> {
    stream: MediaSourceStream<'s>,
    frames: Box<dyn Frames>,
    media: MediaInfo,
    tracks: [Track; 1],
    metadata: MetadataLog,
    time: Timestamp,
    /// Packet behind a loss that has been told.
    held: Option<Packet>,
}

/// Reads what the head of a file of one of these families tells.
pub(super) fn walk(family: Family, walker: &mut Walker) -> Result<()> {
    match family {
        Family::Amr => amr::walk(walker),
        Family::WavPack => wavpack::walk(walker),
        Family::Tta => return tta::walk(walker),
        Family::Gsm => gsm::walk(walker),
        _ => {}
    }
    Ok(())
}

/// Opens frames of MPEG audio.
pub(super) fn open_mpeg(stream: MediaSourceStream<'static>) -> Result<Box<dyn FormatReader>> {
    open(stream, mpeg::open)
}

/// Opens frames of AAC with headers.
pub(super) fn open_adts(stream: MediaSourceStream<'static>) -> Result<Box<dyn FormatReader>> {
    open(stream, adts::open)
}

/// Opens frames of AMR, which the layout begins with.
pub(super) fn open_amr(
    layout: &Layout,
    stream: MediaSourceStream<'static>,
) -> Result<Box<dyn FormatReader>> {
    Ok(reader(amr::open(layout)?, stream))
}

/// Opens a `WavPack` file.
pub(super) fn open_wavpack(stream: MediaSourceStream<'static>) -> Result<Box<dyn FormatReader>> {
    open(stream, wavpack::open)
}

/// Opens a TTA file.
pub(super) fn open_tta(stream: MediaSourceStream<'static>) -> Result<Box<dyn FormatReader>> {
    open(stream, tta::open)
}

/// Opens samples behind a head that has been walked, at the start of the layout.
pub(super) fn open_samples(
    samples: &Samples,
    layout: &Layout,
    stream: MediaSourceStream<'static>,
) -> Box<dyn FormatReader> {
    let (frames, declared) = samples.frames(layout.start, layout.end);
    reader((Box::new(frames), declared), stream)
}

fn open(
    mut stream: MediaSourceStream<'static>,
    open: fn(&mut MediaSourceStream<'_>) -> Result<Opened>,
) -> Result<Box<dyn FormatReader>> {
    let opened = open(&mut stream)?;
    Ok(reader(opened, stream))
}

fn reader((frames, length): Opened, stream: MediaSourceStream<'static>) -> Box<dyn FormatReader> {
    let mut track = track_of(&*frames);
    if let Some(length) = length {
        track.with_num_frames(length).with_duration(Duration::from(length));
    }
    Box::new(RawReader {
        stream,
        frames,
        media: MediaInfo::from_track(&track),
        tracks: [track],
        metadata: MetadataLog::default(),
        time: Timestamp::ZERO,
        held: None,
    })
}

impl FormatReader for RawReader<'_> {
    fn format_info(&self) -> &FormatInfo {
        self.frames.info()
    }

    fn media_info(&self) -> &MediaInfo {
        &self.media
    }

    fn metadata(&mut self) -> Metadata<'_> {
        self.metadata.metadata()
    }

    fn seek(&mut self, _: SeekMode, _: SeekTo) -> Result<SeekedTo> {
        seek_error(SeekErrorKind::Unseekable)
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// A loss of unknown length is an error before the packet behind it.
    fn next_packet(&mut self) -> Result<Option<Packet>> {
        if let Some(packet) = self.held.take() {
            return Ok(Some(packet));
        }
        let frame = self.frames.next(&mut self.stream).inspect_err(|error| {
            if matches!(error, Error::ResetRequired) {
                self.tracks = [track_of(&*self.frames)];
                self.time = Timestamp::ZERO;
            }
        });
        let frame = frame?;
        let Place { lost, trim_start, trim_end } = self.frames.place();
        let packet = frame.map(|(data, duration)| {
            let start = self.time.saturating_add(Duration::from(lost.unwrap_or(0)));
            self.time = start.saturating_add(Duration::from(duration));
            let sound = duration.saturating_sub(trim_start).saturating_sub(trim_end);
            let mut packet = Packet::new(0, start, Duration::from(sound), data);
            (packet.trim_start, packet.trim_end) = (trim_start.into(), trim_end.into());
            packet
        });
        if lost == Some(0) {
            self.held = packet;
            return decode_error("bytes of no frame");
        }
        Ok(packet)
    }

    fn into_inner<'s>(self: Box<Self>) -> MediaSourceStream<'s>
    where
        Self: 's,
    {
        self.stream
    }
}

fn track_of(frames: &dyn Frames) -> Track {
    let parameters = frames.parameters();
    let mut track = Track::new(0);
    track.time_base = TimeBase::try_from_recip(parameters.sample_rate.unwrap_or_default());
    track.with_codec_params(CodecParameters::Audio(parameters));
    track
}

/// Frames, and the length in ticks if the head declares one.
type Opened = (Box<dyn Frames>, Option<u64>);

/// The end of a file within a frame is the end of its audio.
fn or_end<T>(result: std::io::Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(Error::IoError(error)),
    }
}
