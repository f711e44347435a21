//! Waiting for file descriptors: a process and a system have a limited number of them, and others
//! may take those that were left.

use std::error::Error as StdError;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, causes};

/// Longest wait for a descriptor. Requests that hold some end sooner, most of them.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// First pause; it doubles up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_millis(500);

impl Error {
    /// True if there was no file descriptor for it, in the process or in the whole system.
    pub fn is_out_of_descriptors(&self) -> bool {
        is_exhaustion(self)
    }
}

fn is_exhaustion(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(unix)]
    let codes =
        [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE].map(rustix::io::Errno::raw_os_error);
    // ERROR_TOO_MANY_OPEN_FILES.
    #[cfg(windows)]
    let codes = [4];
    causes(error).any(|cause| {
        let code = cause.downcast_ref().and_then(io::Error::raw_os_error);
        code.is_some_and(|code| codes.contains(&code))
    })
}

/// Pauses of one wait.
struct Pauses {
    end: Instant,
    next: Duration,
}

impl Pauses {
    fn new() -> Self {
        Self { end: Instant::now() + MAX_WAIT, next: FIRST_PAUSE }
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.next;
        self.next = (pause * 2).min(MAX_PAUSE);
        (Instant::now() < self.end).then_some(pause)
    }
}

/// Does `work`, and again as long as no descriptor is left for it.
pub(crate) async fn wait_for<T, F>(work: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut pauses = Pauses::new();
    loop {
        match work().await {
            Err(error) if error.is_out_of_descriptors() => match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            },
            result => return result,
        }
    }
}

/// Does `work` like [`wait_for`] on this thread. Callers are few, so that others have threads left.
pub(crate) fn block_for<T>(mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut pauses = Pauses::new();
    loop {
        match work() {
            Err(error) if is_exhaustion(&error) => match pauses.next() {
                Some(pause) => thread::sleep(pause),
                None => return Err(error),
            },
            result => return result,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn exhausted() -> io::Error {
        rustix::io::Errno::MFILE.into()
    }

    /// Fails twice for want of a descriptor.
    fn third_time(count: &Cell<usize>) -> io::Result<()> {
        count.set(count.get() + 1);
        if count.get() < 3 { Err(exhausted()) } else { Ok(()) }
    }

    #[test]
    fn work_without_a_descriptor_is_done_again() {
        let count = Cell::new(0);
        block_for(|| third_time(&count)).unwrap();
        assert_eq!(count.take(), 3);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let work = wait_for(async || third_time(&count).map_err(Error::Unreadable));
        runtime.block_on(work).unwrap();
        assert_eq!(count.take(), 3);
    }

    #[test]
    fn another_error_is_not_waited_for() {
        let count = Cell::new(0);
        let result = block_for(|| {
            count.set(count.get() + 1);
            Err::<(), _>(io::ErrorKind::NotFound.into())
        });
        assert_eq!((result.unwrap_err().kind(), count.get()), (io::ErrorKind::NotFound, 1));
    }

    #[test]
    fn an_error_of_a_connection_or_temporary_file_has_its_cause() {
        let wrapped = io::Error::other(exhausted());
        let source = Box::new(io::Error::other(exhausted()));
        for error in [
            Error::TempFile(wrapped),
            Error::Unreachable { host: "x".to_owned(), source },
            Error::Unreadable(exhausted()),
        ] {
            assert!(error.is_out_of_descriptors(), "{error:?}");
        }
        assert!(!Error::Empty.is_out_of_descriptors());
    }
}
