//! Retries of one request. A limit of the service and an outage are waited for with all others; a
//! failure of this request alone is retried a few times, with exponential backoff and jitter.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::backoff::{wait_after, wait_while_busy};
use super::limiter::{Attempt, Failure, Limiter, MIN_REFUSED};
use super::run_context::RunContext;
use crate::answer::Answer;
use crate::budget::Reservation;
use crate::error::{ApiErrorKind, Effect, Error, ErrorKind, Received};
use crate::progress::{Event, Observer};

/// `Retry-After` that is waited for in any case.
const MIN_RETRY_AFTER: Duration = Duration::from_mins(2);

/// Attempts of one request.
pub(super) struct RetryState<'a> {
    /// Number of the current attempt; the first is 1.
    pub(super) number: u32,
    /// Number of the request in the limiter.
    request: u64,
    /// Failures that are due to this request alone.
    failures: u32,
    max_retries: u32,
    /// Failures that are a limit of the service, and the time of the first.
    busy: u32,
    busy_since: Option<Instant>,
    limiter: &'a Limiter,
    /// True for a download, whose server is not that of the other requests.
    is_download: bool,
    /// Run that the request belongs to.
    run: &'a dyn RunContext,
    /// Attempt in another dialect, whose place in flight the next one takes.
    refused: Option<Attempt<'a>>,
    /// Reserved cost of the current attempt.
    reservation: Option<Reservation<'a>>,
    /// Content of the responses to failed attempts, which may have been billed.
    pub(super) received: Received,
}

impl<'a> RetryState<'a> {
    pub(super) fn new(max_retries: u32, limiter: &'a Limiter, run: &'a dyn RunContext) -> Self {
        Self {
            number: 1,
            request: limiter.new_request(),
            failures: 0,
            max_retries,
            busy: 0,
            busy_since: None,
            limiter,
            is_download: false,
            run,
            refused: None,
            reservation: None,
            received: Received::default(),
        }
    }

    /// Makes it a download, which fails after the retries, also in an outage, and ends no run.
    pub(super) fn of_download(self) -> Self {
        Self { is_download: true, ..self }
    }

