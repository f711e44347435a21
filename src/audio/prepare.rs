//! What is done to sound before it is sent: nothing, or as little as it takes.

use std::time::Duration;

use super::clip::{Clip, encoded_len};
use super::container;
use super::convert::Converter;
use super::measure::{Levels, Sound};
use super::wav::{self, WavFile};
use super::window::{Cutter, REACH_SECONDS};
use crate::error::Error;

/// The longest base64 text that the model's provider takes, in bytes, itself not included.
/// Source: Alibaba Model Studio, "Qwen3-Omni-Captioner", 2026-01: "less than 10 MB". Whether that
/// is 10^6 or 2^20 bytes is not said; the smaller reading is the safe one.
pub const MAX_UPLOAD: u64 = 10_000_000;

/// The longest sound that the model takes, in seconds. Source: Alibaba Model Studio,
/// "Qwen3-Omni-Captioner", 2026-01: 40 minutes.
const LONGEST: f64 = 40.0 * 60.0;

/// When sound is converted to WAV with one channel of 16 bits at [`SAMPLE_RATE`].
///
/// [`SAMPLE_RATE`]: super::SAMPLE_RATE
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Convert {
    /// Where the service does not name the format, and where there is something to gain: it is
    /// not compressed, or without loss, or too large.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// How sound is made ready.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recipe {
    /// Whether it is converted.
    pub convert: Convert,
    /// The length of the windows that it is cut into, at least 1 s; `None` leaves it whole.
    pub window: Option<Duration>,
    /// The longest base64 text that may be sent, in bytes, itself not included; `None` for a
    /// service without limits, that of 40 minutes included.
    pub max_upload: Option<u64>,
    /// Whether levels, loudness and silence are measured.
    pub measures: bool,
}

impl Default for Recipe {
    /// In one piece, within the limits of the service.
    fn default() -> Self {
        let (convert, max_upload) = (Convert::default(), Some(MAX_UPLOAD));
        Self { convert, window: None, max_upload, measures: false }
    }
}

/// Sound that is ready to be sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Prepared {
    /// What is to be sent.
    pub clip: Clip,
    /// Length in seconds: counted, but for what cannot be read here and for
    /// [`Convert::Never`], where it is the file's own account.
    pub seconds: Option<f64>,
    /// Whether it was converted.
    pub is_converted: bool,
    /// How many packets could not be decoded and were left out.
    pub damaged_packets: u64,
    /// What was measured, where it was asked for and the sound can be decoded.
    pub levels: Option<Levels>,
}

/// Makes the whole of a clip ready to be sent. Decodes: within async code, on a thread of its own.
///
/// Fails with [`Error::TooLong`] or [`Error::TooLarge`] where it cannot be sent in one piece, with
/// [`Error::Damaged`] where less than half of it is there, and with [`Error::Undecodable`] where
/// it would have to be converted.
pub fn prepare(clip: &Clip, recipe: &Recipe) -> Result<Prepared, Error> {
    if recipe.sends_as_it_is(clip) {
        return as_it_is(clip, recipe);
    }
    match converted(clip, recipe) {
        Err(Error::Undecodable { .. }) if recipe.convert == Convert::Auto => as_it_is(clip, recipe),
        result => result,
    }
}

impl Recipe {
    /// Cuts a clip into windows, as [`Recipe::window`] says or in one.
    ///
    /// Fails with [`Error::Undecodable`], and with [`Error::Damaged`] where less than half of the
    /// sound is there.
    pub fn cutter(&self, clip: &Clip) -> Result<Cutter, Error> {
        container::whole_seconds(clip.file(), clip.format())?;
        Cutter::open(clip, self.window.unwrap_or(Duration::MAX), self.measures)
    }

    /// The longest base64 text that a file may come to before it is made ready, in bytes.
    pub(crate) fn largest_source(&self) -> Option<u64> {
        self.max_upload.filter(|_| self.convert == Convert::Never)
    }

    /// How many requests a sound of so many seconds takes.
    pub fn requests(&self, seconds: f64) -> u64 {
        let window = self.window.map_or(f64::INFINITY, |window| window.as_secs_f64());
        // Less than a second more goes with the last window.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let windows = ((seconds - 1.0) / window).floor() as u64;
        windows + 1
    }

