//! What a failed exchange with a server means, told by the chain of its causes.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use super::{Error, Kind};

/// Marks, in the error chain of a broken upload, that our own side broke it.
#[derive(Debug, thiserror::Error)]
#[error("the file is no longer what it was when it was opened")]
pub(crate) struct ChangedWhileSending;

/// Marks, in the error chain of a broken upload, that the file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the file could not be read ({0})")]
pub(crate) struct ReadWhileSending(pub(crate) io::ErrorKind);

impl Error {
    /// Whether an answer had come, so that the request may have been paid for.
    pub(crate) fn is_of_an_answer(&self) -> bool {
        matches!(self, Self::Incomplete { .. } | Self::UnexpectedResponse { .. })
    }

    /// Whether this says more of a caption that broke off than that it did: it is incomplete in
    /// so many words, or the account is why.
    pub(crate) fn is_told_as_it_is(&self) -> bool {
        matches!(self.kind(), Kind::Incomplete | Kind::Auth | Kind::Credits)
    }

    /// Sorts a failed exchange with `host`, in which one try was given `timeout`.
    pub(crate) fn from_exchange(error: reqwest::Error, host: &str, timeout: Duration) -> Self {
        let error = error.without_url();
        let is_on_the_way = chain(&error).any(|cause| cause.to_string().contains("tunnel"));
        let host =
            &if is_on_the_way { format!("{host} through the proxy") } else { host.to_owned() };
        if find::<ChangedWhileSending>(&error).is_some() {
            Self::ModifiedDuringUpload
        } else if let Some(ReadWhileSending(kind)) = find(&error) {
            Self::Unreadable((*kind).into())
        } else if matches!(find(&error), Some(rustls::Error::InvalidCertificate(_))) {
            Self::InvalidCertificate { host: host.clone(), source: error }
        } else if error.is_connect() {
            Self::Unreachable { host: host.clone(), source: error }
        } else if error.is_timeout() {
            Self::TimedOut { after: timeout }
        } else {
            Self::Disconnected(error)
        }
    }
}

/// The first error of type `E` along the chain of causes.
fn find<'a, E>(error: &'a (dyn StdError + 'static)) -> Option<&'a E>
where
    E: StdError + 'static,
{
    chain(error).find_map(|error| error.downcast_ref())
}

/// The cause at the end of the chain: the one that tells a refused connection from a wrong name.
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    chain(error).last().map_or_else(String::new, ToString::to_string)
}

/// The error and its causes. An I/O error leaves out the error it was made of, so that is put in.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}
