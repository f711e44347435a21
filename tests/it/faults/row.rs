//! A row of the fault tables: one fault, and the expected result of a run with it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::raw_server::RawServer;
use super::{KEY, MARK, Totals, check_library, count_keys};
use crate::harness::{Caption, Run, answer, data_path, file_names, finish, unconfigured};
use crate::process_monitor::{MAX_MEMORY_KB, ProcessMonitor};
use support::stand_in::{Reply, StandIn};

/// Expected end of a run.
#[derive(Clone, Copy)]
pub(super) struct Expected {
    /// `None` if there is a caption.
    pub(super) kind: Option<&'static str>,
    pub(super) code: i32,
    /// Requests, or connections if none carried a request.
    pub(super) attempts: usize,
}

pub(super) const fn captioned(attempts: usize) -> Expected {
    Expected { kind: None, code: 0, attempts }
}

pub(super) const fn failed(kind: &'static str, attempts: usize) -> Expected {
    Expected { kind: Some(kind), code: 3, attempts }
}

pub(super) const fn refused(kind: &'static str, attempts: usize) -> Expected {
    Expected { kind: Some(kind), code: 4, attempts }
}

/// The server of a row.
pub(super) enum Server {
    StandIn(StandIn),
    Raw(RawServer),
    /// Nothing listens at this base URL.
    Absent(String),
}

impl Server {
    pub(super) fn base_url(&self) -> String {
        match self {
            Self::StandIn(stand_in) => stand_in.base_url(),
            Self::Raw(raw) => raw.url("v1"),
            Self::Absent(url) => url.clone(),
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        match self {
            Self::StandIn(stand_in) => stand_in.url(path),
            Self::Raw(raw) => raw.url(path),
            Self::Absent(url) => format!("{url}/{path}"),
        }
    }

    pub(super) fn attempts(&self) -> usize {
        match self {
            Self::StandIn(stand_in) => stand_in.requests().len().max(stand_in.connections()),
            Self::Raw(raw) => raw.connections(),
            Self::Absent(_) => 0,
        }
    }
}

/// One fault.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) server: Server,
    /// True if the server delivers the audio, and the service works.
    pub(super) is_download: bool,
    pub(super) expected: Expected,
    pub(super) setup: Box<Setup>,
    /// Shell script that runs the program as `"$@"`.
    pub(super) script: Option<&'static str>,
    /// Runs when the server is reached.
    pub(super) on_request: Option<Box<OnRequest>>,
    /// Output of the records.
    pub(super) output: Option<&'static str>,
    /// The input.
    pub(super) input: &'static str,
    /// Lines of the manifest afterwards, if not equal to the captions.
    pub(super) manifest_lines: Option<usize>,
    /// Other files afterwards.
    pub(super) other_files: &'static [&'static str],
}

type OnRequest = dyn FnOnce(&Path) + Send;
type Setup = dyn FnOnce(Caption, &Server) -> Caption + Send;

impl Row {
    pub(super) fn new(name: &str, server: Server, expected: Expected) -> Self {
        Self {
            name: name.to_owned(),
            server,
            is_download: false,
            expected,
            setup: Box::new(|run, _| run),
            script: None,
            on_request: None,
            output: Some("out.jsonl"),
            input: "tone.wav",
            manifest_lines: None,
            other_files: &[],
        }
    }

    /// Row with this reply to every attempt.
    pub(super) fn with_reply(
        name: &str,
        reply: impl Fn() -> Reply + Send + Sync + 'static,
        expected: Expected,
    ) -> Self {
        Self::new(name, Server::StandIn(StandIn::always(reply)), expected)
    }

    /// Row with this treatment of every connection.
    pub(super) fn with_handler(
        name: &str,
        handler: impl Fn(std::net::TcpStream) + Send + Sync + 'static,
        expected: Expected,
    ) -> Self {
        Self::new(name, Server::Raw(RawServer::start(handler)), expected)
    }

    pub(super) fn setup(
        mut self,
        setup: impl FnOnce(Caption, &Server) -> Caption + Send + 'static,
    ) -> Self {
        self.setup = Box::new(setup);
        self
    }

