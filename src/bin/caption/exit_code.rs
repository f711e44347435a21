//! Exit codes, and those that follow from errors.

use std::io;
use std::process::ExitCode;

use caption::{ApiErrorKind, Effect, Error, ErrorKind};

use crate::config::api_key::{NoKey, NoKeyInFile};

/// Exit codes; scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// All inputs captioned.
    Success = 0,
    /// Rule violated, and no input failed.
    Broken = 1,
    /// Wrong usage or configuration; nothing was sent.
    Usage = 2,
    /// Some inputs failed; the others were delivered.
    Failed = 3,
    /// No key, key refused, account unverified, out of credits or out of quota.
    Account = 4,
    /// Spending limit reached.
    Budget = 5,
    /// Ended by SIGHUP.
    HungUp = 129,
    /// Ended by Ctrl-C.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// Exit code for a failed input.
    pub(crate) fn of_input(error: &Error) -> Self {
        match (error.effect(), error.kind()) {
            (Effect::StopRun, ErrorKind::Budget) => Self::Budget,
            (Effect::StopRun, ErrorKind::Auth | ErrorKind::Credits) => Self::Account,
            _ if is_quota(error) => Self::Account,
            _ => Self::Failed,
        }
    }

    /// Exit code for an error of the run itself, most of them before the first request.
    pub(crate) fn of_run(error: &anyhow::Error) -> Self {
        let is_account = |error: &Error| Self::of_input(error) == Self::Account;
        let has_no_key = error.is::<NoKey>() || error.is::<NoKeyInFile>();
        if has_no_key || error.downcast_ref().is_some_and(is_account) {
            Self::Account
        } else if error.is::<WriteFailed>() {
            Self::Failed
        } else {
            Self::Usage
        }
    }
}

/// True if an allowance of the account is used up, and not a rate that all accounts have.
fn is_quota(error: &Error) -> bool {
    use ApiErrorKind::{AllowanceUsed, Quota};
    matches!(error.root(), Error::Api(error) if matches!(error.kind, AllowanceUsed | Quota))
}

/// Failure to write to standard output.
#[derive(Debug, thiserror::Error)]
#[error("could not write the output")]
pub(crate) struct WriteFailed(#[from] pub(crate) io::Error);
