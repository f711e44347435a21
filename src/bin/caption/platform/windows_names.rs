//! Names that Windows takes for something else than a file of that name. Source: Microsoft, "Naming
//! Files, Paths, and Namespaces".

/// Names of devices, in every folder.
const DEVICES: [&str; 6] = ["aux", "con", "conin$", "conout$", "nul", "prn"];

/// Names of ports, each with a digit.
const PORTS: [&str; 2] = ["com", "lpt"];

/// Length limit of a name in units of UTF-16.
const MAX_LEN: usize = 255;

/// True for the name of a device.
pub(super) fn is_device(name: &str) -> bool {
    let name = name.strip_suffix(':').unwrap_or(name).to_ascii_lowercase();
    let is_port = |port: &&str| {
        let number = name.strip_prefix(port).map(|rest| rest.chars().collect::<Vec<_>>());
        matches!(number.as_deref(), Some(['1'..='9' | '¹' | '²' | '³']))
    };
    DEVICES.contains(&name.as_str()) || PORTS.iter().any(is_port)
}

/// Returns the reason why a file cannot have a name, or gets another one.
pub(super) fn unusable(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    if name.encode_utf16().count() > MAX_LEN {
        Some("it is too long")
    } else if name.contains(':') {
        Some("a colon names a part of another file")
    } else if name.contains(['<', '>', '"', '|', '?', '*']) || name.contains(|c| c < ' ') {
        Some("no name has such a character on Windows")
    } else if name.ends_with(['.', ' ']) {
        Some("Windows drops the dot or space at its end")
    } else if is_device(stem) {
        Some("Windows keeps it for a device")
    } else {
        None
    }
}

/// True for a name that Windows may have given to a file with a long one, such as `GIT~1`.
pub(super) fn is_short(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    stem.len() <= 8
        && stem.rsplit_once('~').is_some_and(|(start, number)| {
            !start.is_empty() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_their_names_with_and_without_an_extension() {
        for name in ["NUL", "nul", "con:", "COM1", "lpt9", "com²", "CONOUT$"] {
            assert!(is_device(name), "{name}");
            assert!(unusable(name).is_some(), "{name}");
        }
        for name in ["nul.txt", "Con .wav", "aux.tar.gz"] {
            assert!(unusable(name).is_some(), "{name}");
        }
        for name in ["null", "console", "com", "com10", "a.nul", "nul-1.txt", "songs"] {
            assert_eq!((is_device(name), unusable(name)), (false, None), "{name}");
        }
    }

    #[test]
    fn streams_and_names_with_a_trailing_dot_or_space_are_unusable() {
        for name in ["a.txt:b", ".git::$INDEX_ALLOCATION", ".git.", "a.txt ", "..."] {
            assert!(unusable(name).is_some(), "{name}");
        }
    }

    #[test]
    fn short_names_end_in_a_tilde_and_a_number() {
        for (name, expected) in [
            ("GIT~1", true),
            ("LONGNA~2.TXT", true),
            ("~1", false),
            ("a~b", false),
            ("backup-of-it~1", false),
            ("a~", false),
        ] {
            assert_eq!(is_short(name), expected, "{name}");
        }
    }
}
