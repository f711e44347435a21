//! Wraps text at words to the width of a terminal, piece by piece.

use textwrap::core::display_width;

/// Text that is being wrapped. A word is shown once it is complete.
pub(super) struct Wrapper {
    /// Width of a line in columns.
    width: usize,
    /// Columns of the current line that are taken.
    column: usize,
    /// White space before the pending word.
    space: String,
    word: String,
}

impl Wrapper {
    pub(super) fn new(width: usize) -> Self {
        Self { width: width.max(1), column: 0, space: String::new(), word: String::new() }
    }

    /// Returns the text that can be shown after this piece.
    pub(super) fn push(&mut self, piece: &str) -> String {
        let mut shown = String::new();
        for c in piece.chars() {
            if c.is_whitespace() {
                self.place(&mut shown);
                self.space.push(c);
                if c == '\n' {
                    self.space.clear();
                    self.column = 0;
                    shown.push(c);
                }
            } else if is_wide(c) {
                // A line may end before and behind each character.
                self.place(&mut shown);
                self.word.push(c);
                self.place(&mut shown);
            } else {
                self.word.push(c);
            }
        }
        shown
    }

    /// Returns the last word.
    pub(super) fn finish(&mut self) -> String {
        let mut shown = String::new();
        self.place(&mut shown);
        shown
    }

    /// Adds the pending word, on a line of its own if there is no room.
    fn place(&mut self, shown: &mut String) {
        let (space, word) = (std::mem::take(&mut self.space), std::mem::take(&mut self.word));
        if word.is_empty() {
            self.space = space;
            return;
        }
        if self.column > 0
            && self.column + display_width(&space) + display_width(&word) > self.width
        {
            shown.push('\n');
            self.column = 0;
        } else {
            self.column += display_width(&space);
            shown.push_str(&space);
        }
        for c in word.chars() {
            let width = display_width(c.encode_utf8(&mut [0; 4]));
            if self.column + width > self.width && self.column > 0 {
                shown.push('\n');
                self.column = 0;
            }
            self.column += width;
            shown.push(c);
        }
    }
}

/// True for a character of two columns.
fn is_wide(c: char) -> bool {
    !c.is_ascii() && display_width(c.encode_utf8(&mut [0; 4])) > 1
}

#[cfg(test)]
mod tests {
    use support::random::{cases, soup};

    use super::*;

    fn wrapped(text: &str, width: usize) -> String {
        let mut wrapper = Wrapper::new(width);
        wrapper.push(text) + &wrapper.finish()
    }

    #[test]
    fn lines_break_at_words_and_wide_characters_take_two_columns() {
        for (text, width, expected) in [
            ("Rain on a tin roof.", 9, "Rain on a\ntin roof."),
            ("Rain  falls", 6, "Rain\nfalls"),
            ("One\n\n  two three", 7, "One\n\n  two\nthree"),
            ("a wonderful day", 5, "a\nwonde\nrful\nday"),
            ("雨が降る。", 4, "雨が\n降る\n。"),
            ("cafe\u{301} ole", 4, "cafe\u{301}\nole"),
        ] {
            assert_eq!(wrapped(text, width), expected);
        }
    }

    #[test]
    fn wrapping_in_random_pieces_changes_white_space_only() {
        const WORDS: [&str; 10] =
            ["a", "Rain", "雨", " ", "\n", "\t", "e\u{301}", "👍", ".", "wonderful"];
        cases(|random| {
            let text = String::from_utf8_lossy(&soup(random, 20, &WORDS)).into_owned();
            let width = random.usize(1..12);
            let mut wrapper = Wrapper::new(width);
            let pieces: String =
                text.split_inclusive(' ').map(|piece| wrapper.push(piece)).collect();
            let shown = pieces + &wrapper.finish();
            assert_eq!(shown, wrapped(&text, width));
            let words = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(words(&shown), words(&text));
            let is_short = |line: &str| display_width(line.trim_end()) <= width.max(2);
            assert!(shown.lines().all(is_short), "{shown:?} in {width}");
        });
    }
}
