//! Families of containers: each is walked by its own rules and then read by its own reader.

use symphonia::core::errors::Result;
use symphonia::core::formats::probe::Probe;
use symphonia::default::formats::{
    AdtsReader, AiffReader, CafReader, FlacReader, IsoMp4Reader, MkvReader, MpaReader, OggReader,
    WavReader,
};

use super::layout::Walker;
use super::{chunks, ebml, isobmff, mpeg, ogg};

/// Number of bytes that tell the family.
pub(super) const MARK_LEN: usize = 12;

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
    /// Frames of MPEG audio or AAC (ADTS).
    Frames,
    /// No mark: frames or Ogg pages may follow behind other bytes.
    #[default]
    Unmarked,
}

impl Family {
    /// Tells the family by the first bytes.
    pub(super) fn of(start: &[u8; MARK_LEN]) -> Self {
        match (&start[..4], &start[4..8], &start[8..]) {
            (b"RIFF" | b"RF64" | b"BW64", _, b"WAVE") => Self::Wav,
            (b"FORM", _, b"AIFF" | b"AIFC") => Self::Aiff,
            (b"fLaC", ..) => Self::Flac,
            (b"OggS", ..) => Self::Ogg,
            (b"caff", ..) => Self::Caf,
            (_, b"ftyp", _) => Self::IsoBmff,
            (b"\x1a\x45\xdf\xa3", ..) => Self::Ebml,
            ([0xff, second, ..], ..) if second & 0xe0 == 0xe0 => Self::Frames,
            _ => Self::Unmarked,
        }
    }

    /// Walks a file by the rules of the family.
    pub(super) fn walk(self, walker: &mut Walker) -> Result<()> {
        match self {
            Self::Wav => chunks::walk_wav(walker),
            Self::Aiff => chunks::walk_aiff(walker),
            Self::Flac => chunks::walk_flac(walker),
            Self::Ogg => ogg::walk(walker),
            Self::Caf => chunks::walk_caf(walker),
            Self::IsoBmff => isobmff::walk(walker),
            Self::Ebml => ebml::walk(walker),
            Self::Frames => {
                mpeg::walk(walker);
                Ok(())
            }
            Self::Unmarked => Ok(()),
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
            Self::Wav | Self::Aiff | Self::Flac | Self::Frames | Self::Unmarked => u64::MAX,
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
            Self::Frames | Self::Unmarked => {
                probe.register_format::<AdtsReader<'_>>();
                probe.register_format::<MpaReader<'_>>();
                if self == Self::Unmarked {
                    probe.register_format::<OggReader<'_>>();
                }
            }
        }
        probe
    }
}
