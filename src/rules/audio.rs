//! Checks of the format and levels of audio.

use crate::audio::{AudioFormat, Levels, Sound, Truncation};

/// Length of the shortest audio with a loudness in seconds. Source: ITU-R BS.1770-5, annex 1.
const LOUDNESS_BLOCK: f64 = 0.4;

/// Check of audio with its bounds. A bound of `None` is not checked.
#[derive(Debug, Clone, PartialEq)]
pub enum AudioCheck {
    /// Part of the audio that is silent.
    Silence {
        /// Upper limit, from 0 to 1.
        max_part: f64,
    },
    /// Number of clipped samples.
    Clipping {
        /// Upper limit of samples in runs at full scale.
        max_samples: u64,
    },
    /// Duration in seconds.
    Duration {
        /// Lower limit.
        min: Option<f64>,
        /// Upper limit.
        max: Option<f64>,
    },
    /// Number of channels.
    Channels {
        /// Allowed numbers.
        allowed: Vec<usize>,
    },
    /// Sample rate in Hz.
    Rate {
        /// Lower limit.
        min: Option<u32>,
        /// Upper limit.
        max: Option<u32>,
    },
    /// Loudness in LUFS.
    Loudness {
        /// Lower limit.
        min: Option<f64>,
        /// Upper limit.
        max: Option<f64>,
    },
    /// All packets can be decoded.
    Decodes,
}

impl AudioCheck {
    /// Returns the check of a name with its default bounds.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|check| check.name() == name)
    }

    /// Returns all checks with their default bounds.
    pub fn all() -> [Self; 7] {
        [
            Self::Silence { max_part: 0.9 },
            Self::Clipping { max_samples: 0 },
            Self::Duration { min: Some(0.1), max: Some(30.0) },
            Self::Channels { allowed: vec![1, 2] },
            Self::Rate { min: Some(16_000), max: Some(192_000) },
            Self::Loudness { min: Some(-40.0), max: Some(-9.0) },
            Self::Decodes,
        ]
    }

    /// Name of the check, the default name of its rule.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Silence { .. } => "silence",
            Self::Clipping { .. } => "clipping",
            Self::Duration { .. } => "duration",
            Self::Channels { .. } => "channels",
            Self::Rate { .. } => "rate",
            Self::Loudness { .. } => "loudness",
            Self::Decodes => "decodes",
        }
    }

    /// True if the audio has to be decoded for the check.
    pub(super) fn needs_levels(&self) -> bool {
        matches!(
            self,
            Self::Silence { .. } | Self::Clipping { .. } | Self::Loudness { .. } | Self::Decodes
        )
    }

    /// Describes the bound that is exceeded. A value that is not known is within no bounds.
    pub(super) fn violation(
        &self,
        sound: &Sound,
        seconds: Option<f64>,
        truncation: Option<Truncation>,
    ) -> Option<String> {
        match self {
            Self::Duration { .. } | Self::Channels { .. } | Self::Rate { .. } => {
                self.violation_of_format(&sound.format, seconds)
            }
            Self::Decodes if truncation.is_some() => truncation.map(|cut| cut.to_string()),
            _ => match &sound.levels {
                Some(levels) => self.violation_of_levels(levels, seconds),
                None if *self == Self::Decodes => Some("cannot be decoded here".to_owned()),
                None => Some("cannot be decoded here; the rule cannot be checked".to_owned()),
            },
        }
    }

    fn violation_of_format(&self, format: &AudioFormat, seconds: Option<f64>) -> Option<String> {
        match self {
            Self::Duration { min, max } => match seconds {
                Some(seconds) => out_of_bounds(seconds, *min, *max, "s"),
                None => Some(unknown("duration")),
            },
            Self::Channels { allowed } => {
                let Some(channels) = format.channels else {
                    return Some(unknown("number of channels"));
                };
                let counts: Vec<_> = allowed.iter().map(ToString::to_string).collect();
                (!allowed.contains(&channels))
                    .then(|| format!("{channels} channels (allowed: {})", counts.join(" or ")))
            }
            Self::Rate { min, max } => {
                let bounds = (min.map(f64::from), max.map(f64::from));
                let Some(rate) = format.sample_rate else { return Some(unknown("sampling rate")) };
                out_of_bounds(rate.into(), bounds.0, bounds.1, "Hz")
            }
            _ => None,
        }
    }

    fn violation_of_levels(&self, levels: &Levels, seconds: Option<f64>) -> Option<String> {
        match self {
            Self::Silence { max_part } => {
                let Some(seconds) = seconds else { return Some(unknown("duration")) };
                let part = levels.silence / seconds.max(0.01);
                let percent = |part: f64| (100.0 * part.min(1.0)).round();
                let (actual, max) = (percent(part), percent(*max_part));
                (part > *max_part).then(|| format!("{actual} % is silence (maximum {max} %)"))
            }
            Self::Clipping { max_samples } => {
                let clipped = levels.clipped_samples;
                (clipped > *max_samples)
                    .then(|| format!("{clipped} clipped samples (maximum {max_samples})"))
            }
            Self::Loudness { min, .. } if is_nearly_silent(levels) => {
                min.map(|min| format!("next to silent (minimum {min} LUFS)"))
            }
            Self::Loudness { min, max } => match levels.loudness_lufs {
                Some(loudness) => out_of_bounds(loudness, *min, *max, "LUFS"),
                // A shorter file has no loudness.
                None if seconds.is_some_and(|seconds| seconds < LOUDNESS_BLOCK) => None,
                None => Some(unknown("loudness")),
            },
            Self::Decodes => match levels.damaged_packets {
                0 => None,
                1 => Some("1 packet cannot be decoded".to_owned()),
                damaged => Some(format!("{damaged} packets cannot be decoded")),
            },
            _ => None,
        }
    }
}

fn unknown(value: &str) -> String {
    format!("the {value} is unknown; the rule cannot be checked")
}

fn out_of_bounds(value: f64, min: Option<f64>, max: Option<f64>, unit: &str) -> Option<String> {
    let value = (value * 100.0).round() / 100.0;
    match (min, max) {
        (Some(min), _) if value < min => Some(format!("{value} {unit} (minimum {min} {unit})")),
        (_, Some(max)) if value > max => Some(format!("{value} {unit} (maximum {max} {unit})")),
        _ => None,
    }
}

/// True if the audio is too quiet to have a loudness by EBU R 128.
fn is_nearly_silent(levels: &Levels) -> bool {
    levels.loudness_lufs.is_none() && levels.rms_dbfs.is_none_or(|level| level < -70.0)
}