    /// The size in base64 of what would be sent for a clip, in bytes.
    ///
    /// Fails like [`prepare`] where the clip's own account of itself is enough to tell.
    pub fn upload_len(&self, clip: &Clip) -> Result<u64, Error> {
        if self.window.is_none() && self.sends_as_it_is(clip) {
            self.check(clip, clip.format().seconds)?;
            return Ok(clip.encoded_len());
        }
        let Some(seconds) = clip.format().seconds else { return Ok(clip.encoded_len()) };
        if self.window.is_none() && seconds > self.longest() {
            return Err(Error::TooLong { seconds: Some(seconds), limit: self.longest() });
        }
        Ok(encoded_len(wav::len(seconds)))
    }

    /// The longest sound that can be sent in one piece once it is converted, in seconds.
    pub fn longest(&self) -> f64 {
        let Some(limit) = self.max_upload else { return f64::INFINITY };
        // One byte less than the limit, and a multiple of four.
        let bytes = limit.saturating_sub(1) / 4 * 3;
        wav::capacity(bytes).min(LONGEST)
    }

    /// The longest window that is sure to fit, wherever the cuts around it fall; whole seconds.
    pub fn longest_window(&self) -> Duration {
        Duration::try_from_secs_f64((self.longest() - 2.0 * REACH_SECONDS).floor().max(0.0))
            .unwrap_or(Duration::MAX)
    }

    fn sends_as_it_is(&self, clip: &Clip) -> bool {
        match self.convert {
            Convert::Always => false,
            Convert::Never => true,
            Convert::Auto => {
                let is_lean = || {
                    let seconds = clip.format().seconds;
                    seconds.is_some_and(|seconds| clip.len() <= wav::len(seconds))
                };
                let format = clip.format();
                let is_better_left = format.is_named_by_service()
                    && (format.is_lossy() || is_lean())
                    && clip.check_fits(self.max_upload).is_ok();
                // What cannot be decoded here may be what the service can.
                is_better_left || format.codec.is_none()
            }
        }
    }

    fn check(&self, clip: &Clip, seconds: Option<f64>) -> Result<(), Error> {
        clip.check_fits(self.max_upload)?;
        match seconds {
            Some(seconds) if self.max_upload.is_some() && seconds > LONGEST => {
                Err(Error::TooLong { seconds: Some(seconds), limit: LONGEST })
            }
            _ => Ok(()),
        }
    }
}

fn as_it_is(clip: &Clip, recipe: &Recipe) -> Result<Prepared, Error> {
    let seconds = match recipe.convert {
        Convert::Never => clip.format().seconds,
        _ => container::whole_seconds(clip.file(), clip.format())?,
    };
    recipe.check(clip, seconds)?;
    let (levels, damaged_packets) = if recipe.measures { measure_levels(clip)? } else { (None, 0) };
    Ok(Prepared { clip: clip.clone(), seconds, is_converted: false, damaged_packets, levels })
}

/// Measures a clip without sending it. Decodes: within async code, on a thread of its own.
pub fn measure(clip: &Clip) -> Result<Sound, Error> {
    let (levels, _) = measure_levels(clip)?;
    Ok(Sound { format: clip.format().clone(), levels })
}

fn measure_levels(clip: &Clip) -> Result<(Option<Levels>, u64), Error> {
    let mut converter = match Converter::open(clip, true) {
        Err(Error::Undecodable { .. }) => return Ok((None, 0)),
        converter => converter?,
    };
    let mut block = Vec::new();
    while converter.next(&mut block)? {
        block.clear();
    }
    Ok((converter.levels(), converter.damaged_packets()))
}

fn converted(clip: &Clip, recipe: &Recipe) -> Result<Prepared, Error> {
    let (there, longest) =
        (container::whole_seconds(clip.file(), clip.format())?, recipe.longest());
    let check = |seconds: Option<f64>| match seconds {
        Some(seconds) if seconds > longest => {
            Err(Error::TooLong { seconds: there, limit: longest })
        }
        _ => Ok(()),
    };
    check(there)?;
    let mut converter = Converter::open(clip, recipe.measures)?;
    let mut file = WavFile::new()?;
    let (mut block, mut samples) = (Vec::new(), Vec::new());
    let mut goes_on = true;
    while goes_on {
        block.clear();
        goes_on = converter.next(&mut block)?;
        samples.clear();
        samples.extend(block.iter().copied().map(wav::quantize));
        file.push(&samples)?;
        // A file may hold more than it tells.
        check(Some(file.seconds()))?;
    }
    let clip = file.into_clip()?;
    Ok(Prepared {
        seconds: clip.format().seconds,
        clip,
        is_converted: true,
        damaged_packets: converter.damaged_packets(),
        levels: converter.levels(),
    })
}
