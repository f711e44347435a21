//! Names of the values of `caption.toml` in messages, in place of those of Rust and TOML.

use toml::Value;

/// Types as serde names them, and as people do.
const TYPES: [(&str, &str); 12] = [
    ("f64", "a number"),
    ("u64", "a whole number"),
    ("u32", "a whole number"),
    ("usize", "a whole number"),
    ("a boolean", "true or false"),
    ("boolean", "true or false"),
    ("a string", "text"),
    ("string", "text"),
    ("a sequence", "a list"),
    ("sequence", "a list"),
    ("map", "a table"),
    ("floating point", "the number"),
];

/// Kind of a value.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

/// Rewrites the error of a value of the wrong type, such as
/// ``invalid type: string "x", expected f64`` and ``in `silence` `` on the next line.
pub(super) fn plain_error(text: &str) -> String {
    let text = text.trim().replace('\n', " ");
    let (error, key) = match text.rsplit_once(" in `") {
        Some((error, key)) => (error, Some(key.trim_end_matches('`'))),
        None => (text.as_str(), None),
    };
    let parts = error
        .strip_prefix("invalid type: ")
        .or_else(|| error.strip_prefix("invalid value: "))
        .and_then(|error| error.rsplit_once(", expected "));
    let (Some((found, expected)), Some(key)) = (parts, key) else { return text };
    let (kind, value) = found.split_at(found.find([' ', '`', '"']).unwrap_or(found.len()));
    let kind = if found.starts_with("floating point") { "floating point" } else { kind };
    let found = match kind {
        "integer" | "floating point" => value.trim_start_matches(" point").trim().replace('`', ""),
        kind => [named(kind), value].concat(),
    };
    format!("{key} takes {}, not {found}", named(expected))
}

fn named(kind: &str) -> &str {
    let known = TYPES.iter().find(|(name, _)| *name == kind);
    known.map_or(kind, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_type_of_rust_is_in_a_message() {
        for (text, expected) in [
            (
                "invalid type: string \"x\", expected f64\nin `silence`\n",
                "silence takes a number, not text \"x\"",
            ),
            (
                "invalid type: floating point `1.5`, expected u64\nin `clipping`",
                "clipping takes a whole number, not 1.5",
            ),
            (
                "invalid value: integer `-1`, expected u64\nin `clipping`",
                "clipping takes a whole number, not -1",
            ),
            (
                "invalid type: boolean `true`, expected a string\nin `deny`",
                "deny takes text, not true or false `true`",
            ),
            (
                "invalid type: map, expected a sequence\nin `paths`",
                "paths takes a list, not a table",
            ),
            ("unknown variant `x`", "unknown variant `x`"),
        ] {
            assert_eq!(plain_error(text), expected);
        }
    }
}
