//! Outcomes as text for people and scripts, one file a format.

use std::io::{self, Write};

pub use self::json::{Json, Layout};
pub use self::text::Text;

use crate::caption::Outcome;

mod json;
mod text;

/// Writes captions, in the order in which they are handed over. A failed input leaves no trace
/// here: it is told elsewhere.
pub trait Format {
    /// Writes a piece of the caption that is still arriving.
    fn piece(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()>;

    /// Writes what the outcome adds to the pieces written before it.
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()>;
}