    pub(super) fn args(self, args: &'static [&'static str]) -> Self {
        self.setup(move |run, _| run.args(args))
    }

    pub(super) fn check(mut self) -> Totals {
        let service = self.is_download.then(|| StandIn::always(|| answer("Rain.")));
        let base_url = service.as_ref().map_or_else(|| self.server.base_url(), StandIn::base_url);
        let mut run = self.program(&base_url);
        let folder = run.folder().to_owned();
        let mut child = run.spawn();
        let monitor = ProcessMonitor::start(&child, MARK);
        let changes = self.on_request.is_some();
        if let Some(on_request) = self.on_request.take() {
            while self.server.attempts() == 0 && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            on_request(&folder);
        }
        let ended = finish(child);
        let (peak, seen) = monitor.end();
        assert!(peak < MAX_MEMORY_KB, "{peak} kB of memory");
        self.check_attempts(&ended);
        self.check_result(&ended, &folder);
        self.check_disk(&folder, changes);
        if !self.is_download && self.script.is_none() {
            check_library(&base_url);
        }
        Totals { keys: seen + count_keys(&ended, &folder), peak, runs: 1 }
    }

    /// Prepares a run with a marked key and two attempts in a folder of its own.
    fn program(&mut self, base_url: &str) -> Caption {
        let run =
            unconfigured().data_file("tone.wav").private_file("key", KEY).file("tmp/.keep", "");
        let temporary = run.folder().join("tmp");
        let mut run = run.env("TMPDIR", temporary).env("AIMLAPI_BASE_URL", base_url);
        run = run.args(["-v", "--api-key-file", "key", "--max-retries", "1", "-f", "jsonl"]);
        // Sockets of wine take long to fill the memory that a response may have.
        let timeout = if cfg!(windows) { "30s" } else { "5s" };
        run = run.args(["--timeout", timeout, "--manifest", "m.jsonl"]);
        if let Some(output) = self.output {
            run = run.args(["-o", output]);
        }
        let setup = std::mem::replace(&mut self.setup, Box::new(|run, _| run));
        run = setup(run, &self.server);
        run =
            if self.is_download { run.arg(self.server.url("a.wav")) } else { run.arg(self.input) };
        match self.script {
            Some(script) => run.in_shell(script),
            None => run,
        }
    }

    fn check_attempts(&self, ended: &Run) {
        let (attempts, seen) = (self.expected.attempts, self.server.attempts());
        // A connection that is closed before its use is opened again.
        let is_right =
            seen == attempts || (seen > attempts && matches!(self.server, Server::Raw(_)));
        assert!(is_right, "{seen} attempts: {}", ended.stderr);
        let reported = ended.stderr.matches("; attempt 2 in ").count() + 1;
        assert!(
            reported == attempts || attempts < 2 || self.is_download,
            "{reported} attempts: {}",
            ended.stderr
        );
    }

    fn check_result(&self, ended: &Run, folder: &Path) {
        assert_eq!(ended.code, self.expected.code, "{}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        assert_eq!(ended.stderr.contains("error: "), ended.code != 0, "{}", ended.stderr);
        let Some(output) = self.output else { return };
        assert_eq!(ended.stdout, "");
        let text = fs::read_to_string(folder.join(output)).unwrap();
        let record: Value = serde_json::from_str(&text).expect("one record");
        let kind = record["error"]["kind"].as_str();
        assert_eq!(kind, self.expected.kind, "{text}{}", ended.stderr);
        assert_eq!(record["caption"].is_string(), kind.is_none(), "{text}");
    }

    /// Asserts that audio and key are unchanged, that the manifest holds the captions, and that
    /// there are no other files.
    fn check_disk(&self, folder: &Path, changes: bool) {
        let mut expected = vec!["key", "m.jsonl", "tmp", "tone.wav"];
        expected.extend(self.output);
        expected.extend(self.other_files);
        expected.sort_unstable();
        assert_eq!(file_names(folder), expected, "files");
        assert_eq!(file_names(&folder.join("tmp")), [".keep"], "temporary files");
        assert_eq!(fs::read_to_string(folder.join("key")).unwrap(), KEY);
        if !changes && self.input == "tone.wav" {
            assert_eq!(
                fs::read(folder.join("tone.wav")).unwrap(),
                fs::read(data_path("tone.wav")).unwrap()
            );
        }
        let manifest = fs::read_to_string(folder.join("m.jsonl")).unwrap();
        let captions = usize::from(self.expected.kind.is_none() && self.expected.code == 0);
        assert_eq!(manifest.lines().count(), self.manifest_lines.unwrap_or(captions), "{manifest}");
    }
}
