//! The one door for responses: a whole answer, a stream of pieces, or a fault.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde_json::Value;

use super::fault;
use super::key::ApiKey;
use super::options::Options;
use super::sse::Decoder;
use super::wire::{Completion, Cost};
use crate::caption::{Answer, Usage};
use crate::error::Error;
use crate::watch::{Event, Watch};

/// A caption is at most 32,768 tokens, which is far below this.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;
/// With what stands around each piece of it, no stream is longer.
const LONGEST_STREAM: usize = 32 * 1024 * 1024;
/// Error bodies are read this far.
const LONGEST_ERROR: usize = 64 * 1024;

/// The data of the last event of a stream.
const DONE: &str = "[DONE]";

/// 2,000,000 credits are one US dollar. Source: AI/ML API docs, "How can I track my funds".
const CREDITS_PER_USD: f64 = 2_000_000.0;

/// Reads the response to its end. `sort` tells what a broken transfer means.
pub(super) async fn receive(
    mut response: Response,
    options: &Options,
    key: &ApiKey,
    watch: &Watch,
    sort: impl Fn(reqwest::Error) -> Error,
) -> Result<Answer, Error> {
    let status = response.status();
    let headers = response.headers().clone();
    if !status.is_success() {
        // Half an error message is better than none.
        let (body, _) = read_up_to(LONGEST_ERROR, &mut response).await;
        return Err(Box::new(fault::read(status.as_u16(), &headers, &body, key)).into());
    }
    let mut draft = Draft::new(status.as_u16(), &headers, key, watch);
    if is_event_stream(&headers) {
        match draft.take_stream(&mut response, sort).await {
            Ok(()) => {}
            Err(error) if draft.text.is_empty() || error.is_told_as_it_is() => return Err(error),
            Err(error) => return Err(draft.incomplete(&error.to_string())),
        }
    } else {
        draft.take_whole(&mut response, sort).await?;
    }
    draft.into_answer(options)
}

/// What has arrived of an answer.
struct Draft<'a> {
    status: u16,
    headers: &'a HeaderMap,
    key: &'a ApiKey,
    watch: &'a Watch,
    text: String,
    /// White space that belongs to the caption only if more text follows.
    held: String,
    finish_reason: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
    cost: Cost,
    body: Option<String>,
}

impl<'a> Draft<'a> {
    fn new(status: u16, headers: &'a HeaderMap, key: &'a ApiKey, watch: &'a Watch) -> Self {
        Self {
            status,
            headers,
            key,
            watch,
            text: String::new(),
            held: String::new(),
            finish_reason: None,
            model: None,
            usage: None,
            cost: Cost::default(),
            body: None,
        }
    }

    async fn take_whole(
        &mut self,
        response: &mut Response,
        sort: impl Fn(reqwest::Error) -> Error,
    ) -> Result<(), Error> {
        let (body, end) = read_up_to(LONGEST_ANSWER, response).await;
        match end {
            End::Reached => {}
            End::Cut => return Err(self.not_an_answer("an endless body")),
            End::Broken(error) => return Err(sort(error)),
        }
        let document =
            serde_json::from_slice(&body).map_err(|_| self.not_an_answer(describe(&body)))?;
        self.take_document(document, |choice| choice.message.content)?;
        self.body = Some(String::from_utf8_lossy(&body).into_owned());
        Ok(())
    }

