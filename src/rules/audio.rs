//! Bounds on what was measured of a sound.

use super::Evidence;
use crate::audio::Levels;

/// What is checked of a sound, with its bounds; one that is `None` is not checked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AudioCheck {
    /// How much of it is silent.
    Silence {
        /// The largest part of the whole, from 0 to 1.
        max_part: f64,
    },
    /// How many samples are clipped.
    Clipping {
        /// The most samples in runs at full scale.
        max_samples: u64,
    },
    /// How long it is, in seconds.
    Duration {
        /// The shortest.
        min: Option<f64>,
        /// The longest.
        max: Option<f64>,
    },
    /// How many channels it has.
    Channels {
        /// The numbers that are fine.
        allowed: Vec<usize>,
    },
    /// How many samples a second it has, in Hz.
    Rate {
        /// The lowest.
        min: Option<u32>,
        /// The highest.
        max: Option<u32>,
    },
    /// How loud it is, in LUFS.
    Loudness {
        /// The quietest.
        min: Option<f64>,
        /// The loudest.
        max: Option<f64>,
    },
    /// Whether all of it can be decoded.
    Decodes,
}

impl AudioCheck {
    /// The checks with their usual bounds, by name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|check| check.name() == name)
    }

    /// All checks with their usual bounds.
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

    /// The name that it goes by.
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

    /// What is out of bounds; where levels cannot be told, they are not within bounds.
    pub(super) fn violation(&self, evidence: &Evidence<'_>) -> Option<String> {
        let (format, levels) = (&evidence.sound.format, evidence.sound.levels.as_ref());
        let needs_levels =
            matches!(self, Self::Silence { .. } | Self::Clipping { .. } | Self::Loudness { .. });
        if needs_levels && levels.is_none() {
            return Some("cannot be decoded here, so that nobody can tell".to_owned());
        }
        match self {
            Self::Silence { max_part } => {
                let part = levels?.silence / evidence.seconds?.max(0.01);
                let percent = |part: f64| (100.0 * part.min(1.0)).round();
                (part > *max_part).then(|| {
                    format!(
                        "{} % is silence, at most {} % is fine",
                        percent(part),
                        percent(*max_part)
                    )
                })
            }
            Self::Clipping { max_samples } => {
                let clipped = levels?.clipped_samples;
                (clipped > *max_samples)
                    .then(|| format!("{clipped} clipped samples, at most {max_samples} are fine"))
            }
            Self::Duration { min, max } => out_of(evidence.seconds?, *min, *max, "s"),
            Self::Channels { allowed } => {
                let channels = format.channels?;
                let fine: Vec<_> = allowed.iter().map(ToString::to_string).collect();
                (!allowed.contains(&channels))
                    .then(|| format!("{channels} channels, and {} are fine", fine.join(" or ")))
            }
            Self::Rate { min, max } => {
                let bounds = (min.map(f64::from), max.map(f64::from));
                out_of(format.sample_rate?.into(), bounds.0, bounds.1, "Hz")
            }
            Self::Loudness { min: Some(min), .. } if is_next_to_silent(levels?) => {
                Some(format!("next to silent, at least {min} LUFS is fine"))
            }
            Self::Loudness { min, max } => out_of(levels?.loudness_lufs?, *min, *max, "LUFS"),
            Self::Decodes => match levels.map(|levels| levels.damaged_packets) {
                None => Some("cannot be decoded here".to_owned()),
                Some(0) => None,
                Some(1) => Some("1 packet cannot be decoded".to_owned()),
                Some(damaged) => Some(format!("{damaged} packets cannot be decoded")),
            },
        }
    }
}

fn out_of(value: f64, min: Option<f64>, max: Option<f64>, unit: &str) -> Option<String> {
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

/// Whether there is nothing loud enough to have a loudness, as of EBU R 128.
fn is_next_to_silent(levels: &Levels) -> bool {
    levels.loudness_lufs.is_none() && levels.rms_dbfs.is_none_or(|level| level < -70.0)
}
