//! The scenarios of the benchmark.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use support::hostile::hostile_files;

use crate::inputs::{body, wav};
use crate::measure::{Measurement, interleaved};
use crate::server::{Server, ServerOptions};
use crate::tools::{Target, Tool, clean_command, missing, tools};

/// Uploads the file unchanged, whatever its size.
const UNCONVERTED: &[&str] = &["--convert", "never", "--max-upload", "none"];

const AUDIT: [&str; 7] =
    ["--deny", "voice", "--check", "silence,decodes", "--report=junit", "--report=sarif", "-q"];

pub(crate) type Scenario = fn(&Bench) -> anyhow::Result<Vec<Measurement>>;

/// Scenarios by name, in the order of the runs.
pub(crate) const SCENARIOS: [(&str, Scenario); 10] = [
    ("start", |bench| bench.one("start", (16_000, 1, 1.0), &[], 21, true)),
    ("wav30", |bench| bench.one("wav30", (44_100, 2, 30.0), UNCONVERTED, 21, true)),
    ("wav30-converted", |bench| bench.one("wav30-converted", (44_100, 2, 30.0), &[], 21, false)),
    ("100mb", |bench| bench.one("100mb", (44_100, 2, 566.9), UNCONVERTED, 5, true)),
    ("1gb", |bench| bench.one("1gb", (44_100, 2, 5669.0), UNCONVERTED, 3, false)),
    ("batch", Bench::batch),
    ("uplink", Bench::uplink),
    ("hour", Bench::hour),
    ("cached", Bench::cached),
    ("hostile", Bench::hostile),
];

/// Measures the installed tools in turn.
fn measure_installed(name: &str, rounds: usize, all: &[Tool]) -> anyhow::Result<Vec<Measurement>> {
    let missing = missing();
    let there = all.iter().filter(|tool| !missing.contains(&tool.name));
    let tool: Vec<_> = there.map(|one| (one.name, &*one.command)).collect();
    interleaved(name, rounds, &tool)
}

/// Paths and sizes of the benchmark.
pub(crate) struct Bench {
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
    /// Number of clips of the scenarios `cached` and `hostile`.
    pub(crate) clips: u64,
}

impl Bench {
    fn target(&self, server: &Server) -> Target {
        Target { program: self.program.clone(), port: server.port }
    }

