//! Runs the real program in a clean environment and a folder of its own.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use support::stand_in::{KEY, Reply, StandIn};

/// No run of a test takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program, about to be run.
pub(crate) struct Caption {
    command: Command,
    folder: tempfile::TempDir,
    stdin: Vec<u8>,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A clip or document of `tests/data`.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The program with nothing in its environment: no key either.
pub(crate) fn bare() -> Caption {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_caption"));
    command.env_clear().current_dir(folder.path()).env("HOME", folder.path());
    Caption { command, folder, stdin: Vec::new() }
}

/// The program set up for the stand-in.
pub(crate) fn caption(stand_in: &StandIn) -> Caption {
    bare().env("AIMLAPI_KEY", KEY).env("AIMLAPI_BASE_URL", stand_in.base_url())
}

/// One run on one clip, for tests of what happens after.
pub(crate) fn caption_tone(stand_in: &StandIn, args: &[&str]) -> Run {
    caption(stand_in).with("tone.wav").args(args).arg("tone.wav").run()
}

/// A whole answer with this caption and nothing that is not needed.
pub(crate) fn answer(caption: &str) -> Reply {
    let choice = json!({ "message": { "content": caption }, "finish_reason": "stop" });
    document(200, &json!({ "choices": [choice] }))
}

/// Any status with any JSON.
pub(crate) fn document(status: u16, body: &Value) -> Reply {
    Reply::status(status).body("application/json", body.to_string())
}

/// The start of a sound that never ends, longer than what can be sent.
pub(crate) fn endless_wav() -> Vec<u8> {
    let mut wav = std::fs::read(data("tone.wav")).unwrap();
    wav[40..44].fill(0xff);
    wav.resize(20_000_000, 0);
    wav
}

/// The names of what is in a folder, sorted.
pub(crate) fn listed(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The name of a clip of [`Caption::clips`].
pub(crate) fn clip_name(folder: &str, number: usize) -> String {
    format!("{folder}/{number:03}.wav")
}

/// The content of a clip of [`Caption::clips`]: a short tone, told apart by its last samples.
pub(crate) fn clip(number: usize) -> Vec<u8> {
    let mut wav = std::fs::read(data("tone.wav")).unwrap();
    let end = wav.len() - 8;
    wav[end..].copy_from_slice(&(number as u64).to_le_bytes());
    wav
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

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Puts a file into the folder of the run.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Puts a file that nobody else can read into the folder of the run.
    pub(crate) fn secret(self, name: &str, content: &str) -> Self {
        let run = self.file(name, content);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(run.folder().join(name), private).unwrap();
        }
        run
    }

    /// Puts a clip of `tests/data` into the folder of the run.
    pub(crate) fn with(self, clip: &str) -> Self {
        let content = std::fs::read(data(clip)).unwrap();
        self.file(clip, content)
    }

    /// Puts that many short clips into a folder of the run, each with a sound of its own.
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

    /// Lets a shell run it, as `"$@"` in a script.
    pub(crate) fn within(mut self, script: &str) -> Self {
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

    /// Starts it, with nothing on standard input and its outputs in pipes.
    pub(crate) fn spawn(&mut self) -> Child {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.spawn().unwrap()
    }

    /// Starts it with a standard input that stays open, and its outputs in pipes.
    pub(crate) fn spawn_open(&mut self) -> (Child, ChildStdin) {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        (child, stdin)
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Run {
        let (child, mut stdin) = self.spawn_open();
        let bytes = std::mem::take(&mut self.stdin);
        // A program that has read enough closes its standard input.
        std::thread::spawn(move || {
            let _ = stdin.write_all(&bytes);
        });
        finish(child)
    }
}

/// The next line that the program says on standard error, while it goes on.
pub(crate) fn next_line(child: &mut Child) -> String {
    let mut said = Vec::new();
    let stderr = child.stderr.as_mut().unwrap();
    while !said.ends_with(b"\n") {
        let mut byte = [0];
        stderr.read_exact(&mut byte).unwrap();
        said.extend(byte);
    }
    String::from_utf8(said).unwrap()
}

/// Waits for the end, but not for ever.
pub(crate) fn finish(child: Child) -> Run {
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = ended.recv_timeout(PATIENCE).expect("the program ends").unwrap();
    Run::from(output)
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
    /// Ended with this code, after this was printed.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> String {
        assert_eq!(self.code, code, "stderr: {}", self.stderr);
        self.stdout
    }

    /// The records that were printed.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Captioned: code 0, nothing on standard error, and this is what was printed.
    #[track_caller]
    pub(crate) fn captioned(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "stdout: {}", self.stdout);
        self.stdout
    }

    /// Failed with this code: nothing on standard output, and this was said.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "stderr: {}", self.stderr);
        self.stderr
    }
}

/// Asserts that a text holds all of these, in this order.
#[track_caller]
pub(crate) fn assert_says(text: &str, words: &[&str]) {
    let mut rest = text;
    for word in words {
        let Some(at) = rest.find(word) else { panic!("{word:?} is not (or not there) in: {text}") };
        rest = &rest[at + word.len()..];
    }
}
