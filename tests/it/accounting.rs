//! Every input ends as exactly one of captioned, cached, skipped, failed, blocked and not tried,
//! whatever the mix of inputs, the way the run ends and the format.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Caption, Run, answer, caption, clip, clip_name};
use support::audio::wav;
use support::random::{Rng, cases};
use support::stand_in::{Gate, Reply, StandIn};

const MODEL: &str = "alibaba/qwen3-omni-30b-a3b-captioner";
const STATES: [&str; 8] =
    ["captioned", "cached", "duplicate", "duplicates", "skipped", "blocked", "failed", "not tried"];

/// Content of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Good,
    /// The same bytes as another one.
    Twin,
    Cached,
    Silent,
    Text,
    Empty,
    Missing,
    /// Its sidecar is there.
    Done,
}

/// Exit code of a run that a signal ends.
type Code = i32;

/// Signals by the exit codes that they cause. Windows has none.
#[cfg(unix)]
const SIGNALS: [(Code, rustix::process::Signal); 3] = [
    (130, rustix::process::Signal::INT),
    (143, rustix::process::Signal::TERM),
    (129, rustix::process::Signal::HUP),
];

/// End of a run.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Whole,
    /// From that request on, every one has this status.
    Status(usize, u16),
    /// By what may be spent.
    Spent,
    /// When so many requests are under way or done.
    Signal(usize, Code),
}

/// Destination of the outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Jsonl,
    Csv,
    Sidecar,
    SidecarSrt,
}

struct Case {
    kinds: Vec<Kind>,
    ending: Ending,
    format: Format,
    jobs: usize,
    /// By their names, rather than as a folder; what is missing has to be named.
    as_list: bool,
}

/// Number of inputs in each state.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Counts(BTreeMap<String, usize>);

impl Counts {
    /// Counts of the summary.
    #[track_caller]
    fn reported(stderr: &str) -> Self {
        let line = stderr.lines().rev().find(|line| line.contains(" captioned"));
        let line = line.unwrap_or_else(|| panic!("no summary in: {stderr}"));
        let mut counts = BTreeMap::new();
        for part in line.split(" · ") {
            let Some((count, state)) = part.trim().split_once(' ') else { continue };
            if STATES.contains(&state) {
                let count = count.replace(',', "").parse().unwrap();
                assert_eq!(counts.insert(state.to_owned(), count), None, "{line}");
            }
        }
        Self(counts)
    }

    fn of(&self, states: &[&str]) -> usize {
        states.iter().filter_map(|state| self.0.get(*state)).sum()
    }
}

fn name(number: usize) -> String {
    format!("x/in{number:03}.wav")
}

impl Case {
    fn random(random: &mut Rng) -> Self {
        let format = *one_of_these(
            random,
            &[
                Format::Text,
                Format::Json,
                Format::Jsonl,
                Format::Jsonl,
                Format::Csv,
                Format::Sidecar,
                Format::SidecarSrt,
            ],
        );
        let as_list = random.bool();
        let kinds = (0..random.usize(2..20)).map(|_| match random.u8(..14) {
            0 => Kind::Twin,
            1 if format != Format::Json => Kind::Cached,
            2 => Kind::Silent,
            3 => Kind::Text,
            4 => Kind::Empty,
            5 if as_list => Kind::Missing,
            6 | 7 if matches!(format, Format::Sidecar | Format::SidecarSrt) => Kind::Done,
            _ => Kind::Good,
        });
        let kinds: Vec<_> = kinds.collect();
        let at = random.usize(1..8);
        let ending = match random.u8(..8) {
            0 | 1 => Ending::Whole,
            2 => Ending::Status(at, *one_of_these(random, &[400, 500])),
            3 => Ending::Status(at, *one_of_these(random, &[401, 402])),
            4 => Ending::Spent,
            _ if cfg!(windows) => Ending::Whole,
            5 => Ending::Signal(at, 130),
            6 => Ending::Signal(at, 143),
            _ => Ending::Signal(at, 129),
        };
        Self { kinds, ending, format, jobs: random.usize(1..6), as_list }
    }

    fn names(&self) -> Vec<String> {
        (0..self.kinds.len()).map(name).collect()
    }

    fn stand_in(&self, gate: &Gate) -> StandIn {
        let (ending, behind, served) = (self.ending, gate.clone(), AtomicUsize::new(0));
        StandIn::always(move || {
            let number = served.fetch_add(1, Ordering::Relaxed) + 1;
            match ending {
                Ending::Status(at, status) if number >= at => Reply::status(status),
                Ending::Signal(at, ..) if number >= at => answer("Rain.").held_by(&behind),
                Ending::Spent => Reply::measured(),
                _ => answer("Rain."),
            }
        })
    }