    /// Waits until the budget and the limiter admit an attempt. Fails if another request, or the
    /// shutdown, ended the run.
    ///
    /// An attempt with a reservation waits only for the limiter, and one that the limiter admitted
    /// for nothing: no two of them wait for each other.
    pub(super) async fn start(&mut self) -> Result<Attempt<'a>, Error> {
        if let Some(attempt) = self.refused.take() {
            match self.run.reserve().now_or_never() {
                Some(reservation) => return Ok(self.begin(attempt, reservation?)),
                None => attempt.rejected(),
            }
        }
        let (shutdown, run, limiter) = (self.run.shutdown(), self.run, self.limiter);
        let admitted = async {
            let reservation = run.reserve().await?;
            let started = limiter.start(self.request).await;
            started.map(|attempt| (attempt, reservation)).map_err(|cause| Error::NotTried { cause })
        };
        let (attempt, reservation) = tokio::select! {
            biased;
            () = shutdown.draining(), if self.number == 1 => {
                Err(Error::NotTried { cause: shutdown.cause() })
            }
            admitted = admitted => admitted,
        }?;
        Ok(self.begin(attempt, reservation))
    }

    fn begin(
        &mut self,
        attempt: Attempt<'a>,
        mut reservation: Option<Reservation<'a>>,
    ) -> Attempt<'a> {
        if let Some(reservation) = &mut reservation {
            reservation.sent();
        }
        self.reservation = reservation;
        attempt
    }

    /// Gives the place in flight away that was kept for another dialect.
    pub(super) fn leave(&mut self) {
        if let Some(attempt) = self.refused.take() {
            attempt.rejected();
        }
    }

    /// Counts the cost of an attempt.
    pub(super) fn settle(&mut self, result: &Result<Answer, Error>) {
        if let Some(reservation) = self.reservation.take() {
            reservation.settle(result);
        }
    }

    /// Counts an attempt that has its answer.
    pub(super) fn succeeded(&self, attempt: Attempt<'a>, observer: &Observer) {
        attempt.succeeded();
        self.report_end_of_outage(observer);
    }

    fn report_end_of_outage(&self, observer: &Observer) {
        if let Some(after) = self.limiter.take_over() {
            observer.emit(Event::Resumed { after });
        }
    }

    /// Keeps the content of the response to a failed attempt.
    pub(super) fn keep_received(&mut self, error: Error) -> Error {
        let (error, received) = error.into_parts();
        self.received = std::mem::take(&mut self.received).and(received);
        error
    }

    /// Waits for the next attempt, or returns the error if there is none.
    pub(super) async fn wait(
        &mut self,
        attempt: Attempt<'a>,
        error: Error,
        observer: &Observer,
    ) -> Result<(), Error> {
        let wait = match error.effect() {
            Effect::Retry if error.kind() == ErrorKind::RateLimited => {
                self.after_refusal(attempt, error, observer)?
            }
            Effect::Retry => self.after_failure(attempt, error, observer)?,
            // Another certificate may come in the middle of a run, and the right one back.
            _ if self.is_of_certificate(&error) && self.limiter.has_succeeded() => {
                self.after_failure(attempt, error, observer)?
            }
            _ if self.is_of_certificate(&error) => {
                attempt.rejected();
                self.limiter.end(error.kind());
                return Err(Error::Unserved { after: Duration::ZERO, source: Box::new(error) });
            }
            Effect::StopRun => {
                attempt.rejected();
                self.limiter.end(error.kind());
                return Err(error);
            }
            Effect::FailInput => {
                if matches!(&error, Error::Api(e) if e.kind == ApiErrorKind::WrongForm) {
                    self.refused = Some(attempt);
                } else {
                    attempt.rejected();
                    self.report_end_of_outage(observer);
                }
                return Err(error);
            }
        };
        self.number += 1;
        self.run.pause(wait).await;
        Ok(())
    }

    /// Returns the wait of this request after a refusal for a limit, which all requests share.
    fn after_refusal(
        &self,
        attempt: Attempt<'_>,
        error: Error,
        observer: &Observer,
    ) -> Result<Duration, Error> {
        let retry_after = error.retry_after();
        let own = attempt.refused(retry_after);
        self.report_end_of_outage(observer);
        let error = self.unless_over(error)?;
        if self.max_retries == 0 {
            return Err(error);
        }
        self.report(&error, own.max(self.limiter.wait()), observer);
        Ok(own)
    }

    /// Returns the wait of this request after a failure of the service or the network.
    fn after_failure(
        &mut self,
        attempt: Attempt<'_>,
        error: Error,
        observer: &Observer,
    ) -> Result<Duration, Error> {
        let retry_after = error.retry_after();
        let failure = if self.max_retries > 0 && !self.is_download {
            attempt.failed(retry_after, error.is_busy())
        } else {
            attempt.rejected();
            Failure::Alone
        };
        let wait = match failure {
            Failure::Outage { is_new } => {
                self.failures = 0;
                let error = self.unless_over(error)?;
                if is_new {
                    observer.emit(Event::Waiting { reason: error.to_string() });
                }
                return Ok(retry_after.unwrap_or_default());
            }
            Failure::Limit if self.is_limited() => wait_while_busy(retry_after, self.busy),
            Failure::Limit | Failure::Alone => {
                self.failures += 1;
                wait_after(retry_after, self.failures)
            }
        };
        let error = self.unless_over(error)?;
        if self.failures > self.max_retries {
            return Err(error);
        }
        self.report(&error, wait, observer);
        Ok(wait)
    }

    /// True for a certificate of the service that is not trusted, which all requests get.
    fn is_of_certificate(&self, error: &Error) -> bool {
        matches!(error, Error::InvalidCertificate { .. }) && !self.is_download
    }

    /// Counts a failure that is a limit, unless this request had so many for so long that it may be
    /// at fault itself.
    fn is_limited(&mut self) -> bool {
        self.busy += 1;
        let since = *self.busy_since.get_or_insert_with(Instant::now);
        since.elapsed() < MIN_REFUSED
    }

    fn report(&self, error: &Error, wait: Duration, observer: &Observer) {
        let (reason, attempt) = (error.to_string(), self.number + 1);
        observer.emit(Event::Retrying { reason, wait, attempt });
    }

    /// Returns the error of a failed attempt as the result if no wait will mend it.
    fn unless_over(&self, error: Error) -> Result<Error, Error> {
        let longest = MIN_RETRY_AFTER.max(self.limiter.max_outage());
        if error.retry_after().is_some_and(|wait| wait > longest) {
            let error = match error {
                error if self.is_download => return Err(error),
                Error::Api(mut refusal) if refusal.kind == ApiErrorKind::RateLimited => {
                    refusal.kind = ApiErrorKind::Quota;
                    Error::Api(refusal)
                }
                error => Error::Unserved { after: Duration::ZERO, source: Box::new(error) },
            };
            self.limiter.end(error.kind());
            return Err(error);
        }
        if let Some(after) = self.limiter.given_up_after(self.max_retries) {
            let error = Error::Unserved { after, source: Box::new(error) };
            self.limiter.end(error.kind());
            return Err(error);
        }
        Ok(error)
    }
}
