//! What is timed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use crate::contestants::{Contestant, Target, contestants, missing, only_path};
use crate::inputs::{body, wav};
use crate::measured::{Measured, interleaved};
use crate::sink::{Manner, Sink};

/// Sends the file itself, however large.
const AS_IT_IS: &[&str] = &["--convert", "never", "--max-upload", "none"];

const AUDIT: [&str; 7] =
    ["--deny", "voice", "--check", "silence,decodes", "--report=junit", "--report=sarif", "-q"];

pub(crate) type Scenario = fn(&Bench) -> anyhow::Result<Vec<Measured>>;

/// By name, in the order in which they are run.
pub(crate) const SCENARIOS: [(&str, Scenario); 9] = [
    ("start", |bench| bench.one("start", (16_000, 1, 1.0), &[], 21, true)),
    ("wav30", |bench| bench.one("wav30", (44_100, 2, 30.0), AS_IT_IS, 21, true)),
    ("wav30-converted", |bench| bench.one("wav30-converted", (44_100, 2, 30.0), &[], 21, false)),
    ("100mb", |bench| bench.one("100mb", (44_100, 2, 566.9), AS_IT_IS, 5, true)),
    ("1gb", |bench| bench.one("1gb", (44_100, 2, 5669.0), AS_IT_IS, 3, false)),
    ("batch", Bench::batch),
    ("uplink", Bench::uplink),
    ("hour", Bench::hour),
    ("known", Bench::known),
];

/// Those that are installed, in turn.
fn timed(name: &str, rounds: usize, all: &[Contestant]) -> anyhow::Result<Vec<Measured>> {
    let missing = missing();
    let there = all.iter().filter(|contestant| !missing.contains(&contestant.name));
    let who: Vec<_> = there.map(|one| (one.name, &*one.command)).collect();
    interleaved(name, rounds, &who)
}

/// Where everything is.
pub(crate) struct Bench {
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
    /// How many clips there are for what is known.
    pub(crate) clips: usize,
}

impl Bench {
    fn target(&self, sink: &Sink) -> Target {
        Target { program: self.program.clone(), port: sink.port }
    }

    /// One sound of this rate, channels and seconds, by all who send it.
    fn one(
        &self,
        name: &str,
        (rate, channels, seconds): (u32, u16, f64),
        arguments: &'static [&'static str],
        rounds: usize,
        with_peers: bool,
    ) -> anyhow::Result<Vec<Measured>> {
        let sink = Sink::start(Manner::default())?;
        let sound = self.folder.join("sound.wav");
        wav(&sound, rate, channels, seconds, 1)?;
        let body = body(&sound)?;
        let all = contestants(&self.target(&sink), &sound, &body, arguments, with_peers);
        timed(name, rounds, &all)
    }

    /// 200 clips of 100 kB at 100 ms a request, 16 at a time: 1,300 ms at best.
    fn batch(&self) -> anyhow::Result<Vec<Measured>> {
        let sink = Sink::start(Manner { delay_ms: 100, ..Manner::default() })?;
        let (target, folder) = (self.target(&sink), self.clips("batch", 200, 3.2)?);
        let mut config = String::from("parallel\nparallel-max = 16\nsilent\n");
        for number in 0..200 {
            let body = body(&folder.join(format!("{number:06}.wav")))?;
            let url = format!("http://127.0.0.1:{}/v1/chat/completions", sink.port);
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
            let mut command = only_path("curl");
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

    /// Two minutes of CD-quality sound over 20 Mbit/s.
    fn uplink(&self) -> anyhow::Result<Vec<Measured>> {
        let sink = Sink::start(Manner { bytes_a_second: 2_500_000, ..Manner::default() })?;
        let sound = self.folder.join("sound.wav");
        wav(&sound, 44_100, 2, 120.0, 1)?;
        let body = body(&sound)?;
        let all = contestants(&self.target(&sink), &sound, &body, &[], false);
        timed("uplink", 3, &all)
    }

    /// An hour of CD-quality sound in windows: how many times faster than it plays.
    fn hour(&self) -> anyhow::Result<Vec<Measured>> {
        let sink = Sink::start(Manner::default())?;
        let (target, sound) = (self.target(&sink), self.folder.join("sound.wav"));
        wav(&sound, 44_100, 2, 3600.0, 1)?;
        let caption = || {
            let mut command = target.caption(&["-q", "--window", "30s"]);
            command.arg(&sound);
            command
        };
        interleaved("hour", 3, &[("caption", &caption)])
    }

    /// Clips whose captions are known, against hashing them.
    fn known(&self) -> anyhow::Result<Vec<Measured>> {
        let sink = Sink::start(Manner::default())?;
        let (target, folder) = (self.target(&sink), self.clips("known", self.clips, 0.5)?);
        let manifest = self.folder.join("known.jsonl");
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
        let who: [(&str, &dyn Fn() -> Command); 3] = [
            ("sha256sum", &hash),
            ("caption", &offline),
            ("caption, audited in two reports", &audit),
        ];
        interleaved("known", 5, &who)
    }

    /// Short clips in a folder of their own, each with a sound of its own.
    fn clips(&self, name: &str, count: usize, seconds: f64) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        for number in 0..count {
            let path: &Path = &folder.join(format!("{number:06}.wav"));
            wav(path, 16_000, 1, seconds, number as u64)?;
        }
        Ok(folder)
    }
}
