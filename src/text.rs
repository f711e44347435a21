//! Text made fit for where it goes: for one line, for eyes that it must not deceive.

use std::borrow::Cow;
use std::path::MAIN_SEPARATOR;

/// Replaces what a terminal would obey rather than show: control characters and escape
/// sequences, but for tabs and line ends; and what no text has: the marks that reorder it, and
/// code points that are no characters.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if text.contains(is_harmful) {
        Cow::Owned(text.replace("\r\n", "\n").replace(is_harmful, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn is_harmful(c: char) -> bool {
    let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_none = u32::from(c) & 0xfffe == 0xfffe;
    (c.is_control() && !matches!(c, '\n' | '\t')) || reorders || is_none
}

/// A path as people and globs write it: without `.`, without `..` after a folder, with `/`.
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

/// At most `longest` characters on one line: white space and control characters become single
/// spaces, and what is cut off is marked.
pub fn one_line(text: &str, longest: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// From where to where in a recording: `00:30 – 01:00`, with hours where there are any.
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

/// Seconds in whole milliseconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
pub fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

/// Seconds without the digits that no clock has.
pub(crate) fn in_milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_in_one_way_however_it_is_spelled() {
        for spelled in ["a/b.wav", "./a/b.wav", ".//a/b.wav", "a//./b.wav", "a/x/../b.wav"] {
            assert_eq!(plain_path(spelled), "a/b.wav");
        }
        assert_eq!(plain_path("../../a.wav"), "../../a.wav");
        assert_eq!(plain_path("//srv//a.wav"), "/srv/a.wav");
    }

    #[test]
    fn both_ends_of_a_span_are_told_in_the_same_form() {
        assert_eq!(span(0.0, 29.6), "00:00 – 00:30");
        assert_eq!(span(3570.2, 3599.4), "59:30 – 59:59");
        assert_eq!(span(3570.2, 3630.0), "0:59:30 – 1:00:30");
        assert_eq!(span(36_000.0, 36_030.0), "10:00:00 – 10:00:30");
    }
}
