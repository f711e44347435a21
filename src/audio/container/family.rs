//! Families of containers: each is walked by its own rules and then read by its own reader.

use symphonia::core::errors::Result;
use symphonia::core::formats::probe::Probe;
use symphonia::default::formats::{
    AdtsReader, AiffReader, CafReader, FlacReader, IsoMp4Reader, MkvReader, MpaReader, OggReader,
    WavReader,
};

use super::layout::Walker;
use super::{chunks, ebml, isobmff, mpeg, ogg};
use crate::audio::codec::GSM_FRAME;

/// Number of bytes that tell the family.
pub(super) const MARK_LEN: usize = GSM_FRAMES * GSM_FRAME;

/// Frames of GSM that are looked at: each has a mark of four bits, so that no other data has all of
/// them.
const GSM_FRAMES: usize = 8;

/// Family of a container.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Family {
    Wav,
    Aiff,
    Flac,
    Ogg,
    Caf,
    IsoBmff,
    Ebml,
    Adts,
    Amr,
    WavPack,
    /// Frames of GSM, alone and in WAV.
    Gsm,
    GsmWav,
    /// Frames of MPEG audio.
    Frames,
    /// No mark: frames or Ogg pages may follow behind other bytes.
    #[default]
    Unmarked,
}

impl Family {
    /// Tells the family by the first bytes.
    pub(super) fn of(start: &[u8; MARK_LEN]) -> Self {
        match (&start[..4], &start[4..8], &start[8..12]) {
            (b"RIFF", _, b"WAVE") if is_gsm_wav(start) => Self::GsmWav,
            (b"RIFF" | b"RF64" | b"BW64", _, b"WAVE") => Self::Wav,
            (b"FORM", _, b"AIFF" | b"AIFC") => Self::Aiff,
            (b"fLaC", ..) => Self::Flac,
            (b"OggS", ..) => Self::Ogg,
            (b"caff", ..) => Self::Caf,
            (_, b"ftyp", _) => Self::IsoBmff,
            (b"\x1a\x45\xdf\xa3", ..) => Self::Ebml,
            (b"#!AM", ..) => Self::Amr,
            (b"wvpk", ..) => Self::WavPack,
            _ if is_gsm(start) => Self::Gsm,
            ([0xff, second, ..], ..) if second & 0xf6 == 0xf0 => Self::Adts,
            ([0xff, second, ..], ..) if second & 0xe0 == 0xe0 => Self::Frames,
            _ => Self::Unmarked,
        }
    }

    /// Walks a file by the rules of the family.
    pub(super) fn walk(self, walker: &mut Walker) -> Result<()> {
        match self {
            Self::Wav | Self::GsmWav => chunks::walk_wav(walker),
            Self::Aiff => chunks::walk_aiff(walker),
            Self::Flac => chunks::walk_flac(walker),
            Self::Ogg => ogg::walk(walker),
            Self::Caf => chunks::walk_caf(walker),
            Self::IsoBmff => isobmff::walk(walker),
            Self::Ebml => ebml::walk(walker),
            Self::Frames | Self::Adts => {
                mpeg::walk(walker);
                Ok(())
            }
            Self::Amr | Self::WavPack | Self::Gsm | Self::Unmarked => Ok(()),
        }
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

    /// Returns the readers of the family, and no other: symphonia would find a container behind
    /// other bytes, where nothing of it has been walked. There are no readers of tags, which are
    /// recursive.
    pub(super) fn readers(self, mut probe: Probe) -> Probe {
        match self {
            Self::Wav => probe.register_format::<WavReader<'_>>(),
            Self::Aiff => probe.register_format::<AiffReader<'_>>(),
            Self::Flac => probe.register_format::<FlacReader<'_>>(),
            Self::Ogg => probe.register_format::<OggReader<'_>>(),
            Self::Caf => probe.register_format::<CafReader<'_>>(),
            Self::IsoBmff => probe.register_format::<IsoMp4Reader<'_>>(),
            Self::Ebml => probe.register_format::<MkvReader<'_>>(),
            // These have readers of their own.
            Self::Adts | Self::Amr | Self::WavPack | Self::Gsm | Self::GsmWav => {}
            Self::Frames | Self::Unmarked => {
                probe.register_format::<MpaReader<'_>>();
                if self == Self::Unmarked {
                    probe.register_format::<AdtsReader<'_>>();
                    probe.register_format::<OggReader<'_>>();
                }
            }
        }
        probe
    }
}

/// True for a WAV file whose first chunk says GSM 6.10.
fn is_gsm_wav(start: &[u8; MARK_LEN]) -> bool {
    start[12..16] == *b"fmt " && start[20..22] == [49, 0]
}

/// True for frames of GSM without a head. Source: RFC 3551, section 4.5.8.1.
fn is_gsm(start: &[u8; MARK_LEN]) -> bool {
    start.chunks(GSM_FRAME).all(|frame| frame[0] >> 4 == 0xd)
}
