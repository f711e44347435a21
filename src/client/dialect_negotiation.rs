//! Dialect negotiation: the first answer about the audio settles the dialect of the server.
//! Requests that were refused for their form wait for the one that tries the next dialect.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::time::Instant;

use super::Client;
use super::dialect::Dialect;
use super::options::ClientOptions;
use super::request::Audio;
use super::retry::RetryState;
use crate::answer::Answer;
use crate::error::{ApiErrorKind, Error, ErrorKind, add};
use crate::progress::{Event, Observer};

/// Requests that are refused in all dialects, and none accepted, before all others are given up.
/// One may be refused for its audio.
const MAX_UNANSWERED: u32 = 3;

/// Dialect of the server, shared by all requests of a client.
#[derive(Debug)]
pub(super) struct DialectNegotiation {
    /// Dialect of the first request.
    first: Dialect,
    /// Dialect fixed by the options or a response.
    settled: OnceLock<Dialect>,
    /// Held by the refused request that tries another dialect.
    probe: tokio::sync::Mutex<()>,
    /// Requests that were refused in all dialects while none was settled.
    unanswered: AtomicU32,
}

impl DialectNegotiation {
    /// Starts with the dialect of the options, which is settled, or that of the host. The host is
    /// no proof: no page of AI/ML API shows base64 for this model.
    pub(super) fn new(options: &ClientOptions) -> Self {
        let settled = options.dialect.map_or_else(OnceLock::new, OnceLock::from);
        let (probe, unanswered) = (tokio::sync::Mutex::new(()), AtomicU32::new(0));
        Self { first: options.first_dialect(), settled, probe, unanswered }
    }

    /// Settled dialect, or the one that is sent first.
    pub(super) fn dialect(&self) -> Dialect {
        self.settled.get().copied().unwrap_or(self.first)
    }

    /// Next dialect for a request that was refused in those of `refused`.
    fn choose(&self, refused: &[Dialect]) -> Option<Dialect> {
        let is_left = |dialect: &Dialect| !refused.contains(dialect);
        match self.settled.get() {
            Some(dialect) => Some(*dialect).filter(is_left),
            None => [self.first].into_iter().chain(Dialect::ALL).find(is_left),
        }
    }

    /// True once the options or a response fixed the dialect.
    pub(super) fn is_settled(&self) -> bool {
        self.settled.get().is_some()
    }

    /// True once so many requests were refused in all dialects that a further one would be too.
    fn is_given_up(&self) -> bool {
        !self.is_settled() && self.unanswered.load(Ordering::Relaxed) >= MAX_UNANSWERED
    }

    /// Settles the dialect, unless it is settled. Returns true if it differs from the first.
    fn settle(&self, dialect: Dialect) -> bool {
        self.settled.set(dialect).is_ok() && dialect != self.first
    }
}

/// Check of an answer that fails if the server ignored the audio.
pub(crate) type CheckAnswer<'a> = &'a (dyn Fn(&Answer) -> Result<(), Error> + Sync);

/// Request for one caption, sent in one dialect after another until the server accepts one.
///
/// The caller drives the loop, because audio may have to be prepared again for a dialect:
/// `while let Some(dialect) = request.next_dialect().await`, then [`send`](Self::send) or
/// [`skip`](Self::skip), and [`finish`](Self::finish) at the end.
pub(crate) struct CaptionRequest<'a> {
    client: &'a Client,
    observer: &'a Observer,
    check: CheckAnswer<'a>,
    retry: RetryState<'a>,
    started: Option<Instant>,
    dialect: Dialect,
    refused: Vec<Dialect>,
    /// First refusal, which is about the audio in its original form.
    first_refusal: Option<Error>,
    probe: Option<tokio::sync::MutexGuard<'a, ()>>,
    result: Option<Result<Answer, Error>>,
}

impl<'a> CaptionRequest<'a> {
    pub(super) fn new(
        client: &'a Client,
        retry: RetryState<'a>,
        observer: &'a Observer,
        check: CheckAnswer<'a>,
    ) -> Self {
        Self {
            client,
            observer,
            check,
            retry,
            started: None,
            dialect: client.dialect(),
            refused: Vec::new(),
            first_refusal: None,
            probe: None,
            result: None,
        }
    }