    fn program(&self, stand_in: &StandIn) -> Caption {
        let mut run = caption(stand_in).clips("x", 0);
        let mut cached = String::new();
        for (number, kind) in self.kinds.iter().enumerate() {
            let name = name(number);
            let path = run.folder().join(&name);
            let content = match kind {
                Kind::Good | Kind::Cached | Kind::Done => clip(number),
                Kind::Twin => clip(1_000),
                Kind::Silent => wav(8_000, 1, 16, &vec![0.0; 8_000]),
                Kind::Text => b"not a sound".to_vec(),
                Kind::Empty => Vec::new(),
                Kind::Missing => continue,
            };
            fs::write(&path, content).unwrap();
            if *kind == Kind::Cached {
                let sha256 = caption::Clip::open(&path).unwrap().sha256().unwrap();
                let record =
                    json!({ "input": "?", "sha256": sha256, "caption": "cached", "model": MODEL });
                cached.push_str(&record.to_string());
                cached.push('\n');
            }
            if *kind == Kind::Done {
                fs::write(self.sidecar(run.folder(), number), "done").unwrap();
            }
        }
        run = run.args(["--progress", "never", "--max-retries", "0", "--check", "silence"]);
        run = run.args(["--report", "junit=r.xml", "--report", "html=r.html"]);
        run = run.args(["-j", &self.jobs.to_string()]);
        if self.format != Format::Json {
            run = run.file("m.jsonl", cached).args(["--manifest", "m.jsonl"]);
        }
        if matches!(self.ending, Ending::Spent) {
            run = run.args(["--max-spend", "0.0004"]);
        }
        run = run.args(match self.format {
            Format::Text => &["-f", "text"][..],
            Format::Json => &["--json"],
            Format::Jsonl => &["-f", "jsonl"],
            Format::Csv => &["-f", "csv"],
            Format::Sidecar => &["--sidecar"],
            Format::SidecarSrt => &["--sidecar", "-f", "srt"],
        });
        if self.as_list { run.args(self.names()) } else { run.arg("x") }
    }

    fn sidecar(&self, folder: &Path, number: usize) -> std::path::PathBuf {
        let extension = if self.format == Format::SidecarSrt { "srt" } else { "txt" };
        folder.join(name(number)).with_extension(extension)
    }

    /// Checks the summary, what was printed, and the reports against each other.
    fn check(&self) {
        let gate = Gate::closed();
        let stand_in = self.stand_in(&gate);
        let mut run = self.program(&stand_in);
        let folder = run.folder().to_owned();
        let ended = self.run(&mut run, &stand_in, &gate);
        let context = format!("{self:?}\n{}\n{}", ended.stdout, ended.stderr);
        let counts = Counts::reported(&ended.stderr);
        let given = self.kinds.len();
        assert_eq!(counts.of(&STATES), given, "the summary: {context}");
        let delivered = counts.of(&["captioned", "cached", "duplicate", "duplicates"]);
        let failed = counts.of(&["failed", "not tried"]);
        let of_kind = |kind| self.kinds.iter().filter(|one| **one == kind).count();
        assert!(counts.of(&["skipped"]) <= of_kind(Kind::Done), "{context}");
        assert!(counts.of(&["blocked"]) <= of_kind(Kind::Silent), "{context}");
        if matches!(self.ending, Ending::Whole) {
            assert_eq!(counts.of(&["not tried"]), 0, "{context}");
            assert_eq!(counts.of(&["skipped"]), of_kind(Kind::Done), "{context}");
            assert_eq!(counts.of(&["blocked"]), of_kind(Kind::Silent), "{context}");
        }
        // All that was paid for is delivered.
        if matches!(self.ending, Ending::Whole | Ending::Spent | Ending::Signal(..)) {
            assert_eq!(counts.of(&["captioned"]), stand_in.posts(), "{context}");
        }
        self.check_code(&ended, &counts, &context);
        self.check_printed(&ended, &counts, delivered, failed, &context);
        if matches!(self.format, Format::Sidecar | Format::SidecarSrt) {
            let there = (0..given).filter(|number| self.sidecar(&folder, *number).exists()).count();
            assert!(there >= delivered + counts.of(&["skipped"]), "{context}");
            assert!(there <= delivered + of_kind(Kind::Done), "{context}");
        }
        self.check_reports(&folder, &counts, &context);
    }

