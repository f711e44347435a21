//! The functions of the fuzz targets with fixed content: every case that fuzzing found, and
//! mutated seeds of lists and manifests. Mutated audio is in `damaged_files`.

use std::fs;
use std::path::{Path, PathBuf};

use support::random::{mutated, run_cases};

use crate::fuzz_functions::{convert, decode, list, manifest, measure, probe, windows};

/// Returns the content of all files in a folder of `tests/fuzz`, sorted by name.
fn files(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(folder);
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn every_audio_file_that_fuzzing_found_is_read_or_rejected() {
    for content in files("cases/audio") {
        for function in [probe, decode, convert, windows, measure] {
            function(&content);
        }
    }
}

/// Calls a function with mutated seeds.
fn call_mutated(folder: &str, function: fn(&[u8])) {
    for content in files(folder) {
        function(&content);
        run_cases(200, |random| function(&mutated(random, &content)));
    }
}

#[test]
fn a_mutated_list_is_read_or_rejected() {
    call_mutated("seeds/list", list);
}

#[test]
fn a_mutated_manifest_is_read_or_rejected() {
    call_mutated("seeds/manifest", manifest);
}
