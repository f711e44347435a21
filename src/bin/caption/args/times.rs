//! Values of options that are times or rates.

use std::time::Duration;

/// Longer durations are typing errors: `5M` is five months.
const MAX_DURATION: Duration = Duration::from_hours(24);

/// Shortest time between two lines about progress.
const MIN_LOG_PERIOD: Duration = Duration::from_millis(100);

pub(crate) fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("more than 0, such as 30s"),
        Ok(duration) if duration > MAX_DURATION => Err("at most 24h"),
        Ok(duration) => Ok(duration),
        Err(_) => Err("a time with its unit, such as 90s or 5m"),
    }
}

pub(crate) fn parse_outage(text: &str) -> Result<Duration, &'static str> {
    match text {
        "0" | "0s" => Ok(Duration::ZERO),
        text => parse_duration(text),
    }
}

/// Choice of `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgressChoice {
    Auto,
    Always,
    Never,
    /// A line in each of these periods.
    Every(Duration),
}

pub(crate) fn parse_progress(text: &str) -> Result<ProgressChoice, &'static str> {
    match text {
        "auto" => Ok(ProgressChoice::Auto),
        "always" => Ok(ProgressChoice::Always),
        "never" => Ok(ProgressChoice::Never),
        text => match parse_duration(text) {
            Ok(period) if period < MIN_LOG_PERIOD => Err("at least 100ms"),
            Ok(period) => Ok(ProgressChoice::Every(period)),
            Err(_) => Err("auto, always, never, or a time with its unit, such as 5m"),
        },
    }
}

pub(crate) fn parse_window(text: &str) -> Result<Duration, &'static str> {
    match parse_duration(text) {
        Ok(window) if window < Duration::from_secs(1) => Err("at least 1s"),
        Err(_) => Err("a time with its unit, such as 30s"),
        window => window,
    }
}

/// Parses a rate such as `5/s` or `100/m` to the interval between two requests.
pub(crate) fn parse_rate(text: &str) -> Result<Duration, &'static str> {
    let interval = text.split_once('/').and_then(|(number, unit)| {
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            _ => return None,
        };
        let number: f64 = number.parse().ok().filter(|number| *number > 0.0)?;
        Duration::try_from_secs_f64(seconds / number)
            .ok()
            .filter(|interval| *interval <= MAX_DURATION)
    });
    interval.ok_or("a number a second or a minute, such as 5/s or 100/m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_by_the_second_or_the_minute() {
        assert_eq!(parse_rate("5/s"), Ok(Duration::from_millis(200)));
        assert_eq!(parse_rate("120/m"), Ok(Duration::from_millis(500)));
        for bad in ["5", "0/s", "1e-19/s", "-1/s", "5/h", "x/s", "NaN/s", "1e-300/s"] {
            assert!(parse_rate(bad).is_err(), "{bad}");
        }
    }
}
