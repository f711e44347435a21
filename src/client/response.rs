//! Turns every HTTP response into an answer or an error.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Response, StatusCode};

use super::answer_builder::{AnswerBuilder, bill};
use super::api_key::Secrets;
use super::options::ClientOptions;
use super::sse::Decoder;
use super::{error_response, http, json, proxy};
use crate::answer::Answer;
use crate::error::{ApiError, Error, ErrorKind, Received, Shortfall};
use crate::progress::Observer;

/// Size limit of a whole response: 32,768 tokens are some 200 kB, and six times that if each
/// character is escaped. Source: as for [`MAX_UPLOAD`](crate::audio::MAX_UPLOAD).
const MAX_RESPONSE_LEN: usize = 2 * 1024 * 1024;
/// Size limit of a stream, with the JSON around each piece.
const MAX_STREAM_LEN: usize = 16 * 1024 * 1024;
/// Limit of the white space before the first character that tells a stream from a document.
const MAX_START_LEN: usize = 4096;
/// Size limit of an error body; the rest is not read.
const MAX_ERROR_LEN: usize = 64 * 1024;

/// Data of the last event of a stream.
const DONE: &str = "[DONE]";

/// Reads the response to its end.
pub(super) async fn receive(
    mut response: Response,
    options: &ClientOptions,
    secrets: Secrets<'_>,
    observer: &Observer,
) -> Result<Answer, Error> {
    let status = response.status();
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        return Err(proxy::refused(options));
    }
    if !status.is_success() {
        // A partial error message is better than none.
        let (body, _) = read_up_to(MAX_ERROR_LEN, Vec::new(), &mut response).await;
        let (headers, url) = (response.headers(), response.url());
        let api_error = error_response::read(status.as_u16(), headers, &body, secrets);
        let address = error_response::address(&api_error, url, headers, secrets);
        let (usd, usage) = bill(headers, &body);
        let received = Received { usd, usage, ..Received::default() };
        let error = Error::from(Box::new(ApiError { address, ..api_error }));
        return Err(error.with_received(received));
    }
    let mut builder = AnswerBuilder::new(response, options, secrets, observer);
    let taken = builder.take().await;
    taken
        .and_then(|()| builder.answer())
        .map_err(|error| error.with_received(builder.received().into()))
}

/// True if the error says more of a partial caption than that it is incomplete.
fn is_reported_as_is(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Incomplete | ErrorKind::Auth | ErrorKind::Credits)
}

impl AnswerBuilder<'_> {
    /// Reads a body as what it is: servers and proxies send streams and documents of a wrong type.
    async fn take(&mut self) -> Result<(), Error> {
        let start = read_start(&mut self.response)
            .await
            .map_err(|e| http::transport_error(e, self.options))?;
        if !is_event_stream(self.response.headers(), &start) {
            return self.take_whole(start).await;
        }
        match self.take_stream(start).await {
            Err(error) if !self.text().is_empty() && !is_reported_as_is(&error) => {
                let cause = match error {
                    Error::TimedOut { .. } => Shortfall::TimedOut,
                    Error::Disconnected(_) => Shortfall::Cut,
                    _ => Shortfall::Failed,
                };
                Err(self.incomplete(&error.to_string(), cause))
            }
            taken => taken,
        }
    }

    async fn take_whole(&mut self, start: Vec<u8>) -> Result<(), Error> {
        let (body, end) = read_up_to(MAX_RESPONSE_LEN, start, &mut self.response).await;
        match end {
            End::Reached => {}
            End::OverLimit => return Err(self.unexpected("an endless body")),
            End::Broken(error) => return Err(http::transport_error(error, self.options)),
        }
        let document = json::from_bytes(&body).ok_or_else(|| self.unexpected(describe(&body)))?;
        let text = String::from_utf8_lossy(&body);
        self.facts.body = Some(text.trim_start_matches('\u{feff}').to_owned());
        self.take_document(&document, "message")
    }

    async fn take_stream(&mut self, start: Vec<u8>) -> Result<(), Error> {
        let mut decoder = Decoder::default();
        let mut received = 0;
        let mut next = Ok(Some(Bytes::from(start)));
        loop {
            match next {
                Ok(Some(bytes)) => {
                    received += bytes.len();
                    if received > MAX_STREAM_LEN {
                        return Err(self.unexpected("an endless stream"));
                    }
                    let events = decoder.push(&bytes);
                    for event in events.map_err(|_| self.unexpected("an endless event"))? {
                        if event.trim() == DONE {
                            return Ok(());
                        }
                        self.take_event(&event)?;
                    }
                }
                Ok(None) => return self.take_end(&decoder.finish().unwrap_or_default()),
                // After the finish reason the caption is complete; only the usage is lost.
                Err(_) if self.has_finished() => return Ok(()),
                Err(error) => return Err(http::transport_error(error, self.options)),
            }
            next = self.response.chunk().await;
        }
    }

    /// Takes the rest after the last whole event of a stream that ended without `[DONE]`.
    fn take_end(&mut self, rest: &str) -> Result<(), Error> {
        match self.take_event(rest) {
            Err(api_error @ Error::Api(_)) => Err(api_error),
            _ if rest.trim() == DONE || self.has_finished() => Ok(()),
            _ => Err(self.incomplete("the stream stopped in the middle", Shortfall::Cut)),
        }
    }
}