    /// Dialect to send the audio in now; `None` once there is a result.
    pub(crate) async fn next_dialect(&mut self) -> Option<Dialect> {
        if self.result.is_some() {
            return None;
        }
        let negotiation = self.client.negotiation();
        if self.probe.is_none() && !self.refused.is_empty() {
            self.probe = Some(if let Ok(probe) = negotiation.probe.try_lock() {
                probe
            } else {
                // The one that tries another dialect may need the place.
                self.retry.leave();
                negotiation.probe.lock().await
            });
        }
        if negotiation.is_settled() {
            self.probe = None;
        }
        let is_given_up = negotiation.is_given_up() && !self.refused.is_empty();
        if let Some(dialect) = negotiation.choose(&self.refused).filter(|_| !is_given_up) {
            self.dialect = dialect;
            return Some(dialect);
        }
        // No dialect is left, so there was a refusal.
        self.result = self.first_refusal.take().map(|refusal| Err(self.unanswered(refusal)));
        None
    }

    /// Counts a request that no dialect helps, and returns its error, which may end the run.
    fn unanswered(&self, mut refusal: Error) -> Error {
        let negotiation = self.client.negotiation();
        negotiation.unanswered.fetch_add(1, Ordering::Relaxed);
        if let Error::Api(refusal) = &mut refusal
            && negotiation.is_given_up()
        {
            refusal.kind = ApiErrorKind::NoDialect;
            self.client.0.limiter.end(ErrorKind::Rejected);
        }
        refusal
    }

    /// Sends the audio in the current dialect, with retries.
    pub(crate) async fn send(&mut self, audio: &Audio) {
        if let Err(error) = self.dialect.check(audio) {
            return self.skip(error);
        }
        let started = *self.started.get_or_insert_with(Instant::now);
        let sent = self.client.send(audio, self.dialect, &mut self.retry, self.observer).await;
        match sent {
            Ok(answer) => {
                // Only a dialect in which the server received the audio is settled.
                if let Err(error) = (self.check)(&answer) {
                    let error = self.retry.keep_received(error.with_received(answer.into()));
                    return self.skip(error);
                }
                // An answer in another dialect than the first proves nothing without a token count:
                // some servers ignore audio that they do not understand.
                let negotiation = self.client.negotiation();
                let is_counted = answer.usage.is_some_and(|usage| usage.prompt_tokens > 0);
                let is_proven = is_counted || self.dialect == negotiation.first;
                if is_proven && negotiation.settle(self.dialect) {
                    self.observer.emit(Event::Understood { dialect: self.dialect.name() });
                }
                let (attempts, elapsed) = (self.retry.number, started.elapsed());
                self.result = Some(Ok(Answer { attempts, elapsed, ..answer }));
            }
            Err(Error::Api(refusal)) if refusal.kind == ApiErrorKind::WrongForm => {
                self.retry.number += 1;
                self.refuse(Error::Api(refusal));
            }
            Err(Error::Api(refusal)) if refusal.kind == ApiErrorKind::Rejected => {
                let first = self.first_refusal.take().map(|first| self.unanswered(first));
                self.result = Some(Err(first.unwrap_or(Error::Api(refusal))));
            }
            // A failure of the account or the network is reported as it is.
            Err(error) => self.result = Some(Err(error)),
        }
    }

    /// Goes on to the next dialect if the audio cannot be prepared for this one or was ignored in it,
    /// which is an error only before the first refusal.
    pub(crate) fn skip(&mut self, error: Error) {
        if self.first_refusal.is_none() {
            self.result = Some(Err(error));
        } else {
            self.refuse(error);
        }
    }

    fn refuse(&mut self, error: Error) {
        self.refused.push(self.dialect);
        self.first_refusal.get_or_insert(error);
    }

    /// Result of the request, once [`next_dialect`](Self::next_dialect) has returned `None`.
    pub(crate) fn finish(self) -> Result<Answer, Error> {
        let received = self.retry.received;
        match self.result.expect("the loop runs until there is a result") {
            // Failed attempts may have been billed too.
            Ok(answer) => {
                let usd = add(answer.usd, received.usd);
                Ok(Answer { usd, ..answer })
            }
            Err(error) => Err(error.with_received(received)),
        }
    }
}