    fn check_code(&self, ended: &Run, counts: &Counts, context: &str) {
        let all_is_well = counts.of(&["failed", "blocked", "not tried"]) == 0;
        match self.ending {
            Ending::Signal(_, code) if ended.stderr.contains("interrupted") => {
                assert_eq!(ended.code, code, "{context}");
            }
            _ => assert_eq!(ended.code == 0, all_is_well, "{context}"),
        }
    }

    fn check_printed(
        &self,
        ended: &Run,
        counts: &Counts,
        delivered: usize,
        failed: usize,
        context: &str,
    ) {
        match self.format {
            Format::Text => {
                assert_eq!(ended.stdout.matches("==> x/in").count(), delivered, "{context}");
            }
            Format::Json => {
                assert_eq!(ended.records().len(), delivered, "{context}");
            }
            Format::Jsonl => {
                let records = ended.records();
                let names: Vec<_> =
                    records.iter().map(|record| record["input"].as_str().unwrap()).collect();
                assert_eq!(names, self.names(), "each once, in the order of the inputs: {context}");
                let with = |key: &str| records.iter().filter(|one| one.get(key).is_some()).count();
                assert_eq!(with("caption"), delivered, "{context}");
                assert_eq!(with("error"), failed, "{context}");
                let both =
                    |one: &&Value| one.get("caption").is_some() && one.get("error").is_some();
                assert_eq!(records.iter().filter(both).count(), 0, "{context}");
                let is_untried = |record: &&Value| {
                    record["error"]["message"]
                        .as_str()
                        .is_some_and(|text| text.contains("not tried") || text.contains("is spent"))
                };
                let untried = records.iter().filter(is_untried).count();
                assert_eq!(untried, counts.of(&["not tried"]), "{context}");
            }
            Format::Csv => {
                let mut reader = csv::Reader::from_reader(ended.stdout.as_bytes());
                let rows: Vec<BTreeMap<String, String>> =
                    reader.deserialize().map(Result::unwrap).collect();
                let names: Vec<_> = rows.iter().map(|row| row["input"].clone()).collect();
                assert_eq!(names, self.names(), "each once, in the order of the inputs: {context}");
                let with = |key: &str| rows.iter().filter(|row| !row[key].is_empty()).count();
                assert_eq!(with("caption"), delivered, "{context}");
                assert_eq!(with("error_kind"), failed, "{context}");
            }
            Format::Sidecar | Format::SidecarSrt => assert_eq!(ended.stdout, "", "{context}"),
        }
    }

    /// Every input is in every report, once.
    fn check_reports(&self, folder: &Path, counts: &Counts, context: &str) {
        let junit = fs::read_to_string(folder.join("r.xml")).unwrap();
        let cases: Vec<_> = junit
            .split("<testcase name=\"")
            .skip(1)
            .map(|case| case.split('"').next().unwrap().to_owned())
            .filter(|name| name.starts_with("x/in"))
            .collect();
        assert_eq!(cases, self.names(), "JUnit: {context}");
        let elements = |element: &str| junit.matches(&format!("<{element}")).count();
        let skipped = elements("skipped message") + elements("skipped/");
        let blocked_or_failed = elements("error ") + elements("failure ");
        assert!(skipped + blocked_or_failed >= counts.of(&STATES[4..]), "JUnit: {context}");
        let page = fs::read_to_string(folder.join("r.html")).unwrap();
        let named: BTreeSet<_> = self
            .names()
            .into_iter()
            .filter(|name| page.contains(name.strip_prefix("x/").unwrap()))
            .collect();
        assert_eq!(named.len(), self.kinds.len(), "HTML: {context}");
    }

    /// Runs it, and sends the signal of the case where there is one and it comes to that.
    fn run(&self, run: &mut Caption, stand_in: &StandIn, gate: &Gate) -> Run {
        let mut child = run.spawn();
        let mut stdout = child.stdout.take().unwrap();
        let printed = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        });
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, interrupted) = mpsc::channel();
        let said = std::thread::spawn(move || {
            let mut text = String::new();
            let mut line = String::new();
            while stderr.read_line(&mut line).unwrap() > 0 {
                text.push_str(&line);
                if line.contains("interrupted") {
                    let _ = sender.send(());
                }
                line.clear();
            }
            text
        });
        if let Ending::Signal(at, code) = self.ending {
            while stand_in.requests().len() < at && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            if child.try_wait().unwrap().is_none() {
                interrupt(&child, code);
                // Printed before what is in flight may end; no more comes once the program has ended.
                let _ = interrupted.recv_timeout(Duration::from_secs(10));
            }
            gate.open();
        }
        let status = child.wait().unwrap();
        let (stdout, stderr) = (printed.join().unwrap(), said.join().unwrap());
        Run { code: status.code().unwrap_or(-1), stdout, stderr }
    }
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} -j{} {:?} {:?}", self.format, self.jobs, self.ending, self.kinds)
    }
}

