//! Monitors a running program from outside.

use std::fs;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Memory limit of the program under every attack, in kB.
pub(crate) const MAX_MEMORY_KB: u64 = 64_000;

/// Monitors peak memory and process list; Linux only.
pub(crate) struct ProcessMonitor(Arc<State>);

#[derive(Default)]
struct State {
    /// Peak memory in kB.
    peak: AtomicU64,
    mark_count: AtomicUsize,
    is_over: AtomicBool,
}

impl ProcessMonitor {
    /// Starts to monitor the memory of the program, and its command line for a mark.
    pub(crate) fn start(child: &Child, mark: &'static str) -> Self {
        let state = Arc::<State>::default();
        let (shared, process) = (state.clone(), format!("/proc/{}", child.id()));
        std::thread::spawn(move || {
            while !shared.is_over.load(Ordering::Relaxed) {
                shared.sample(&process, mark);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Self(state)
    }

    /// Returns the peak memory in kB and the number of times that the mark was seen.
    pub(crate) fn end(&self) -> (u64, usize) {
        self.0.is_over.store(true, Ordering::Relaxed);
        (self.0.peak.load(Ordering::Relaxed), self.0.mark_count.load(Ordering::Relaxed))
    }
}

impl State {
    fn sample(&self, process: &str, mark: &str) {
        let status = fs::read_to_string(format!("{process}/status")).unwrap_or_default();
        // Before exec it is a copy of this process, or a shell.
        if !status.starts_with("Name:\tcaption\n") {
            return;
        }
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok());
        self.peak.fetch_max(peak.unwrap_or(0), Ordering::Relaxed);
        let arguments = fs::read(format!("{process}/cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&arguments).contains(mark) {
            self.mark_count.fetch_add(1, Ordering::Relaxed);
        }
    }
}
