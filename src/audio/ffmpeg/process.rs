//! Process of ffmpeg: its output as it comes, its messages, and its end.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::Ffmpeg;
use super::command::{Extent, command};
use super::log::Log;
use crate::descriptors::block_for;
use crate::platform::{confine, kill, lock};

/// Memory that a process may map, in bytes: several times what a decoder takes, its libraries
/// included.
const MAX_MEMORY: u64 = 4 << 30;

/// Bytes read from the output at a time.
pub(super) const BLOCK_LEN: usize = 64 * 1024;

/// Blocks that are read ahead.
const BLOCKS_AHEAD: usize = 2;

/// Interval in which the end of a process is looked for once it has closed its streams.
const POLL: Duration = Duration::from_millis(2);

/// Reason why a process did not do its work.
#[derive(Debug)]
pub(super) enum Failure {
    /// The run ended.
    Stopped,
    /// Anything else, on one line.
    Failed(String),
}

/// Processes that are running.
#[derive(Default)]
pub(super) struct Processes(Mutex<Running>);

#[derive(Default)]
struct Running {
    is_stopped: bool,
    children: Vec<Weak<Mutex<Child>>>,
}

impl Processes {
    /// Starts a process, unless all of them were ended.
    fn start(
        &self,
        program: &Path,
        file: &File,
        extent: Extent,
        track: usize,
    ) -> Result<Streams, Failure> {
        let started = block_for(|| command(program, file, extent, track)?.spawn());
        let mut child = started.map_err(|error| {
            Failure::Failed(format!("it does not start: {}", super::log::one_line(&error)))
        })?;
        confine(&child, MAX_MEMORY);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut running = lock(&self.0);
        if running.is_stopped {
            end(&mut child);
            return Err(Failure::Stopped);
        }
        let child = Arc::new(Mutex::new(child));
        running.children.retain(|child| child.strong_count() > 0);
        running.children.push(Arc::downgrade(&child));
        Ok((child, stdout.expect("a pipe"), stderr.expect("a pipe")))
    }

    /// Ends all processes.
    pub(super) fn stop(&self) {
        let mut running = lock(&self.0);
        running.is_stopped = true;
        for child in running.children.drain(..).filter_map(|child| child.upgrade()) {
            end(&mut lock(&child));
        }
    }

    fn is_stopped(&self) -> bool {
        lock(&self.0).is_stopped
    }
}

type Streams = (Arc<Mutex<Child>>, ChildStdout, ChildStderr);

/// A running process, which ends with this value.
pub(super) struct Process {
    child: Arc<Mutex<Child>>,
    processes: Arc<Processes>,
    output: Receiver<Vec<u8>>,
    log: Receiver<Log>,
    patience: Duration,
}

impl Process {
    /// Starts to decode the sound track at a position of a file.
    pub(super) fn start(
        ffmpeg: &Ffmpeg,
        file: &File,
        extent: Extent,
        track: usize,
    ) -> Result<Self, Failure> {
        let (child, stdout, stderr) =
            ffmpeg.processes.start(&ffmpeg.program, file, extent, track)?;
        let (output_sender, output) = mpsc::sync_channel(BLOCKS_AHEAD);
        let (log_sender, log) = mpsc::sync_channel(1);
        let (processes, patience) = (Arc::clone(&ffmpeg.processes), ffmpeg.patience);
        // Owns the process from here on, so that it ends if a thread cannot be had.
        let process = Self { child, processes, output, log, patience };
        on_thread(move || read(stdout, &output_sender))?;
        on_thread(move || {
            // Nobody may wait for it any more.
            let _ = log_sender.send(Log::read(stderr));
        })?;
        Ok(process)
    }