    /// One clip of this rate, channels and seconds, sent by all tools.
    fn one(
        &self,
        name: &str,
        (rate, channels, seconds): (u32, u16, f64),
        arguments: &'static [&'static str],
        rounds: usize,
        with_alternatives: bool,
    ) -> anyhow::Result<Vec<Measurement>> {
        let server = Server::start(ServerOptions::default())?;
        let audio = self.folder.join("audio.wav");
        wav(&audio, rate, channels, seconds, 1)?;
        let body = body(&audio)?;
        let all = tools(&self.target(&server), &audio, &body, arguments, with_alternatives);
        measure_installed(name, rounds, &all)
    }

    /// 200 clips of 100 kB at 100 ms a request, 16 at a time: 1,300 ms at best.
    fn batch(&self) -> anyhow::Result<Vec<Measurement>> {
        let server = Server::start(ServerOptions { delay_ms: 100, ..ServerOptions::default() })?;
        let (target, folder) = (self.target(&server), self.clips("batch", 200, 3.2)?);
        let mut config = String::from("parallel\nparallel-max = 16\nsilent\n");
        for number in 0..200 {
            let body = body(&folder.join(format!("{number:06}.wav")))?;
            let url = format!("http://127.0.0.1:{}/v1/chat/completions", server.port);
            config += &[
                "next\nrequest = POST\nheader = \"content-type: application/json\"\nurl = ",
                &url,
                "\nupload-file = \"",
                &body.to_string_lossy(),
                "\"\n",
            ]
            .concat();
        }
        let list = self.folder.join("curl.config");
        fs::write(&list, config)?;
        let curl = || {
            let mut command = clean_command("curl");
            command.args(["-q", "-K"]).arg(&list);
            command
        };
        let caption = || {
            let mut command = target.caption(&["-q", "-j", "16"]);
            command.arg(&folder);
            command
        };
        interleaved("batch", 5, &[("curl --parallel", &curl), ("caption", &caption)])
    }

    /// Two minutes of CD-quality audio over 20 Mbit/s.
    fn uplink(&self) -> anyhow::Result<Vec<Measurement>> {
        let server = Server::start(ServerOptions {
            bytes_per_second: 2_500_000,
            ..ServerOptions::default()
        })?;
        let audio = self.folder.join("audio.wav");
        wav(&audio, 44_100, 2, 120.0, 1)?;
        let body = body(&audio)?;
        let all = tools(&self.target(&server), &audio, &body, &[], false);
        measure_installed("uplink", 3, &all)
    }

    /// An hour of CD-quality audio in windows: how many times faster than it plays.
    fn hour(&self) -> anyhow::Result<Vec<Measurement>> {
        let server = Server::start(ServerOptions::default())?;
        let (target, audio) = (self.target(&server), self.folder.join("audio.wav"));
        wav(&audio, 44_100, 2, 3600.0, 1)?;
        let caption = || {
            let mut command = target.caption(&["-q", "--window", "30s"]);
            command.arg(&audio);
            command
        };
        interleaved("hour", 3, &[("caption", &caption)])
    }

    /// Clips with cached captions, compared with hashing the clips.
    fn cached(&self) -> anyhow::Result<Vec<Measurement>> {
        let server = Server::start(ServerOptions::default())?;
        let (target, folder) = (self.target(&server), self.clips("cached", self.clips, 0.5)?);
        let manifest = self.folder.join("cached.jsonl");
        let caption = |arguments: &[&str]| {
            let mut command = target.caption(&["--manifest"]);
            command.arg(&manifest).args(arguments).arg(&folder).current_dir(&self.folder);
            command
        };
        ensure!(
            caption(&["-q", "-j", "32"]).stdout(std::process::Stdio::null()).status()?.success()
        );
        let hash = || {
            let mut command = Command::new("sh");
            command.args(["-c", "find . -name '*.wav' | sort | xargs sha256sum"]);
            command.current_dir(&folder);
            command
        };
        let offline = || caption(&["--offline", "-q"]);
        let audit = || caption(&[&["--offline"][..], &AUDIT].concat());
        let tool: [(&str, &dyn Fn() -> Command); 3] = [
            ("sha256sum", &hash),
            ("caption", &offline),
            ("caption, audited in two reports", &audit),
        ];
        interleaved("cached", 5, &tool)
    }

    /// Clips alone, and the same clips with 1 % of hostile files among them.
    fn hostile(&self) -> anyhow::Result<Vec<Measurement>> {
        let server = Server::start(ServerOptions::default())?;
        let target = self.target(&server);
        let clean = self.clips("clean", self.clips, 0.5)?;
        let mixed = self.clips("mixed", self.clips, 0.5)?;
        let numbers = 0..self.clips / 100;
        for (number, (name, content)) in numbers.zip(hostile_files().iter().cycle()) {
            fs::write(mixed.join(format!("{:06}-{name}", number * 100)), content)?;
        }
        // Exit code 3 is expected where files fail.
        let caption = |folder: &Path, code: &str| {
            let script = format!("\"$0\" -q -j 16 \"$1\"; test $? = {code}");
            let mut command = target.in_shell(&script);
            command.arg(folder);
            command
        };
        let (alone, among) = (|| caption(&clean, "0"), || caption(&mixed, "3"));
        interleaved("hostile", 5, &[("caption", &alone), ("caption, 1 % hostile files", &among)])
    }

    /// Writes different short clips into a folder.
    pub(crate) fn clips(&self, name: &str, count: u64, seconds: f64) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        for number in 0..count {
            let path: &Path = &folder.join(format!("{number:06}.wav"));
            wav(path, 16_000, 1, seconds, number)?;
        }
        Ok(folder)
    }
}
