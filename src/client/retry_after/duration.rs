//! Durations with units, alone and in the messages of services.

use regex::Regex;

/// Beginning of a wait in a message.
const IN_MESSAGE: &str = r"(?i)\b(?:re)?try(?: again| later| your request| it)* (?:in|after) (?:about |approximately )?((?:[0-9]+(?:\.[0-9]+)?\s*[a-z]+[ ,]*(?:and )?)+)";

/// Reads the wait in a message.
pub(super) fn in_message(message: &str) -> Option<f64> {
    let regex = Regex::new(IN_MESSAGE).ok()?;
    regex.captures_iter(message).find_map(|captures| duration(captures.get(1)?.as_str()))
}

/// Reads a duration with units, such as `1m2.5s`.
pub(super) fn duration(text: &str) -> Option<f64> {
    let (mut seconds, mut rest) = (None, text.trim());
    while !rest.is_empty() {
        let (number, tail) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, tail) = split(tail.trim_start(), |c| c.is_ascii_alphabetic());
        let number: f64 = number.parse().ok()?;
        seconds = Some(seconds.unwrap_or(0.0) + number * unit_seconds(unit)?);
        let tail = tail.trim_start_matches([' ', ',']);
        rest = tail.strip_prefix("and").unwrap_or(tail).trim();
    }
    seconds
}

/// Splits the text after its first characters of a kind.
fn split(text: &str, is_kind: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_kind(c)).unwrap_or(text.len()))
}

fn unit_seconds(unit: &str) -> Option<f64> {
    match unit.to_ascii_lowercase().as_str() {
        "ms" | "millisecond" | "milliseconds" => Some(0.001),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1.0),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60.0),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(3600.0),
        "d" | "day" | "days" => Some(86_400.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_from_the_message() {
        for (message, seconds) in [
            ("Rate limit reached. Please try again in 21.2s. Visit https://x.y", Some(21.2)),
            ("Please try again in 350ms.", Some(0.35)),
            ("please TRY AGAIN IN 1m3s", Some(63.0)),
            ("Try again in 1h0m5.5s", Some(3605.5)),
            ("Please retry after 20 seconds and then contact us", Some(20.0)),
            ("Please retry your request after 1 minute, 3 seconds", Some(63.0)),
            ("Please retry in 44.360s.", Some(44.36)),
            ("Try again in about 2 days and 3 hours", Some(183_600.0)),
            ("Please, try again later.", None),
            ("try again in 3 attempts", None),
            ("try again in a minute", None),
            ("You have 20s; try another model", None),
            ("try again in 5", None),
        ] {
            let read = in_message(message).map(|seconds| (seconds * 1e3).round() / 1e3);
            assert_eq!(read, seconds, "{message}");
        }
    }
}
