//! The real program against a stand-in for the service: no key, no network.
//!
//!     cargo run --example sandbox                        caption the clips in examples/audio
//!     cargo run --example sandbox -- --json my.wav       any options and inputs of `caption`
//!     cargo run --example sandbox -- --serve             stay up for the installed program
//!
//! The stand-in does not caption: it answers with what it measured of the sound.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to people")]

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use self::program::{Cli, Environment};
use self::stand_in::StandIn;

#[path = "../src/bin/caption/main.rs"]
#[expect(dead_code, reason = "its `main` is not ours")]
mod program;
#[path = "../tests/stand_in/mod.rs"]
mod stand_in;

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "--serve") {
        assert!(std::env::args().len() == 2, "--serve takes nothing else");
        serve(&StandIn::forgetful());
    }
    let stand_in = StandIn::start();
    let base_url = stand_in.base_url();
    let environment = Environment::with_variables(move |name| match name {
        "AIMLAPI_KEY" => Some(stand_in::KEY.into()),
        "AIMLAPI_BASE_URL" => Some(base_url.clone().into()),
        _ => std::env::var_os(name),
    });
    let mut cli = Cli::parse();
    if cli.inputs.is_empty() {
        cli.inputs = bundled_clips();
    }
    program::run(&cli, &environment)
}

fn serve(stand_in: &StandIn) -> ! {
    println!("export AIMLAPI_BASE_URL={}", stand_in.base_url());
    println!("export AIMLAPI_KEY={}", stand_in::KEY);
    eprintln!(
        "Paste these into another terminal. Ctrl-C ends the sandbox; then there:\n\
         unset AIMLAPI_BASE_URL AIMLAPI_KEY"
    );
    loop {
        std::thread::park();
    }
}

fn bundled_clips() -> Vec<OsString> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/audio");
    let clips = ["alarm.flac", "doorbell.mp3", "speech.ogg"];
    clips.into_iter().map(|clip| folder.join(clip).into_os_string()).collect()
}
