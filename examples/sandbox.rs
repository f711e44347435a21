//! Runs the real program against a stand-in for the service: no key, no network.
//!
//!     cargo run --example sandbox                        caption the clips in examples/audio
//!     cargo run --example sandbox -- --json my.wav       any options and inputs of `caption`
//!     cargo run --example sandbox -- --serve             keep running for the installed program
//!
//! The stand-in does not caption: it responds with measurements of the audio.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to people")]

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result, ensure};
use support::cargo::cargo;
use support::stand_in::{self, StandIn};

fn main() -> Result<ExitCode> {
    let mut args: Vec<OsString> = env::args_os().skip(1).collect();
    if args.iter().any(|arg| arg == "--serve") {
        ensure!(args.len() == 1, "--serve takes no other arguments");
        serve(&StandIn::without_log());
    }
    if args.iter().all(|arg| arg.as_encoded_bytes().starts_with(b"-")) {
        args.extend(bundled_clips());
    }
    let stand_in = StandIn::start();
    let mut program = Command::new(build()?);
    program.args(args);
    program.env("AIMLAPI_KEY", stand_in::KEY).env("AIMLAPI_BASE_URL", stand_in.base_url());
    let status = run(program)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, Into::into))
}

/// Builds the program and returns its path.
///
/// Cargo builds it together with this example, because the dependencies of examples enable more
/// features: built alone, the program would need most dependencies a second time.
fn build() -> Result<PathBuf> {
    let example = env::current_exe()?;
    let folder = example.parent().and_then(Path::parent).context("target/debug/examples")?;
    let program = folder.join("caption").with_extension(env::consts::EXE_EXTENSION);
    let mut cargo = cargo();
    cargo.args(["build", "--bin", "caption", "--example", "sandbox"]);
    // On a terminal cargo shows its progress.
    cargo.args((!io::stderr().is_terminal()).then_some("--quiet"));
    cargo.args(folder.ends_with("release").then_some("--release"));
    ensure!(cargo.status().context("cargo")?.success(), "the program could not be built");
    Ok(program)
}

/// Runs the program to its end. Ctrl-C reaches the program as well, which then ends the run; the
/// sandbox has to outlive it.
#[tokio::main(flavor = "current_thread")]
async fn run(mut program: Command) -> Result<ExitStatus> {
    let mut ended = tokio::task::spawn_blocking(move || program.status());
    loop {
        tokio::select! {
            biased;
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            status = &mut ended => return status?.context("could not start the program"),
        }
    }
}

fn serve(stand_in: &StandIn) -> ! {
    let set = if cfg!(windows) { "set" } else { "export" };
    println!("{set} AIMLAPI_BASE_URL={}", stand_in.base_url());
    println!("{set} AIMLAPI_KEY={}", stand_in::KEY);
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
    ["alarm.flac", "doorbell.mp3", "speech.ogg"].map(|clip| folder.join(clip).into()).into()
}
