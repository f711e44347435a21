//! `caption.toml`, that of a project and a named one. Contains the program's modules.

#![no_main]
#![allow(dead_code, reason = "the program is not run")]

#[path = "../../../src/bin/caption/args/mod.rs"]
mod args;
#[path = "../../../src/bin/caption/config/mod.rs"]
mod config;
#[path = "../../../src/bin/caption/descriptors.rs"]
mod descriptors;
#[path = "../../../src/bin/caption/dry_run.rs"]
mod dry_run;
#[path = "../../../src/bin/caption/exit_code.rs"]
mod exit_code;
#[path = "../../../src/bin/caption/inputs.rs"]
mod inputs;
#[path = "../../../src/bin/caption/pipeline.rs"]
mod pipeline;
#[path = "../../../src/bin/caption/platform/mod.rs"]
mod platform;
#[path = "../../../src/bin/caption/render/mod.rs"]
mod render;
#[path = "../../../src/bin/caption/rule_coverage.rs"]
mod rule_coverage;
#[path = "../../../src/bin/caption/run.rs"]
mod run;
#[path = "../../../src/bin/caption/signals.rs"]
mod signals;
#[path = "../../../src/bin/caption/ui/mod.rs"]
mod ui;
#[path = "../../../src/bin/caption/worker.rs"]
mod worker;

use std::ffi::OsString;
use std::fs;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::config::Config;
use crate::config::ineffective;
use crate::config::precedence::Settings;

libfuzzer_sys::fuzz_target!(|content: &[u8]| fuzz::run(read, content));

fn read(content: &[u8]) {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::env::set_current_dir(folder.path()).expect("a temporary folder");
        fs::create_dir(".git").expect("a temporary folder");
        folder
    });
    fs::write("caption.toml", content).expect("a temporary folder");
    for arguments in [&["a.wav"][..], &["--config", "caption.toml", "a.wav"]] {
        let arguments = [&["caption"], arguments].concat();
        let arguments: Vec<_> = arguments.into_iter().map(OsString::from).collect();
        if let Err(error) = resolve(&arguments) {
            assert!(!format!("{error:#}").is_empty());
        }
    }
}

fn resolve(arguments: &[OsString]) -> anyhow::Result<()> {
    let settings = Settings::read(arguments)?;
    ineffective::check_pattern(&settings.cli)?;
    drop(ineffective::warnings(&settings));
    Config::new(settings).map(drop)
}