    /// The next bytes of the output; `None` at its end.
    pub(super) fn next(&self) -> Result<Option<Vec<u8>>, Failure> {
        match self.output.recv_timeout(self.patience) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(self.stalled()),
        }
    }

    /// Waits for the end behind the last byte of output. Returns the messages, and the reason if the
    /// process did not end as it should.
    pub(super) fn end(&self) -> Result<(Log, Option<String>), Failure> {
        let log = self.log.recv_timeout(self.patience).map_err(|_| self.stalled())?;
        let status = self.wait()?;
        if self.processes.is_stopped() {
            return Err(Failure::Stopped);
        }
        let reason = (!status.success()).then(|| log.reason().unwrap_or_else(|| describe(status)));
        Ok((log, reason))
    }

    fn wait(&self) -> Result<ExitStatus, Failure> {
        let end = Instant::now() + self.patience;
        loop {
            match lock(&self.child).try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() < end => {}
                Ok(None) => return Err(self.stalled()),
                Err(error) => return Err(Failure::Failed(super::log::one_line(&error))),
            }
            thread::sleep(POLL);
        }
    }

    fn stalled(&self) -> Failure {
        if self.processes.is_stopped() {
            return Failure::Stopped;
        }
        let time = humantime::format_duration(self.patience);
        Failure::Failed(format!("no progress for {time}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut lock(&self.child));
    }
}

/// Ends a process unless it has ended, and takes its exit status, so that no zombie stays.
fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(None)) {
        kill(child);
        let _ = child.wait();
    }
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => format!("it crashed, {status}"),
    }
}

fn on_thread(work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let thread = thread::Builder::new().stack_size(256 * 1024).spawn(work);
    thread.map(drop).map_err(|error| Failure::Failed(super::log::one_line(&error)))
}

/// Passes the output on, until its end or that of the receiver.
fn read(mut output: impl Read, blocks: &SyncSender<Vec<u8>>) {
    loop {
        let mut block = vec![0; BLOCK_LEN];
        match output.read(&mut block) {
            Ok(0) => return,
            Ok(n) => block.truncate(n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            // The process has ended, and says why.
            Err(_) => return,
        }
        if blocks.send(block).is_err() {
            return;
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// Starts a script in the place of ffmpeg.
    fn start(script: &str) -> (tempfile::TempDir, Ffmpeg, Result<Process, Failure>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ffmpeg");
        // Written by another process: one that a test starts meanwhile would have the file open.
        let mut shell = Command::new("sh");
        shell.args(["-c", "printf '#!/bin/sh\n%s\n' \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh"]);
        assert!(shell.arg(&path).arg(script).stdin(Stdio::null()).status().unwrap().success());
        let ffmpeg = Ffmpeg { patience: Duration::from_millis(300), ..Ffmpeg::at(path).unwrap() };
        let process = Process::start(&ffmpeg, &tempfile::tempfile().unwrap(), Extent::Whole, 0);
        (folder, ffmpeg, process)
    }

    fn read_all(process: &Process) -> Result<usize, Failure> {
        let mut len = 0;
        while let Some(bytes) = process.next()? {
            len += bytes.len();
        }
        process.end().map(|_| len)
    }

    #[test]
    fn a_process_without_progress_is_given_up() {
        for script in [
            "echo x; exec sleep 1000",
            "sleep 1000",
            "exec >&-; exec sleep 1000",
            "exec >&- 2>&-; exec sleep 1000",
            "yes >&2",
        ] {
            let started = Instant::now();
            let (_folder, _, process) = start(script);
            let result = read_all(&process.unwrap());
            let Err(Failure::Failed(reason)) = result else { panic!("{script}: {result:?}") };
            assert_eq!(reason, "no progress for 300ms", "{script}");
            assert!(started.elapsed() < Duration::from_secs(5), "{script}");
        }
    }

    #[test]
    fn a_slow_process_is_waited_for() {
        let (_folder, _, process) = start("for n in 1 2 3 4; do echo x; sleep 0.1; done");
        assert_eq!(read_all(&process.unwrap()).unwrap(), 8);
    }

    #[test]
    fn all_processes_end_with_the_run_and_no_other_starts() {
        let (_folder, ffmpeg, process) = start("exec sleep 1000");
        ffmpeg.stop();
        assert!(matches!(read_all(&process.unwrap()), Err(Failure::Stopped)));
        let again = Process::start(&ffmpeg, &tempfile::tempfile().unwrap(), Extent::Whole, 0);
        assert!(matches!(again, Err(Failure::Stopped)));
        let other = ffmpeg.with_own_processes();
        assert!(Process::start(&other, &tempfile::tempfile().unwrap(), Extent::Whole, 0).is_ok());
    }
}
