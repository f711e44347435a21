//! Families of containers: each is walked by its own rules and then read by its own reader.

use symphonia::core::errors::{Result, unsupported_error};
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::MediaSourceStream;
use symphonia::default::formats::{CafReader, FlacReader, IsoMp4Reader, MkvReader, OggReader};

use super::layout::{Layout, Walker};
use super::mpeg::Frames;
use super::{aiff, caf, ebml, flac, isobmff, mpeg, ogg, raw, wav};

/// Number of bytes that tell the family.
const MARK_LEN: usize = 12;

/// Number of bytes that are looked at: more than the mark of frames of GSM.
pub(super) const DEPTH: usize = 512;

/// Boxes that a movie without one of its type begins with.
const FIRST_BOXES: [&[u8]; 6] = [b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];

/// Family of a container.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Family {
    Wav,
    W64,
    Aiff,
    Au,
    Flac,
    Ogg,
    Caf,
    IsoBmff,
    Ebml,
    Amr,
    WavPack,
    Tta,
    /// Frames of GSM without a head.
    Gsm,
    /// Frames of MPEG audio or AAC (ADTS), perhaps behind a torn one.
    #[default]
    Frames,
}

impl Family {
    /// Tells the family by the first bytes, of which there should be [`DEPTH`].
    pub(super) fn of(start: &[u8]) -> Self {
        let Some(mark) = start.first_chunk::<MARK_LEN>() else { return Self::Frames };
        match (&mark[..4], &mark[4..8], &mark[8..]) {
            (b"RIFF" | b"RF64" | b"BW64" | b"RIFX", _, b"WAVE") => Self::Wav,
            (b"riff", b"\x2e\x91\xcf\x11", _) => Self::W64,
            (b"FORM", _, b"AIFF" | b"AIFC") => Self::Aiff,
            (b".snd", ..) => Self::Au,
            (b"fLaC", ..) => Self::Flac,
            (b"OggS", ..) => Self::Ogg,
            (b"caff", ..) => Self::Caf,
            (_, b"ftyp", _) => Self::IsoBmff,
            ([0 | 1, ..], name, _) if FIRST_BOXES.contains(&name) => Self::IsoBmff,
            (b"\x1a\x45\xdf\xa3", ..) => Self::Ebml,
            (b"#!AM", [b'R', ..], _) => Self::Amr,
            (b"wvpk", ..) => Self::WavPack,
            (b"TTA1", ..) => Self::Tta,
            _ if raw::is_gsm(start) => Self::Gsm,
            _ => Self::Frames,
        }
    }

    /// Usual extension of the files; `None` for frames.
    pub(super) fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Wav => "wav",
            Self::W64 => "w64",
            Self::Aiff => "aiff",
            Self::Au => "au",
            Self::Flac => "flac",
            Self::Ogg => "ogg",
            Self::Caf => "caf",
            Self::IsoBmff => "mp4",
            Self::Ebml => "mkv",
            Self::Amr => "amr",
            Self::WavPack => "wv",
            Self::Tta => "tta",
            Self::Gsm => "gsm",
            Self::Frames => return None,
        })
    }

    /// Walks a file by the rules of the family.
    pub(super) fn walk(self, walker: &mut Walker) -> Result<()> {
        match self {
            Self::Wav => wav::walk(walker),
            Self::W64 => wav::walk_w64(walker),
            Self::Aiff => aiff::walk(walker),
            Self::Au => aiff::walk_au(walker),
            Self::Flac => flac::walk(walker),
            Self::Ogg => ogg::walk(walker),
            Self::Caf => caf::walk(walker),
            Self::IsoBmff => isobmff::walk(walker),
            Self::Ebml => ebml::walk(walker),
            Self::Amr | Self::WavPack | Self::Tta | Self::Gsm | Self::Frames => {
                raw::walk(self, walker)
            }
        }?;
        // Also the frames in a WAV file.
        if walker.layout.family == Self::Frames { mpeg::walk(walker) } else { Ok(()) }
    }

    /// Bytes that may be read for one packet.
    pub(super) fn max_packet_read(self) -> u64 {
        match self {
            // As long as a table or a header says, pictures between packets of audio included.
            Self::Caf | Self::IsoBmff | Self::Ebml => 8 << 20,
            // The headers of another stream, which has not been walked.
            Self::Ogg => 1 << 20,
            // The frames of noise are short, however far apart they are.
            _ => u64::MAX,
        }
    }

    /// Opens the reader of the family at the start of the layout, and no other: symphonia's probe
    /// would find a container behind other bytes, where nothing of it has been walked.
    pub(super) fn open(
        self,
        layout: &Layout,
        source: MediaSourceStream<'static>,
    ) -> Result<Box<dyn FormatReader>> {
        let options = FormatOptions::default();
        if let Some(samples) = &layout.samples {
            return Ok(raw::open_samples(samples, layout, source));
        }
        Ok(match self {
            Self::Flac => Box::new(FlacReader::try_new(source, options)?),
            Self::Ogg => Box::new(OggReader::try_new(source, options)?),
            Self::Caf => Box::new(CafReader::try_new(source, options)?),
            Self::IsoBmff => Box::new(IsoMp4Reader::try_new(source, options)?),
            Self::Ebml => Box::new(MkvReader::try_new(source, options)?),
            Self::Frames if layout.frames == Frames::Adts => raw::open_adts(source)?,
            Self::Frames => raw::open_mpeg(source)?,
            Self::Amr => raw::open_amr(layout, source)?,
            Self::WavPack => raw::open_wavpack(source)?,
            Self::Tta => raw::open_tta(source)?,
            Self::Wav | Self::W64 | Self::Aiff | Self::Au | Self::Gsm => {
                return unsupported_error("no samples");
            }
        })
    }
}
