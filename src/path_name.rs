//! Names of paths in records and messages.

use std::path::Path;

use crate::url_name::without_secrets;

/// Path in a message, with `/` between folders on every system. A URL may be given in its place by
/// mistake.
pub fn path_name(path: &Path) -> String {
    let text = path.to_string_lossy();
    // `C:/` is a drive.
    let is_url = text.find("://").is_some_and(|scheme_len| scheme_len > 1);
    if is_url { without_secrets(&text) } else { portable_name(path) }
}

/// Name of a path in records and messages, the same on every system: with `/` between folders, and
/// without the prefix `\\?\` of long paths.
pub(crate) fn portable_name(path: &Path) -> String {
    let name = path.to_string_lossy();
    if cfg!(windows) { name_of_windows_path(&name) } else { name.into_owned() }
}

fn name_of_windows_path(path: &str) -> String {
    let name = path.replace('\\', "/");
    let is_drive = |rest: &str| rest.as_bytes().get(1) == Some(&b':');
    let (root, mut rest) = match name.strip_prefix("//?/") {
        Some(rest) if is_drive(rest) => ("", rest.to_owned()),
        Some(rest) if rest.starts_with("UNC/") => ("//", rest["UNC/".len()..].to_owned()),
        _ => match name.strip_prefix("//") {
            Some(rest) => ("//", rest.to_owned()),
            None => ("", name),
        },
    };
    while rest.contains("//") {
        rest = rest.replace("//", "/");
    }
    [root, &rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_windows_path_has_slashes_and_no_prefix() {
        for (path, name) in [
            (r"sfx\a b\c.wav", "sfx/a b/c.wav"),
            (r".\sfx/a\\b.wav", "./sfx/a/b.wav"),
            (r"C:\\sfx\a.wav", "C:/sfx/a.wav"),
            (r"\\?\C:\sfx\a.wav", "C:/sfx/a.wav"),
            (r"\\?\UNC\server\share\a.wav", "//server/share/a.wav"),
            (r"\\server\share\a.wav", "//server/share/a.wav"),
        ] {
            assert_eq!(name_of_windows_path(path), name);
        }
    }
}
