//! File descriptors: the limit of the system, and the jobs that it has room for.

use std::fs;

/// Descriptors of one job at a time: its file, the converted one, its connection, and one to spare
/// for a second address of the host or a sidecar.
const PER_JOB: usize = 4;

/// Descriptors for everything else: manifest, output, reports, the search of folders, names of
/// hosts.
const RESERVED: usize = 24;

/// Descriptors that are open where the system does not tell.
const OPEN: usize = 8;

/// Raises the limit as far as it goes without privileges. Returns it, if there is one.
pub(crate) fn raise_limit() -> Option<usize> {
    #[cfg(unix)]
    return usize::try_from(rlimit::increase_nofile_limit(u64::MAX).ok()?).ok();
    #[cfg(windows)]
    None
}

/// Returns the number of jobs that there are descriptors for, at least 1.
pub(crate) fn jobs_within(limit: usize, jobs: usize) -> usize {
    let open = fs::read_dir("/dev/fd").map_or(OPEN, Iterator::count);
    jobs.min(limit.saturating_sub(open + RESERVED) / PER_JOB).max(1)
}
