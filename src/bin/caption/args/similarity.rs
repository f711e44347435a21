//! Names that are likely misspellings of others.

/// Similarity from which a name is taken for another that is misspelled.
const MIN_SIMILARITY: f64 = 0.6;

/// True if a name is likely a misspelling of another, or its start.
pub(crate) fn resembles(name: &str, valid: &str) -> bool {
    let [name, valid] = [name, valid].map(|name| name.trim_start_matches('-').replace('_', "-"));
    let is_start = name.len() > 2 && (valid.starts_with(&name) || name.starts_with(&valid));
    is_start || strsim::normalized_damerau_levenshtein(&name, &valid) >= MIN_SIMILARITY
}

/// Suffix of an error message that suggests the most similar of the valid names, if it resembles the
/// given one.
pub(crate) fn suggest<'a>(name: &str, valid: impl Iterator<Item = &'a str>) -> String {
    let rated = valid.map(|valid| (strsim::jaro_winkler(name, valid), valid));
    let nearest = rated.max_by(|one, other| one.0.total_cmp(&other.0));
    match nearest.filter(|(_, nearest)| resembles(name, nearest)) {
        Some((_, nearest)) => format!("; did you mean `{nearest}`?"),
        None => String::new(),
    }
}
