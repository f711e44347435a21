//! Text of strangers made fit for one line.

/// At most `longest` characters on one line: white space and control characters become single
/// spaces, and what is cut off is marked.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
