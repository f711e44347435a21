//! Runs the real program in a clean environment and a temporary folder.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) use support::audio::{data_path, numbered_clip as clip};
use support::stand_in::{KEY, Reply, StandIn};

/// Maximum duration of a run.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Command line, environment and folder of a run.
pub(crate) struct Caption {
    command: Command,
    folder: tempfile::TempDir,
    stdin: Vec<u8>,
}

/// Result of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// File that takes everything and holds nothing.
pub(crate) const NULL_DEVICE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// Variable that names the folder of temporary files.
pub(crate) const TEMP_VARIABLE: &str = if cfg!(windows) { "TMP" } else { "TMPDIR" };

/// Prepares a run with an empty environment: no key, no settings.
pub(crate) fn unconfigured() -> Caption {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_caption"));
    command.env_clear().current_dir(folder.path());
    command.env("HOME", folder.path()).env("USERPROFILE", folder.path());
    // On Windows, sockets need the first one, and the others name the folder of temporary files.
    let kept = ["SystemRoot", "TEMP", "TMP"];
    command.envs(kept.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    Caption { command, folder, stdin: Vec::new() }
}

/// Prepares a run against the stand-in.
pub(crate) fn caption(stand_in: &StandIn) -> Caption {
    unconfigured().env("AIMLAPI_KEY", KEY).env("AIMLAPI_BASE_URL", stand_in.base_url())
}

/// Runs the program on one clip.
pub(crate) fn caption_tone(stand_in: &StandIn, args: &[&str]) -> Run {
    caption(stand_in).data_file("tone.wav").args(args).arg("tone.wav").run()
}

/// Reply with a caption and no other optional field.
pub(crate) fn answer(caption: &str) -> Reply {
    let choice = json!({ "message": { "content": caption }, "finish_reason": "stop" });
    json_reply(200, &json!({ "choices": [choice] }))
}

/// Reply with a status and JSON.
pub(crate) fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::status(status).body("application/json", body.to_string())
}

/// A WAV file without a length that is too long to be sent.
pub(crate) fn endless_wav() -> Vec<u8> {
    let mut wav = std::fs::read(data_path("tone.wav")).unwrap();
    wav[40..44].fill(0xff);
    wav.resize(20_000_000, 0);
    wav
}

/// Names of the files in a folder, sorted.
pub(crate) fn file_names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Name of a file of [`Caption::clips`].
pub(crate) fn clip_name(folder: &str, number: usize) -> String {
    format!("{folder}/{number:03}.wav")
}

impl Caption {
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Writes a file into the folder of the run.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn private_file(self, name: &str, content: &str) -> Self {
        let run = self.file(name, content);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(run.folder().join(name), private).unwrap();
        }
        run
    }

    /// Copies a file of `tests/data` into the folder of the run.
    pub(crate) fn data_file(self, clip: &str) -> Self {
        let content = std::fs::read(data_path(clip)).unwrap();
        self.file(clip, content)
    }

    /// Writes short clips with different content into a folder of the run.
    pub(crate) fn clips(self, folder: &str, count: usize) -> Self {
        std::fs::create_dir_all(self.folder.path().join(folder)).unwrap();
        for number in 0..count {
            std::fs::write(self.folder.path().join(clip_name(folder, number)), clip(number))
                .unwrap();
        }
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Runs it in a shell script, as `"$@"`.
    pub(crate) fn in_shell(mut self, script: &str) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(self.command.get_program());
        shell.args(self.command.get_args()).current_dir(self.folder.path());
        shell.env_clear().env("PATH", "/usr/bin:/bin");
        shell.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = shell;
        self
    }

    pub(crate) fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Starts it without standard input and with pipes for its output.
    pub(crate) fn spawn(&mut self) -> Child {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().unwrap()
    }

    /// Starts it with pipes for all streams; standard input stays open.
    pub(crate) fn spawn_with_stdin(&mut self) -> (Child, ChildStdin) {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        (child, stdin)
    }

    /// Runs it and waits for its end.
    pub(crate) fn run(mut self) -> Run {
        let (child, mut stdin) = self.spawn_with_stdin();
        let bytes = std::mem::take(&mut self.stdin);
        // The program may close its standard input early.
        std::thread::spawn(move || {
            let _ = stdin.write_all(&bytes);
        });
        finish(child)
    }
}

/// Reads the next line of standard error from a running program.
pub(crate) fn next_stderr_line(child: &mut Child) -> String {
    let mut line = Vec::new();
    let stderr = child.stderr.as_mut().unwrap();
    while !line.ends_with(b"\n") {
        let mut byte = [0];
        stderr.read_exact(&mut byte).unwrap();
        line.extend(byte);
    }
    String::from_utf8(line).unwrap()
}

/// Waits for the end of a run, up to [`TIMEOUT`]. No line of standard error may appear twice.
#[track_caller]
pub(crate) fn finish(child: Child) -> Run {
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let run = Run::from(ended.recv_timeout(TIMEOUT).expect("the program ends").unwrap());
    assert_no_line_twice(&run.stderr);
    run
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    /// Asserts the exit code and returns standard output.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> String {
        assert_eq!(self.code, code, "stderr: {}", self.stderr);
        self.stdout
    }

    /// Returns the records on standard output.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asserts exit code 0 and an empty standard error, and returns standard output.
    #[track_caller]
    pub(crate) fn captioned(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "stdout: {}", self.stdout);
        self.stdout
    }

    /// Asserts the exit code and an empty standard output, and returns standard error.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "stderr: {}", self.stderr);
        self.stderr
    }
}

/// Asserts that a text contains all of these words in this order.
#[track_caller]
pub(crate) fn assert_says(text: &str, words: &[&str]) {
    let mut rest = text;
    for word in words {
        let Some(at) = rest.find(word) else { panic!("{word:?} is not (or not there) in: {text}") };
        rest = &rest[at + word.len()..];
    }
}

#[track_caller]
fn assert_no_line_twice(stderr: &str) {
    let mut seen = HashSet::new();
    for line in stderr.lines().filter(|line| !line.trim().is_empty()) {
        assert!(seen.insert(line), "{line:?} appears twice in: {stderr}");
    }
}
