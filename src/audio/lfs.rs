//! Git LFS pointers: small text files in place of a file that is stored elsewhere.
//!
//! Source: Git LFS Specification, "The Pointer".

use std::str;

/// First lines of a pointer: the URL of the specification, and the one before it was renamed.
const VERSIONS: [&str; 2] =
    ["version https://git-lfs.github.com/spec/v1", "version https://hawser.github.com/spec/v1"];

/// Size limit of a pointer in bytes, the last one included.
pub(super) const MAX_LEN: usize = 1024;

/// Returns the SHA-256 of the file that a pointer stands for, in lower-case hexadecimal.
pub(super) fn pointer_sha256(content: &[u8]) -> Option<String> {
    let mut lines = str::from_utf8(content).ok()?.lines();
    let is_version = VERSIONS.contains(&lines.next()?);
    let mut lines = lines.skip_while(|line| line.starts_with("ext-"));
    let sha256 = lines.next()?.strip_prefix("oid sha256:")?;
    let size = lines.next()?.strip_prefix("size ")?;
    let is_hash = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    let has_size = size.parse::<u64>().is_ok();
    (is_version && is_hash && has_size && lines.next().is_none())
        .then(|| sha256.to_ascii_lowercase())
}
