//! Text for display: sanitized, shortened to one line, time spans.

use std::borrow::Cow;
use std::path::MAIN_SEPARATOR;
use std::time::Duration;

/// Replaces characters that must not reach a terminal: control characters and escape sequences
/// other than tabs and line ends, marks that reorder text, and noncharacters.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if text.contains(is_harmful) {
        Cow::Owned(text.replace("\r\n", "\n").replace(is_harmful, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn is_harmful(c: char) -> bool {
    let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_noncharacter = u32::from(c) & 0xfffe == 0xfffe;
    (c.is_control() && !matches!(c, '\n' | '\t')) || reorders || is_noncharacter
}

/// Normalizes a path for globs: without `.`, without `..` after a folder, with `/`.
pub fn plain_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let is_separator = |c| c == '/' || c == MAIN_SEPARATOR;
    for part in path.split(is_separator) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if path.starts_with(is_separator) { "/" } else { "" };
    [root, &parts.join("/")].concat()
}

/// Shortens text to one line of at most `max_len` characters. White space and control characters
/// become single spaces; an ellipsis marks a cut.
pub fn one_line(text: &str, max_len: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(max_len) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Formats a time span: `00:30 – 01:00`, with hours if it ends after the first.
pub fn span(start: f64, end: f64) -> String {
    let has_hours = end >= 3599.5;
    format!("{} – {}", clock(start, has_hours), clock(end, has_hours))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn clock(seconds: f64, has_hours: bool) -> String {
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if has_hours {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

/// Formats a time by its two largest units: `12.5 s`, `3 min 54 s`, `2 h 1 min`, `30 d`.
pub fn duration(time: Duration) -> String {
    let exact = time.as_secs_f64();
    if exact < 59.95 {
        return if exact.fract() == 0.0 { format!("{exact} s") } else { format!("{exact:.1} s") };
    }
    let seconds = exact.round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let seconds = seconds as u64;
    let units = match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (hours @ 48.., ..) => [(hours / 24, "d"), (hours % 24, "h")],
        (0, minutes, seconds) => [(minutes, "min"), (seconds, "s")],
        (hours, minutes, _) => [(hours, "h"), (minutes, "min")],
    };
    let units = units.iter().filter(|(count, _)| *count > 0);
    units.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// Seconds in whole milliseconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
pub fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

/// Milliseconds in seconds.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_path_normalize_to_one() {
        for spelled in ["a/b.wav", "./a/b.wav", ".//a/b.wav", "a//./b.wav", "a/x/../b.wav"] {
            assert_eq!(plain_path(spelled), "a/b.wav");
        }
        assert_eq!(plain_path("../../a.wav"), "../../a.wav");
        assert_eq!(plain_path("//srv//a.wav"), "/srv/a.wav");
    }

    #[test]
    fn a_duration_has_its_two_largest_units() {
        for (seconds, expected) in [
            (0.25, "0.2 s"),
            (30.0, "30 s"),
            (59.9, "59.9 s"),
            (59.97, "1 min"),
            (250.0, "4 min 10 s"),
            (3600.0, "1 h"),
            (7260.0, "2 h 1 min"),
            (2_592_000.0, "30 d"),
        ] {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), expected);
        }
    }

    #[test]
    fn both_ends_of_a_span_have_the_same_form() {
        assert_eq!(span(0.0, 29.6), "00:00 – 00:30");
        assert_eq!(span(3570.2, 3599.4), "59:30 – 59:59");
        assert_eq!(span(3570.2, 3630.0), "0:59:30 – 1:00:30");
        assert_eq!(span(36_000.0, 36_030.0), "10:00:00 – 10:00:30");
    }
}
