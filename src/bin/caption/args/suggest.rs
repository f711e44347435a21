//! What may have been meant.

/// A known name that may have been meant.
pub(crate) fn suggest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let judged = known.map(|known| (strsim::jaro_winkler(name, known), known));
    match judged.max_by(|one, other| one.0.total_cmp(&other.0)) {
        Some((_, known)) => format!(", the nearest is `{known}`"),
        None => String::new(),
    }
}
