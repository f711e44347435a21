//! Checks of the format and levels of audio.

use crate::audio::{Levels, Sound};

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

    /// Describes the bound that is exceeded. Audio without levels fails the checks of levels.
    pub(super) fn violation(&self, sound: &Sound, seconds: Option<f64>) -> Option<String> {
        let (format, levels) = (&sound.format, sound.levels.as_ref());
        let needs_levels =
            matches!(self, Self::Silence { .. } | Self::Clipping { .. } | Self::Loudness { .. });
        if needs_levels && levels.is_none() {
            return Some("cannot be decoded here, so that nobody can tell".to_owned());
        }
        match self {
            Self::Silence { max_part } => {
                let part = levels?.silence / seconds?.max(0.01);
                let percent = |part: f64| (100.0 * part.min(1.0)).round();
                let (actual, max) = (percent(part), percent(*max_part));
                (part > *max_part)
                    .then(|| format!("{actual} % is silence, at most {max} % is fine"))
            }
            Self::Clipping { max_samples } => {
                let clipped = levels?.clipped_samples;
                (clipped > *max_samples)
                    .then(|| format!("{clipped} clipped samples, at most {max_samples} are fine"))
            }
            Self::Duration { min, max } => out_of_bounds(seconds?, *min, *max, "s"),
            Self::Channels { allowed } => {
                let channels = format.channels?;
                let fine: Vec<_> = allowed.iter().map(ToString::to_string).collect();
                (!allowed.contains(&channels))
                    .then(|| format!("{channels} channels, and {} are fine", fine.join(" or ")))
            }
            Self::Rate { min, max } => {
                let bounds = (min.map(f64::from), max.map(f64::from));
                out_of_bounds(format.sample_rate?.into(), bounds.0, bounds.1, "Hz")
            }
            Self::Loudness { min: Some(min), .. } if is_nearly_silent(levels?) => {
                Some(format!("next to silent, at least {min} LUFS is fine"))
            }
            Self::Loudness { min, max } => {
                out_of_bounds(levels?.loudness_lufs?, *min, *max, "LUFS")
            }
            Self::Decodes => match levels.map(|levels| levels.damaged_packets) {
                None => Some("cannot be decoded here".to_owned()),
                Some(0) => None,
                Some(1) => Some("1 packet cannot be decoded".to_owned()),
                Some(damaged) => Some(format!("{damaged} packets cannot be decoded")),
            },
        }
    }
}

fn out_of_bounds(value: f64, min: Option<f64>, max: Option<f64>, unit: &str) -> Option<String> {
    let value = (value * 100.0).round() / 100.0;
    match (min, max) {
        (Some(min), _) if value < min => {
            Some(format!("{value} {unit}, at least {min} {unit} is fine"))
        }
        (_, Some(max)) if value > max => {
            Some(format!("{value} {unit}, at most {max} {unit} is fine"))
        }
        _ => None,
    }
}

/// True if the audio is too quiet to have a loudness by EBU R 128.
fn is_nearly_silent(levels: &Levels) -> bool {
    levels.loudness_lufs.is_none() && levels.rms_dbfs.is_none_or(|level| level < -70.0)
}