    async fn take_stream(
        &mut self,
        response: &mut Response,
        sort: impl Fn(reqwest::Error) -> Error,
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
                Err(error) => return Err(sort(error)),
            }
        }
    }

    /// Takes what stood after the last whole event of a stream that ended without `[DONE]`.
    fn take_end(&mut self, rest: &str) -> Result<(), Error> {
        match self.take_event(rest) {
            Err(fault @ Error::Refused(_)) => Err(fault),
            _ if rest.trim() == DONE || self.finish_reason.is_some() => Ok(()),
            _ => Err(self.incomplete("the stream stopped in the middle")),
        }
    }

    fn take_event(&mut self, event: &str) -> Result<(), Error> {
        if event.trim().is_empty() {
            return Ok(());
        }
        let document = serde_json::from_str(event)
            .map_err(|_| self.not_an_answer("an event that is not JSON"))?;
        self.take_document(document, |choice| choice.delta.content)
    }

    fn take_document(
        &mut self,
        document: Value,
        text: impl Fn(super::wire::Choice) -> Option<String>,
    ) -> Result<(), Error> {
        if let Some(fault) = fault::in_success(&document, self.headers, self.key) {
            // With the reason to stop came all the text.
            let is_whole = self.finish_reason.as_deref() == Some("stop");
            return if is_whole { Ok(()) } else { Err(Box::new(fault).into()) };
        }
        if !document.is_object() {
            return Err(self.not_an_answer("JSON of another kind"));
        }
        let completion = Completion::deserialize(document)
            .map_err(|_| self.not_an_answer("JSON of another kind"))?;
        self.model = completion.model.filter(|model| !model.is_empty()).or(self.model.take());
        self.usage = completion.usage.or(self.usage);
        if completion.meta.usage.is_known() {
            self.cost = completion.meta.usage;
        }
        if let Some(choice) = completion.choices.into_iter().next() {
            let reason = choice.finish_reason.clone().filter(|reason| !reason.is_empty());
            self.finish_reason = reason.or(self.finish_reason.take());
            self.push(&text(choice).unwrap_or_default());
        }
        Ok(())
    }

    /// Adds text, and tells of it, without the white space around the whole.
    fn push(&mut self, piece: &str) {
        self.held.push_str(if self.text.is_empty() { piece.trim_start() } else { piece });
        let rest = self.held.split_off(self.held.trim_end().len());
        let ready = std::mem::replace(&mut self.held, rest);
        if !ready.is_empty() {
            self.text.push_str(&ready);
            self.watch.tell(Event::Text(ready));
        }
    }

    fn into_answer(self, options: &Options) -> Result<Answer, Error> {
        if self.text.is_empty() {
            return Err(self.incomplete("there is no text in it"));
        }
        match self.finish_reason.as_deref() {
            None | Some("stop") => {}
            Some("length") if options.max_tokens.is_some() => {}
            Some("length") => return Err(self.incomplete("it was cut at the model's limit")),
            Some(reason) => {
                return Err(self.incomplete(&format!("the model stopped for \"{reason}\"")));
            }
        }
        Ok(Answer {
            usd: self.cost.in_usd().or_else(|| cost_in(self.headers).in_usd()),
            request_id: fault::request_id(self.headers),
            caption: self.text,
            model: self.model,
            finish_reason: self.finish_reason,
            usage: self.usage,
            attempts: 1,
            elapsed: Duration::ZERO,
            body: self.body,
        })
    }

    fn incomplete(&self, reason: &str) -> Error {
        Error::Incomplete {
            reason: self.key.hide(reason),
            request_id: fault::request_id(self.headers),
        }
    }

    fn not_an_answer(&self, found: &str) -> Error {
        Error::NotAnAnswer {
            status: self.status,
            found: found.to_owned(),
            request_id: fault::request_id(self.headers),
        }
    }
}

impl Cost {
    fn is_known(&self) -> bool {
        self.in_usd().is_some()
    }

    fn in_usd(&self) -> Option<f64> {
        self.usd_spent.or(self.credits_used.map(|credits| credits / CREDITS_PER_USD))
    }
}

/// What the headers of an answer that is not streamed say of its price.
fn cost_in(headers: &HeaderMap) -> Cost {
    let number = |name| headers.get(name)?.to_str().ok()?.parse().ok();
    Cost {
        usd_spent: number("x-aimlapi-usd-spent"),
        credits_used: number("x-aimlapi-credits-used"),
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
        _ => "a body that is not JSON",
    }
}
