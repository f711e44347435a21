//! Terminal of the progress display. Each line is only as long as its text: a narrower window would
//! wrap the spaces behind it, and leave a copy of the line above.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use console::Term;
use indicatif::TermLike;

/// Standard error, to which a frame is written as text and filling space by turns.
#[derive(Debug)]
pub(super) struct ProgressTerminal {
    term: Term,
    /// Writes of the current frame.
    writes: AtomicUsize,
}

impl ProgressTerminal {
    pub(super) fn stderr() -> Self {
        Self { term: Term::stderr(), writes: AtomicUsize::new(0) }
    }
}

impl TermLike for ProgressTerminal {
    fn width(&self) -> u16 {
        self.term.size().1
    }

    fn height(&self) -> u16 {
        self.term.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.term.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.term.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.term.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.term.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.term.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if !self.term.is_term() {
            return self.term.write_str(text);
        }
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        if number % 2 == 1 {
            // The line was cleared before, so that there is nothing to fill.
            return Ok(());
        }
        let line_end = if number > 0 { "\n" } else { "" };
        self.term.write_str(&[line_end, text.trim_end()].concat())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.term.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.writes.store(0, Ordering::Relaxed);
        self.term.flush()
    }
}