/// End of a read body.
pub(super) enum End {
    Reached,
    OverLimit,
    Broken(reqwest::Error),
}

/// Reads the rest of a body up to a size limit.
pub(super) async fn read_up_to(
    limit: usize,
    start: Vec<u8>,
    response: &mut Response,
) -> (Vec<u8>, End) {
    let mut body = start;
    loop {
        match response.chunk().await {
            Ok(Some(bytes)) if body.len() + bytes.len() > limit => return (body, End::OverLimit),
            Ok(Some(bytes)) => body.extend_from_slice(&bytes),
            Ok(None) => return (body, End::Reached),
            Err(error) => return (body, End::Broken(error)),
        }
    }
}

/// Reads the first characters of a body, which tell a stream from a document.
async fn read_start(response: &mut Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut start = Vec::new();
    while first_characters(&start).len() < "event:".len() && start.len() < MAX_START_LEN {
        let Some(bytes) = response.chunk().await? else { break };
        start.extend_from_slice(&bytes);
    }
    Ok(start)
}

/// Content after a byte order mark and white space.
fn first_characters(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii_start()
}

/// True for an event stream, by its content or else by its type.
fn is_event_stream(headers: &HeaderMap, start: &[u8]) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().trim_start().to_ascii_lowercase();
    let start = first_characters(start);
    [":", "data:", "event:"].iter().any(|field| start.starts_with(field.as_bytes()))
        || media_type.starts_with("text/event-stream") && !start.starts_with(b"{")
}

/// Describes a body that is not a caption, with its article.
fn describe(body: &[u8]) -> &'static str {
    match body.trim_ascii() {
        [] => "an empty body",
        [b'<', ..] => "an HTML page",
        [0x1f, 0x8b, ..] => "a compressed body, which was not asked for,",
        _ => "a body that is not JSON",
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use support::random::{cases, mutated, one_of};

    use super::*;
    use crate::client::api_key::ApiKey;

    const STREAM: &[u8] = include_bytes!("../../tests/fuzz/seeds/events/stream");
    const DOCUMENT: &[u8] = include_bytes!("../../tests/fuzz/seeds/events/document");
    const FAILURE: &[u8] = include_bytes!("../../tests/fuzz/seeds/events/failed");

    #[test]
    fn a_mutated_response_is_a_caption_or_an_error() {
        let key = ApiKey::new("key").unwrap();
        let (options, observer) = (ClientOptions::default(), Observer::none());
        let secrets = Secrets { key: &key, url: None };
        cases(|random| {
            // A fuzz target takes the first two bytes as its settings.
            let body = &one_of(random, &[STREAM, DOCUMENT, FAILURE])[2..];
            let response = hyper::Response::new(mutated(random, body));
            let received = receive(response.into(), &options, secrets, &observer);
            if let Ok(answer) = received.now_or_never().unwrap() {
                assert!(!answer.caption.is_empty());
            }
        });
    }
}
