//! Fault injection: every way in which the service, this machine or a file can fail. Each row
//! states the error, the number of attempts and the files afterwards. All rows run with a marked
//! key, which must not appear anywhere, and with limited memory.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use self::raw_server::Rude;
use crate::harness::{Caption, Run, answer, data_path, file_names, finish, unconfigured};
use crate::process_monitor::{MOST_MEMORY, Watched};
use support::stand_in::{Reply, StandIn};

mod downloads;
mod local;
mod network;
mod raw_server;
mod responses;
mod streams;

/// Part of the key that must not appear in any output.
const MARK: &str = "marked-0123456789";
/// The API key, and the password of a proxy.
const KEY: &str = "sk-marked-0123456789";
/// Rows that run at the same time; most of them wait.
const AT_A_TIME: usize = 8;

/// Expected end of a run.
#[derive(Clone, Copy)]
struct Status {
    /// `None` if there is a caption.
    kind: Option<&'static str>,
    code: i32,
    /// Requests, or connections if none carried a request.
    tries: usize,
}

const fn captioned(tries: usize) -> Status {
    Status { kind: None, code: 0, tries }
}

const fn failed(kind: &'static str, tries: usize) -> Status {
    Status { kind: Some(kind), code: 3, tries }
}

const fn refused(kind: &'static str, tries: usize) -> Status {
    Status { kind: Some(kind), code: 4, tries }
}

/// The server of a row.
enum FarSide {
    StandIn(StandIn),
    Rude(Rude),
    /// Nothing listens at this base URL.
    Nobody(String),
}

impl FarSide {
    fn base_url(&self) -> String {
        match self {
            Self::StandIn(stand_in) => stand_in.base_url(),
            Self::Rude(rude) => rude.url("v1"),
            Self::Nobody(url) => url.clone(),
        }
    }

    fn url(&self, path: &str) -> String {
        match self {
            Self::StandIn(stand_in) => stand_in.url(path),
            Self::Rude(rude) => rude.url(path),
            Self::Nobody(url) => format!("{url}/{path}"),
        }
    }

    fn tries(&self) -> usize {
        match self {
            Self::StandIn(stand_in) => stand_in.requests().len().max(stand_in.connections()),
            Self::Rude(rude) => rude.connections(),
            Self::Nobody(_) => 0,
        }
    }
}

/// One fault.
struct Row {
    name: String,
    far: FarSide,
    /// True if the server delivers the audio, and the service works.
    is_download: bool,
    ending: Status,
    setup: Box<Setup>,
    /// Shell script that runs the program as `"$@"`.
    script: Option<&'static str>,
    /// Runs when the server is reached.
    meanwhile: Option<Box<Meanwhile>>,
    /// Output of the records.
    output: Option<&'static str>,
    /// The input.
    input: &'static str,
    /// Lines of the manifest afterwards, if not equal to the captions.
    kept: Option<usize>,
    /// Other files afterwards.
    also: &'static [&'static str],
}

type Meanwhile = dyn FnOnce(&Path) + Send;
type Setup = dyn FnOnce(Caption, &FarSide) -> Caption + Send;

impl Row {
    fn new(name: &str, far: FarSide, ending: Status) -> Self {
        Self {
            name: name.to_owned(),
            far,
            is_download: false,
            ending,
            setup: Box::new(|run, _| run),
            script: None,
            meanwhile: None,
            output: Some("out.jsonl"),
            input: "tone.wav",
            kept: None,
            also: &[],
        }
    }

    /// Row with this reply to every attempt.
    fn replied(
        name: &str,
        reply: impl Fn() -> Reply + Send + Sync + 'static,
        ending: Status,
    ) -> Self {
        Self::new(name, FarSide::StandIn(StandIn::always(reply)), ending)
    }

    /// Row with this treatment of every connection.
    fn treated(
        name: &str,
        manner: impl Fn(std::net::TcpStream) + Send + Sync + 'static,
        ending: Status,
    ) -> Self {
        Self::new(name, FarSide::Rude(Rude::start(manner)), ending)
    }

    fn setup(mut self, setup: impl FnOnce(Caption, &FarSide) -> Caption + Send + 'static) -> Self {
        self.setup = Box::new(setup);
        self
    }

