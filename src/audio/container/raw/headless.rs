//! Samples without a head, whose format only the extension of the file tells: G.711 and signed
//! linear samples of telephony, of one channel.
//!
//! Sources: `soxformat(7)` (`.ul`, `.al` and `.sln` at 8 kHz, little-endian); the extensions in
//! `format_pcm.c` and `format_sln.c` of Asterisk.

use std::ffi::OsStr;
use std::path::Path;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known as id;

use super::super::layout::Layout;
use super::super::samples::{Samples, channels, parameters};
use crate::audio::source_file::SourceFile;

/// Rate of telephony, in Hz.
const RATE: u32 = 8_000;

/// Extensions of signed samples of 16 bits, and their rates. `raw` and `pcm` stand for anything.
const LINEAR: [(&str, u32); 9] = [
    ("sln", RATE),
    ("sln12", 12_000),
    ("sln16", 16_000),
    ("sln24", 24_000),
    ("sln32", 32_000),
    ("sln44", 44_100),
    ("sln48", 48_000),
    ("sln96", 96_000),
    ("sln192", 192_000),
];

const MU_LAW: [&str; 5] = ["ulaw", "mulaw", "ul", "mu", "ulw"];
const A_LAW: [&str; 3] = ["alaw", "al", "alw"];

/// Format of samples without a head.
#[derive(Debug, Clone, Copy)]
pub(in crate::audio) struct Headless {
    codec: AudioCodecId,
    rate: u32,
    /// Bytes of a sample.
    bytes: u8,
}

impl Headless {
    /// The format that the extension of a file stands for.
    pub(in crate::audio) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension().and_then(OsStr::to_str)?.to_ascii_lowercase();
        let extension = extension.as_str();
        if MU_LAW.contains(&extension) {
            return Some(Self { codec: id::CODEC_ID_PCM_MULAW, rate: RATE, bytes: 1 });
        }
        if A_LAW.contains(&extension) {
            return Some(Self { codec: id::CODEC_ID_PCM_ALAW, rate: RATE, bytes: 1 });
        }
        let (_, rate) = *LINEAR.iter().find(|(known, _)| *known == extension)?;
        Some(Self { codec: id::CODEC_ID_PCM_S16LE, rate, bytes: 2 })
    }

    /// The whole file as samples of the format.
    pub(in crate::audio) fn layout(self, file: &SourceFile) -> Layout {
        let coded = if self.bytes > 1 { self.bytes } else { 0 };
        let parameters = parameters(self.codec, self.rate, channels(1), coded.into());
        let samples = Samples::of_frames(parameters, self.bytes.into(), 0, Some(file.len()));
        Layout { samples, ..Layout::whole(file) }
    }
}
