//! The one door for responses: a whole answer, a stream of pieces, or a fault.

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use super::answer_builder::AnswerBuilder;
use super::api_key::ApiKey;
use super::options::Options;
use super::sse::Decoder;
use super::{api_error, json};
use crate::client::answer::Answer;
use crate::error::{Error, ErrorKind};
use crate::progress::Observer;

/// A caption is at most 32,768 tokens: some 200 kB, and six times that where each character is
/// escaped. Source: as for [`MAX_UPLOAD`](crate::audio::MAX_UPLOAD).
const LONGEST_ANSWER: usize = 2 * 1024 * 1024;
/// With what stands around each piece of it, no stream is longer.
const LONGEST_STREAM: usize = 16 * 1024 * 1024;
/// Error bodies are read this far.
const LONGEST_ERROR: usize = 64 * 1024;

/// The data of the last event of a stream.
const DONE: &str = "[DONE]";

/// Reads the response to its end. `sort` tells what a broken transfer means.
pub(super) async fn receive(
    mut response: Response,
    options: &Options,
    key: &ApiKey,
    observer: &Observer,
    classify: impl Fn(reqwest::Error) -> Error,
) -> Result<Answer, Error> {
    let status = response.status();
    let headers = response.headers().clone();
    if !status.is_success() {
        // Half an error message is better than none.
        let (body, _) = read_up_to(LONGEST_ERROR, &mut response).await;
        return Err(Box::new(api_error::read(status.as_u16(), &headers, &body, key)).into());
    }
    let mut builder = AnswerBuilder::new(status.as_u16(), &headers, key, observer);
    if is_event_stream(&headers) {
        match builder.take_stream(&mut response, classify).await {
            Ok(()) => {}
            Err(error) if builder.text.is_empty() || is_reported_as_is(&error) => {
                return Err(error);
            }
            Err(error) => return Err(builder.incomplete(&error.to_string())),
        }
    } else {
        builder.take_whole(&mut response, classify).await?;
    }
    builder.into_answer(options)
}

/// True if the error says more of a partial caption than that it is incomplete.
fn is_reported_as_is(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Incomplete | ErrorKind::Auth | ErrorKind::Credits)
}

impl AnswerBuilder<'_> {
    async fn take_whole(
        &mut self,
        response: &mut Response,
        classify: impl Fn(reqwest::Error) -> Error,
    ) -> Result<(), Error> {
        let (body, end) = read_up_to(LONGEST_ANSWER, response).await;
        match end {
            End::Reached => {}
            End::Cut => return Err(self.not_an_answer("an endless body")),
            End::Broken(error) => return Err(classify(error)),
        }
        let mut document =
            json::from_bytes(&body).ok_or_else(|| self.not_an_answer(describe(&body)))?;
        // As received, unless the key is in it, in whatever way it is written there.
        let body = if self.key.hide_in(&mut document) {
            document.to_string()
        } else {
            String::from_utf8_lossy(&body).trim_start_matches('\u{feff}').to_owned()
        };
        self.take_document(document, |choice| choice.message.content)?;
        self.body = Some(body);
        Ok(())
    }

    async fn take_stream(
        &mut self,
        response: &mut Response,
        classify: impl Fn(reqwest::Error) -> Error,
    ) -> Result<(), Error> {
        let mut decoder = Decoder::default();
        let mut received = 0;
        loop {
            match response.chunk().await {
                Ok(Some(bytes)) => {
                    received += bytes.len();
                    if received > LONGEST_STREAM {
                        return Err(self.not_an_answer("an endless stream"));
                    }
                    let events = decoder.push(&bytes);
                    for event in events.map_err(|_| self.not_an_answer("an endless event"))? {
                        if event.trim() == DONE {
                            return Ok(());
                        }
                        self.take_event(&event)?;
                    }
                }
                Ok(None) => {
                    return self.take_end(&decoder.finish().unwrap_or_default());
                }
                // With the reason to stop came all the text: only the bill is lost.
                Err(_) if self.finish_reason.is_some() => return Ok(()),
                Err(error) => return Err(classify(error)),
            }
        }
    }

    /// Takes what stood after the last whole event of a stream that ended without `[DONE]`.
    fn take_end(&mut self, rest: &str) -> Result<(), Error> {
        match self.take_event(rest) {
            Err(api_error @ Error::Api(_)) => Err(api_error),
            _ if rest.trim() == DONE || self.finish_reason.is_some() => Ok(()),
            _ => Err(self.incomplete("the stream stopped in the middle")),
        }
    }
}

/// How the reading of a body ended.
enum End {
    Reached,
    Cut,
    Broken(reqwest::Error),
}

async fn read_up_to(limit: usize, response: &mut Response) -> (Vec<u8>, End) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(bytes)) if body.len() + bytes.len() > limit => return (body, End::Cut),
            Ok(Some(bytes)) => body.extend_from_slice(&bytes),
            Ok(None) => return (body, End::Reached),
            Err(error) => return (body, End::Broken(error)),
        }
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type.is_some_and(|value| value.trim_start().starts_with("text/event-stream"))
}

fn describe(body: &[u8]) -> &'static str {
    match body.trim_ascii() {
        [] => "an empty body",
        [b'<', ..] => "an HTML page",
        [0x1f, 0x8b, ..] => "a compressed body, which was not asked for,",
        _ => "a body that is not JSON",
    }
}
