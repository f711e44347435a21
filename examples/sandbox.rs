//! Runs the real program against a stand-in for the service: no key, no network.
//!
//!     cargo run --example sandbox                        caption the clips in examples/audio
//!     cargo run --example sandbox -- --json my.wav       any options and inputs of `caption`
//!     cargo run --example sandbox -- --serve             keep running for the installed program
//!
//! The stand-in does not caption: it answers with what it measured of the audio.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to people")]

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode};

use support::stand_in::{self, StandIn};

fn main() -> io::Result<ExitCode> {
    let mut args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if args.iter().any(|arg| arg == "--serve") {
        assert!(args.len() == 1, "--serve takes no other arguments");
        serve(&StandIn::forgetful());
    }
    if args.iter().all(|arg| arg.as_encoded_bytes().starts_with(b"-")) {
        args.extend(bundled_clips());
    }
    let stand_in = StandIn::start();
    // Built by cargo, so that it is never older than its source.
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "run",
            "--quiet",
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .args(["--bin", "caption", "--"])
        .args(args)
        .env("AIMLAPI_KEY", stand_in::KEY)
        .env("AIMLAPI_BASE_URL", stand_in.base_url())
        .status()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1).into())
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
    let clips = ["alarm.flac", "doorbell.mp3", "speech.ogg"];
    clips
        .into_iter()
        .map(|clip| format!("{}/examples/audio/{clip}", env!("CARGO_MANIFEST_DIR")).into())
        .collect()
}