    fn args(self, args: &'static [&'static str]) -> Self {
        self.setup(move |run, _| run.args(args))
    }

    fn check(mut self) -> Found {
        let service = self.is_download.then(|| StandIn::always(|| answer("Rain.")));
        let base_url = service.as_ref().map_or_else(|| self.far.base_url(), StandIn::base_url);
        let mut run = self.program(&base_url);
        let folder = run.folder().to_owned();
        let mut child = run.spawn();
        let watched = Watched::start(&child, MARK);
        let changes = self.meanwhile.is_some();
        if let Some(meanwhile) = self.meanwhile.take() {
            while self.far.tries() == 0 && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            meanwhile(&folder);
        }
        let ended = finish(child);
        let (peak, seen) = watched.end();
        assert!(peak < MOST_MEMORY, "{peak} kB of memory");
        self.check_tries(&ended);
        self.check_ending(&ended, &folder);
        self.check_disk(&folder, changes);
        if !self.is_download && self.script.is_none() {
            check_library(&base_url);
        }
        Found { keys: seen + keys_in(&ended, &folder), peak, runs: 1 }
    }

    /// Prepares a run with a marked key and two attempts in a folder of its own.
    fn program(&mut self, base_url: &str) -> Caption {
        let run =
            unconfigured().data_file("tone.wav").private_file("key", KEY).file("tmp/.keep", "");
        let temporary = run.folder().join("tmp");
        let mut run = run.env("TMPDIR", temporary).env("AIMLAPI_BASE_URL", base_url);
        run = run.args(["-v", "--api-key-file", "key", "--max-retries", "1", "-f", "jsonl"]);
        run = run.args(["--timeout", "5s", "--manifest", "m.jsonl"]);
        if let Some(output) = self.output {
            run = run.args(["-o", output]);
        }
        let setup = std::mem::replace(&mut self.setup, Box::new(|run, _| run));
        run = setup(run, &self.far);
        run = if self.is_download { run.arg(self.far.url("a.wav")) } else { run.arg(self.input) };
        match self.script {
            Some(script) => run.in_shell(script),
            None => run,
        }
    }

    fn check_tries(&self, ended: &Run) {
        let (tries, seen) = (self.ending.tries, self.far.tries());
        // A connection that is closed before its use is opened again.
        let is_right = seen == tries || (seen > tries && matches!(self.far, FarSide::Rude(_)));
        assert!(is_right, "{seen} tries: {}", ended.stderr);
        let told = ended.stderr.matches("; try 2 in ").count() + 1;
        assert!(told == tries || tries < 2 || self.is_download, "{told} tries: {}", ended.stderr);
    }

    fn check_ending(&self, ended: &Run, folder: &Path) {
        assert_eq!(ended.code, self.ending.code, "{}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        assert_eq!(ended.stderr.contains("error: "), ended.code != 0, "{}", ended.stderr);
        let Some(output) = self.output else { return };
        assert_eq!(ended.stdout, "");
        let text = fs::read_to_string(folder.join(output)).unwrap();
        let record: Value = serde_json::from_str(&text).expect("one record");
        let kind = record["error"]["kind"].as_str();
        assert_eq!(kind, self.ending.kind, "{text}{}", ended.stderr);
        assert_eq!(record["caption"].is_string(), kind.is_none(), "{text}");
    }

    /// Asserts that audio and key are unchanged, that the manifest holds the captions, and that
    /// there are no other files.
    fn check_disk(&self, folder: &Path, changes: bool) {
        let mut expected = vec!["key", "m.jsonl", "tmp", "tone.wav"];
        expected.extend(self.output);
        expected.extend(self.also);
        expected.sort_unstable();
        assert_eq!(file_names(folder), expected, "what is on the disk");
        assert_eq!(file_names(&folder.join("tmp")), [".keep"], "temporary files");
        assert_eq!(fs::read_to_string(folder.join("key")).unwrap(), KEY);
        if !changes && self.input == "tone.wav" {
            assert_eq!(
                fs::read(folder.join("tone.wav")).unwrap(),
                fs::read(data_path("tone.wav")).unwrap()
            );
        }
        let known = fs::read_to_string(folder.join("m.jsonl")).unwrap();
        let captions = usize::from(self.ending.kind.is_none() && self.ending.code == 0);
        assert_eq!(known.lines().count(), self.kept.unwrap_or(captions), "{known}");
    }
}

/// Results of several rows.
#[derive(Default)]
struct Found {
    runs: usize,
    keys: usize,
    peak: u64,
}

/// Runs all rows, several at a time, and fails with the list of failed rows.
#[track_caller]
fn check(what: &str, rows: Vec<Row>) {
    let (rows, failures) = (Mutex::new(rows.into_iter()), Mutex::new(Vec::new()));
    let found = Mutex::new(Found::default());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some(row) = rows.lock().unwrap().next() else { return };
                    let name = row.name.clone();
                    match catch_unwind(AssertUnwindSafe(|| row.check())) {
                        Ok(one) => {
                            let mut all = found.lock().unwrap();
                            all.runs += one.runs;
                            all.keys += one.keys;
                            all.peak = all.peak.max(one.peak);
                        }
                        Err(_) => failures.lock().unwrap().push(name),
                    }
                }
            });
        }
    });
    let (found, failures) = (found.into_inner().unwrap(), failures.into_inner().unwrap());
    assert!(failures.is_empty(), "{} rows failed: {failures:#?}", failures.len());
    assert_eq!(found.keys, 0, "places where the key was found");
    println!("{what}: {} faults, no key found, at most {} kB of memory", found.runs, found.peak);
}

/// Counts the outputs and files of a run that contain the key.
fn keys_in(ended: &Run, folder: &Path) -> usize {
    let mut places = vec![ended.stdout.clone(), ended.stderr.clone()];
    for folder in [folder.to_owned(), folder.join("tmp")] {
        let files = file_names(&folder).into_iter().filter(|name| name != "key");
        let files = files.map(|name| folder.join(name)).filter(|path| path.is_file());
        let content = files.map(|path| fs::read(path).unwrap());
        places.extend(content.map(|content| String::from_utf8_lossy(&content).into_owned()));
    }
    places.iter().filter(|place| place.contains(MARK)).count()
}

/// Asserts that the library's error of the same fault does not contain the key, in any
/// format.
fn check_library(base_url: &str) {
    use caption::audio::Clip;
    use caption::client::{ApiKey, Audio, Client, Options};
    use caption::progress::Observer;
    let mut options = Options::default();
    base_url.clone_into(&mut options.base_url);
    options.max_retries = 0;
    options.timeout = Duration::from_millis(500);
    let client = Client::new(ApiKey::new(KEY).unwrap(), options).unwrap();
    let audio = Audio::Clip(Clip::open(data_path("tone.wav")).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(client.caption(&audio, &Observer::none()));
    let mut said = format!("{client:?} {result:?}");
    if let Err(error) = &result {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
        said.extend(causes.map(|cause| format!("{cause} {cause:#?}")));
    }
    assert!(!said.contains(MARK), "{said}");
}