fn one_of_these<'a, T>(random: &mut Rng, choices: &'a [T]) -> &'a T {
    &choices[random.usize(..choices.len())]
}

#[test]
fn every_input_is_accounted_for_in_every_format_whatever_ends_the_run() {
    cases(|random| Case::random(random).check());
}

/// Good clips and nothing else, in the format that shows most.
fn plain(count: usize, ending: Ending, format: Format) -> Case {
    Case { kinds: vec![Kind::Good; count], ending, format, jobs: 2, as_list: false }
}

#[test]
fn inputs_after_a_refused_key_are_not_tried() {
    for format in [Format::Text, Format::Jsonl, Format::Csv, Format::Json, Format::Sidecar] {
        plain(9, Ending::Status(3, 401), format).check();
    }
}

#[test]
fn inputs_after_the_spending_limit_are_not_tried() {
    for format in [Format::Text, Format::Jsonl, Format::Csv, Format::Json, Format::Sidecar] {
        plain(9, Ending::Spent, format).check();
    }
}

#[cfg(unix)] // which has signals
#[test]
fn inputs_after_a_signal_are_not_tried() {
    for (code, _) in SIGNALS {
        for format in [Format::Text, Format::Jsonl, Format::Csv, Format::Json, Format::Sidecar] {
            plain(9, Ending::Signal(3, code), format).check();
        }
    }
}

#[test]
fn more_inputs_than_may_wait_are_all_accounted_for() {
    let mut case = plain(300, Ending::Status(5, 402), Format::Jsonl);
    case.jobs = 1;
    case.check();
}

#[test]
fn a_mix_of_all_kinds_that_ends_well_is_accounted_for() {
    use Kind::{Cached, Done, Empty, Good, Missing, Silent, Text, Twin};
    let kinds = vec![Good, Twin, Cached, Silent, Twin, Text, Missing, Empty, Good];
    for format in [Format::Text, Format::Jsonl, Format::Csv] {
        Case { kinds: kinds.clone(), ending: Ending::Whole, format, jobs: 2, as_list: true }
            .check();
    }
    let kinds = [kinds, vec![Done, Done]].concat();
    Case { kinds, ending: Ending::Whole, format: Format::Sidecar, jobs: 2, as_list: true }.check();
}

#[test]
fn inputs_of_a_list_are_accounted_for() {
    let stand_in = StandIn::always(|| Reply::status(401));
    let list: Vec<_> = (0..40).map(|number| clip_name("x", number)).collect();
    let run = caption(&stand_in).clips("x", 30).file("list", list.join("\n"));
    let run = run.args(["-j", "2", "-f", "jsonl", "--files-from", "list"]).run();
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert_eq!(run.records().len(), 40, "{}", run.stderr);
    assert_eq!(Counts::reported(&run.stderr).of(&STATES), 40, "{}", run.stderr);
}

#[test]
fn a_shard_accounts_for_its_own_inputs() {
    let given: usize = (1..=3)
        .map(|shard| {
            let stand_in = StandIn::always(|| Reply::status(402));
            let run = caption(&stand_in).clips("x", 20).args(["-j", "1", "-f", "jsonl"]);
            let run = run.args(["--shard", &format!("{shard}/3"), "x"]).run();
            let reported = Counts::reported(&run.stderr).of(&STATES);
            assert_eq!(run.records().len(), reported, "{}", run.stderr);
            reported
        })
        .sum();
    assert_eq!(given, 20);
}

/// Sends the signal with this exit code.
fn interrupt(child: &Child, code: Code) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, kill_process};
        let (_, signal) = SIGNALS.into_iter().find(|(of_signal, _)| *of_signal == code).unwrap();
        kill_process(Pid::from_child(child), signal).unwrap();
    }
    #[cfg(windows)]
    panic!("no signal ends {} with {code}", child.id());
}
