//! Runs cargo from a program that cargo runs.

use std::path::Path;
use std::process::Command;

/// Returns a `cargo` command in the root of the repository.
///
/// Variables that the outer cargo sets for this program are removed. Otherwise the build script of
/// ring takes them for changed settings, and ring and all crates above it are built again.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let is_of_package = ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix));
        if is_of_package {
            cargo.env_remove(name);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    cargo.current_dir(root.expect("this crate is in tests/support"));
    cargo
}
