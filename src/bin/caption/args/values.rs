//! Values of options: names, sizes, times, rates, money.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use caption::{AudioCheck, Convert, Dialect};
use clap::ValueEnum;
use clap_complete::Shell;

use crate::render::FormatKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    Text,
    Json,
    Jsonl,
    Csv,
    Srt,
    Vtt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConvertName {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DialectName {
    Auto,
    Aimlapi,
    Openai,
    Vllm,
}

impl DialectName {
    /// `None` finds out.
    pub(crate) fn dialect(self) -> Option<Dialect> {
        match self {
            Self::Auto => None,
            Self::Aimlapi => Some(Dialect::Aimlapi),
            Self::Openai => Some(Dialect::OpenAi),
            Self::Vllm => Some(Dialect::Vllm),
        }
    }
}

/// What can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Generated {
    Man,
    CompleteBash,
    CompleteZsh,
    CompleteFish,
    CompletePowershell,
    CompleteElvish,
}

impl Generated {
    /// The shell that completions are for; `None` for the manual page.
    pub(crate) fn shell(self) -> Option<Shell> {
        match self {
            Self::Man => None,
            Self::CompleteBash => Some(Shell::Bash),
            Self::CompleteZsh => Some(Shell::Zsh),
            Self::CompleteFish => Some(Shell::Fish),
            Self::CompletePowershell => Some(Shell::PowerShell),
            Self::CompleteElvish => Some(Shell::Elvish),
        }
    }
}

impl FormatName {
    pub(crate) fn kind(self) -> FormatKind {
        match self {
            Self::Text => FormatKind::Text,
            Self::Json => FormatKind::Json,
            Self::Jsonl => FormatKind::Jsonl,
            Self::Csv => FormatKind::Csv,
            Self::Srt => FormatKind::Srt,
            Self::Vtt => FormatKind::Vtt,
        }
    }
}

impl ConvertName {
    pub(crate) fn convert(self) -> Convert {
        match self {
            Self::Auto => Convert::Auto,
            Self::Always => Convert::Always,
            Self::Never => Convert::Never,
        }
    }
}

impl When {
    pub(crate) fn holds(self, automatically: bool) -> bool {
        match self {
            Self::Auto => automatically,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// The limit of an upload in bytes; `None` is no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaxUpload(pub(crate) Option<u64>);

impl fmt::Display for MaxUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(bytes) if bytes % 1_000_000 == 0 => write!(f, "{}MB", bytes / 1_000_000),
            Some(bytes) => write!(f, "{bytes}B"),
            None => f.write_str("none"),
        }
    }
}

impl FromStr for MaxUpload {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        let size: Option<ByteSize> = text.parse().ok();
        // A number alone would be bytes, which nobody means.
        let size = size.filter(|_| text.ends_with(|last: char| last.is_ascii_alphabetic()));
        Ok(Self(Some(size.ok_or("a size with its unit, such as 10MB, or none")?.as_u64())))
    }
}

/// Longer waits are slips: `5M` is five months.
const LONGEST: Duration = Duration::from_hours(24);

pub(crate) fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("longer than nothing, such as 30s"),
        Ok(duration) if duration > LONGEST => Err("at most a day"),
        Ok(duration) => Ok(duration),
        Err(_) => Err("a time with its unit, such as 90s or 5m"),
    }
}

pub(crate) fn parse_window(text: &str) -> Result<Duration, &'static str> {
    match parse_duration(text) {
        Ok(window) if window < Duration::from_secs(1) => Err("at least 1s"),
        Err(_) => Err("a time with its unit, such as 30s"),
        window => window,
    }
}

/// The time between two requests at a rate such as `5/s` or `100/m`.
pub(crate) fn parse_rate(text: &str) -> Result<Duration, &'static str> {
    let gap = text.split_once('/').and_then(|(number, unit)| {
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            _ => return None,
        };
        let number: f64 = number.parse().ok().filter(|number| *number > 0.0)?;
        Duration::try_from_secs_f64(seconds / number).ok().filter(|gap| *gap <= LONGEST)
    });
    gap.ok_or("a number a second or a minute, such as 5/s or 100/m")
}

/// One check of the sound, or all of them.
#[derive(Debug, Clone)]
pub(crate) struct Check(pub(crate) Vec<AudioCheck>);

pub(crate) fn parse_check(name: &str) -> Result<Check, String> {
    if name == "all" {
        return Ok(Check(AudioCheck::all().into()));
    }
    AudioCheck::by_name(name).map(|check| Check(vec![check])).ok_or_else(|| {
        let names = AudioCheck::all().map(|check| check.name());
        format!("one or more of {}, or all", names.join(", "))
    })
}

pub(crate) fn parse_usd(text: &str) -> Result<f64, &'static str> {
    let usd: Option<f64> = text.strip_prefix('$').unwrap_or(text).parse().ok();
    usd.filter(|usd| usd.is_finite() && *usd > 0.0).ok_or("US dollars, such as 0.50")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_a_second_or_a_minute() {
        assert_eq!(parse_rate("5/s"), Ok(Duration::from_millis(200)));
        assert_eq!(parse_rate("120/m"), Ok(Duration::from_millis(500)));
        for bad in ["5", "0/s", "1e-19/s", "-1/s", "5/h", "x/s", "NaN/s", "1e-300/s"] {
            assert!(parse_rate(bad).is_err(), "{bad}");
        }
    }
}
